"""Serializer: configs as JSON-ready data, as Python, and by their key; one registry for all of it."""

from __future__ import annotations

from furu.errors import FuruError
from furu.identity import decode, digest, encode, kinds, render

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Value = TypeVar("Value")

to_dict = encode.to_dict


def from_dict(data: dict[str, Any], strict: bool = True) -> Any:
    """Return the object that ``to_dict`` wrote, equal to the original and with the same key.

    With ``strict=False`` return a read-only view of its fields instead, which needs none of its classes.

    Raises ``FuruError`` naming what is missing when a class is gone or its fields changed.  A field that was added since
    takes its default.
    """
    if strict:
        return decode.from_dict(data)
    from furu.identity.view import ViewDecoder

    return decode.from_dict(data, ViewDecoder())


class FuruSerializer:
    """The public face of identity.  All of it is stateless but ``register``."""

    to_dict = staticmethod(to_dict)
    from_dict = staticmethod(from_dict)
    to_python = staticmethod(render.to_python)
    furu_hash = staticmethod(digest.furu_hash)
    compute_hash = staticmethod(digest.furu_hash)

    @staticmethod
    def register(
        type_: type[Value], /, encode: Callable[[Value], Any], decode: Callable[[Any], Value], tag: str
    ) -> None:
        """Teach furu a type, for keys, data and Python expressions at once.

        ``encode`` turns a value into something furu knows, ``decode`` turns that back into an equal value.  ``tag``
        enters keys and lies on disk: never change it.  Call it where the type is defined or first used, at import.

        Raises ``FuruIdentityError`` for a tag that is taken, and for JSON's own types.
        """
        kinds.register(type_, encode, decode, tag)

    @staticmethod
    def revive(tag: str, encoded: Any) -> Any:
        """Return the value of a registered type from what its ``encode`` returned; ``to_python`` spells them so."""
        entry = kinds.registered(tag)
        if entry is None:
            raise FuruError(f"no type is registered under the tag {tag!r}")
        return entry.decode(encoded)
