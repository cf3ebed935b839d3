"""The index follows the store, survives whatever happens to it, and a bad directory costs itself alone."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sought import Dataset, Note, Optimizer, Train, Versioned

import furu
from furu._sys import mounts
from furu.catalog import place, reading, refresh
from furu.catalog.catalog import Catalog
from furu.catalog.query import parse
from furu.storage import alias
from furu.task import Original

if TYPE_CHECKING:
    from collections.abc import Callable

    from furu.catalog.row import Row


#: How long a store changes while it is read; settings of furu's are put aside while a test runs.
SPELL_SEC = 30 if "FURU_CI" in os.environ else 4


@pytest.fixture
def catalog(furu_tmp_root: Path) -> Catalog:
    """Return a catalog that knows three artifacts, none of which has changed of late."""
    for n in (1, 2, 3):
        Dataset(n=n).get()
        settle(Dataset(n=n).furu_dir)
    return Catalog.of()


def settle(directory: Path) -> None:
    """Let the last change of an artifact lie an hour back."""
    long_ago = time.time() - 3600
    os.utime(directory / ".furu", (long_ago, long_ago))


def rows(catalog: Catalog, query: str = "") -> list[Row]:
    """Return what a query finds."""
    return list(catalog.rows(parse(query), sort=("hash",)))


def test_only_what_changed_is_read_again(catalog: Catalog) -> None:
    """Nothing when nothing changed; a new artifact, a new state and a removal are seen."""
    assert catalog.refresh().read == 0
    Dataset(n=4).get()
    settle(Dataset(n=4).furu_dir)
    Dataset(n=1).furu_dir.joinpath(".furu", "SUCCESS.json").unlink()
    shutil.rmtree(Dataset(n=2).furu_dir)

    done = catalog.refresh()

    assert (done.seen, done.read, done.removed) == (3, 2, 1)
    assert {row.hash for row in rows(catalog, "result=success")} == {Dataset(n=3).furu_hash, Dataset(n=4).furu_hash}
    shutil.rmtree(Dataset(n=1).furu_dir.parent)
    assert catalog.refresh().removed == 3
    assert rows(catalog) == []


def test_a_change_right_after_a_look_is_seen(catalog: Catalog) -> None:
    """A directory whose time is too young to tell is read again, even if its time is the same."""
    meta = Dataset(n=1).furu_dir / ".furu"
    (meta / "SUCCESS.json").rename(meta / "aside")
    moment = time.time()
    os.utime(meta, (moment, moment))
    catalog.refresh()
    (meta / "aside").rename(meta / "SUCCESS.json")
    os.utime(meta, (moment, moment))

    catalog.refresh()

    assert len(rows(catalog, "result=success")) == 3


def test_an_attempt_that_dies_without_a_word_is_seen(catalog: Catalog, tmp_path: Path) -> None:
    """It is running while its process lives and has crashed afterwards; nothing on disk changed in between."""
    code = "import furu, sys\nfrom sought import *\nclass X: pass\nDataset._create = lambda self: (print('begun', flush=True), sys.stdin.read())\nDataset(n=9).get()"
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"begun\n"
    settle(Dataset(n=9).furu_dir)
    catalog.refresh()
    assert [row.hash for row in rows(catalog, "attempt=running")] == [Dataset(n=9).furu_hash]
    before = os.stat(Dataset(n=9).furu_dir / ".furu").st_mtime_ns

    child.kill()
    child.communicate()
    catalog.refresh()

    assert os.stat(Dataset(n=9).furu_dir / ".furu").st_mtime_ns == before
    assert [row.hash for row in rows(catalog, "attempt=crashed")] == [Dataset(n=9).furu_hash]


def truncate(name: str) -> Callable[[Path], None]:
    """Return what cuts a record in half."""

    def act(meta: Path) -> None:
        content = (meta / name).read_bytes()
        (meta / name).write_bytes(content[: len(content) // 2])

    return act


def replace(name: str, content: bytes) -> Callable[[Path], None]:
    """Return what writes something else in place of a record."""

    def act(meta: Path) -> None:
        (meta / name).write_bytes(content)

    return act


def directory_instead(meta: Path) -> None:
    """Put a directory where a record was."""
    (meta / "state.json").unlink()
    (meta / "state.json").mkdir()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "truncated state": truncate("state.json"),
    "truncated metadata": truncate("metadata.json"),
    "empty metadata": replace("metadata.json", b""),
    "metadata of another kind": replace("metadata.json", b"[1, 2]"),
    "metadata without a config": replace("metadata.json", b'{"furu_hash": "x"}'),
    "deeply nested metadata": replace("metadata.json", b"[" * 100_000),
    "labels of another kind": replace("labels.json", b'{"tags": 3, "pinned": []}'),
    "truncated alias": replace("migration.json", b'{"original": {'),
    "a directory as state": directory_instead,
}


@pytest.mark.scenario
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_costs_itself_alone(catalog: Catalog, damage: str) -> None:
    """The artifact is listed as damaged, with the file that cannot be read; all others are as they were."""
    whole = {row.hash: row for row in rows(catalog)}
    DAMAGES[damage](Dataset(n=1).furu_dir / ".furu")
    os.utime(Dataset(n=1).furu_dir / ".furu")

    catalog.refresh()

    (damaged,) = rows(catalog, "damaged=true")
    assert damaged.hash == Dataset(n=1).furu_hash
    assert damaged.result == "success"
    assert damaged.trouble
    assert ".json" in damaged.trouble
    assert {row.hash: row for row in rows(catalog, "damaged=false")} == {
        key: row for key, row in whole.items() if key != damaged.hash
    }


@pytest.mark.scenario
def test_what_is_no_artifact_is_skipped_with_a_reason(catalog: Catalog, tmp_path: Path) -> None:
    """Foreign directories, loops of links and links to nowhere are told apart from artifacts; linked ones count."""
    top = Path(catalog.place.data)
    elsewhere = tmp_path / "other-disk"
    shutil.move(Dataset(n=3).furu_dir, elsewhere)
    Dataset(n=3).furu_dir.symlink_to(elsewhere)
    (top / "loop").symlink_to(top)
    (top / "nowhere").symlink_to(tmp_path / "no such")
    (top / "round").symlink_to(top / "round")
    (top / "my results (old)").mkdir()
    (top / "empty").mkdir()
    (top / "empty" / ("0" * 20)).mkdir()
    (top / "empty" / ("1" * 20)).write_text("a file")
    (top / "README").write_text("a file")
    (top / ".trash").mkdir()

    catalog.refresh()

    assert {row.hash for row in rows(catalog)} == {Dataset(n=n).furu_hash for n in (1, 2, 3)}
    told = {os.path.relpath(path, top): reason for path, reason in catalog.skipped()}
    assert set(told) == {"loop", "my results (old)", f"empty/{'0' * 20}"}
    assert "seen already" in told["loop"]
    assert "no part of a module" in told["my results (old)"]
    assert told[f"empty/{'0' * 20}"] == "has no .furu"


@pytest.mark.scenario
def test_a_removed_module_and_a_nested_class_are_listed(catalog: Catalog, tmp_path: Path) -> None:
    """Nothing of the user's is imported, so a class that is gone makes no difference."""
    code = "import sys, furu; furu.find('class=Inner or class=Dataset'); print('gone_module' in sys.modules)"
    (tmp_path / "gone_module.py").write_text(
        "import furu\nclass Outer:\n  class Inner(furu.Furu[int]):\n    x: int = 1\n    def _create(self): return 1\n"
    )
    made = "from gone_module import Outer; Outer.Inner().get()"
    subprocess.run(
        [sys.executable, "-c", made], check=True, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}
    )
    (tmp_path / "gone_module.py").unlink()

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout == "False\n"
    (found,) = furu.find("class=Inner", patience_sec=60)
    assert (found.namespace, found.config) == ("gone_module.Outer.Inner", {"$class": "gone_module.Outer.Inner", "x": 1})


def come_and_go(first: int, ended: threading.Event) -> None:
    """Compute artifacts and remove some of them until the end."""
    for round_ in range(100_000):
        if ended.is_set():
            return
        one = Dataset(n=first + round_ % 5)
        with suppress(furu.FuruError, OSError):  # somebody else may remove what is being made
            one.get()
        if round_ % 3 == 0:
            shutil.rmtree(one.furu_dir, ignore_errors=True)


@pytest.mark.scenario
def test_a_store_that_changes_while_it_is_read_is_no_error(catalog: Catalog) -> None:
    """Artifacts come and go in a loop while others refresh and query; in the end the index is as the store."""
    ended = threading.Event()
    troubles: list[BaseException] = []

    def look() -> None:
        try:
            while not ended.is_set():
                own = Catalog(catalog.place)
                own.refresh()
                assert {row.class_name for row in own.rows(parse("config.n>2"), sort=("-config.n",))} <= {"Dataset"}
                own.sums(["namespace"])
        except BaseException as error:
            troubles.append(error)

    threads = [threading.Thread(target=come_and_go, args=(100 * n, ended)) for n in (1, 2)]
    threads += [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(SPELL_SEC)
    ended.set()
    for thread in threads:
        thread.join(60)

    assert troubles == []
    catalog.refresh()
    there = {path.name for path in Path(catalog.place.data, "sought", "Dataset").iterdir() if (path / ".furu").is_dir()}
    assert {row.hash for row in rows(catalog)} == there


def spoil(path: Path) -> None:
    """Overwrite the middle of the file with noise."""
    content = bytearray(path.read_bytes())
    content[100:-1] = os.urandom(len(content) - 101)
    path.write_bytes(content)


def other_version(path: Path) -> None:
    """Make it the index of another furu."""
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE leaves")
    connection.execute("PRAGMA user_version = 999")
    connection.close()


ACCIDENTS: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "emptied": lambda path: path.write_bytes(b""),
    "no database": lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(5000)),
    "spoilt": spoil,
    "of another version": other_version,
}


@pytest.mark.scenario
@pytest.mark.parametrize("accident", ACCIDENTS)
def test_the_index_is_made_anew(catalog: Catalog, accident: str) -> None:
    """One that is gone, damaged, or of another version is replaced, and says the same as before."""
    before = rows(catalog)
    path = Path(catalog.index.path)
    connection = catalog.index.connection()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    for aside in ("-wal", "-shm"):
        Path(f"{path}{aside}").unlink(missing_ok=True)
    ACCIDENTS[accident](path)

    fresh = Catalog.of(catalog.place, patience_sec=60)
    fresh.refresh()

    assert rows(fresh) == before


@pytest.mark.scenario
def test_the_index_may_be_deleted_while_it_is_used(catalog: Catalog) -> None:
    """A catalog that has it open makes a new one, and so do others."""
    before = rows(catalog)
    catalog.index.discard()

    assert rows(catalog) == rows(Catalog.of(catalog.place)) == before


def test_processes_share_an_index(catalog: Catalog) -> None:
    """Several that begin without one, at once, all find everything."""
    catalog.index.discard()
    code = "import furu; print(len(furu.find()))"
    children = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]

    assert [child.communicate()[0] for child in children] == ["3\n"] * 4


def test_a_refresh_that_is_stopped_is_taken_up_again(catalog: Catalog) -> None:
    """What was read before the end is kept."""
    Versioned().get()
    settle(Versioned().furu_dir)
    for n in range(4, 10):
        Dataset(n=n).get()
        settle(Dataset(n=n).furu_dir)
    looks = iter([False, True])

    first = refresh.refresh(catalog.index, catalog.place, stopped=lambda: next(looks))
    second = catalog.refresh()

    assert (first.read, second.read) == (6, 1)


def test_progress_is_told(catalog: Catalog) -> None:
    """How many were looked at, how many there are, how many were read."""
    told: list[tuple[int, int, int]] = []
    catalog.index.discard()
    catalog.refresh(progress=lambda *three: told.append(three))
    assert told[-1] == (3, 3, 3)


def test_a_query_does_not_wait_for_a_refresh(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """It answers from what is known, and the next one knows more."""
    Dataset(n=4).get()
    go_on = threading.Event()
    read = reading.read
    monkeypatch.setattr(reading, "read", lambda *where: go_on.wait(60) and read(*where))

    assert not catalog.freshen(patience_sec=0.05)
    assert len(rows(catalog)) == 3

    go_on.set()
    assert catalog.freshen(patience_sec=60)
    assert len(rows(catalog)) == 4


def test_a_store_has_one_index_however_it_is_spelled(catalog: Catalog, tmp_path: Path) -> None:
    """A link to the store and a trailing slash lead to the same file, outside of the store's data."""
    link = tmp_path / "link"
    link.symlink_to(catalog.place.base)
    monkey = place.below(f"{link}/")
    assert place.index_file(monkey) == place.index_file(place.of_settings()) == catalog.index.path
    assert not catalog.index.path.startswith(catalog.place.data)
    assert place.index_file(place.below(tmp_path)) != catalog.index.path


def test_the_index_keeps_away_from_network_file_systems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache directory in a home on NFS is left for one of the user's own on this machine."""
    monkeypatch.setattr(furu.FURU_CONFIG, "cache_root", None)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()

    assert place.cache_directory() == f"{tmp_path}/furu"
    monkeypatch.setattr(mounts, "kind_of", lambda path: "nfs4")
    assert place.cache_directory() == f"{tmp_path}/tmp/furu-{os.getuid()}"
    assert os.stat(place.cache_directory()).st_mode & 0o777 == 0o700


def test_the_file_system_of_a_path_is_known() -> None:
    """Also of one that is not there yet."""
    assert mounts.kind_of("/proc/self") == "proc"
    assert mounts.kind_of("/no/such/path") == mounts.kind_of("/")
    assert not mounts.is_network("/proc")


def test_disk_use_counts_what_is_shared_once(catalog: Catalog) -> None:
    """A file with two names counts half for each artifact; directories and files are counted as inodes."""
    big = Dataset(n=1).furu_dir / "big.bin"
    big.write_bytes(bytes(1_000_000))
    before = {row.hash: row for row in rows(catalog)}
    os.link(big, Dataset(n=2).furu_dir / "same.bin")
    for n in (1, 2):
        os.utime(Dataset(n=n).furu_dir / ".furu")

    catalog.refresh()

    grown = [row.size - before[row.hash].size for row in rows(catalog) if row.hash != Dataset(n=3).furu_hash]
    assert sum(grown) == pytest.approx(1_000_000, rel=0.05)
    assert grown[0] == grown[1]


def test_failures_are_known(catalog: Catalog) -> None:
    """What was raised and of which kind."""
    with pytest.raises(ValueError, match="negative"):
        Train(optimizer=Optimizer(lr=-1.0)).get()
    catalog.refresh()
    (failed,) = rows(catalog, "result=failed")
    assert (failed.error, failed.failure, failed.attempts) == ("ValueError: lr is negative", "error", 1)


def test_aliases_are_known(catalog: Catalog) -> None:
    """One counts as migrated while its original is there, has its own config, and needs what it stands for."""
    original, ref = Dataset(n=1).furu_ref, Dataset(n=99).furu_ref
    meta = Dataset(n=99).furu_dir / ".furu"
    meta.mkdir(parents=True)
    written = alias.Alias(
        original=Original(original),
        ref=ref,
        furu_obj=Dataset(n=99).to_dict(),
        steps=("n",),
        run="r",
        at="2026-01-31T00:00:00Z",
    )
    alias.write(str(meta), written)
    catalog.refresh()

    (found,) = rows(catalog, "alias=true")

    assert (found.hash, found.result, found.config["n"]) == (ref.furu_hash, "migrated", 99)
    assert found.original == f"{original.namespace}/{original.furu_hash}"
    assert [row.hash for row in catalog.needing(original.furu_hash)] == [ref.furu_hash]
    assert furu.find("alias=true").objects() == [Dataset(n=99)]


def test_a_long_config_is_kept_whole(catalog: Catalog) -> None:
    """Only what is searched is cut."""
    one = Note(text="x" * 50_000 + "end")
    one.get()
    catalog.refresh()
    (found,) = rows(catalog, "class=Note config.text~xxx")
    assert found.config["text"] == one.text
    assert found.python == one.to_python()
    assert rows(catalog, "config.text~end") == []


@pytest.mark.scenario
def test_a_damaged_page_is_no_wrong_answer(catalog: Catalog) -> None:
    """Whichever page of the index was never written: it is made anew, at the latest when it is asked again, and says the same."""
    before = rows(catalog, "config.n>1")
    path = Path(catalog.index.path)
    catalog.index.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    catalog.index.connection().close()
    good = path.read_bytes()
    size = int.from_bytes(good[16:18])
    for start in range(size, len(good), size):
        catalog.index.discard()
        path.write_bytes(good[:start] + bytes(size) + good[start + size :])
        spoilt = Catalog(catalog.place)

        with suppress(furu.FuruError):
            assert rows(spoilt, "config.n>1") == before, start // size
        spoilt.freshen(patience_sec=60)
        assert rows(spoilt, "config.n>1") == before, start // size


def test_a_failed_write_leaves_nothing_behind(catalog: Catalog) -> None:
    """Nor does it spoil what is written afterwards."""
    (first, second, _) = rows(catalog)
    fresh = dataclasses.replace(first, config={"new": 1}), dataclasses.replace(second, config={"other": 1, "new": 2})

    def write_and_fail() -> None:
        with catalog.index.writing() as connection:
            catalog.index.put(connection, [(fresh[0], 0)])
            raise KeyError

    with pytest.raises(KeyError):
        write_and_fail()
    with catalog.index.writing() as connection:
        catalog.index.put(connection, [(fresh[1], 0)])

    assert rows(catalog, "config.new=1") == []
    assert [row.hash for row in rows(catalog, "config.new=2 config.other=1")] == [second.hash]


def test_a_place_that_cannot_hold_an_index_is_named(catalog: Catalog, tmp_path: Path) -> None:
    """The error says which file it is about, and which variable moves it."""
    (tmp_path / "file").touch()
    furu.FURU_CONFIG.cache_root = tmp_path / "file"
    with pytest.raises(furu.FuruError, match=r"(?s)file/index-\d+/.*FURU_CACHE_PATH"):
        furu.find()
    furu.FURU_CONFIG.cache_root = tmp_path / "taken"
    Path(place.index_file(catalog.place)).mkdir(parents=True)
    with pytest.raises(furu.FuruError, match="FURU_CACHE_PATH"):
        furu.find()
