"""Merkle: digests of whole graphs of objects, each record's from those of the records inside it.

Linear in the graph, whatever its shape: every record is digested once, and nothing recurses from one into the next.
"""

from __future__ import annotations

import functools
import weakref
from hashlib import blake2s

from furu import config
from furu.errors import FuruCycleError, FuruIdentityError
from furu.identity.canonical import Canonical, Refused, dumps, encoded, record_form
from furu.identity.members import members
from furu.identity.methods import declared
from furu.identity.names import CACHE
from furu.identity.records import record_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.identity.records import Record, RecordField

#: More objects than this on one path of dependencies is a @furu_dep that never ends, not a pipeline.
_LONGEST_PATH = 100_000


#: Digests of living chz objects, by id.  They are not left in the object, which may be pickled and outlive its class.
_remembered: dict[int, tuple[weakref.ref[Any], str]] = {}


def compute(obj: Any) -> str:
    """Return the digest of a record, remembered when it is immutable."""
    return _recall(obj) or _Digest().of(obj)


def _recall(value: Any) -> str | None:
    known: str | None = getattr(value, "__dict__", {}).get(CACHE)
    if known is not None:
        return known
    entry = _remembered.get(id(value))
    return entry[1] if entry is not None and entry[0]() is value else None


def _remember(value: Any, digest: str, record: Record) -> bool:
    if record.kind == "furu":
        value.__dict__[CACHE] = digest  # Furu objects drop it when they are pickled
    elif record.kind == "chz":
        number = id(value)
        _remembered[number] = (weakref.ref(value, lambda _: _remembered.pop(number, None)), digest)
    else:
        return False
    return True


def form_of(value: Any) -> Any:
    """Return the canonical form of any value, nested records by their digests."""
    canonical = Canonical()
    form = canonical.form(value)
    for child, place in canonical.waiting:
        place[1] = compute(child)
    canonical.settle()
    return form


@functools.cache
def _pinned_text(field: RecordField) -> str:
    pinned = field.hash_default
    try:
        return dumps(form_of(pinned if field.coerce is None else field.coerce(pinned)))
    except FuruIdentityError as error:
        raise FuruIdentityError(f"hash_default of field {field.name}: {error.message}", hints=error.hints) from None


class _Node:
    """A record on the way to its digest."""

    __slots__ = ("canonical", "form", "key", "record", "value")

    def __init__(self, value: Any) -> None:
        record = record_of(type(value))
        if record is None:
            raise FuruIdentityError(f"{type(value).__qualname__} has no fields and no key")
        self.value = value
        self.record = record
        self.canonical = Canonical()
        self.key: str | None = None  # of the fields alone: known while the @furu_dep methods are looked at
        self.form = record_form(self.canonical, value, record)

    @property
    def label(self) -> str:
        return self.record.cls.__qualname__


class _Digest:
    """One computation of digests: the path from the root to the current record, and what is known already."""

    def __init__(self) -> None:
        self.path: list[_Node] = []
        self.on_path: set[int] = set()
        self.keys: set[str] = set()
        self.known: dict[int, tuple[str, Any]] = {}  # of records that cannot hold a cache; keeps them alive

    def of(self, root: Any) -> str:
        """Return the digest of ``root``, computing those of everything below it first."""
        self._enter(root)
        path = self.path
        while True:
            node = path[-1]
            waiting = node.canonical.waiting
            while waiting:
                child, place = waiting[-1]
                digest = self._known(child)
                if digest is None:
                    break
                place[1] = digest
                waiting.pop()
            if waiting:
                self._enter(waiting[-1][0])
            elif node.record.methods and node.key is None:
                self._add_dependencies(node)
            else:
                digest = self._finish(node)
                if not path:
                    return digest

    def _known(self, value: Any) -> str | None:
        digest = _recall(value)
        if digest is None and id(value) in self.known:
            return self.known[id(value)][0]
        return digest

    def _enter(self, value: Any) -> None:
        if id(value) in self.on_path:
            start = next(at for at, node in enumerate(self.path) if node.value is value)
            raise self._cycle(self.path[start:])
        if len(self.path) >= _LONGEST_PATH:
            raise FuruCycleError(
                f"dependencies of {self.path[0].label} go deeper than {_LONGEST_PATH}: a @furu_dep method of "
                f"{type(value).__qualname__} seems to make ever new objects"
            )
        try:
            node = _Node(value)
        except Refused as error:
            raise self._located(error, value) from None
        except RecursionError:
            raise self._too_deep(value) from None
        self.path.append(node)
        self.on_path.add(id(value))

    def _add_dependencies(self, node: _Node) -> None:
        """Run the ``@furu_dep`` methods; what they return waits for its digest like any nested record."""
        self._settle(node)
        node.key = dumps([node.record.name, node.form])
        if node.key in self.keys:  # an equal object, made anew, waits for this one: it would go on for ever
            start = next(at for at, other in enumerate(self.path) if other.key == node.key)
            raise self._cycle(self.path[start:-1])
        self.keys.add(node.key)
        places: list[list[Any]] = []
        for _, child in declared(node.value, node.record):
            place = [child, ""]
            places.append(place)
            node.canonical.waiting.append((child, place))
        if places:  # a method that names nothing leaves the key as it was without the method
            node.form["$deps"] = places

    def _settle(self, node: _Node) -> None:
        node.canonical.settle()
        node.canonical.unordered.clear()
        for field in node.record.pinned:
            if dumps(node.form[field.name]) == _pinned_text(field):
                del node.form[field.name]

    def _finish(self, node: _Node) -> str:
        record = node.record
        form = node.form
        if node.key is None:
            self._settle(node)
        else:
            self.keys.discard(node.key)
            if "$deps" in form:
                form["$deps"] = sorted({digest for _, digest in form["$deps"]})
        form["$class"] = record.name
        if record.revision is not None:
            form["$revision"] = record.revision
        if record.is_furu and config.current().source_in_key:
            from furu.identity import source  # deferred: few want it

            form["$source"] = source.combined(record.cls)
        digest = blake2s(encoded(form), digest_size=10).hexdigest()
        if not _remember(node.value, digest, record):
            self.known[id(node.value)] = (digest, node.value)
        self.path.pop()
        self.on_path.discard(id(node.value))
        return digest

    def _cycle(self, nodes: list[_Node]) -> FuruCycleError:
        steps = [
            f"{node.label} {self._step(node, after)}" for node, after in zip(nodes, [*nodes[1:], nodes[0]], strict=True)
        ]
        return FuruCycleError(
            f"{nodes[0].label} depends on itself: {' -> '.join([*steps, nodes[0].label])}",
            hints=["a dependency must be another config than the one that needs it"],
        )

    def _step(self, node: _Node, child: _Node) -> str:
        for path, value in members(node.record, node.value):
            if value is child.value:
                return f"(.{path})"
        return f"(.{node.record.methods[0]}())" if node.record.methods else ""

    def _located(self, error: Refused, owner: Any) -> FuruIdentityError:
        """Return the error with the dotted path from the root to the refused value."""
        steps = []
        owners = [*(node.value for node in self.path), owner]
        for value, target in zip(owners, [*owners[1:], error.value], strict=True):
            record = record_of(type(value))
            found = None
            if record is not None:
                found = next((path for path, value in members(record, value) if value is target), None)
                if found is None and record.methods:
                    found = f"{record.methods[0]}()"
            steps.append(found or "?")
        root = self.path[0].label if self.path else type(owner).__qualname__
        return FuruIdentityError(f"{root}: field {'.'.join(steps)} has {error.message}", hints=error.hints)

    def _too_deep(self, value: Any) -> FuruIdentityError:
        return FuruIdentityError(
            f"{type(value).__qualname__} has lists or dicts nested too deeply to be hashed, or one that contains itself"
        )
