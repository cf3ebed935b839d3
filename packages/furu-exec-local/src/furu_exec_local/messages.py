"""The messages between a run and its worker processes."""

from __future__ import annotations

import logging
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from furu import config
from furu.errors import FuruError
from furu.execution.executor import Blocked, Done, Elsewhere, Failed
from furu.runtime import overrides
from furu_exec_local import parcels

if TYPE_CHECKING:
    from collections.abc import Callable

    from furu.execution.executor import Outcome
    from furu.resources import SlurmSpec


@dataclass(frozen=True, slots=True)
class Setting:
    """What a worker process takes over from the process that started it, besides ``sys.path`` and ``sys.argv``.

    ``log_format`` is the format of the application's own console, None where it has none.
    """

    config: dict[str, Any]
    overrides: dict[str, Any]
    root_level: int
    log_format: tuple[str | None, str | None] | None


@dataclass(frozen=True, slots=True)
class Order:
    """One job for a worker process: its object by number, its key, and the contents of objects it has not seen yet."""

    number: int
    key: str
    specs: tuple[SlurmSpec, ...]
    contents: list[tuple[int, bytes]]


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


def setting_here() -> bytes:
    """Return the setting of this process as bytes.

    Raises ``FuruError`` naming the result that stands in for an artifact and cannot be sent.
    """
    settings = config.current()
    # Defaults that depend on where this process was started, or are made up by it, are not left to the child.
    roots = {"base_root": settings.base_root, "version_controlled_root_override": Path(settings.root_text("artifacts"))}
    if settings.scratch or settings.allow_main:
        roots["scratch_root"] = Path(settings.root_text("scratch"))
    values = {**settings.snapshot(), **roots}
    values["_explicit"] |= set(roots)
    root = logging.getLogger()
    formatters = [handler.formatter for handler in root.handlers if type(handler) is logging.StreamHandler]
    formatter = next((one for one in formatters if one is not None), None)
    log_format = None if formatter is None else (formatter._fmt, formatter.datefmt)  # noqa: SLF001 - has no public name
    standing_in = overrides.active()
    try:
        return parcels.dumps(Setting(values, standing_in, root.level, log_format), lambda _: None)
    except Exception as error:
        for key, value in standing_in.items():
            try:
                parcels.dumps(value, lambda _: None)
            except Exception:  # noqa: BLE001 - pickling runs code of any class
                raise FuruError(
                    f"the result that stands in for {key} cannot be sent to a worker process: {error}",
                    hints=["run_local(..., backend='thread') needs not send it"],
                ) from error
        raise


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
