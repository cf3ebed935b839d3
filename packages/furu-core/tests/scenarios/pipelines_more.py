"""More of what the children of the scenarios import: damage, disks that refuse, artifacts that need each other, errors."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import furu
from furu._sys import process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.scenarios import pipelines
else:
    import pipelines

NEVER_HEALS = "directory with content"


def together(work: Callable[[int], object], count: int = 8) -> list[str]:
    """Run ``work(number)`` in threads that begin together and take turns at every step; return what they raise."""
    gate = threading.Barrier(count)
    troubles: list[str] = []

    def run(number: int) -> None:
        gate.wait()
        try:
            work(number)
        except BaseException as error:
            troubles.append(repr(error))

    threads = [threading.Thread(target=run, args=[number]) for number in range(count)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    return troubles


# What can be wrong with a file


def _truncate(path: Path) -> None:
    content = path.read_bytes() if path.is_file() else b"half of a record"
    path.write_bytes(content[: len(content) // 2])


def _replace(path: Path, make: Callable[[], object]) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    make()


def _fill(path: Path) -> None:
    path.mkdir()
    (path / "somebody's").write_text("own")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "truncated": _truncate,
    "empty": lambda path: path.write_bytes(b""),
    "foreign": lambda path: path.write_text('["not", "of", "furu"]'),
    "nested too deeply": lambda path: path.write_text("[" * 100_000),
    "no text": lambda path: path.write_bytes(b"\x80\xff\x00"),
    "unreadable": lambda path: path.chmod(0),
    "dangling link": lambda path: _replace(path, lambda: path.symlink_to("nowhere")),
    "link to itself": lambda path: _replace(path, lambda: path.symlink_to(path.name)),
    "pipe": lambda path: _replace(path, lambda: os.mkfifo(path)),
    "directory": lambda path: _replace(path, path.mkdir),
    NEVER_HEALS: lambda path: _replace(path, lambda: _fill(path)),
}

A_TOKEN = "0123456789abcdef" * 2

#: What may be wrong with the owner that a claim names, one of this host.
STRANGE_OWNERS: tuple[dict[str, Any], ...] = (
    {"pid": float("inf")},
    {"pid": -1},
    {"pid": 0},
    {"pid": 10**300},
    {"pid": "one"},
    {"pid": None},
    {"host": None},
    {"process_start": ["long", "ago"]},
)


def _unreadable_file(lock: Path) -> None:
    lock.touch()
    lock.chmod(0)


def _link_to_directory(lock: Path) -> None:
    (lock.parent / "elsewhere").mkdir()
    lock.symlink_to("elsewhere")


def _inside(lock: Path, name: str) -> Path:
    lock.mkdir()
    return lock / name


#: What may stand at ``compute.lock`` that no furu has put there.
STRAY_LOCKS: dict[str, Callable[[Path], object]] = {
    "file": lambda lock: lock.write_text("1234@host"),
    "empty file": lambda lock: lock.touch(),
    "unreadable file": _unreadable_file,
    "dangling link": lambda lock: lock.symlink_to("nowhere"),
    "link to itself": lambda lock: lock.symlink_to(lock.name),
    "link to a directory": _link_to_directory,
    "pipe": os.mkfifo,
    "empty directory": lambda lock: lock.mkdir(),
    "stray file inside": lambda lock: _inside(lock, ".nfs0001").touch(),
    "stray directory inside": lambda lock: _inside(lock, "lost+found").mkdir(),
    "stray directory with content inside": lambda lock: _fill(_inside(lock, "lost+found")),
    "unreadable directory": lambda lock: lock.mkdir(0),
}


def ordinary() -> None:
    """Give up root's right to read and write everything, where the tests run as root."""
    if os.geteuid() == 0:
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        none = (ctypes.c_uint32 * 6)()
        if ctypes.CDLL(None, use_errno=True).capset(header, none) != 0:
            raise OSError(ctypes.get_errno(), "capset")


# What becomes of an artifact with such a file


def seen(look: Callable[[], object], *places: Path) -> object:
    """Return what ``look()`` returns, or the name of the error it raises; the whole of it when it hides or does not say where."""
    try:
        return look()
    except furu.FuruError as error:
        said = any(str(place) in str(error) for place in places)
        return type(error).__name__.partition("[")[0] if said else f"{type(error).__name__} says no place: {error}"
    except BaseException as error:
        return f"bare {type(error).__name__}: {error}"


def inspected(task: pipelines.Filed, culprit: Path) -> list[object]:
    """Return what an artifact says of itself, what get() gives, how often it ran ``_create``, and what is said afterwards."""
    already = _creations()
    before = _said(task, culprit)
    value = seen(lambda: "value" if task.get() == task.key**2 else "another value", culprit)
    return [before, value, _creations() - already, _said(task, culprit)]


def _said(task: pipelines.Filed, culprit: Path) -> list[object]:
    return [
        seen(task.exists, culprit),
        seen(lambda: task.get_state().result, culprit),
        seen(lambda: task.get_metadata().furu_hash == task.furu_hash, culprit, task.furu_dir),
    ]


def _creations() -> int:
    ledger = pipelines.spool() / "ledger"
    return ledger.read_text().count("create") if ledger.exists() else 0


def damaged(record: str, *, published: bool) -> None:
    """Print, for each kind of damage to one record, what becomes of an artifact that has it."""
    for key, (kind, harm) in enumerate(DAMAGE.items()):
        task = pipelines.Filed(key=key)
        task.get()
        meta = task.furu_dir / ".furu"
        if not published:
            (meta / "SUCCESS.json").unlink()
        harm(meta / record)
        pipelines.say(json.dumps([kind, inspected(task, meta / record)]))


def strayed(*, published: bool) -> None:
    """Print, for each thing that may stand in the place of the lock, what becomes of the artifact."""
    for key, (kind, put) in enumerate(STRAY_LOCKS.items()):
        task = pipelines.Filed(key=key)
        task.get()
        meta = task.furu_dir / ".furu"
        if not published:
            (meta / "SUCCESS.json").unlink()
        put(meta / "compute.lock")
        _age(meta / "compute.lock")
        pipelines.say(json.dumps([kind, inspected(task, meta / "compute.lock")]))
        if kind == "unreadable directory":
            (meta / "compute.lock").chmod(0o700)  # or nobody can clear it away


def misclaimed() -> None:
    """Print, for each kind of damage to the claim of a holder that is gone, what becomes of the artifact."""
    claims = dict(DAMAGE)
    for odd in STRANGE_OWNERS:
        record = json.dumps({"owner": process.me().to_json() | odd})
        claims[f"owner with {odd}"] = lambda path, record=record: path.write_text(record)  # type: ignore[misc]
    for key, (kind, harm) in enumerate(claims.items()):
        task = pipelines.Filed(key=key)
        lock = task.furu_dir / ".furu" / "compute.lock"
        lock.mkdir(parents=True)
        claim = lock / A_TOKEN
        claim.write_text('{"owner": {"pid": 1, "host": "gone"}, "attempt_id": "x", "lease_sec": 5, "claimed_at": null}')
        harm(claim)
        _age(lock)
        pipelines.say(json.dumps([kind, inspected(task, claim)]))


def _age(path: Path) -> None:
    """Make ``path`` and what is directly in it look much older than a lease."""
    then = time.time() - 1000
    inside = list(path.iterdir()) if path.is_dir() and os.access(path, os.R_OK) else []
    for one in [*inside, path]:
        os.utime(one, (then, then), follow_symlinks=False)


def misplaced() -> None:
    """Print, for each directory above the records that is none or cannot be entered, what becomes of the artifact."""
    for key, kind in enumerate(MISPLACED):
        task = pipelines.Filed(key=key)
        place = [task.furu_dir / ".furu", task.furu_dir][kind.startswith("artifact")]
        place.parent.mkdir(parents=True, exist_ok=True)
        MISPLACED[kind](place)
        pipelines.say(json.dumps([kind, inspected(task, place)]))
        if place.is_dir():
            place.chmod(0o700)


MISPLACED: dict[str, Callable[[Path], object]] = {
    f"{where} {kind}": make
    for where in ("records", "artifact")
    for kind, make in {
        "directory is a file": lambda path: path.write_text("somebody's"),
        "directory is a dangling link": lambda path: path.symlink_to("nowhere"),
        "directory cannot be entered": lambda path: path.mkdir(0),
        "directory cannot be written": lambda path: path.mkdir(0o555),
    }.items()
}


# Artifacts that need each other


class Ring(furu.Furu[int]):
    """Depends on the next member of a ring of three, so on itself."""

    member: int = 0

    @furu.furu_dep
    def next_one(self) -> Ring:
        """Return the next member."""
        return Ring(member=(self.member + 1) % 3)

    def _create(self) -> int:
        return self.next_one().get()


def failing(get: Callable[[], object]) -> None:
    """Print how ``get()`` fails: its classes, how long it took, what it says."""
    began = time.monotonic()
    try:
        get()
    except BaseException as error:
        classes = (furu.FuruCycleError, furu.FuruComputeError)
        quick = time.monotonic() - began < 2
        pipelines.say(*(isinstance(error, cls) for cls in classes), quick, str(error).replace("\n", " | "))
    else:
        pipelines.say("no error")
