"""What the children of the scenarios import: Furu classes whose work is noted, and things to do while working."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import furu
from furu._sys import clock, process

if TYPE_CHECKING:
    from collections.abc import Callable

#: What every ``_create`` does with its object before it returns; a child sets ``pipelines.during``.
during: Callable[[Any], object] = lambda task: None  # noqa: E731 - a variable, not a function


_true_time = time.time


def spool() -> Path:
    """Return the directory of files by which processes tell each other how far they are."""
    return Path(os.environ["SCENARIO_SPOOL"])


def note(event: str, what: str = "-") -> None:
    """Append a line to the ledger: event, what, pid, true time.  One write, so lines of several processes never mix."""
    fd = os.open(spool() / "ledger", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(fd, f"{event} {what} {os.getpid()} {_true_time()}\n".encode())
    finally:
        os.close(fd)


def say(*words: object) -> None:
    """Print a line at once."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def hold(name: str) -> None:
    """Wait until the file ``name`` is in the spool, or so long that the test must be gone."""
    end = time.monotonic() + 180
    while not (spool() / name).exists():
        if time.monotonic() > end:
            os._exit(99)
        time.sleep(0.002)


def hold_everything(sec: float) -> None:
    """Pass ``sec`` seconds inside a C call that lets no other thread run."""
    ctypes.PyDLL(None).usleep(int(sec * 1e6))


def forked(work: Callable[..., object], *args: object) -> int:
    """Run ``work`` in a forked process that exits with status 0, or 1 and a traceback; return its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            work(*args)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return pid


def warm_up() -> None:
    """Crash once and recover, so that all a get() may need is imported before this process forks others."""
    global during
    wanted, during = during, lambda task: os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(forked(Kept(key=-100).get), 0)
    during = lambda task: None  # noqa: E731
    Filed(key=-100).get()
    Kept(key=-100).get()
    during = wanted


def prepare(*, host: str | None, heartbeat_sec: float | None, clock_ahead_sec: float) -> None:
    """Make this process what the test wants it to be."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # the tests may run where Ctrl-C is ignored
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if host is not None:
        process.hostname = lambda: host
    if heartbeat_sec is not None:
        furu.FURU_CONFIG.heartbeat_interval_sec = heartbeat_sec
    if clock_ahead_sec:
        time.time = lambda: _true_time() + clock_ahead_sec
        clock.SystemClock.now = staticmethod(time.time)


class Filed(furu.Furu[int]):
    """The square of ``key``, written to a file and read back by a ``_load`` of its own."""

    key: int = 1

    def _create(self) -> int:
        note("create", f"Filed-{self.key}")
        during(self)
        (self.furu_dir / "value").write_text(str(self.key**2))
        return self.key**2

    def _load(self) -> int:
        return int((self.furu_dir / "value").read_text())


class Kept(furu.Furu[dict[str, int]]):
    """The square of ``key`` in a result that is stored automatically."""

    key: int = 1

    def _create(self) -> dict[str, int]:
        note("create", f"Kept-{self.key}")
        during(self)
        return {"square": self.key**2}


class Twin(furu.Furu[str]):
    """The content of the spool's file ``version``, in two files that ``_load`` finds to agree."""

    key: int = 1

    def _create(self) -> str:
        note("create", f"Twin-{self.key}")
        version = (spool() / "version").read_text()
        for name in ("first", "second"):
            (self.furu_dir / name).write_text(version)
        return version

    def _load(self) -> str:
        first, second = ((self.furu_dir / name).read_text() for name in ("first", "second"))
        if first != second:
            raise ValueError(f"a wrong hit: {first!r} and {second!r}")
        return first
