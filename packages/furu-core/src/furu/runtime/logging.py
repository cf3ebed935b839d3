"""The front door to log records: capture per artifact, furu's own logger, the console.

Nothing is configured, and the standard ``logging`` is not imported, before something is captured or said.
"""

from __future__ import annotations

from furu.runtime.announcing import announce
from furu.runtime.logfile import LogFile, active

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging

__all__ = ["announce", "artifact_log", "configure_logging", "get_logger", "write_record"]


class artifact_log:  # noqa: N801 - used like a function: with artifact_log(path):
    """Send what the code inside logs, through any logger, to the file at ``path``.

    Records at INFO and above are taken, at DEBUG too when ``FURU_LOG_LEVEL=DEBUG``; a nested ``artifact_log`` takes over
    until it ends.  An artifact whose code logs nothing has no log file.  Loggers with a level of their own keep it.

    Promise: afterwards the application's logging set-up is as it was, and its own handlers have received what they would
    have received without us.
    Threads: follows the context: asyncio tasks and ``copy_context().run`` are inside, a bare ``Thread`` is not.
    Not promised: a set-up of ``logging`` that is made inside.  ``basicConfig()`` does nothing there, as it does whenever
    root has a handler; ``basicConfig(force=True)`` and ``dictConfig()`` take effect, stay, and end the capture.
    """

    __slots__ = ("_file", "_outer")

    def __init__(self, path: str) -> None:
        self._file = LogFile(path)

    def __enter__(self) -> None:
        from furu.runtime import capture

        self._outer = active.get()
        capture.begin()
        active.set(self._file)

    def __exit__(self, *_: object) -> None:
        from furu.runtime import capture

        active.set(self._outer)
        capture.end()


def get_logger() -> logging.Logger:
    """Return furu's own logger, ``logging.getLogger("furu")``, ready to be heard."""
    from furu.runtime import console

    return console.ready()


def configure_logging() -> None:
    """Let furu be heard: on stderr as ``HHMMSS file.py:line message`` unless the application has handlers of its own.

    May be called any number of times and happens by itself with furu's first message.  Where root or the logger
    ``furu`` has handlers, they and their levels decide, and nothing is added.  Uncaught exceptions are printed by Rich
    when ``FURU_RICH_UNCAUGHT_TRACEBACKS`` says so, stderr is a terminal, and nobody else has set ``sys.excepthook``.
    """
    get_logger()


def write_record(path: str, message: str, error: BaseException | None = None) -> None:
    """Append one ERROR record of furu's own to an artifact's log, whatever is being captured.  Never raises."""
    import logging

    exc_info = None if error is None else (type(error), error, error.__traceback__)
    file, line = __file__, 0
    trace = None if error is None else error.__traceback__
    while trace is not None:  # the place of the record is where the error was raised
        file, line, trace = trace.tb_frame.f_code.co_filename, trace.tb_lineno, trace.tb_next
    LogFile(path).write(logging.LogRecord("furu", logging.ERROR, file, line, message, None, exc_info))
