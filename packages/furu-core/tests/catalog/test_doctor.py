"""The doctor: each check passes here, and fails on a file system or a store that is broken in its way."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from holdings import Number, Pair
from typer.testing import CliRunner

from furu import config
from furu._sys import files
from furu.catalog import checkup, contest, disk, place
from furu.catalog.contest import Contest, Hold
from furu.catalog.disk import Disk
from furu.cli.app import app
from furu.storage import alias, lease, store
from furu.task import ArtifactRef, Original

if TYPE_CHECKING:
    from collections.abc import Callable


def verdicts(directory: Path, broken: Disk | None = None) -> dict[str, str]:
    """Return the verdict of every check."""
    return {one.check: one.verdict for one in disk.checked(str(directory), broken)}


def test_a_good_file_system_passes(tmp_path: Path) -> None:
    """Here everything is well, nothing is left behind, and a directory that is not there is not made."""
    assert {*verdicts(tmp_path).values()} == {"ok"}
    assert {*verdicts(tmp_path / "not" / "there").values()} == {"ok"}
    assert list(tmp_path.iterdir()) == []


class SharedCreate(Disk):
    """Exclusive creation that keeps nobody out."""

    def create(self, path: str) -> None:
        Path(path).write_text("x")


class Replacing(Disk):
    """A rename that replaces whatever directory is there."""

    def rename(self, source: str, target: str) -> None:
        if os.path.isdir(target):
            shutil.rmtree(target)
        super().rename(source, target)


class Losing(Disk):
    """A rename that fails, and yet empties its target."""

    def rename(self, source: str, target: str) -> None:
        try:
            super().rename(source, target)
        except OSError:
            shutil.rmtree(target)
            os.mkdir(target)
            raise


class NotOntoEmpty(Disk):
    """A rename that refuses a directory that is there, empty or not, as some network file systems do."""

    def rename(self, source: str, target: str) -> None:
        if os.path.isdir(target):
            raise FileExistsError(17, "File exists")
        super().rename(source, target)


class Forgiving(Disk):
    """Renaming and removing what somebody else took away counts as done."""

    def rename(self, source: str, target: str) -> None:
        try:
            super().rename(source, target)
        except FileNotFoundError:
            pass

    def unlink(self, path: str) -> None:
        Path(path).unlink(missing_ok=True)


class Torn(Disk):
    """A replaced file is seen in parts."""

    def read(self, path: str) -> bytes | None:
        return (super().read(path) or b"")[:4000]


class Stale(Disk):
    """Names of others are seen late, and times of others never."""

    def __init__(self) -> None:
        self.cache: dict[str, tuple[float, bool]] = {}
        self.times: dict[str, float] = {}

    def exists(self, path: str) -> bool:
        at, known = self.cache.setdefault(path, (time.monotonic(), super().exists(path)))
        return known if time.monotonic() - at < 1.2 else super().exists(path)

    def modified(self, path: str) -> float:
        return self.times.setdefault(path, super().modified(path))


class Never(Stale):
    """Names of others are never seen."""

    def exists(self, path: str) -> bool:
        return self.cache.setdefault(path, (0.0, os.path.lexists(path)))[1]


class Coarse(Disk):
    """Times of files in steps of two minutes."""

    def modified(self, path: str) -> float:
        return super().modified(path) // 120 * 120


class TwoClocks(Disk):
    """Files are dated by one clock when they are made, and by another when they are touched."""

    def touch(self, path: str, at_ns: int | None = None) -> None:
        super().touch(path, time.time_ns() - 200 * 10**9 if at_ns is None else at_ns)


class Skewed(Disk):
    """The file system's clock is an hour ahead of this host's."""

    def modified(self, path: str) -> float:
        return super().modified(path) + 3600


class Slow(Disk):
    """Flushing takes its time."""

    def sync(self, path: str) -> None:
        time.sleep(0.05)


class Plain(Disk):
    """No hard links, no upper case, no flock, and hardly any room."""

    def link(self, source: str, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    def exists(self, path: str) -> bool:
        folder, name = os.path.split(path)
        return super().exists(path) or super().exists(f"{folder}/{name.lower()}")

    def lock(self, path: str) -> bool:
        raise OSError(95, "Operation not supported")

    def room(self, path: str) -> tuple[int, int | None]:
        return 10**8, 50


class ShortNames(Disk):
    """Names of at most 100 characters."""

    def create(self, path: str) -> None:
        if len(os.path.basename(path)) > 100:
            raise OSError(36, "File name too long")
        super().create(path)


class Refusing(Disk):
    """A file system on which no file can be made."""

    def create(self, path: str) -> None:
        raise OSError(30, "Read-only file system")


@pytest.mark.parametrize(
    ("broken", "wanted"),
    [
        (SharedCreate, {"exclusive create": "unsafe"}),
        (Replacing, {"renaming directories": "unsafe", "claims at once": "unsafe"}),
        (Losing, {"renaming directories": "unsafe"}),
        (NotOntoEmpty, {"renaming directories": "note"}),
        (Forgiving, {"names taken once": "unsafe"}),
        (Torn, {"replacing files": "unsafe"}),
        (Stale, {"renames of others": "warning", "heartbeats of others": "unsafe"}),
        (Never, {"renames of others": "unsafe", "heartbeats of others": "unsafe"}),
        (Coarse, {"times of files": "unsafe"}),
        (TwoClocks, {"clock": "unsafe"}),
        (Skewed, {"clock": "warning"}),
        (Slow, {"flushing": "warning"}),
        (Plain, {"hard links": "note", "names": "warning", "room": "warning", "flock": "ok"}),
        (ShortNames, {"names": "warning"}),
        (Refusing, {"exclusive create": "unsafe", "clock": "unsafe", "room": "ok"}),
    ],
)
def test_what_is_broken_is_found(
    tmp_path: Path, broken: type[Disk], wanted: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each promise that a file system breaks is told by its check, with what to do."""
    monkeypatch.setattr(disk, "LONGEST_DELAY_SEC", 1.5)
    monkeypatch.setattr(disk, "SLOW_FLUSH_SEC", 0.04 if broken is Slow else 1.0)
    config.current().lease_duration_sec = 120
    found = {one.check: one for one in disk.checked(str(tmp_path), broken())}
    config.current().forget_parsed()
    assert {check: found[check].verdict for check in wanted} == wanted
    assert all(found[check].remedy for check, verdict in wanted.items() if verdict in ("warning", "unsafe"))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(autouse=True)
def _settings() -> Any:
    """Put settings back."""
    before = config.current().snapshot()
    yield
    config.current().restore(before)


def test_a_directory_that_nobody_may_write_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a place to try anything, that is the finding."""

    def refused(path: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "mkdir", refused)
    assert verdicts(tmp_path) == {"writable": "unsafe"}


def test_a_contest_lasts_until_one_has_died(tmp_path: Path) -> None:
    """However little time there is, or however busy the machine: one is killed, and the others go on."""
    found = contest.held(str(tmp_path), processes=3, sec=0.001)

    assert [one.verdict for one in contest.judged(found)] == ["ok", "ok"]


def test_processes_compete_and_one_dies(tmp_path: Path) -> None:
    """No two hold the lease at once, and after one is killed the others go on."""
    found = contest.held(str(tmp_path), processes=3, sec=1.0)
    assert found.failures == ()
    assert len({hold.pid for hold in found.holds}) == 3
    assert [one.verdict for one in contest.judged(found)] == ["ok", "ok"]
    assert list(tmp_path.iterdir()) == []


LAWLESS = """
import sys
from furu.catalog import contest
from furu.storage import lease

class Lawless:
    def release(self): pass

lease.take = lambda *_, **__: Lawless()
contest.main(sys.argv[1:])
"""


def test_a_lease_that_keeps_nobody_out_is_found(tmp_path: Path) -> None:
    """Where claims exclude nobody, the times overlap, and that is unsafe."""
    found = contest.held(str(tmp_path), processes=3, sec=0.3, program=(sys.executable, "-c", LAWLESS))
    (finding,) = contest.judged(found)
    assert finding.verdict == "unsafe"
    assert "at once" in finding.seen


@pytest.mark.parametrize(
    ("holds", "failures", "wanted"),
    [
        ([(0, 1, 1), (1, 2, 2), (2, 9, 1)], [], ["ok", "warning"]),
        ([(0, 2, 1), (1, 3, 2)], [], ["unsafe"]),
        ([(0, 9, 1), (1, 2, 2), (3, 4, 3)], [], ["unsafe"]),
        ([(0, float("inf"), 1), (5, 6, 2), (6, 7, 3)], [], ["ok", "ok"]),
        ([(0, float("inf"), 1), (5, 7, 2), (6, 8, 3)], [], ["unsafe"]),
        ([(0, float("inf"), 1)], [], ["warning", "warning"]),
        ([(0, 1, 1), (2, 3, 2)], ["OSError"], ["unsafe", "warning"]),
        ([], [], ["warning", "warning"]),
    ],
)
def test_overlap_is_the_verdict(holds: list[tuple[float, float, int]], failures: list[str], wanted: list[str]) -> None:
    """Two at once is unsafe; a dead holder's time ends with it; nobody after it is a warning."""
    found = Contest(tuple(Hold(*one) for one in holds), tuple(failures))
    assert [one.verdict for one in contest.judged(found)] == wanted


def artifact(number: int = 0) -> Path:
    """Compute an artifact; return its records' directory."""
    Number(n=number).get()
    return Number(n=number).furu_dir / ".furu"


def old(path: Path) -> None:
    """Let a file look as if nobody had touched it for long."""
    os.utime(path, (1, 1), follow_symlinks=False)


def dangle() -> None:
    """Make an alias whose original is not there."""
    ref = ArtifactRef("data", "holdings.Number", "d" * 20)
    meta = Path(place.of_settings().directory("data", ref.namespace, ref.furu_hash)) / ".furu"
    meta.mkdir(parents=True)
    original = Original(ArtifactRef("data", "holdings.Number", "e" * 20))
    alias.write(str(meta), alias.Alias(original=original, ref=ref, furu_obj={}, steps=(), run="", at=""))


def die() -> None:
    """Leave a claim of a process that is gone, in an artifact that says it runs."""
    pid = os.fork()
    if pid == 0:
        Pair._create = lambda self: os.kill(os.getpid(), 9)  # type: ignore[assignment,method-assign,return-value]
        Pair().get()
    os.waitpid(pid, 0)


def misplace() -> None:
    """Copy an artifact to another name."""
    shutil.copytree(artifact().parent, artifact().parent.parent / ("b" * 20))


def leave(name: str) -> Callable[[], None]:
    """Leave something half-written beside the records, long ago."""

    def left() -> None:
        path = artifact() / name
        path.write_text("")
        old(path)

    return left


def abandon() -> None:
    """Leave a directory of a removal that was killed long ago."""
    path = artifact().parent.parent / f".trash.{'0' * 20}.{files.new_token()}"
    path.mkdir()
    old(path)


@pytest.mark.parametrize(
    ("damage", "wanted"),
    [
        (lambda: (artifact() / "SUCCESS.json").write_text("done"), {"foreign marker": "unsafe"}),
        (lambda: (artifact() / "SUCCESS.json").write_text("[" * 99999), {"foreign marker": "unsafe"}),
        (lambda: (artifact() / "SUCCESS.json").write_text(""), {"empty marker": "warning"}),
        (lambda: (artifact() / "result.npy").write_text(""), {"several results": "unsafe"}),
        (lambda: (artifact() / "state.json").write_text("{"), {"torn record": "warning"}),
        (lambda: (artifact() / "metadata.json").write_bytes(b"\xff"), {"torn record": "warning"}),
        (lambda: (artifact() / "labels.json").write_text("[]"), {"torn record": "warning"}),
        (lambda: (artifact() / "migration.json").write_text("[]"), {"torn record": "warning"}),
        (lambda: (artifact() / "compute.lock").write_text(""), {"foreign lock": "warning"}),
        (die, {"lock of the dead": "note", "crashed attempt": "note"}),
        (dangle, {"dangling alias": "warning"}),
        (misplace, {"misplaced artifact": "warning"}),
        (lambda: (artifact().parent.parent / ("c" * 20)).mkdir(), {"foreign directory": "warning"}),
        (lambda: (artifact().parents[2] / "no name" / "x").mkdir(parents=True), {"foreign directory": "warning"}),
        (leave("state.json.tmp.1"), {"leftover": "note"}),
        (leave("compute.lock.1"), {"leftover": "note"}),
        (abandon, {"leftover": "note"}),
        (artifact, {"store": "ok"}),
    ],
)
def test_what_is_amiss_in_a_store_is_found(
    furu_tmp_root: Path, damage: Callable[[], object], wanted: dict[str, str]
) -> None:
    """Each kind of trouble is told with its place, the rest of the store is looked at as well, and nothing is changed."""
    for number in (50, 60):
        artifact(number)
    damage()
    before = sorted(map(str, furu_tmp_root.rglob("*")))
    found = checkup.checked(place.of_settings())
    assert {one.check: one.verdict for one in found} == wanted
    assert all(one.remedy for one in found if one.check != "store")
    assert sorted(map(str, furu_tmp_root.rglob("*"))) == before


def test_many_troubles_of_a_kind_are_one_finding(furu_tmp_root: Path) -> None:
    """Five torn records are one line with their number and some of their places."""
    for number in range(5):
        (artifact(number) / "state.json").write_text("{")
    (finding,) = checkup.checked(place.of_settings())
    assert finding.seen.startswith("5: data/holdings/Number/")
    assert finding.seen.endswith("and 2 more")


def said(*arguments: str, status: int = 0) -> str:
    """Run the command; return what it printed to stdout."""
    done = CliRunner().invoke(app, ["doctor", "--seconds", "0.3", "--processes", "2", *arguments])
    assert done.exit_code == status, done.output
    return done.stdout


def test_the_verb_says_what_is_unsafe(furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table for people in 80 columns, JSON for programs, status 1 when something is unsafe, --sweep to clear up."""
    monkeypatch.setenv("COLUMNS", "80")
    abandon()
    printed = said()
    assert "exclusive create" in printed
    assert "leftover" in printed
    assert all(len(line) <= 80 for line in printed.splitlines())
    assert "leftover" not in said("--sweep")
    held = store.artifact(Number().furu_ref).claim("1" * 32)
    assert held is not None
    (artifact(5) / "SUCCESS.json").write_text("mine")
    found = json.loads(said("--json", status=1))
    assert {len(one) for findings in found.values() for one in findings} == {4}
    assert any(one["verdict"] == "unsafe" for findings in found.values() for one in findings)
    assert lease.look(store.artifact(Number().furu_ref).meta_dir) is not None, "what runs is left alone"
    held.release()
    assert len(json.loads(said("--json", "--no-store"))) == 1
    monkeypatch.setattr(disk, "CHECKS", (broken,))
    assert "remedy" in said("--no-store", status=1)


def broken(_: Disk, __: str) -> disk.Finding:
    """Find something unsafe."""
    return disk.Finding("always", "unsafe", "seen", "remedy")
