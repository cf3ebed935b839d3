"""More of what the children of the scenarios import: damage, disks that refuse, artifacts that need each other, errors."""

from __future__ import annotations

import ctypes
import dataclasses
import json
import logging
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import furu
from furu._sys import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
        quick = time.monotonic() - began < 5  # nothing waits; a busy machine may take its time
        pipelines.say(*(isinstance(error, cls) for cls in classes), quick, str(error).replace("\n", " | "))
    else:
        pipelines.say("no error")


# Errors that are hard to send


class Needy(Exception):
    """Wants arguments that it does not keep."""

    def __init__(self, code: int, *, where: str) -> None:
        super().__init__(f"{code} at {where}")
        self.code = code


class Choosy(Exception):
    """Cannot be made anew from what it keeps."""

    def __new__(cls, code: int, *rest: object) -> Choosy:
        if not rest:
            raise LookupError("one argument is not enough")
        return super().__new__(cls, code, *rest)

    def __init__(self, code: int, *rest: object) -> None:
        super().__init__(f"code {code}")


class Guarded(Exception):
    """Holds what cannot be sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message, threading.Lock())
        self.lock = threading.Lock()
        self.sound = "sound"


class Unsendable(Exception):
    """Refuses to be sent by itself."""

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("not me")


class Deceitful(Exception):
    """Can be sent, and does not arrive."""

    def __reduce__(self) -> Any:
        return int, ("no number",)


@dataclasses.dataclass(frozen=True)
class Frozen(Exception):
    """Lets nobody set an attribute, not even ``__traceback__``."""

    why: str


class Secretive(Exception):
    """Has no text, and attributes of the names that furu uses."""

    hints = property(lambda self: "my own")
    state_path = property(lambda self: "my own")

    def __str__(self) -> str:
        raise ValueError("no text")


class KeywordGroup(ExceptionGroup[Exception]):
    """A group that is made in another way than others."""

    def __new__(cls, *, parts: list[Exception]) -> KeywordGroup:
        return super().__new__(cls, "several", parts)

    def __init__(self, *, parts: list[Exception]) -> None:
        pass


def _nameless(message: str) -> Exception:
    class Nameless(LookupError):
        """Cannot be found by name."""

    return Nameless(message)


def _of_itself() -> Exception:
    error = ValueError("goes round")
    error.__dict__["me"] = error
    return error


def _caught(work: Callable[[], object]) -> Exception:
    try:
        work()
    except Exception as error:
        return error
    raise AssertionError("nothing was raised")


def _invalid() -> object:
    from pydantic import TypeAdapter

    return TypeAdapter(int).validate_python("none")


#: What ``_create`` raises, by name.
ORIGINALS: dict[str, Callable[[], Exception]] = {
    "plain": lambda: ValueError("bad", 3),
    "system": lambda: OSError(28, "No space left on device", "out.bin"),
    "needy": lambda: Needy(7, where="here"),
    "choosy": lambda: Choosy(7, 8),
    "guarded": lambda: Guarded("a lock"),
    "unsendable": lambda: Unsendable("stays"),
    "deceitful": lambda: Deceitful("arrives as something else"),
    "frozen": lambda: Frozen("stiff"),
    "secretive": Secretive,
    "nameless": lambda: _nameless("who"),
    "of itself": _of_itself,
    "attribute": lambda: _caught(lambda: threading.Lock().absent),  # type: ignore[attr-defined]
    "bytes": lambda: _caught(lambda: b"\xff".decode()),
    "invalid": lambda: _caught(_invalid),
    "group": lambda: ExceptionGroup("several", [Needy(7, where="here"), ExceptionGroup("more", [Guarded("a lock")])]),
    "keyword group": lambda: KeywordGroup(parts=[Needy(7, where="here")]),
}


class Raises(furu.Furu[int]):
    """Raises one of ``ORIGINALS``, under as many artifacts that need it as ``above`` says."""

    name: str
    above: int = 0

    def _create(self) -> int:
        if self.above:
            return Raises(name=self.name, above=self.above - 1).get()
        error = ORIGINALS[self.name]()
        if self.name != "frozen":
            error.add_note("as noted")
        raise error


def obtained(name: str, above: int = 0) -> object:
    """Run a get() that fails: what a worker does."""
    return Raises(name=name, above=above).get()


def described(error: BaseException) -> dict[str, Any]:
    """Return what there is to know about an error, as JSON-ready data."""
    first: Any = error
    depth = 0
    while isinstance(first, furu.FuruComputeError):
        first, depth = first.original_error, depth + 1
    assert isinstance(error, furu.FuruComputeError)
    assert error.recorded_traceback is not None
    return {
        "type": type(error).__name__,
        "also": type(first).__name__ if isinstance(error, type(first)) else None,
        "message": error.message,
        "text": str(error),
        "hints": list(error.hints),
        "state_path": str(error.state_path),
        "args": repr(error.args),
        "depth": depth,
        "first": [type(first).__name__, *map(repr, first.args)],
        "notes": getattr(first, "__notes__", None),
        "own": {name: repr(value) for name, value in vars(first).items() if name in ("code", "sound", "why")},
        "raised in": "raise error" in error.recorded_traceback and "_create" in error.recorded_traceback,
    }


def sent(names: Iterable[str], *, above: int = 0) -> None:
    """Print what an error is here, as it comes from a worker, and as another worker sees it when it is sent on."""
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        for name in names:
            here = _caught(lambda name=name: obtained(name, above))  # type: ignore[misc]
            try:
                came = _caught(pool.submit(obtained, name, above).result)
                pipelines.say(
                    json.dumps([name, described(here), described(came), pool.submit(described, came).result()])
                )
            except BaseException as error:
                pipelines.say(json.dumps([name, f"{type(error).__name__}: {error}"]))


# Disks that are full


class Bare(furu.Furu[None]):
    """Leaves nothing behind but what ``during`` does."""

    key: int = 1

    def _create(self) -> None:
        pipelines.note("create", f"Bare-{self.key}")
        pipelines.during(self)

    def _load(self) -> None:
        return None


def store() -> Path:
    """Return the root of the store."""
    return Path(os.environ["FURU_PATH"])


def fill() -> None:
    """Leave no room for another file: fill the store's own small disk, or else allow this process no larger files."""
    if not os.path.ismount(store()):
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        return
    try:
        with (store() / "ballast").open("wb", buffering=0) as ballast:
            while ballast.write(bytes(4096)):
                pass
    except OSError:
        pass


def free() -> None:
    """Give the room back."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    (store() / "ballast").unlink(missing_ok=True)


def refusal(get: Callable[[], object], task: Any) -> str:
    """Return how ``get()`` fails: as furu's error and as the system's, saying where, with nothing published."""
    try:
        get()
    except furu.FuruError as error:
        facts = {
            "says where": str(task.furu_dir) in str(error),
            "says why": isinstance(error, OSError) and os.strerror(error.errno or 0) in str(error),
            "not published": not task.exists(),
            "not a success": task.get_state().result in ("absent", "incomplete", "failed"),
        }
        return " ".join(fact for fact, holds in facts.items() if holds)
    return "no error"


# System calls that fail


def _in_vain(call: Callable[..., object], *args: object) -> Callable[[], object]:
    def burn() -> None:
        try:
            call(*args)
        except OSError:
            pass

    return burn


#: A call of each kind that does nothing, to be counted.
BURN: dict[str, Callable[[], object]] = {
    "write": _in_vain(os.write, os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC), b"x"),
    "rename": _in_vain(os.rename, "/dev/null/a", "/dev/null/b"),
    "mkdir": _in_vain(os.mkdir, "/dev/null/a"),
    "openat": _in_vain(os.open, "/dev/null/a", os.O_RDONLY),
    "fsync": _in_vain(os.fsync, 0),
}


def traced(*options: str) -> None:
    """Have a tracer watch this process and all it starts from now on; ends the process where that is not allowed."""
    ctypes.CDLL(None).prctl(
        0x59616D61, ctypes.c_ulong(-1)
    )  # PR_SET_PTRACER: anybody, where only parents may by default
    tracer = subprocess.Popen(["strace", "-qq", "-f", "-p", str(os.getpid()), *options], stdin=subprocess.DEVNULL)
    while "TracerPid:\t0\n" in Path("/proc/self/status").read_text():
        if tracer.poll() is not None:
            pipelines.say("not traced")
            sys.exit(0)
        time.sleep(0.001)


def refused(call: str, cases: int, at: int, *options: str) -> None:
    """Create artifacts, each in a process of its own in which the tracer lets call number ``at`` of one kind fail.

    In the first process that is the first such call of its get(), in the second the second, and so on.
    """
    pipelines.warm_up()
    failing(lambda: obtained("plain"))
    pipelines.during = _work
    helper = pipelines.spool() / "helper"  # in place of the heartbeat's, whose start takes long when it is traced
    helper.write_text("#!/bin/sh\nexec cat > /dev/null\n")
    helper.chmod(0o700)
    sys.executable = str(helper)
    traced(*options)
    for case in range(cases):
        os.waitpid(pipelines.forked(_refused, BURN[call], case, at), 0)


def _work(task: Any) -> None:
    (task.furu_dir / "own").write_text("own")
    logging.getLogger("mine").info("worked")


def _refused(burn: Callable[[], object], case: int, at: int) -> None:
    task = pipelines.Kept(key=case)
    task.furu_dir.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(at - 1 - case):
        burn()
    first = seen(task.get, task.furu_dir)
    for _ in range(at):
        burn()  # so that it is no call of what follows that fails
    report = {
        "pid": os.getpid(),
        "first": first if isinstance(first, str) else "value",
        "published": task.exists(),
        "state": task.get_state().result,
        "debris": [
            name for name in _names(task.furu_dir / ".furu") if name.startswith("compute.lock") or ".tmp." in name
        ],
        "then": [task.get() == {"square": case**2}, task.get_state().result, task.get_metadata().furu_hash],
        "key": task.furu_hash,
    }
    os.writev(1, [json.dumps(report).encode(), b"\n"])  # no write: it may be the call that fails


def _names(directory: Path) -> list[str]:
    return sorted(os.listdir(directory)) if directory.exists() else []
