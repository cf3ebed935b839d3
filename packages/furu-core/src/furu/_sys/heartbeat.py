"""Heartbeats that go on while this process is busy: one small helper program per process that holds leases."""

from __future__ import annotations

import _thread
import binascii
import fcntl
import mmap
import os
import struct
import sys
import time
import warnings

from furu._sys import process
from furu._sys.beater import HEAD, LOOK_SEC, Beats, encoded

_BEATER = os.path.join(os.path.dirname(__file__), "beater.py")
_BOARD_BYTES = 1 << 20  # room for some thousand leases at once
_SILENT_SEC = 10.0  # without a look for this long the helper is gone
_IS_HELPER = "FURU_HEARTBEAT_HELPER"  # set for the helper, so that one that is no Python starts no further one


class Heart:
    """Keeps files touched as long as this process lives and is not stopped.

    The helper is started at the first lease of a process and ends with it.  It is no child of this process (a user's
    ``os.wait()`` never meets it) and runs in a process group of its own (Ctrl-C does not reach it).  It is told what to
    touch through shared memory, so a lease costs no system call, and a process that closes all its files keeps it.  Where
    no helper can be started a thread beats instead, which a C call that lets no other thread run holds up; a warning says
    so once.

    Threads: safe.  Fork: a child has no heart of its parent's; it gets its own with its first lease.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._lock = _thread.RLock()  # a signal handler that gives a lease back may interrupt the code below
        self._paths: dict[str, float] = {}
        self._changes = 0
        self._board: mmap.mmap | None = None
        self._started = 0.0
        self._thread = False

    def begin(self, path: str, every_sec: float) -> None:
        """Touch ``path`` every ``every_sec`` seconds from now on."""
        with self._lock:
            self._paths[path] = every_sec
            self._changes += 1
            if not self._thread and self._silent():
                self._start()
            self._tell()

    def end(self, path: str) -> None:
        """Stop touching ``path``."""
        with self._lock:
            if self._paths.pop(path, None) is not None:
                self._changes += 1
                self._tell()

    def _silent(self) -> bool:
        """Return whether there is no helper, or one that has not looked for so long that it is gone."""
        if self._board is None:
            return True
        (looked,) = struct.unpack_from("<d", self._board)
        return bool(time.monotonic() - max(looked, self._started) > _SILENT_SEC)

    def _tell(self) -> None:
        while self._board is not None:
            changes = self._changes
            content = encoded(self._paths, _BOARD_BYTES - HEAD.size)
            self._board[HEAD.size : HEAD.size + len(content)] = content
            struct.pack_into("<II", self._board, 8, len(content), binascii.crc32(content))
            if changes == self._changes:  # else a signal handler has written in between
                return

    def _start(self) -> None:
        again = self._board is not None and struct.unpack_from("<d", self._board)[0] == 0.0
        try:
            if again:
                raise RuntimeError(f"{sys.executable} did not answer")
            self._board = _helper()
            self._started = time.monotonic()
        except (OSError, RuntimeError) as error:
            self._board = None
            self._thread = True
            _thread.start_new_thread(self._beat, ())
            warnings.warn(
                f"furu's heartbeat helper cannot be started ({error}): a thread beats instead, and while a C call lets "
                "no other thread run, other hosts may take over after FURU_LEASE_SECS",
                RuntimeWarning,
                stacklevel=2,
            )

    def _beat(self) -> None:
        beats = Beats()
        while True:
            with self._lock:
                wanted = dict(self._paths)
            time.sleep(min(max(beats.turn(wanted, time.monotonic()), 0.01), LOOK_SEC))


def _helper() -> mmap.mmap:
    """Start a helper and return the board it reads.

    Raises ``OSError`` when the system refuses, ``RuntimeError`` where there is no Python to run it.
    """
    if getattr(sys, "frozen", False) or not sys.executable or _IS_HELPER in os.environ:
        raise RuntimeError("there is no Python program to run it")
    made = _shared_file()
    try:
        # Away from the numbers that are given to the helper, which may be free here.
        shared = fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, 10)
    finally:
        os.close(made)
    try:
        os.ftruncate(shared, _BOARD_BYTES)
        board = mmap.mmap(shared, _BOARD_BYTES)
        _spawn_detached(shared)
    finally:
        os.close(shared)
    return board


def _shared_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("furu-heartbeat", os.MFD_CLOEXEC)
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _spawn_detached(board: int) -> None:
    """Start the helper as nobody's child: a shell starts it in the background and ends."""
    owner = process.me()
    program = [sys.executable, "-I", "-S", _BEATER, str(owner.pid), owner.process_start or ""]
    opened = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    devnull = fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(opened)
    try:
        shell = os.posix_spawn(
            "/bin/sh",
            ["sh", "-c", '"$@" &', "furu-heartbeat", *program],
            {**os.environ, _IS_HELPER: "1"},
            file_actions=[(os.POSIX_SPAWN_DUP2, devnull, fd) for fd in (0, 1, 2)] + [(os.POSIX_SPAWN_DUP2, board, 3)],
            setpgroup=0,
            setsigmask=[],
        )
    finally:
        os.close(devnull)
    try:
        os.waitpid(shell, 0)
    except ChildProcessError:  # somebody else waits for all children, or SIGCHLD is ignored
        pass


_hearts: dict[int, Heart] = {}
os.register_at_fork(after_in_child=_hearts.clear)


def heart() -> Heart:
    """Return this process's heart, one however many threads ask."""
    pid = os.getpid()
    return _hearts.get(pid) or _hearts.setdefault(pid, Heart())
