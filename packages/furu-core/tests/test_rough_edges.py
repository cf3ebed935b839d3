"""Rough edges of one artifact, each seen once to go wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

import furu
from furu.engine import settle
from furu.storage import lease, store

if TYPE_CHECKING:
    from collections.abc import Callable


class Clean(furu.Furu[int], on_retry="clean"):
    """A class that wants an empty directory for every attempt."""

    during: ClassVar[Callable[[Clean], object]] = lambda self: None

    def _create(self) -> int:
        Clean.during(self)
        (self.furu_dir / "part").write_text("")
        return 1


class Asks(furu.Furu[int]):
    """A class whose hooks ask for the result itself."""

    hook: str = "_validate"

    def _create(self) -> int:
        return 1

    def _validate(self) -> bool:
        return self.hook != "_validate" or bool(self.get())

    def _load(self) -> int:
        return self.get() if self.hook == "_load" else 1


class Deep(furu.Furu[int]):
    """A chain of artifacts, each of which gets the next inside its own creation."""

    n: int

    def _create(self) -> int:
        return Deep(n=self.n - 1).get() + 1 if self.n else 0


class Slow(furu.Furu[int]):
    """A class whose load meets a withdrawal."""

    withdrawn: ClassVar[bool] = False

    def _create(self) -> int:
        (self.furu_dir / "value").write_text("1")
        return 1

    def _load(self) -> int:
        if Slow.withdrawn:
            Slow.withdrawn = False
            (self.furu_dir / ".furu" / "SUCCESS.json").unlink()
            (self.furu_dir / "value").unlink()
        return int((self.furu_dir / "value").read_text())


@pytest.fixture(autouse=True)
def _root(furu_tmp_root: Path) -> None:
    Clean.during = lambda self: None


def meta_of(task: furu.Furu[Any]) -> str:
    """Return the directory of an artifact's records."""
    return store.artifact(task.furu_ref).meta_dir


def test_cleaning_moves_nothing_once_the_lease_is_lost() -> None:
    """A holder that is overtaken while it cleans leaves its successor's files alone."""
    artifact = store.artifact(Clean().furu_ref)
    held = artifact.claim("one")
    assert held is not None
    (Path(artifact.directory) / "theirs").write_text("result")
    os.unlink(held.path)
    with pytest.raises(furu.FuruLeaseLost):
        artifact.clean(held)
    assert (Path(artifact.directory) / "theirs").read_text() == "result"


def test_cleaning_does_not_depend_on_the_state_file() -> None:
    """What an attempt left is removed also when its record is gone, and no trash stays."""

    def fail(task: Clean) -> None:
        (task.furu_dir / "left").mkdir()
        raise RuntimeError

    def look(task: Clean) -> None:
        found.extend(path.name for path in task.furu_dir.iterdir())

    found: list[str] = []
    Clean.during = fail
    with pytest.raises(RuntimeError):
        Clean().get()
    os.unlink(f"{meta_of(Clean())}/state.json")
    Clean.during = look
    Clean().get()
    assert found == [".furu"]
    assert [name for name in os.listdir(meta_of(Clean())) if "trash" in name] == []


@pytest.mark.parametrize("hook", ["_validate", "_load"])
def test_a_hook_that_asks_for_its_own_result_is_told(hook: str) -> None:
    """It is a cycle, named at once, and not a reason to compute again and again."""
    asks = Asks(hook=hook)
    asks.get()
    with pytest.raises(furu.FuruCycleError, match=hook):
        asks.get()
    if hook == "_validate":
        with pytest.raises(furu.FuruCycleError):
            asks.exists()


def test_calls_nested_too_deeply_say_what_to_do() -> None:
    """The error names the nesting and the way out, not the config."""
    limit = sys.getrecursionlimit()
    frames = sum(1 for _ in traceback.walk_stack(None))
    sys.setrecursionlimit(frames + 500)
    try:
        with pytest.raises(furu.FuruComputeError) as caught:
            Deep(n=200).get()
    finally:
        sys.setrecursionlimit(limit)
    assert any("nested" in hint and "executor" in hint for hint in caught.value.hints)


def test_a_result_withdrawn_while_it_is_loaded_is_computed_anew() -> None:
    """A reader that meets a recomputation gets the new result."""
    Slow().get()
    Slow.withdrawn = True
    assert Slow().get() == 1


def test_an_empty_lock_in_the_way_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    """File systems that rename no directory onto an empty one work too."""
    meta = meta_of(Slow())
    os.makedirs(f"{meta}/compute.lock")
    rename = os.rename

    def strict(source: Any, target: Any) -> None:
        if os.path.isdir(source) and os.path.exists(target):
            raise FileExistsError(17, "File exists", target)
        rename(source, target)

    monkeypatch.setattr(os, "rename", strict)
    assert Slow().get() == 1


def test_a_lock_nobody_can_take_ends_in_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system on which no claim can be made does not keep get() busy for ever."""

    def refuse(source: Any, target: Any) -> None:
        raise FileExistsError(17, "File exists", target)

    monkeypatch.setattr(os, "rename", refuse)
    monkeypatch.setattr("furu.engine.wait.FIRST_PAUSE_SEC", 0.00001)
    with pytest.raises(furu.FuruLockNotAcquired, match="FURU_PATH"):
        Slow().get()


def test_a_claim_from_the_future_is_outlived() -> None:
    """A claim of another host whose time lies ahead counts as dead once it has not beaten for a lease of the wait."""
    furu.FURU_CONFIG.lease_duration_sec = 0.3
    meta = meta_of(Slow())
    os.makedirs(f"{meta}/compute.lock")
    claim = Path(meta) / "compute.lock" / ("a" * 32)
    claim.write_text('{"owner": {"pid": 1, "host": "elsewhere"}, "attempt_id": "x", "lease_sec": 0.3}')
    os.utime(claim, (time.time() + 86_400,) * 2)
    began = time.monotonic()
    assert Slow().get() == 1
    assert time.monotonic() - began >= 0.3


def test_a_claim_its_owner_could_not_remove_ends() -> None:
    """An owner that lives on without beating for two leases has given the claim up."""
    furu.FURU_CONFIG.lease_duration_sec = 0.2
    holder = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"])
    try:
        meta = meta_of(Slow())
        os.makedirs(meta)
        held = lease.take(meta, furu_hash="x", attempt_id="y")
        assert held is not None
        path = Path(held.path)
        record = path.read_text().replace(f'"pid": {os.getpid()}', f'"pid": {holder.pid}')
        held.release()
        os.mkdir(path.parent)
        path.write_text(record.replace('"process_start": "', '"process_start_was": "'))
        seen = lease.look(meta)
        assert seen is not None
        assert seen.live
        assert Slow().get() == 1
    finally:
        holder.kill()
        holder.wait()


def test_a_dropped_lease_is_given_up() -> None:
    """A holder that was interrupted before it could begin leaves no claim behind, also not for other processes."""
    meta = meta_of(Slow())
    os.makedirs(meta)
    held = lease.take(meta, furu_hash="x", attempt_id="y")
    assert held is not None
    del held
    assert lease.look(meta) is None


def test_a_fork_while_another_thread_looks_for_cycles_does_not_hang(tmp_path: Path) -> None:
    """The child has a lock of its own."""
    code = """
        import os, sys, threading
        from furu.runtime import context
        context._lock.acquire()
        pid = os.fork()
        if pid == 0:
            with context._lock:
                os._exit(0)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], timeout=30, check=False)
    assert done.returncode == 0


def test_nothing_is_taken_for_lost_while_it_is_watched() -> None:
    """verdict_on looks and changes nothing."""
    assert settle.verdict_on(Slow()) == settle.verdict_on(Slow())
    assert not Slow().furu_dir.exists()
