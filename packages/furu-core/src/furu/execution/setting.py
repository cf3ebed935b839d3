"""``Setting``: what a worker process takes over from the process that gives it jobs."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from furu import config
from furu.errors import FuruError
from furu.execution import parcels
from furu.runtime import overrides

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Setting:
    """Settings with the store's roots, overridden results, and how the application logs to its console.

    ``log_format`` is the format of that console, None where the application has none.  ``sys.path`` is not part of it: a
    worker needs that before it can read a setting.
    """

    config: dict[str, Any]
    overrides: dict[str, Any]
    root_level: int
    log_format: tuple[str | None, str | None] | None


def packed(*, hints: Sequence[str] = ()) -> bytes:
    """Return the setting of this process as bytes, for ``in_force`` in another one.

    Defaults that depend on where this process was started are made explicit, so that a worker started elsewhere uses the
    same store.

    Raises ``FuruError`` with ``hints``, naming the result that stands in for an artifact and cannot be sent.
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
        return parcels.dumps(Setting(values, standing_in, root.level, log_format), _no_number)
    except Exception as error:
        for key, value in standing_in.items():
            try:
                parcels.dumps(value, _no_number)
            except Exception:  # noqa: BLE001 - pickling runs code of any class
                raise FuruError(
                    f"the result that stands in for {key} cannot be sent to a worker process: {error}", hints=hints
                ) from error
        raise


@contextmanager
def in_force(content: bytes) -> Iterator[None]:
    """Make this process like the one that packed its setting; overridden results stand in inside the block.

    Meant for a process of its own: settings and logging stay as they are set.
    """
    setting: Setting = parcels.loads(content, _nothing)
    config.current().restore(setting.config)
    root = logging.getLogger()
    root.setLevel(setting.root_level)
    if setting.log_format is not None:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter(*setting.log_format))
        root.addHandler(handler)
    with overrides.installed(setting.overrides):
        yield


def same(one: bytes, other: bytes) -> bool:
    """Return whether two packed settings say the same; those with overridden results never do."""
    first: Setting = parcels.loads(one, _nothing)
    second: Setting = parcels.loads(other, _nothing)
    return first == second if not first.overrides and not second.overrides else False


def _no_number(_: Any) -> None:
    """Have every object travel with the setting."""


def _nothing(number: int) -> Any:
    raise LookupError(number)
