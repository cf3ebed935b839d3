"""Configs: what ``to_dict`` wrote, as plain JSON for people and queries, without a class of the user's.

A record is a dict with its class under ``$class``, tuples and sets are lists, paths, dates, enum members and the like are
texts.
"""

from __future__ import annotations

from binascii import a2b_base64
from typing import TYPE_CHECKING

from furu.catalog import literals
from furu.catalog.expression import CONTAINER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from furu.catalog.expression import Container, Plain

CLASS = "$class"

#: A config in which one object is used very often grows when each use is written out; beyond this references stay.
_MOST_VALUES = 5_000
#: What is indexed of one config, and of one list in it; the whole of it is kept and shown.
_MOST_LEAVES = 1_000
_MOST_ITEMS = 100
_DEEPEST = 60

_TEXTS = frozenset(("path", "datetime", "date", "time", "decimal", "fraction", "uuid", "type", "function", "bytes"))


def plain(furu_obj: Any) -> dict[str, Any]:
    """Return the config that a record holds, as plain JSON; never raises, whatever is in it."""
    if not isinstance(furu_obj, dict):
        return {}
    objects = furu_obj.get("$objects")
    found = _Reader(objects if isinstance(objects, dict) else {}).value(furu_obj, 0)
    return found if isinstance(found, dict) else {}


class _Reader:
    def __init__(self, objects: dict[str, Any]) -> None:
        self.objects = objects
        self.left = _MOST_VALUES

    def value(self, written: Any, depth: int) -> Any:
        self.left -= 1
        if isinstance(written, list):
            return [self.value(one, depth + 1) for one in written] if depth < _DEEPEST else []
        if not isinstance(written, dict):
            return written
        if depth >= _DEEPEST:
            return {}
        if "$ref" in written:
            target = self.objects.get(str(written["$ref"]))
            if self.left <= 0 or target is None:
                return {"$ref": str(written["$ref"])}
            return self.value(target, depth + 1)
        if CLASS in written:
            extra = written.get("$extra")
            fields = {**written, **(extra if isinstance(extra, dict) else {})}
            return {CLASS: str(fields.pop(CLASS))} | self.fields(fields, depth)
        tag = next((key for key in written if key[:1] == "$"), None)
        return self.fields(written, depth) if tag is None else self.tagged(tag[1:], written[tag], depth)

    def fields(self, fields: dict[str, Any], depth: int) -> dict[str, Any]:
        return {name: self.value(one, depth + 1) for name, one in fields.items() if name[:1] != "$"}

    def tagged(self, tag: str, payload: Any, depth: int) -> Any:
        """Return the plain form of ``{"$tag": payload}``; of a tag nobody knows, that of its payload."""
        inner = self.value(payload, depth + 1)
        if tag == "text" and isinstance(payload, str):
            return _untext(payload)
        if tag == "dict" and isinstance(inner, list):
            return {_key(pair[0]): pair[1] for pair in inner if isinstance(pair, list) and len(pair) == 2}
        if tag in ("value", "derived") and isinstance(inner, list) and len(inner) == 2:
            return inner[1]
        if tag == "enum" and isinstance(inner, list) and len(inner) == 2:
            return inner[1].get("value") if isinstance(inner[1], dict) else inner[1]
        if tag in ("array", "tensor", "datetime64") and isinstance(inner, list):
            return f"{tag} {inner[0]} {inner[1]}" if len(inner) > 1 else tag
        if tag in _TEXTS and isinstance(inner, list) and inner:
            return str(inner[-1])
        if tag in _TEXTS and isinstance(inner, dict):
            return str(inner.get("at", inner))
        return inner


def _untext(payload: str) -> str:
    try:
        return a2b_base64(payload).decode("utf-8", "replace")
    except ValueError:
        return payload


def _key(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def leaves(config: dict[str, Any]) -> Iterator[tuple[str, Plain | Container]]:
    """Yield (dotted path, value) of everything in a plain config, so far as it is indexed.

    A record stands under its own path with the name of its class, a list or a dict as ``CONTAINER``.
    """
    stack = [(name, value) for name, value in reversed(config.items()) if name != CLASS]
    for _ in range(_MOST_LEAVES):
        if not stack:
            return
        path, value = stack.pop()
        if isinstance(value, dict):
            name = value.get(CLASS)
            yield literals.text(path), literals.text(name) if isinstance(name, str) else CONTAINER
            stack.extend((f"{path}.{key}", one) for key, one in reversed(value.items()) if key != CLASS)
        elif isinstance(value, list):
            yield literals.text(path), CONTAINER
            stack.extend((f"{path}.{number}", one) for number, one in reversed([*enumerate(value[:_MOST_ITEMS])]))
        elif isinstance(value, str):
            yield literals.text(path), literals.text(value)
        elif isinstance(value, bool) or value is None:
            yield literals.text(path), value
        elif isinstance(value, int) or value - value == 0:
            yield literals.text(path), literals.normal(value)
        else:
            yield literals.text(path), str(value)  # a number that is none: nan, or infinite
