"""Removal: an artifact is there as a whole or not at all, and what is used stays."""

from __future__ import annotations

import os
import shutil
import threading
import time
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from holdings import Checked, Pair, User, during_load

from furu._sys import files
from furu.catalog import dependents, labels, place, removal
from furu.errors import FuruError, FuruLeaseLost, FuruMissingArtifact
from furu.runtime.schedulers import ScheduledJob
from furu.storage import alias, lease, state, store
from furu.task import ArtifactRef, Original

if TYPE_CHECKING:
    from collections.abc import Iterator

    import furu
    from furu.storage.artifact import Artifact


def of(task: furu.Furu[Any]) -> Artifact:
    """Return the handle on a task's directory."""
    return store.artifact(task.furu_ref)


@pytest.fixture
def pair(furu_tmp_root: Path) -> Pair:
    """Give an artifact that is published."""
    made = Pair()
    made.get()
    return made


@pytest.fixture
def held(pair: Pair) -> Iterator[lease.Lease]:
    """Hold the right to create the artifact, as an attempt does."""
    taken = of(pair).claim("1" * 32)
    assert taken is not None
    yield taken
    taken.release()


def left(pair: Pair) -> list[str]:
    """Return the names of the directories in that of the artifact's class."""
    return sorted(path.name for path in pair.furu_dir.parent.iterdir() if path.is_dir())


def test_what_is_removed_is_gone(pair: Pair) -> None:
    """Nothing is left of it, a second removal says so, and a get() computes it anew."""
    removal.remove(of(pair))
    assert left(pair) == []
    with pytest.raises(FuruMissingArtifact):
        removal.remove(of(pair))
    assert left(pair) == []
    assert pair.get() == "0"
    assert pair.exists()


def test_what_runs_is_kept(pair: Pair, held: lease.Lease) -> None:
    """A claim that lives keeps the directory, published or not; a dead one does not."""
    with pytest.raises(FuruError, match="is kept: it is in use, held by pid"):
        removal.remove(of(pair))
    (pair.furu_dir / ".furu" / "SUCCESS.json").unlink()
    with pytest.raises(FuruError, match="is kept: it is in use"):
        removal.remove(of(pair))
    held.check()

    lease._held.clear()  # as if its holder had died
    removal.remove(of(pair))
    assert left(pair) == []


def test_what_is_queued_is_kept(pair: Pair) -> None:
    """A job that waits in a scheduler's queue finds its directory."""
    recorded = of(pair).recorded_state()
    assert recorded is not None
    assert recorded.attempt is not None
    state.write(
        of(pair).meta_dir, replace(recorded, result="incomplete", attempt=replace(recorded.attempt, status="queued"))
    )
    (pair.furu_dir / ".furu" / "SUCCESS.json").unlink()
    with pytest.raises(FuruError, match="is kept: it is queued"):
        removal.remove(of(pair))


def test_what_is_pinned_is_kept_unless_told(pair: Pair) -> None:
    """A pin holds; a record that cannot be read may say that it is pinned."""
    labels.change(of(pair).meta_dir, lambda it: it.pin())
    with pytest.raises(FuruError, match="is kept: it is pinned"):
        removal.remove(of(pair))
    (pair.furu_dir / ".furu" / "labels.json").write_text("{")
    with pytest.raises(FuruError, match="may be pinned"):
        removal.remove(of(pair))
    removal.remove(of(pair), pinned=True)
    assert left(pair) == []


def test_a_link_is_kept(pair: Pair, tmp_path: Path) -> None:
    """A directory that is a link to somewhere else is not furu's to remove."""
    shutil.move(pair.furu_dir, tmp_path / "elsewhere")
    pair.furu_dir.symlink_to(tmp_path / "elsewhere")
    assert pair.get() == "0"
    with pytest.raises(FuruError, match="is a link"):
        removal.remove(of(pair))
    assert (tmp_path / "elsewhere" / "first").exists()


def test_a_removal_that_lost_its_lease_puts_everything_back(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who took over right before the rename keeps the directory."""
    check = lease.Lease.check

    def checked(self: lease.Lease) -> None:
        check(self)
        os.unlink(self.path)  # what happens while this process is stopped
        successors.append(of(pair).claim("2" * 32))

    successors: list[Any] = []
    with monkeypatch.context() as patched:
        patched.setattr(lease.Lease, "check", checked)
        with pytest.raises(FuruLeaseLost, match="taken over while it was removed"):
            removal.remove(of(pair))

    successors[0].check()
    assert pair.load_existing() == "0"
    successors[0].release()


@pytest.mark.parametrize("killed_in", ["rename", "remove_tree"])
def test_a_removal_that_is_killed_leaves_all_or_nothing(pair: Pair, killed_in: str) -> None:
    """Killed before the rename nothing is removed; killed after it, what is left is swept and nobody sees it."""
    pid = os.fork()
    if pid == 0:
        where, name = (os, "rename") if killed_in == "rename" else (files, "remove_tree")
        wanted = getattr(where, name)

        def killed(*paths: str) -> None:
            if "/.trash." in paths[-1]:
                os.kill(os.getpid(), 9)
            wanted(*paths)

        setattr(where, name, killed)
        removal.remove(of(pair))
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    assert pair.exists() == (killed_in == "rename")
    assert pair.get() == "0"
    found = list(removal.leftovers(place.of_settings().data))
    assert len(found) == (killed_in == "remove_tree")
    assert removal.sweep(found) == found
    assert left(pair) == [pair.furu_hash]


def test_only_what_is_abandoned_is_swept(pair: Pair) -> None:
    """A directory in which somebody is at work is left alone, as is one without a claim that is young."""
    fresh = Path(removal.aside(str(pair.furu_dir), "import"))
    busy = Path(removal.aside(str(pair.furu_dir), "trash"))
    (fresh / ".furu").mkdir(parents=True)
    (busy / ".furu").mkdir(parents=True)
    held = lease.take(str(busy / ".furu"), furu_hash=pair.furu_hash, attempt_id="x")
    assert held is not None
    found = list(removal.leftovers(place.of_settings().data))
    assert sorted(found) == sorted(map(str, [fresh, busy]))
    assert removal.sweep(found) == []

    held.release()
    for path in (fresh / ".furu", busy / ".furu"):
        os.utime(path, (time.time() - 1000,) * 2)
    assert sorted(removal.sweep(found)) == sorted(found)
    assert left(pair) == [pair.furu_hash]


@pytest.mark.parametrize("validates", [False, True])
def test_what_is_replaced_while_it_is_loaded_is_loaded_anew(furu_tmp_root: Path, *, validates: bool) -> None:
    """A load that fails because the artifact was removed and computed anew meanwhile is no failure of get()."""
    task = Checked() if validates else Pair()
    task.get()
    (task.furu_dir / "second").write_text("of another attempt")

    def replace_once(where: Path) -> None:
        during_load.clear()
        removal.remove(of(task))
        another = threading.Thread(target=task.get)
        another.start()
        another.join()

    during_load.append(replace_once)

    assert task.get() == "0"


def reader(tasks: list[Pair], sec: float) -> int:
    """Start a process that asks for the results again and again; return its pid."""
    pid = os.fork()
    if pid == 0:
        end, status = time.monotonic() + sec, 1
        try:
            while time.monotonic() < end:
                assert [task.get() for task in tasks] == ["0", "1", "2"]
            status = 0
        except BaseException:
            traceback.print_exc()
        os._exit(status)
    return pid


def test_readers_and_removers_at_once(furu_tmp_root: Path) -> None:
    """While artifacts are removed again and again, every get() of other processes returns the whole result."""
    tasks = [Pair(n=n) for n in range(3)]
    Pair(n=99).get()
    pids = [reader(tasks, 2) for _ in range(3)]
    removed, end = 0, time.monotonic() + 2
    while time.monotonic() < end:
        time.sleep(0.002)
        for task in tasks:
            try:
                removal.remove(of(task))
                removed += 1
            except FuruError:  # it is being computed, or not there
                pass
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0]
    assert removed > 20
    assert [task.get() for task in tasks] == ["0", "1", "2"]
    assert not [name for name in left(tasks[0]) if name.startswith(".")]


def test_removers_do_not_meet(pair: Pair) -> None:
    """Of several that remove the same artifact at once, one does."""
    done: list[str] = []
    start = threading.Barrier(6)

    def remove() -> None:
        start.wait()
        try:
            removal.remove(of(pair))
            done.append("removed")
        except FuruError:
            done.append("refused")

    threads = [threading.Thread(target=remove) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["refused"] * 5 + ["removed"]
    assert left(pair) == []


def test_dependents_are_found_with_the_place_that_names_them(pair: Pair) -> None:
    """Fields and tuples are told; torn records name nothing, and do not hide the others."""
    user = User(pair=Pair(n=5), more=(pair, Pair(n=6)))
    user.get()
    (pair.furu_dir.parent / ("c" * 20) / ".furu").mkdir(parents=True)
    (pair.furu_dir.parent / ("c" * 20) / ".furu" / "metadata.json").write_text(f'{{"{pair.furu_hash}')

    found = dependents.of([pair.furu_ref, Pair(n=5).furu_ref], place.of_settings())

    assert {(one.artifact.ref, one.path, one.on) for one in found} == {
        (user.furu_ref, "more.0", pair.furu_ref),
        (user.furu_ref, "pair", Pair(n=5).furu_ref),
    }
    assert dependents.of([user.furu_ref], place.of_settings()) == []


def test_an_alias_is_a_dependent_of_its_original(pair: Pair) -> None:
    """What stands for an artifact would become a miss without it, and is listed."""
    ref = ArtifactRef("data", "holdings.Old", "d" * 20)
    meta = Path(place.of_settings().directory(ref.root, ref.namespace, ref.furu_hash)) / ".furu"
    meta.mkdir(parents=True)
    original = Original(pair.furu_ref)
    alias.write(str(meta), alias.Alias(original=original, ref=ref, furu_obj={}, steps=(), run="", at=""))

    (found,) = dependents.of([pair.furu_ref], place.of_settings())

    assert (found.artifact.ref, found.path) == (ref, "(alias)")
    removal.remove(store.artifact(ref))
    assert pair.load_existing() == "0"


def test_what_waits_for_a_job_is_kept(pair: Pair, held: lease.Lease) -> None:
    """A claim that was left to a job of a scheduler keeps the artifact as a running one does."""
    held.hand_over(ScheduledJob("slurm", "123"))
    with pytest.raises(FuruError, match="is kept: it is in use, queued as"):
        removal.remove(of(pair))
