"""The heartbeat program: touches claim files while the process it serves lives and is not stopped.

Run as a program of its own, so that it beats while its owner's threads are held up (a C call that keeps the interpreter
lock), and stops beating when its owner is stopped or dead.  It imports nothing of furu, and ends with its owner.

Arguments: pid and start time of the owner.  File 3 is the board, shared memory in which the owner writes what to touch:
bytes 0-7 are the monotonic time of the program's last look, 8-15 length and CRC-32 of what follows from byte 16 on, which
is NUL-separated: seconds between two beats, path, seconds, path, ...
"""

from __future__ import annotations

import binascii
import mmap
import os
import signal
import struct
import sys
import time

LOOK_SEC = 0.5
HEAD = struct.Struct("<dII")
_AFTER_LOOK = 8


def owner_state(pid: int, start: str) -> str:
    """Return ``running``, ``stopped`` or ``dead`` for the process that is served."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        if os.path.exists("/proc/self/stat"):
            return "dead"
        letter = os.popen(f"ps -o state= -p {pid}").read().strip()[:1]  # no /proc here
        return "dead" if letter in ("", "Z") else "stopped" if letter == "T" else "running"
    letter = fields[0].decode()
    if letter in "ZX" or (start and fields[19].decode() != start):
        return "dead"
    return "stopped" if letter == "T" else "running"


def touch(path: str) -> None:
    """Set a file's time to now.  One that is gone, or on a disk that does not answer, is tried again at the next beat."""
    try:
        os.utime(path)
    except OSError:
        pass


def encoded(wanted: dict[str, float], room: int) -> bytes:
    """Return what to touch (path -> seconds between two beats) as the board holds it, the oldest first, as far as it fits."""
    parts: list[bytes] = []
    used = 0
    for path, every_sec in wanted.items():
        part = b"%a\0%s" % (every_sec, os.fsencode(path))
        used += len(part) + 1
        if used > room:
            break
        parts.append(part)
    return b"\0".join(parts)


def decoded(board: mmap.mmap) -> dict[str, float] | None:
    """Return what the board asks for; None while its owner is writing."""
    _, length, checksum = HEAD.unpack_from(board)
    content = bytes(board[HEAD.size : HEAD.size + length])
    if binascii.crc32(content) != checksum:
        return None
    parts = content.split(b"\0") if content else []
    return {os.fsdecode(path): float(every) for every, path in zip(parts[::2], parts[1::2], strict=True)}


class Beats:
    """When which file was touched last."""

    def __init__(self) -> None:
        self._due: dict[str, float] = {}

    def turn(self, wanted: dict[str, float], now: float) -> float:
        """Touch what is due and return the seconds until the next beat; a path is touched when it is first seen."""
        self._due = {path: self._due.get(path, now) for path in wanted}
        for path, at in self._due.items():
            if at <= now:
                touch(path)
                self._due[path] = now + wanted[path]
        return min([at - now for at in self._due.values()], default=LOOK_SEC)


def serve(pid: int, start: str) -> None:
    """Beat for every path on the board until the owner is gone."""
    for name in ("SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGQUIT"):  # meant for the owner
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    board = mmap.mmap(3, 0)
    beats = Beats()
    wanted: dict[str, float] = {}
    while True:
        state = owner_state(pid, start)
        if state == "dead":
            return
        now = time.monotonic()
        struct.pack_into("<d", board, 0, now)
        wanted = wanted if (seen := decoded(board)) is None else seen
        pause = LOOK_SEC if state == "stopped" else beats.turn(wanted, now)
        time.sleep(min(max(pause, 0.01), LOOK_SEC))


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
