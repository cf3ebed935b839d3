"""View: a stored config as it was, without its classes.

For looking at records whose code changed or is not installed: nothing of the user's is imported.
"""

from __future__ import annotations

from types import MappingProxyType

from furu.identity.decode import Decoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Never


class ConfigView:
    """The fields of a stored config as read-only attributes.

    ``furu_class`` is the dotted name of the class, ``furu_fields`` a mapping of the fields.
    """

    __slots__ = ("furu_class", "furu_fields")

    furu_class: str
    furu_fields: Mapping[str, Any]

    def __init__(self, name: str, fields: dict[str, Any]) -> None:
        object.__setattr__(self, "furu_class", name)
        object.__setattr__(self, "furu_fields", MappingProxyType(fields))

    def __getattr__(self, name: str) -> Any:
        try:
            return self.furu_fields[name]
        except KeyError:
            raise AttributeError(
                f"the stored {self.furu_class} has no field {name!r}; it has: {', '.join(self.furu_fields)}"
            ) from None

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"a stored config is read-only: {name!r} cannot be set")

    def __delattr__(self, name: str) -> Never:
        raise AttributeError(f"a stored config is read-only: {name!r} cannot be deleted")

    def __iter__(self) -> Iterator[str]:
        return iter(self.furu_fields)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self.furu_fields})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfigView):
            return NotImplemented
        return self.furu_class == other.furu_class and self.furu_fields == other.furu_fields

    def __hash__(self) -> int:
        return hash(self.furu_class)

    def __repr__(self) -> str:
        fields = ", ".join(
            f"{name}={value.furu_class}(...)" if isinstance(value, ConfigView) else f"{name}={value!r}"
            for name, value in self.furu_fields.items()
        )
        return f"<{self.furu_class}: {fields}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return ConfigView, (self.furu_class, dict(self.furu_fields))


class ViewDecoder(Decoder):
    """Decodes without importing: records become views; classes, functions and enum members their dotted names."""

    def __init__(self) -> None:
        super().__init__()
        self.tags.update(
            {
                "type": str,
                "function": str,
                "enum": _enum_name,
                "array": lambda payload: ConfigView("numpy.ndarray", {"dtype": payload[0], "shape": payload[1]}),
                "tensor": lambda payload: ConfigView("torch.Tensor", {"dtype": payload[0], "shape": payload[1]}),
                "datetime64": lambda payload: ConfigView(
                    "numpy.datetime64", {"dtype": payload[0], "count": payload[1]}
                ),
            }
        )

    def record(self, name: str, fields: dict[str, Any], extra: dict[str, Any], marks: Any) -> Any:  # noqa: ARG002
        """Return a view of the record."""
        return ConfigView(name, fields | extra)

    def registered(self, payload: Any) -> Any:
        """Return what the value was encoded as: a decoder of the user's is not run."""
        return self.decode(payload[1])

    def derived(self, payload: Any) -> Any:
        """Return the plain value of an instance of a subclass."""
        return self.decode(payload[1])


def _enum_name(payload: list[Any]) -> str:
    cls, member = payload
    return f"{cls}({member['value']!r})" if isinstance(member, dict) else f"{cls}.{member}"
