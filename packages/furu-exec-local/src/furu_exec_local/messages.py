"""The message by which a run gives a job to one of its worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from furu.resources import SlurmSpec


@dataclass(frozen=True, slots=True)
class Order:
    """One job for a worker process: its object by number, its key, and the contents of objects it has not seen yet."""

    number: int
    key: str
    specs: tuple[SlurmSpec, ...]
    contents: list[tuple[int, bytes]]
