"""Methods: the dependencies that ``@furu_dep`` methods return."""

from __future__ import annotations

from furu.errors import FuruCycleError, FuruIdentityError
from furu.identity.names import class_name, is_furu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.identity.records import Record


def declared(obj: Any, record: Record) -> list[tuple[str, Any]]:
    """Return (path, Furu object) of everything the ``@furu_dep`` methods of ``obj`` return.

    Raises ``FuruIdentityError`` when a method returns something else, and what the method raises, with a note.
    """
    found: list[tuple[str, Any]] = []
    for method in record.methods:
        where = f"{class_name(record.cls)}.{method}()"
        try:
            result = getattr(obj, method)()
        except RecursionError:
            raise FuruCycleError(f"{where} calls itself without end") from None
        except Exception as error:
            error.add_note(f"raised by {where}, which @furu_dep runs to find dependencies")
            raise
        found.extend(_furu_objects(f"{method}()", result, where))
    return found


def _furu_objects(path: str, value: Any, where: str) -> list[tuple[str, Any]]:
    if value is None:
        return []
    if is_furu(value):
        return [(path, value)]
    match value:
        case dict():
            parts = list(value.items())
        case list() | tuple():
            parts = list(enumerate(value))
        case _:
            raise FuruIdentityError(
                f"{where} returned {type(value).__qualname__} at {path}; a @furu_dep method returns a Furu object, or a "
                "list, tuple or dict of them"
            )
    return [found for label, part in parts for found in _furu_objects(f"{path}.{label}", part, where)]
