"""Heartbeats that go on while this process is busy: one small helper program per process that holds leases."""

from __future__ import annotations

import _thread
import os
import sys

from furu._sys import process

_BEATER = os.path.join(os.path.dirname(__file__), "beater.py")


class Heart:
    """Keeps files touched as long as this process lives and is not stopped.

    The helper is started at the first lease of a process and ends with it.  It is no child of this process (a user's
    ``os.wait()`` never meets it) and runs in a process group of its own (Ctrl-C does not reach it).

    Threads: safe.  Fork: a child has no heart of its parent's; it gets its own with its first lease.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._lock = _thread.RLock()  # a signal handler that gives a lease back may interrupt the code below
        self._pipe: int | None = None
        self._pipe_is: tuple[int, int] | None = None
        self._paths: dict[str, float] = {}

    def begin(self, path: str, every_sec: float) -> None:
        """Touch ``path`` every ``every_sec`` seconds from now on."""
        with self._lock:
            self._paths[path] = every_sec
            self._say(f"+{every_sec} {path}\n")

    def end(self, path: str) -> None:
        """Stop touching ``path``."""
        with self._lock:
            if self._paths.pop(path, None) is not None:
                try:
                    self._say(f"-{path}\n")
                except OSError:  # no new helper for the others now; the next ``begin`` tries again
                    pass

    def _say(self, line: str) -> None:
        if self._pipe is not None and _identity(self._pipe) != self._pipe_is:
            self._pipe = None  # somebody has closed all files; the number may belong to another file by now
        if self._pipe is not None:
            try:
                os.write(self._pipe, os.fsencode(line))
            except (BrokenPipeError, BlockingIOError):  # the helper was killed, or does not read any more
                os.close(self._pipe)
                self._pipe = None
        if self._pipe is None and self._paths:
            self._start()

    def _start(self) -> None:
        read_end, write_end = os.pipe()
        try:
            _spawn_detached(read_end)
        except BaseException:
            os.close(write_end)
            raise
        finally:
            os.close(read_end)
        os.set_blocking(write_end, False)
        self._pipe, self._pipe_is = write_end, _identity(write_end)
        for path, every_sec in self._paths.items():
            os.write(write_end, os.fsencode(f"+{every_sec} {path}\n"))


def _identity(fd: int) -> tuple[int, int] | None:
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _spawn_detached(stdin: int) -> None:
    """Start the helper as nobody's child: a shell starts it in the background and ends."""
    owner = process.me()
    program = [sys.executable, "-I", "-S", _BEATER, str(owner.pid), owner.process_start or ""]
    devnull = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        shell = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", '"$@" <&3 3<&- &', "furu-heartbeat", *program],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_DUP2, devnull, fd) for fd in (0, 1, 2)] + [(os.POSIX_SPAWN_DUP2, stdin, 3)],
            setpgroup=0,
            setsigmask=[],
        )
        os.waitpid(shell, 0)
    finally:
        os.close(devnull)


_hearts: dict[int, Heart] = {}
os.register_at_fork(after_in_child=_hearts.clear)


def heart() -> Heart:
    """Return this process's heart, one however many threads ask."""
    pid = os.getpid()
    return _hearts.get(pid) or _hearts.setdefault(pid, Heart())
