"""Furu classes of a proper module, as a catalog finds them in a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import furu

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: What happens between the moment at which a ``Pair`` has been read and that at which it is looked at.
during_load: list[Callable[[Path], None]] = []


class Number(furu.Furu[int]):
    """A result that is stored automatically."""

    n: int = 0

    def _create(self) -> int:
        if self.n < 0:
            raise ValueError("below zero")
        return self.n

    def _name(self) -> str | None:
        return f"number {self.n}" if self.n > 100 else None


class Versioned(furu.Furu[int], version_controlled=True):
    """An artifact in the other root."""

    def _create(self) -> int:
        return 1


class Pair(furu.Furu[str]):
    """Two files that have to agree, as its ``_load`` checks."""

    n: int = 0

    def _create(self) -> str:
        for name in ("first", "second"):
            (self.furu_dir / name).write_text(str(self.n))
        return str(self.n)

    def _load(self) -> str:
        first = (self.furu_dir / "first").read_text()
        second = (self.furu_dir / "second").read_text()
        for disturb in tuple(during_load):
            disturb(self.furu_dir)
        if first != second:
            raise ValueError("half of it is there")
        return first


class Checked(Pair):
    """One whose published results are looked at before they are loaded."""

    def _validate(self) -> bool:
        return (self.furu_dir / "first").exists()


class User(furu.Furu[int]):
    """An artifact that needs others."""

    pair: Pair
    more: tuple[Pair, ...] = ()

    def _create(self) -> int:
        return int(self.pair.get())
