"""What ``get()`` says about itself: ``get TrainModel abc123def (missing->create)``.

On the path of every hit, so a repeated announcement costs a set look-up and the standard ``logging`` is not imported
unless something is said.
"""

from __future__ import annotations

from furu import config
from furu.errors import FuruConfigError
from furu.runtime import logfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging

    from furu.task import ArtifactRef

_MOST_REMEMBERED = 100_000  # about 10 MB.  Beyond, memory starts anew and announcements repeat

_loaded: set[str] = set()


def announce(ref: ArtifactRef, outcome: str) -> None:
    """Say what ``get()`` is about to do, at INFO; what is loaded again and again by a program says so once, then at DEBUG.

    Goes where log records go: to the console, and to the log of the artifact being created, if there is one, which has
    every load of its own.  Every announcement, repeated or not, is a line of the file ``FURU_TRACE`` names.
    """
    if config.current().trace is not None:
        _trace(ref, outcome)
    repeated = outcome == "success->load" and ref.furu_hash in _loaded
    inside = logfile.active.get() is not None
    if repeated and not inside:
        if config.current().log_level == "DEBUG":
            _logger().debug("get %s (%s)", ref.label, outcome)
        return
    if config.current().log_level not in ("DEBUG", "INFO") and not inside:
        return
    if outcome == "success->load":
        if len(_loaded) >= _MOST_REMEMBERED:
            _loaded.clear()
        _loaded.add(ref.furu_hash)
    _logger().info("get %s (%s)", ref.label, outcome, extra={"furu_repeated": repeated})


def _trace(ref: ArtifactRef, outcome: str) -> None:
    import json
    import os

    from furu._sys import clock, files

    line = {
        "at": clock.iso_utc(clock.SYSTEM_CLOCK.now()),
        "pid": os.getpid(),
        "class": ref.namespace,
        "furu_hash": ref.furu_hash,
        "outcome": outcome,
    }
    path = os.fspath(config.current().trace or os.devnull)
    try:
        files.append_line(path, json.dumps(line).encode() + b"\n")
    except OSError as error:
        raise FuruConfigError(f"FURU_TRACE names {path}, which cannot be written: {error}") from error


def _logger() -> logging.Logger:
    from furu.runtime import console

    return console.ready()
