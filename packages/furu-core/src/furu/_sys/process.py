"""Processes: who am I, and does that owner still live?"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    Life = Literal["running", "stopped", "dead", "unknown"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds something: one process on one boot of one host."""

    pid: int
    host: str
    user: str
    command: str
    boot_id: str | None
    pid_namespace: str | None
    process_start: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the owner as JSON-ready data."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, record: Any) -> Owner | None:
        """Return the owner a record names, or None when the record does not name one."""
        try:
            pid = int(record["pid"])
            if not 0 < pid < 2**31:
                return None
            return cls(
                pid=pid,
                host=str(record["host"]),
                user=str(record.get("user", "")),
                command=str(record.get("command", "")),
                boot_id=record.get("boot_id"),
                pid_namespace=record.get("pid_namespace"),
                process_start=record.get("process_start"),
            )
        except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
            return None


_me: Owner | None = None


def me() -> Owner:
    """Return this process as an owner.  Computed once per process, anew after a fork."""
    global _me
    if _me is None or _me.pid != os.getpid():
        _me = Owner(
            pid=os.getpid(),
            host=hostname(),
            user=username(),
            command=_command(),
            boot_id=_boot_id(),
            pid_namespace=_pid_namespace(),
            process_start=_process_start(os.getpid()),
        )
    return _me


def hostname() -> str:
    """Return this host's name."""
    return os.uname().nodename


def username() -> str:
    """Return the name of the user this process runs as, or the number where the number has no name."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # containers often run as a number nobody named
        return str(os.getuid())


def life(owner: Owner) -> Life:
    """Return what this host can tell of an owner.

    ``dead`` is certain: the owner was here, on this boot, and its process is gone (or its number now belongs to a
    younger one).  ``unknown`` is the answer for owners on other hosts, other boots of a host of this name, other
    containers, and where nothing but the existence of a process with that number can be seen.
    """
    mine = me()
    if owner.host != mine.host or owner.boot_id != mine.boot_id or owner.pid_namespace != mine.pid_namespace:
        return "unknown"
    if (owner.pid, owner.process_start) == (mine.pid, mine.process_start):
        return "running"
    state, start = _stat(owner.pid)
    if state is None:
        return "unknown" if start == "?" else "dead"
    if state in "ZX" or (owner.process_start is not None and start != owner.process_start):
        return "dead"
    return "stopped" if state == "T" else "running"


def _stat(pid: int) -> tuple[str | None, str | None]:
    """Return (state letter, start time) of a process; (None, None) when gone; (None, "?") where only existence is known."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return fields[0].decode(), fields[19].decode()
    except ProcessLookupError:
        return None, None
    except OSError:  # gone, or hidden from this user (hidepid), or no /proc here
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None, None
    except PermissionError:
        pass
    return None, "?"


def _process_start(pid: int) -> str | None:
    start = _stat(pid)[1]
    return None if start == "?" else start


def _boot_id() -> str | None:
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            return file.read().strip()
    except OSError:
        return None


def _pid_namespace() -> str | None:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def arguments() -> list[str]:
    """Return the command line after the interpreter; nothing where Python is embedded and there is none."""
    return [str(one) for one in getattr(sys, "argv", None) or ()]


def _command() -> str:
    return " ".join([os.path.basename(sys.executable or "python"), *arguments()])[:1000]
