"""The heartbeat program: touches claim files while the process it serves lives and is not stopped.

Run as a program of its own, so that it beats while its owner's threads are held up (a C call that keeps the interpreter
lock), and stops beating when its owner is stopped or dead.  It imports nothing of furu.

Arguments: pid and start time of the owner.  Input lines: ``+SECONDS PATH`` begins to touch PATH every SECONDS,
``-PATH`` ends it.  It ends when the owner is gone, and at the end of its input once all paths are gone: an owner may close
files that it does not know.
"""

from __future__ import annotations

import os
import select
import sys
import time

DEAF_SEC = 1.0  # after the end of its input: how often it looks whether the owner is still there


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


def touch(path: str) -> bool:
    """Set a file's time to now; return False when the file is gone for good."""
    try:
        os.utime(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # a network file system that does not answer: try again at the next beat
        pass
    return True


def serve(pid: int, start: str) -> None:
    """Beat for every path asked for until the owner is gone, or the input ended and so did the paths."""
    every: dict[str, float] = {}
    due: dict[str, float] = {}
    pending = b""
    listening = True
    while listening or due:
        pause = max(0.0, min(due.values()) - time.monotonic()) if due else None
        if not listening:
            pause = min(pause or 0.0, DEAF_SEC)
        if select.select([0] if listening else [], [], [], pause)[0]:
            chunk = os.read(0, 65536)
            listening = bool(chunk)
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                obey(os.fsdecode(line), every, due)
        now = time.monotonic()
        late = [path for path, at in due.items() if at <= now]
        if listening and not late:
            continue
        state = owner_state(pid, start)
        if state == "dead":
            return
        for path in late:
            if state == "stopped" or touch(path):
                due[path] = now + every[path]
            else:
                del due[path], every[path]


def obey(line: str, every: dict[str, float], due: dict[str, float]) -> None:
    """Carry out one input line."""
    if line.startswith("+"):
        seconds, _, path = line[1:].partition(" ")
        every[path] = float(seconds)
        due[path] = time.monotonic() + every[path]
    else:
        every.pop(line[1:], None)
        due.pop(line[1:], None)


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2])
