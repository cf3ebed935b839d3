"""furu's own messages on stderr: ``HHMMSS file.py:line message``, in colour on a terminal."""

from __future__ import annotations

import logging
import sys
import time

from furu import config
from furu._sys.terminal import is_terminal
from furu.runtime import context, logfile, tracebacks
from furu.runtime.capture import Router

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, FrameType
    from typing import Any, TextIO

_OURS = frozenset(("furu", "furu_exec_local", "furu_exec_slurm", "furu_testing", "furu_dashboard"))
_NOT_CALLERS = _OURS | sys.stdlib_module_names
_COLOURS = {logging.DEBUG: "dim", logging.WARNING: "yellow", logging.ERROR: "bold red", logging.CRITICAL: "bold red"}

_logger = logging.getLogger("furu")


class Console(logging.Handler):
    """Writes to whatever ``sys.stderr`` is at the moment."""

    def __init__(self) -> None:
        super().__init__()
        self._rich: Any = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, if the console is to show its level."""
        stderr = sys.stderr
        if stderr is None or record.levelno < logging.getLevelName(config.current().log_level):
            return
        if getattr(record, "furu_repeated", False) and config.current().log_level != "DEBUG":
            return  # said before; meant for the log of the artifact that asked
        try:
            if is_terminal(stderr):
                self._print_rich(stderr, record)
            else:
                stderr.write(f"{_prefix(record)} {_text(record)}\n")
        except Exception:  # noqa: BLE001 - logging's own rule: a message that cannot be shown breaks nothing
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name logging calls
        """Report trouble on stderr, unless that is what is broken."""
        try:
            super().handleError(record)
        except Exception:  # noqa: BLE001 - a stderr that was closed or replaced
            pass

    def _print_rich(self, stderr: TextIO, record: logging.LogRecord) -> None:
        from rich.console import Console as RichConsole
        from rich.text import Text

        if self._rich is None or self._rich.file is not stderr:
            self._rich = RichConsole(file=stderr, soft_wrap=True)
        line = Text.assemble((_prefix(record), "dim"), " ", (_text(record), _COLOURS.get(record.levelno, "")))
        self._rich.print(line)


def _prefix(record: logging.LogRecord) -> str:
    return f"{time.strftime('%H%M%S', time.localtime(record.created))} {record.filename}:{record.lineno}"


def _text(record: logging.LogRecord) -> str:
    return logfile.message_of(record) + logfile.details_of(record)


_console = Console()
_level_set: int | None = None


def ready() -> logging.Logger:
    """Return furu's logger with the console where the application has no handlers, and without it where it has.

    Cheap enough to be asked each time: the application may set up its logging after us.
    """
    if _relocate not in _logger.filters:
        _logger.addFilter(_relocate)
        if config.current().rich_uncaught_tracebacks:
            tracebacks.install_excepthook()
    attached = _console in _logger.handlers
    if _application_has_handlers():
        if attached:
            _detach()
    elif not attached:
        _attach()
    return _logger


def _application_has_handlers() -> bool:
    for logger in (_logger, logging.getLogger()):
        if any(handler is not _console and not isinstance(handler, Router) for handler in logger.handlers):
            return True
    return False


def _attach() -> None:
    global _level_set
    _logger.addHandler(_console)
    if _logger.level == logging.NOTSET:
        _level_set = logging.DEBUG if config.current().log_level == "DEBUG" else logging.INFO
        _logger.setLevel(_level_set)


def _detach() -> None:
    global _level_set
    _logger.removeHandler(_console)
    if _level_set is not None and _logger.level == _level_set:
        _logger.setLevel(logging.NOTSET)
    _level_set = None


def _relocate(record: logging.LogRecord) -> bool:
    """Give a message of furu the place of the code that called furu, so that people see their own line.

    In a worker of an executor nobody has called; then it is the place of the ``_create`` that is run.

    Also the moment at which a set-up that the application has made meanwhile is noticed.
    """
    caller = _caller(sys._getframe())  # noqa: SLF001 - as logging itself does
    code: CodeType | None = context.job_code() if caller is None else caller.f_code
    if code is not None:
        line = code.co_firstlineno if caller is None else caller.f_lineno
        record.pathname, record.lineno, record.funcName = code.co_filename, line, code.co_name
        record.filename = code.co_filename.rpartition("/")[2]
        record.module = record.filename.rpartition(".")[0] or record.filename
    ready()
    return _logger.isEnabledFor(record.levelno)


def _caller(frame: FrameType | None) -> FrameType | None:
    """Return the innermost frame that is neither furu's nor the standard library's; None in a thread of furu's own."""
    while frame is not None:
        if str(frame.f_globals.get("__name__")).partition(".")[0] not in _NOT_CALLERS:
            return frame
        frame = frame.f_back
    return None
