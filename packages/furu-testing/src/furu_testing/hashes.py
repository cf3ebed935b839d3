"""Snapshots of hashes, so that a refactoring cannot silently orphan results."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import furu


def assert_hash_unchanged(obj: furu.Furu[Any], expected: str) -> None:
    """Fail unless ``obj.furu_hash`` is ``expected``: results stored under it would not be found any more."""
    __tracebackhide__ = True
    if obj.furu_hash != expected:
        raise AssertionError(_changed(obj.to_python(), expected, obj.furu_hash))


class HashFile:
    """A file of a project's hashes, kept in its repository: name -> hash.

    Given by the fixture ``furu_hashes``: ``furu_hashes.check({"baseline": TrainModel()})``.  With
    ``pytest --furu-update-hashes`` the file is written instead of compared with.
    """

    def __init__(self, path: str | os.PathLike[str], *, update: bool) -> None:
        self.path = Path(path)
        self.update = update

    def check(self, objects: Mapping[str, furu.Furu[Any]]) -> None:
        """Fail unless every object has the hash the file has for its name.

        The message lists what changed, what is not in the file yet, and how to write it anew.  Names of the file that
        ``objects`` does not have are left alone, so several tests may share one file.
        """
        __tracebackhide__ = True
        current = {name: obj.furu_hash for name, obj in objects.items()}
        if self.update:
            self._write(current)
            return
        known = self._read()
        wrong = [
            f"{name}: not in the file yet" if name not in known else _changed(name, known[name], now)
            for name, now in current.items()
            if known.get(name) != now
        ]
        if wrong:
            raise AssertionError(
                "\n".join([f"{self.path}:", *wrong, "pytest --furu-update-hashes writes the file anew"])
            )

    def _write(self, current: Mapping[str, str]) -> None:
        """Add to the file.  One process at a time: under pytest-xdist several tests may have it open."""
        with self.path.open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            known = json.loads(file.read() or "{}")
            file.seek(0)
            file.truncate()
            file.write(json.dumps(dict(sorted({**known, **current}.items())), indent=2) + "\n")

    def _read(self) -> dict[str, str]:
        if not self.path.exists():
            return {}
        found: dict[str, str] = json.loads(self.path.read_text())
        return found


def _changed(name: str, before: str, now: str) -> str:
    return (
        f"{name}: the hash was {before} and is {now}; results stored under the old one would not be found any more "
        "(keep it with furu.field(hash_default=...) for a new field, or write the new one down on purpose)"
    )
