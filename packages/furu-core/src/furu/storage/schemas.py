"""Schemas: under which fields the results of a class were made, one line each in ``.schemas.jsonl`` beside them.

So a process that finds no result for a config knows from one small file whether there can be any from before a change of
the class, and looks through the results only then.  It describes and decides nothing: without it no result is lost, and
an explicit migration looks at every result anyway.
"""

from __future__ import annotations

import json
from hashlib import blake2s

from furu._sys import files
from furu.identity import schema
from furu.storage.layout import SCHEMAS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

_noted: set[tuple[str, type, str]] = set()
_generation = 0  # how often this process has noted, or taken back, that something is settled


def generation() -> int:
    """Return a number that changes when this process changes what is settled: what was found before may not hold."""
    return _generation


def note(directory: str, cls: type, described: Any) -> None:
    """Note the schemas of the classes in a config of ``cls``, below the directory of its results.

    Costs a look-up for each class, and one line the first time a class is met under a schema.  What the disk refuses is
    passed over.
    """
    for name in schema.classes_in(described):
        if (directory, cls, name) in _noted:
            continue
        found = schema.known(name)
        try:
            if found is not None and found not in lines(directory):
                files.append_line(f"{directory}/{SCHEMAS}", json.dumps(found).encode() + b"\n")
        except OSError:
            continue
        _noted.add((directory, cls, name))


def lines(directory: str) -> list[dict[str, Any]]:
    """Return what the file says, lines that are torn left out."""
    found = []
    for line in (files.read_or_none(f"{directory}/{SCHEMAS}") or b"").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            found.append(record)
    return found


def outdated(directory: str, moved: Callable[[], Mapping[str, type]]) -> bool:
    """Return whether there may be results here that were made under another schema than that of today.

    A class whose module was not imported is taken to be what it was; ``moved`` is asked when a class is not found.
    False once ``settle`` was called for the schemas of today.
    """
    said = [line for line in lines(directory) if "class" in line]
    if all(_keeps(line) for line in said):
        return False
    now = {line["class"]: _now(line["class"], moved) for line in said}
    if all(found is None or schema.keeps_keys(line, found) for line in said for found in [now[line["class"]]]):
        return False
    return {"settled": _digest(now)} not in lines(directory)


def with_changes(directory: str) -> bool:
    """Return whether a class that the configs here are made of lists changes today, as far as it is imported."""
    known = [schema.known(line["class"]) for line in lines(directory) if "class" in line]
    return any(found is None or found["changes"] for found in known)


def settled(directory: str) -> bool:
    """Return whether a migration has made an alias for every result here that needs one, whatever the schema."""
    return any("settled" in line for line in lines(directory))


def settle(directory: str, moved: Mapping[str, type]) -> None:
    """Note that every result here that was made under another schema than that of today has an alias."""
    global _generation
    _generation += 1
    said = [line for line in lines(directory) if "class" in line]
    settled = {"settled": _digest({line["class"]: _now(line["class"], lambda: moved) for line in said})}
    try:
        if said and settled not in lines(directory):
            files.append_line(f"{directory}/{SCHEMAS}", json.dumps(settled).encode() + b"\n")
    except OSError:
        pass


def unsettle(directory: str) -> None:
    """Take back what ``settle`` has noted: aliases were removed."""
    global _generation
    _generation += 1
    found = lines(directory)
    kept = [line for line in found if "settled" not in line]
    if kept != found:
        content = b"".join([json.dumps(line).encode() + b"\n" for line in kept])
        files.write_atomic(f"{directory}/{SCHEMAS}", content)


def _keeps(line: dict[str, Any]) -> bool:
    found = schema.known(line["class"])
    return found is not None and schema.keeps_keys(line, found)


def _now(name: str, moved: Callable[[], Mapping[str, type]]) -> schema.Schema | None:
    found = schema.known(name)
    if found is None or found["class"] != name:
        cls = moved().get(name)
        return found if cls is None else schema.of(cls)
    return found


def _digest(now: Mapping[str, schema.Schema | None]) -> str:
    return blake2s(json.dumps(now, sort_keys=True).encode(), digest_size=8).hexdigest()
