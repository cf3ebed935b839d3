"""The log file of one artifact, and which one the running code writes to."""

from __future__ import annotations

import os
from contextvars import ContextVar

from furu._sys import files, terminal
from furu._sys.clock import iso_utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging

_troubled: set[str] = set()  # files about which stderr was told


class LogFile:
    """Where records go while one artifact is being created.

    The file appears with the first record.  Every record is one append of its own, opened and closed: nothing is buffered,
    so a kill loses nothing and a reader on another host sees each line; a forked child and a thread may write at the same
    time; and it does not matter when the file is removed meanwhile.

    Promise: writing never raises.  Without its directory records are dropped; any other trouble, such as a full disk, is
    told once on stderr.
    """

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)  # the code that logs may change the working directory

    def write(self, record: logging.LogRecord) -> None:
        """Append one record."""
        try:
            files.append_line(self.path, f"{line_of(record)}\n".encode(errors="backslashreplace"))
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as trouble:
            self._complain(trouble)

    def _complain(self, trouble: OSError) -> None:
        if self.path not in _troubled:
            _troubled.add(self.path)
            terminal.tell(f"log records are lost, {self.path} cannot be written: {trouble}")


active: ContextVar[LogFile | None] = ContextVar("furu_log", default=None)


def line_of(record: logging.LogRecord) -> str:
    """Return a record as text: ISO time, level, logger, file:line, message, then traceback and stack where given."""
    text = (
        f"{iso_utc(record.created)} {record.levelname} {record.name} {record.filename}:{record.lineno} "
        f"{message_of(record)}"
    )
    return text + details_of(record)


def message_of(record: logging.LogRecord) -> str:
    """Return the message; the raw template and arguments when they do not fit together."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a bad log call must not become the failure of a computation
        return f"{record.msg!s} (its arguments do not fit)"


def details_of(record: logging.LogRecord) -> str:
    """Return the lines that follow the message: traceback and stack."""
    text = ""
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        from furu.runtime.tracebacks import format_traceback

        text += "\n" + format_traceback(error).rstrip("\n")
    elif record.exc_text:
        text += "\n" + record.exc_text
    if record.stack_info:
        text += "\n" + record.stack_info
    return text
