"""furu, a class without a ``_load``: the result is stored and read back automatically, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import furu
from subjects import result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Automatic(furu.Furu[dict[str, float]]):
    """Leaves storing and loading to furu."""

    number: int
    name: str = "benchmark"
    rate: float = 0.5

    def _create(self) -> dict[str, float]:
        return result(self.number)


def opened(root: Path) -> Callable[[int], Any]:
    """Provenance is off, and furu says nothing on the console."""
    furu.FURU_CONFIG.base_root = root / "furu"
    furu.FURU_CONFIG.record_git = "ignore"
    furu.FURU_CONFIG.log_level = "WARNING"
    return lambda number: Automatic(number=number).get()
