"""Signals while artifacts are being created: what is recorded before the process ends as it would have."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import Any, Literal


class Interruption(BaseException):
    """Ends the attempts on this call stack because a scheduler wants the machine back.

    They are recorded with ``status``, and with ``kind`` as the kind of their error.  Raised by what `answering` was given;
    not an ``Exception``, so that an ``except Exception`` in a ``_create`` does not take it for a failure.
    """

    def __init__(
        self,
        message: str,
        *,
        status: Literal["preempted", "cancelled", "failed"],
        kind: Literal["preempted", "cancelled", "timeout"],
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


class _Watch:
    """The handler in force while at least one attempt runs, and what was there before."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.on_term: list[tuple[Callable[[], None], Callable[[], None]]] = []
        self.before = signal.getsignal(signal.SIGTERM)
        while isinstance(self.before, _Watch):  # of the process this one was forked from, or kept there by a Ctrl-C
            self.before = self.before.before
        self.seen = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.seen = True
        if callable(self.before):
            self.before(number, frame)
            return
        if self.pid == os.getpid():  # a forked child has inherited the handler, and records nothing
            for record, _ in reversed(self.on_term):
                record()
        signal.signal(signal.SIGTERM, self.before if self.before is not None else signal.SIG_DFL)
        if self.pid == os.getpid():
            for _, release in self.on_term:  # last of all: other threads of this process are still at work
                release()
        os.kill(os.getpid(), signal.SIGTERM)


_watch: _Watch | None = None


@contextmanager
def preemption_recorded(record: Callable[[], None], release: Callable[[], None]) -> Iterator[None]:
    """Call ``record`` and ``release`` when SIGTERM is about to end the process; put the old handler back afterwards.

    All attempts of the process are recorded before the first is released.

    A Python handler of the application runs as before, and what it raises passes through the block.  Outside the main
    thread, where Python allows no handlers, and where SIGTERM is ignored, nothing is installed.
    """
    watch = _watch if _watch is not None and _watch.pid == os.getpid() else None
    installed = _install() if watch is None else None
    watch = watch or installed
    if watch is None:
        yield
        return
    entry = (record, release)
    watch.on_term.append(entry)
    try:
        yield
    finally:
        watch.on_term.remove(entry)
        if installed is not None:
            _uninstall(installed)


def interruptible() -> None:
    """Let SIGINT raise ``KeyboardInterrupt``, also where this process was started with the signal ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def answering(answer: Callable[[int], object], *numbers: int) -> Iterator[None]:
    """Call ``answer`` with the number of the first of these signals that comes inside the block; the rest is ignored.

    What ``answer`` raises comes out of the main thread, wherever that is.  Afterwards the old handlers are in force.
    Outside the main thread, where Python allows no handlers, nothing is installed.  Children that are forked inside end on
    SIGTERM, as they would anywhere, and ignore the rest.
    """
    here = os.getpid()
    came: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - as Python calls it
        if os.getpid() != here:
            if number == signal.SIGTERM:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        came.append(number)
        if len(came) == 1:
            answer(number)

    before: dict[int, Any] = {}
    try:
        for number in numbers:
            before[number] = signal.signal(number, handle)
    except ValueError:  # not the main thread
        pass
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def preempted() -> bool:
    """Return whether SIGTERM has come since the outermost attempt of this process began."""
    return _watch is not None and _watch.seen


def _install() -> _Watch | None:
    global _watch
    if signal.getsignal(signal.SIGTERM) == signal.SIG_IGN:
        return None
    made = _Watch()
    try:
        signal.signal(signal.SIGTERM, made)
    except ValueError:  # not the main thread
        return None
    _watch = made
    return made


def _uninstall(watch: _Watch) -> None:
    global _watch
    _watch = None
    before = watch.before if watch.before is not None else signal.SIG_DFL
    if signal.getsignal(signal.SIGTERM) == watch:  # code that set a handler of its own inside keeps it
        signal.signal(signal.SIGTERM, before)
