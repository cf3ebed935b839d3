"""Schema: what of a class's fields decides keys, so that a store can tell whether its results were made under another."""

from __future__ import annotations

from furu.errors import MISSING, FuruError
from furu.identity import names
from furu.identity.kinds import ATOMS
from furu.identity.records import record_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Schema = dict[str, Any]

_CONTAINERS = (dict, list)

_known: dict[type, Schema] = {}


def of(cls: type) -> Schema | None:
    """Return the schema of a class as JSON-ready data, or None when its objects have no fields."""
    if cls not in _known:
        record = record_of(cls)
        if record is None:
            return None
        _known[cls] = {
            "class": record.name,
            "fields": sorted(field.name for field in record.fields if field.counts and field.hash_default is MISSING),
            "pinned": sorted(field.name for field in record.pinned),
            "floats": sorted(field.name for field in record.fields if field.counts and field.coerce is not None),
            "revision": record.revision,
            "changes": list(record.changes),
        }
    return _known[cls]


def keeps_keys(before: Schema, now: Schema) -> bool:
    """Return whether every key made under ``before`` is certainly what the same config has now, or counts for none.

    A field added since has to be pinned; under another revision nothing counts.  False means that it takes a look at the
    configs to know.
    """
    if before.get("revision") != now["revision"]:
        return True
    new = set(now["pinned"]) - set(before.get("pinned", ()))
    without_new = {**now, "pinned": sorted(set(now["pinned"]) - new), "floats": sorted(set(now["floats"]) - new)}
    return without_new == before


def classes_in(described: Any) -> Iterator[str]:
    """Yield the name of every class in what ``to_dict`` wrote; one that is used twice comes twice."""
    stack = [described]
    while stack:
        part = stack.pop()
        if type(part) is dict:
            name = part.get("$class")
            if type(name) is str:
                yield name
            stack += [value for value in part.values() if type(value) in _CONTAINERS]
        elif not ATOMS.issuperset(map(type, part)):
            stack += [value for value in part if type(value) in _CONTAINERS]


def known(name: str) -> Schema | None:
    """Return the schema of a class by its name; None when it is gone, or cannot be told without importing its module."""
    if not names.imported(name):
        return None
    try:
        cls = names.resolve(name)
        return of(cls) if isinstance(cls, type) else None
    except FuruError:
        return None
