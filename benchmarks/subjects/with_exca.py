"""exca, a pydantic model whose method is cached by its ``TaskInfra``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import exca
import pydantic

from subjects import result

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Task(pydantic.BaseModel):
    """The config and its cached method."""

    number: int
    name: str = "benchmark"
    rate: float = 0.5
    infra: exca.TaskInfra = exca.TaskInfra(version="1")

    def compute(self) -> dict[str, float]:
        """Return the result."""
        return result(self.number)

    compute = infra.apply(compute)  # in decorator syntax, type checkers judge it differently without exca installed


def opened(root: Path) -> Callable[[int], Any]:
    """Computed in this process (``cluster=None``)."""
    os.makedirs(root / "exca", exist_ok=True)
    infra: Any = {"folder": str(root / "exca"), "cluster": None}
    return lambda number: Task(number=number, infra=infra).compute()
