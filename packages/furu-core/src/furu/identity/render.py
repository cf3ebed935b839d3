"""Render: a config as a Python expression.

Classes and functions appear by their qualified names (``TrainModel``, ``Outer.Inner``, ``Color.RED``), the standard
library, numpy and torch by their full ones (``pathlib.Path('a')``), values of registered types as
``furu.FuruSerializer.revive(...)``.  ``namespace`` returns what these names stand for.
"""

from __future__ import annotations

from furu.errors import FuruIdentityError
from furu.identity.arrays import Scalar
from furu.identity.canonical import Refused, plain_of, refusal, unknown
from furu.identity.kinds import ATOMS, Derived, Registered, kind_of
from furu.identity.leaves import Leaf, float_text
from furu.identity.members import members
from furu.identity.records import Record
from furu.identity.scope import Scope

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

#: Calls nested deeper than this are given a name first: Python's parser stops at about a hundred parentheses.
_DEEPEST = 16

_CONTAINERS = {
    "OrderedDict": ("collections", "OrderedDict({})"),
    "Counter": ("collections", "Counter({})"),
    "defaultdict": ("collections", "defaultdict(*{})"),
    "deque": ("collections", "deque(*{})"),
    "mappingproxy": ("types", "MappingProxyType({})"),
}


def to_python(obj: Any) -> str:
    """Return a Python expression that evaluates to an equal object: ``TrainModel(lr=0.0003, steps=5000)``.

    An object that is used twice is made once: ``(dataset_1 := Dataset(...), Pair(a=dataset_1, b=dataset_1))[-1]``.
    A field that is not in the key and cannot be spelled is left to its default.

    Raises ``FuruIdentityError`` for any other value that has no spelling.
    """
    return _Renderer().expression(obj)


def namespace(obj: Any) -> dict[str, Any]:
    """Return the names that ``to_python(obj)`` uses and what they stand for: the globals to evaluate it with."""
    renderer = _Renderer()
    renderer.expression(obj)
    return renderer.scope.names


class _Renderer:
    def __init__(self) -> None:
        self.scope = Scope()
        self.texts: dict[int, str] = {}  # id of a record -> its call, or its name when it was given one
        self.named: list[str] = []

    def expression(self, obj: Any) -> str:
        kind = kind_of(type(obj))
        if not isinstance(kind, Record):
            raise FuruIdentityError(f"{type(obj).__qualname__} is no config object")
        try:
            text = self._records(obj)
        except Refused as error:
            raise FuruIdentityError(f"{kind.cls.__qualname__} holds {error.message}", hints=error.hints) from None
        except RecursionError:
            raise FuruIdentityError(f"{kind.cls.__qualname__} holds lists or dicts nested too deeply") from None
        return f"({', '.join([*self.named, text])})[-1]" if self.named else text

    def _records(self, root: Any) -> str:
        """Spell every record below ``root`` after those it contains, then ``root``."""
        heights: dict[int, int] = {}
        uses: dict[int, int] = {}
        order: list[Any] = []
        below_root = _children(root)
        children = {id(root): below_root}
        stack: list[tuple[Any, Iterator[Any]]] = [(root, iter(below_root))]
        while stack:  # once through, to count
            value, below = stack[-1]
            child = next(below, None)
            if child is None:
                order.append(value)
                stack.pop()
                continue
            uses[id(child)] = uses.get(id(child), 0) + 1
            if id(child) not in children:
                found = children[id(child)] = _children(child)
                stack.append((child, iter(found)))
        for value in order:
            height = 1 + max((heights[id(child)] for child in children[id(value)]), default=0)
            text = self._call(value)
            if value is not root and (uses[id(value)] > 1 or height >= _DEEPEST):
                height, text = 0, self._name(value, text)
            heights[id(value)] = height
            self.texts[id(value)] = text
        return self.texts[id(root)]

    def _name(self, value: Any, text: str) -> str:
        name = f"{type(value).__name__.lower()}_{len(self.named) + 1}"
        self.named.append(f"{name} := {text}")
        return name

    def _call(self, value: Any) -> str:
        record = kind_of(type(value))
        assert isinstance(record, Record)
        arguments = []
        for field in record.fields:
            if field.argument is None:
                continue
            try:
                arguments.append(f"{field.argument}={self.spell(getattr(value, field.source))}")
            except Refused as error:
                if field.counts or field.required:
                    raise Refused(value, f"{error.message} in field {field.name}", error.hints) from None
        if record.kind == "pydantic":
            arguments += [f"{name}={self.spell(item)}" for name, item in (value.__pydantic_extra__ or {}).items()]
        return f"{self.scope.thing(record.cls)}({', '.join(arguments)})"

    def spell(self, value: Any) -> str:
        """Return the expression of any value."""
        cls = type(value)
        if cls in ATOMS:
            return float_text(value) if cls is float else repr(value)
        if cls is list:
            return f"[{self._items(value)}]"
        if cls is tuple:
            return f"({self._items(value)}{',' if len(value) == 1 else ''})"
        if cls is dict:
            return f"{{{', '.join(f'{self.spell(key)}: {self.spell(item)}' for key, item in value.items())}}}"
        if cls is set or cls is frozenset:
            items = ", ".join(sorted(map(self.spell, value)))
            braces = f"{{{items}}}" if items else ""
            return f"frozenset({braces})" if cls is frozenset else braces or "set()"
        return self._other(value, cls)

    def _items(self, values: Any) -> str:
        return ", ".join(map(self.spell, values))

    def _other(self, value: Any, cls: type[Any]) -> str:
        try:
            kind = kind_of(cls)
            match kind:
                case Leaf():
                    return kind.python(value, self.scope)
                case Record():
                    return self.texts.get(id(value)) or self._call(value)
                case Registered(exact=True):
                    module, call = _CONTAINERS[kind.tag]
                    return f"{self.scope.module(module)}.{call.format(self.spell(kind.encode(value)))}"
                case Registered():
                    encoded = self.spell(kind.encode(value))
                    return f"{self.scope.module('furu')}.FuruSerializer.revive({kind.tag!r}, {encoded})"
                case Scalar():
                    return self.spell(kind.plain(value))
                case Derived():
                    return f"{self.scope.thing(cls)}({self.spell(plain_of(value, kind))})"
                case None:
                    raise unknown(value)
        except FuruIdentityError as error:
            raise refusal(value, error, "spelled") from None


def _children(value: Any) -> list[Any]:
    """Return the records a record contains, but for named tuples, which are spelled where they stand."""
    record = kind_of(type(value))
    if not isinstance(record, Record):
        return []
    return [
        item
        for _, item in members(record, value, raw=True)
        if isinstance(found := kind_of(type(item)), Record) and found.kind != "namedtuple"
    ]
