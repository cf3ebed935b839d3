"""What a task asks of the machine it runs on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SlurmSpec:
    """Declares the resources one task needs; returned by ``_executor()``.

    ``gpus`` and ``cpus`` are counts per task, ``mem_gb`` is gigabytes, ``time_min`` is minutes.  ``extra`` holds further
    scheduler parameters; None equals ``{}``.  Specs compare and hash by value, so they serve as keys of limits.

    Raises ``ValueError`` naming the argument when a value is negative, zero where that makes no sense, or of the wrong
    type.
    """

    partition: str | None = None
    gpus: int = 0
    cpus: int = 4
    mem_gb: int = 16
    time_min: int = 60
    extra: Mapping[str, Any] | None = field(default=None, compare=False, hash=False)
    _extra_key: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        for name, least in (("gpus", 0), ("cpus", 1), ("mem_gb", 1), ("time_min", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"SlurmSpec({name}={value!r}): {name} is a whole number, at least {least}")
        if self.partition is not None and (not isinstance(self.partition, str) or not self.partition):
            raise ValueError(f"SlurmSpec(partition={self.partition!r}): partition is a name or None")
        object.__setattr__(self, "_extra_key", repr(sorted((self.extra or {}).items(), key=lambda kv: kv[0])))
