"""Dependencies: which artifacts a config needs, and where it names them."""

from __future__ import annotations

from furu.identity.canonical import dumps
from furu.identity.digest import furu_hash
from furu.identity.members import members
from furu.identity.merkle import form_of
from furu.identity.methods import declared
from furu.identity.names import is_furu
from furu.identity.records import record_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any


def direct(obj: Any) -> list[tuple[str, Any]]:
    """Return (dotted path, Furu object) of every dependency of ``obj``, in the order of its fields.

    Found in fields through lists, tuples, sets, dicts and other records (``deps.0``, ``models.tiny``,
    ``train.dataset``), then in what the ``@furu_dep`` methods return (``dataset()``, ``shards().3``).  Fields whose names
    start with ``_`` are left out; ``skip_hash`` fields are not, for ``_create`` may well ask for them.  An object that is
    named at two places is listed twice.  Dependencies of dependencies are not listed.
    """
    record = record_of(type(obj))
    found: list[tuple[str, Any]] = []
    if record is None:
        return found
    stack = [("", obj)]
    entered = {id(obj)}
    while stack:  # a record that is no Furu object is looked into; Furu objects are not
        prefix, owner = stack.pop()
        if is_furu(owner) and owner is not obj:
            found.append((prefix, owner))
            continue
        of_owner = record_of(type(owner))
        if of_owner is None:
            continue
        nested = [
            (f"{prefix}.{path}" if prefix else path, value)
            for path, value in members(of_owner, owner, private=False, order=_ordered)
            if is_furu(value) or _enter(value, entered)
        ]
        if of_owner.methods:
            nested += [(f"{prefix}.{path}" if prefix else path, value) for path, value in declared(owner, of_owner)]
        stack.extend(reversed(nested))
    return found


def walk(roots: Iterable[Any], *, into: Callable[[Any], bool] | None = None) -> Iterator[Any]:
    """Yield the roots and everything they need, each key once, dependencies before what needs them.

    ``into(obj)`` says whether the dependencies of ``obj`` are of interest; a planner answers False for what is built.
    Iterative: a chain may be as long as memory allows.  Raises ``FuruCycleError`` where ``furu_hash`` does.
    """
    seen: set[str] = set()
    stack: list[tuple[Any, Iterator[tuple[str, Any]] | None]] = [(root, None) for root in reversed(list(roots))]
    while stack:
        obj, below = stack.pop()
        if below is None:
            key = furu_hash(obj)
            if key in seen:
                continue
            seen.add(key)
            below = iter(direct(obj) if into is None or into(obj) else ())
        child = next((value for _, value in below if furu_hash(value) not in seen), None)
        if child is None:
            yield obj
        else:
            stack.append((obj, below))
            stack.append((child, None))


def _enter(value: Any, entered: set[int]) -> bool:
    """Return whether ``value`` is a record to look into that was not looked into yet."""
    record = record_of(type(value))
    if record is None or record.kind == "namedtuple" or id(value) in entered:
        return False  # members() has looked through named tuples already
    entered.add(id(value))
    return True


def _ordered(items: Any) -> list[Any]:
    """Return the items of a set in an order that is the same in every process."""
    return sorted(items, key=lambda item: dumps(form_of(item)))
