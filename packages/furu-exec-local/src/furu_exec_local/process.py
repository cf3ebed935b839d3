"""``WorkerProcess``: one child process, seen from the run that started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import deque
from multiprocessing.connection import Connection
from pathlib import Path
from socket import socketpair
from typing import TYPE_CHECKING

from furu.errors import FuruError
from furu.execution.executor import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from furu.execution.report import Report
    from furu_exec_local.backlog import Grant

_BOOT = str(Path(__file__).with_name("boot.py"))

#: How many of the last lines on stderr a death is explained with.
LAST_LINES = 15

#: How long a process may take to end after its connection has (seconds).
ENDS_SEC = 0.5


class WorkerProcess:
    """A child process that runs one job after the other.

    It is a program of its own (not a fork), so threads and CUDA of this process are none of its business.  It leads a
    process group, so that Ctrl-C on the terminal reaches the run only, and the run decides what its children hear.
    What it prints comes through pipes, whole lines at a time.
    """

    def __init__(self, setting: bytes, environ: Mapping[str, str]) -> None:
        ours, theirs = socketpair()
        with theirs:
            self._popen = subprocess.Popen(
                [sys.executable, *_interpreter_flags(), _BOOT, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                process_group=0,
                env={**os.environ, **environ},  # noqa: TID251 - a child's environment is its parent's
            )
        assert self._popen.stdout is not None
        assert self._popen.stderr is not None
        self.pid = self._popen.pid
        self.death_fd = _pidfd(self.pid)
        self.connection = Connection(ours.detach())
        self.out = Lines(self._popen.stdout.fileno())
        self.err = Lines(self._popen.stderr.fileno())
        self.grants: deque[Grant] = deque()  # what it was given to do: the first is what it does
        self.known: set[int] = set()
        self.only_one_job = bool(environ.get("CUDA_VISIBLE_DEVICES"))
        self.say(lambda: self.connection.send((sys.path, sys.argv)))
        self.say(lambda: self.connection.send_bytes(setting))

    def say(self, send: Callable[[], object]) -> None:
        """Send something; that the process is dead is found out elsewhere."""
        try:
            send()
        except (BrokenPipeError, ConnectionResetError):
            pass

    def report(self) -> Report | None:
        """Return the report that has come in, or None when the connection has ended."""
        try:
            found: Report = self.connection.recv()
        except (EOFError, ConnectionResetError):
            return None
        return found

    def signal(self, number: int) -> None:
        """Send a signal to the process and to those it has started."""
        if self._popen.poll() is None:
            try:
                os.killpg(self.pid, number)
            except (ProcessLookupError, PermissionError):  # it has ended this moment
                pass

    def ended(self) -> bool:
        """Return whether the process is gone."""
        return self._popen.poll() is not None

    def ends_soon(self) -> bool:
        """Return whether the process, whose connection has ended, is gone or ends within a moment by itself."""
        try:
            self._popen.wait(ENDS_SEC)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End the process and those it has started, and wait for its end."""
        self.signal(signal.SIGKILL)
        self._popen.wait()

    def close(self) -> None:
        """Let go of the connection and the pipes."""
        self.connection.close()
        if self.death_fd is not None:
            os.close(self.death_fd)
            self.death_fd = None
        for stream in (self._popen.stdout, self._popen.stderr):
            if stream is not None:
                stream.close()

    def death(self, key: str) -> Failed:
        """Return the outcome of a job whose process has died."""
        status = self._popen.wait()
        words = f"exited with status {status}"
        if status < 0:
            try:
                words = f"was killed by {signal.Signals(-status).name}"
            except ValueError:
                words = f"was killed by signal {-status}"
        hints = ["the kernel kills the largest process when memory runs out: see dmesg"] if status == -9 else []
        tail = "".join(f"\n    {line}" for line in self.err.last)
        error = FuruError(f"the worker process (pid {self.pid}) {words}{tail}", hints=hints)
        return Failed(key, "preempted" if status == -signal.SIGTERM else "lost", error)


class Lines:
    """What comes through a pipe, line by line as a terminal would show it in the end."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.last: deque[str] = deque(maxlen=LAST_LINES)
        self._pending = b""

    def read(self) -> tuple[str, bool]:
        """Return the whole lines that have come in, and whether more can come."""
        try:
            chunk = os.read(self.fd, 1 << 18)
        except BlockingIOError:
            return "", True
        *whole, self._pending = (self._pending + chunk).split(b"\n")
        if not chunk and self._pending:
            whole, self._pending = [self._pending], b""
        # A progress bar overwrites its line with carriage returns: what it shows last is what stays.
        lines = [line.rstrip(b"\r").rpartition(b"\r")[2].decode(errors="replace") for line in whole]
        self.last.extend(lines)
        return "".join(f"{line}\n" for line in lines), bool(chunk)


def _interpreter_flags() -> list[str]:
    """Return the command line options this Python was started with, as the standard library tells its own children."""
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]  # noqa: SLF001
    return flags


def _pidfd(pid: int) -> int | None:
    """Return what becomes readable when a child ends, or None where the kernel has no such thing.

    The connection alone would not tell: a process that the child has started may hold it open.
    """
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None
