"""Stores of earlier releases are taken over: the three layouts, what could not be taken and why."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from furu.errors import FuruError
from furu.migration import legacy, run
from furu_testing import computed

if TYPE_CHECKING:
    from collections.abc import Callable

    Version = Callable[..., Any]

TODAY = """
    import enum
    from pathlib import Path

    class Mode(enum.Enum):
        FAST = 1

    class Dataset(furu.Furu[str]):
        name: str = "toy"

        def _create(self):
            (self.furu_dir / "data.txt").write_text("computed")
            return "computed"

        def _load(self):
            return (self.furu_dir / "data.txt").read_text()

    class Train(furu.Furu[str]):
        dataset: Dataset = furu.field(default_factory=Dataset)
        lr: float = 1e-3
        sizes: tuple[int, ...] = (1, 2)
        source: Path = Path("in")
        mode: Mode | None = None

        def _create(self):
            (self.furu_dir / "model.txt").write_text("computed")
            return "computed"

        def _load(self):
            return (self.furu_dir / "model.txt").read_text()

    class Moved(furu.Furu[str]):
        migrations = [furu.MovedFrom("shop.Old"), furu.Renamed("a", "b")]
        b: int = 1

        def _create(self):
            return "computed"

        def _load(self):
            return (self.furu_dir / "model.txt").read_text()

    class Auto(furu.Furu[int]):
        n: int = 1

        def _create(self):
            return 1
"""

#: Program -> (where it keeps ordinary artifacts, where version controlled ones).
LAYOUTS = {"huldra": ("data", "git"), "gren": ("data", "git"), "furu": ("data", "artifacts")}


def written(top: Path, program: str, root: str, config: dict[str, Any], key: str, **files: str) -> Path:
    """Write an artifact as an earlier release would have; return its directory."""
    name = config["__class__"]
    directory = top / root / Path(*name.split(".")) / key
    records = directory / f".{program}"
    records.mkdir(parents=True)
    record = {
        f"{program}_python_def": f"{name.rpartition('.')[2]}(...)",
        f"{program}_obj": config,
        f"{program}_hash": key,
        f"{program}_path": str(directory),
        "git_commit": "c0ffee" * 6 + "c0ff",
        "git_branch": "main",
        "git_remote": "git@example.org:lab/project.git",
        "git_patch": "diff --git a/x b/x\n",
        "git_submodules": {},
        "timestamp": "2025-11-03T10:00:00+00:00",
        "command": "python train.py",
        "python_version": "3.12.4",
        "executable": "python",
        "platform": "Linux",
        "hostname": "node7",
        "user": "ada",
        "pid": 123,
    }
    (records / "metadata.json").write_text(json.dumps(record))
    (records / "state.json").write_text(json.dumps({"schema_version": 1, "result": {"status": "success"}}))
    (records / "SUCCESS.json").write_text(json.dumps({"attempt_id": "a1", "created_at": "2025-11-03T10:05:00+00:00"}))
    for file, text in files.items():
        (directory / f"{file}.txt").write_text(text)
    return directory


def key(number: int) -> str:
    """Return a key as an earlier release would have made it: of another form than ours."""
    return f"{number:020x}"


DATASET = {"__class__": "shop.Dataset", "name": "mnist"}
TRAIN = {"__class__": "shop.Train", "dataset": DATASET, "lr": 0.01, "sizes": [3, 4], "source": "raw/x", "mode": "FAST"}


@pytest.mark.parametrize("program", LAYOUTS)
def test_the_results_of_an_old_store_are_found(version: Version, tmp_path: Path, program: str) -> None:
    """Nested configs, paths, tuples and enums get the key of today; ``_load`` reads the old files; nothing is copied."""
    plain, controlled = LAYOUTS[program]
    old = tmp_path / "old-store"
    first = written(old, program, plain, DATASET, key(1), data="old data")
    second = written(old, program, controlled, TRAIN, key(2), model="old model")
    (old / "raw").mkdir()
    before = {path: path.stat().st_mtime_ns for path in old.rglob("*")}
    shop = version(TODAY)

    dry = legacy.take_over(old, dry_run=True)
    assert [len(dry.aliases), len(dry.unexplained)] == [2, 0]
    assert not shop.Dataset(name="mnist").exists()
    report = legacy.take_over(old)

    train = shop.Train(
        dataset=shop.Dataset(name="mnist"), lr=0.01, sizes=(3, 4), source=Path("raw/x"), mode=shop.Mode.FAST
    )
    assert {move.target for move in report.aliases} == {train.furu_ref, train.dataset.furu_ref}
    assert (train.get(), train.dataset.get()) == ("old model", "old data")
    assert (train.original(), train.dataset.furu_dir) == (second, first)
    assert computed(shop.Train) == computed(shop.Dataset) == 0
    assert {path: path.stat().st_mtime_ns for path in old.rglob("*")} == before
    assert legacy.take_over(old).moves == ()


@pytest.mark.parametrize("program", LAYOUTS)
def test_what_was_recorded_is_still_told(version: Version, tmp_path: Path, program: str) -> None:
    """Metadata of an imported result is what the old release recorded; its state says that it was migrated."""
    written(tmp_path / "old", program, "data", DATASET, key(1), data="x")
    shop = version(TODAY)
    legacy.take_over(tmp_path / "old")

    found = shop.Dataset(name="mnist").get_metadata()

    assert (found.furu_hash, found.hostname, found.git_branch, found.user) == (key(1), "node7", "main", "ada")
    assert found.git_patch.startswith("diff --git")
    assert shop.Dataset(name="mnist").get_state().result == "migrated"


def test_a_recompute_does_not_touch_the_old_store(version: Version, tmp_path: Path) -> None:
    """What is computed under an imported key goes to our store."""
    directory = written(tmp_path / "old", "huldra", "data", DATASET, key(1), data="old")
    shop = version(TODAY)
    legacy.take_over(tmp_path / "old")
    (directory / ".huldra" / "SUCCESS.json").unlink()

    assert shop.Dataset(name="mnist").get() == "computed"
    assert (directory / "data.txt").read_text() == "old"


def test_an_old_store_in_our_own_root_is_taken_where_it_is(version: Version, furu_tmp_root: Path) -> None:
    """An upgrade that kept FURU_PATH finds its results, named by root and key, so that the store may still be moved."""
    written(furu_tmp_root, "furu", "data", DATASET, key(1), data="old data")
    shop = version(TODAY)

    legacy.take_over(furu_tmp_root)

    assert shop.Dataset(name="mnist").get() == "old data"
    furu_tmp_root.joinpath("data").rename(furu_tmp_root / "elsewhere")
    (furu_tmp_root / "elsewhere").rename(furu_tmp_root / "data")
    text = (
        furu_tmp_root / "data/shop/Dataset" / shop.Dataset(name="mnist").furu_hash / ".furu/migration.json"
    ).read_text()
    assert "path" not in json.loads(text)["original"]


def test_changes_count_for_old_stores_too(version: Version, tmp_path: Path) -> None:
    """A class that was moved and changed since says so once, for our own results and for imported ones."""
    written(tmp_path / "old", "gren", "data", {"__class__": "shop.Old", "a": 5}, key(1), model="old")
    shop = version(TODAY)

    legacy.take_over(tmp_path / "old")

    assert shop.Moved(b=5).get() == "old"


def test_what_cannot_be_taken_is_told(version: Version, tmp_path: Path) -> None:
    """Unfinished, torn, unknown, changed and unreadable artifacts are in the report with the reason, and stop nobody."""
    old = tmp_path / "old"
    good = written(old, "huldra", "data", DATASET, key(1), data="fine")
    unfinished = written(old, "huldra", "data", {**DATASET, "name": "b"}, key(2))
    (unfinished / ".huldra/SUCCESS.json").unlink()
    torn = written(old, "huldra", "data", {**DATASET, "name": "c"}, key(3))
    (torn / ".huldra/metadata.json").write_text('{"huldra_obj": {')
    bare = written(old, "huldra", "data", {**DATASET, "name": "d"}, key(4))
    (bare / ".huldra/metadata.json").unlink()
    written(old, "huldra", "data", {"__class__": "gone.Class", "x": 1}, key(5))
    written(old, "huldra", "data", {**DATASET, "extra": 1}, key(6))
    written(old, "huldra", "data", {"__class__": "shop.Auto", "n": 1}, key(7))
    shop = version(TODAY)

    report = legacy.take_over(old)

    assert [move.source.directory for move in report.aliases] == [str(good)]
    reasons = {int(Path(move.source.directory).name, 16): move.reason for move in report.unexplained}
    assert reasons[2] == "it was never finished"
    assert "cannot be read" in reasons[3]
    assert reasons[4] == "it has no metadata.json"
    assert "gone" in reasons[5]
    assert "extra" in reasons[6]
    assert "no _load of its own" in reasons[7]
    assert shop.Dataset(name="mnist").get() == "fine"


def test_an_import_is_undone_like_a_migration(version: Version, tmp_path: Path) -> None:
    """Undoing leaves the old store alone and our store as it was."""
    written(tmp_path / "old", "gren", "data", DATASET, key(1), data="x")
    shop = version(TODAY)
    report = legacy.take_over(tmp_path / "old")

    assert len(run.undo(report.run)) == 1
    assert not shop.Dataset(name="mnist").exists()


def test_a_path_without_artifacts_is_refused(tmp_path: Path) -> None:
    """A wrong path is an error that says what was looked for."""
    with pytest.raises(FuruError, match="there is no directory"):
        legacy.take_over(tmp_path / "nowhere")
    with pytest.raises(FuruError, match=r"\.huldra"):
        legacy.take_over(tmp_path)
