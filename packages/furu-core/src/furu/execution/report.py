"""``Report``: how a job ended in a worker process, as it travels back."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from furu.errors import FuruError
from furu.execution import parcels
from furu.execution.executor import Blocked, Done, Elsewhere, Failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from furu.execution.executor import Outcome


@dataclass(frozen=True, slots=True)
class Report:
    """How a job ended in a worker process, and what it took (seconds).

    ``content`` is the outcome as bytes, None for ``Done``; ``text`` says the same in words.
    """

    key: str
    wall_sec: float
    cpu_sec: float
    content: bytes | None = None
    text: str = ""


def packed(outcome: Outcome, number: Callable[[Any], int | None]) -> tuple[bytes | None, str]:
    """Return an outcome as bytes and in words; what cannot be pickled of an error goes as words only."""
    match outcome:
        case Done():
            return None, ""
        case Failed():
            text = f"{type(outcome.error).__qualname__}: {outcome.error}" if outcome.error is not None else ""
            try:
                return parcels.dumps(outcome, number), text
            except Exception:  # noqa: BLE001 - pickling runs code of any class
                return pickle.dumps(Failed(outcome.key, outcome.kind)), text
        case Blocked() | Elsewhere():
            return parcels.dumps(outcome, number), ""


def unpacked(report: Report, found: Callable[[int], Any]) -> Outcome:
    """Return the outcome that a report tells."""
    if report.content is None:
        return Done(report.key)
    try:
        outcome: Outcome = parcels.loads(report.content, found)
    except Exception as error:  # noqa: BLE001 - unpickling runs code of any class
        return Failed(report.key, "error", FuruError(report.text or f"the worker's answer cannot be read: {error}"))
    if isinstance(outcome, Failed) and outcome.error is None and report.text:
        return Failed(outcome.key, outcome.kind, FuruError(report.text))
    return outcome
