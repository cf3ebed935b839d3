"""One handler on the root logger that takes each record to the log of the artifact whose code made it.

While any artifact is being created the root level is low enough for INFO records to be made at all; what the
application's own levels would have stopped is then stopped by a filter on its handlers.
"""

from __future__ import annotations

import _thread
import logging
import os

from furu import config
from furu.runtime import logfile


class Router(logging.Handler):
    """Takes records to the active log file.  Needs no lock: a log file is written one append at a time."""

    def __init__(self, level: int) -> None:
        super().__init__(level)

    def createLock(self) -> None:  # noqa: N802 - the name logging calls
        """Do without a lock."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Take the record at once: there are no filters, and nothing to lock."""
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record to the log of the artifact being created, if the code that made it is creating one."""
        session = _session
        if session is not None:
            session.notice_new_handlers()
            session.last_resort(record)
        file = logfile.active.get()
        if file is not None:
            file.write(record)


class Session:
    """What was changed in the set-up of ``logging`` so that records can be captured, and how to put it back."""

    def __init__(self) -> None:
        level = logging.DEBUG if config.current().log_level == "DEBUG" else logging.INFO
        self._router = Router(level)
        self._root = logging.getLogger()
        self._root_level = self._root.level
        self._lowered = level if self._root_level > level else None
        self._filtered: list[logging.Handler] = []
        self._newest: object = None
        self._lists = [(logger, logger.handlers) for logger in self._outlets()]
        self._install()

    def _outlets(self) -> list[logging.Logger]:
        """Return the loggers at which records end: root, and those that do not propagate."""
        apart = [one for one in list(self._root.manager.loggerDict.values()) if not getattr(one, "propagate", True)]
        return [self._root, *(one for one in apart if isinstance(one, logging.Logger))]

    def _install(self) -> None:
        self.notice_new_handlers()
        for logger, handlers in self._lists:
            # A new list: another thread that is going through the old one misses nothing and does nothing twice.
            logger.handlers = [self._router, *handlers]
        if self._lowered is not None:
            self._root.setLevel(self._lowered)

    def restore(self) -> None:
        """Put everything back; what the code inside has changed itself stays."""
        if self._lowered is not None and self._root.level == self._lowered:
            self._root.setLevel(self._root_level)
        for logger, handlers in self._lists:
            if self._router in logger.handlers:
                rest = [one for one in logger.handlers if one is not self._router]
                if rest != handlers:
                    handlers[:] = rest
                logger.handlers = handlers
        for handler in self._filtered:
            handler.removeFilter(self._admits)

    def notice_new_handlers(self) -> None:
        """Filter the application's handlers, those made while an artifact is being created included."""
        known = logging._handlerList  # type: ignore[attr-defined]  # noqa: SLF001 - every handler alive, newest last
        newest = known[-1] if known else None
        if self._lowered is None or newest is self._newest:
            return
        self._newest = newest
        for reference in list(known):
            handler = reference()
            if handler is not None and not isinstance(handler, Router) and handler not in self._filtered:
                handler.addFilter(self._admits)
                self._filtered.append(handler)

    def _admits(self, record: logging.LogRecord) -> bool:
        """Return whether the application's own levels let the record through.

        A record that another process sent here has passed the levels of that process.
        """
        if record.process not in (None, os.getpid()):
            return True
        one = self._root.manager.loggerDict.get(record.name)
        logger = one if isinstance(one, logging.Logger) else self._root
        while logger.parent is not None and not logger.level:
            logger = logger.parent
        own = logger.level
        if logger is self._root and own == self._lowered:
            own = self._root_level
        return record.levelno >= own

    def last_resort(self, record: logging.LogRecord) -> None:
        """Show a warning that has no handler but ours, as ``logging`` itself would have done."""
        fallback = logging.lastResort
        if fallback is None or record.levelno < fallback.level or not self._alone(record):
            return
        fallback.handle(record)

    def _alone(self, record: logging.LogRecord) -> bool:
        one = self._root.manager.loggerDict.get(record.name)
        logger: logging.Logger | None = one if isinstance(one, logging.Logger) else self._root
        while logger is not None:
            if any(handler is not self._router for handler in logger.handlers):
                return False
            logger = logger.parent if logger.propagate else None
        return True


_lock = _thread.allocate_lock()
_session: Session | None = None
_users = 0


def begin() -> None:
    """Have records captured until the matching ``end``.  Any thread may call it, any number of times."""
    global _session, _users
    with _lock:
        if _session is None:
            _session = Session()
        _users += 1


def end() -> None:
    """Undo one ``begin``; the last one puts the set-up of ``logging`` back."""
    global _session, _users
    with _lock:
        _users -= 1
        if _users == 0 and _session is not None:
            session, _session = _session, None
            session.restore()


def _after_fork() -> None:
    """Give a forked child a lock that no vanished thread holds."""
    global _lock
    _lock = _thread.allocate_lock()


os.register_at_fork(after_in_child=_after_fork)
