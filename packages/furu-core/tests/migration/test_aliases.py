"""An alias is a key whose result is another artifact's: it is read through, and never written through."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

import furu
from furu import config
from furu.catalog.invalidation import invalidate
from furu.errors import FuruComputeError
from furu.storage import alias
from furu.storage.artifact import Artifact
from furu_testing import assert_computed, assert_loaded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Version = Callable[[str], Any]

BEFORE = """
    class Model(furu.Furu[str]):
        lr: float = 0.1

        def _create(self):
            (self.furu_dir / "model.txt").write_text(f"old {self.lr}")
            return "created"

        def _load(self):
            return (self.furu_dir / "model.txt").read_text()

    class Auto(furu.Furu[list]):
        lr: float = 0.1

        def _create(self):
            return [self.lr]
"""

AFTER = """
    BROKEN = []

    class Model(furu.Furu[str]):
        migrations = [furu.Renamed("lr", "learning_rate")]
        learning_rate: float = 0.1

        def _create(self):
            BROKEN and 1 / 0
            (self.furu_dir / "model.txt").write_text(f"new {self.learning_rate}")
            return "created"

        def _load(self):
            return (self.furu_dir / "model.txt").read_text()

        def _validate(self):
            return not (self.furu_dir / "refused").exists()

    class Auto(furu.Furu[list]):
        migrations = [furu.Renamed("lr", "learning_rate")]
        learning_rate: float = 0.1

        def _create(self):
            return [self.learning_rate]
"""


def content(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


@pytest.fixture
def old(version: Version) -> Path:
    """Give the directory of a result that was stored before the field was renamed; the new version is loaded."""
    first = version(BEFORE)
    first.Model(lr=0.5).get()
    first.Auto(lr=0.5).get()
    directory: Path = first.Model(lr=0.5).furu_dir
    version(AFTER)
    return directory


def model(**fields: Any) -> Any:
    """Return a model of the version of now."""
    import shop  # type: ignore[import-not-found]

    return shop.Model(**fields)


def test_a_result_is_read_through_an_alias(old: Path) -> None:
    """``_load`` finds its files in ``furu_dir``, and so does whoever asks the object for it; nothing is computed."""
    made = model(learning_rate=0.5)

    assert made.get() == "old 0.5"
    assert made.exists()
    assert made.try_load() == made.load_existing() == "old 0.5"
    assert made.furu_dir == old
    assert (made.is_alias, made.original()) == (True, old)
    assert_computed(made, times=0)
    assert_loaded(made)


def test_a_stored_result_is_read_through_an_alias(old: Path) -> None:
    """A class without a ``_load`` gets what the original has stored."""
    import shop

    assert shop.Auto(learning_rate=0.5).get() == [0.5]
    assert_computed(shop.Auto(learning_rate=0.5), times=0)


def test_an_alias_costs_a_few_bytes(old: Path, furu_tmp_root: Path) -> None:
    """The directory of the new key holds migration.json and nothing else; no result is copied."""
    made = model(learning_rate=0.5)
    made.get()

    own = furu_tmp_root / "data/shop/Model" / made.furu_hash
    assert [*content(own)] == [".furu/migration.json"]
    found = alias.read(str(own / ".furu"))
    assert found is not None
    assert (found.original.ref.furu_hash, found.steps) == (old.name, ("Model: Renamed('lr', 'learning_rate')",))


def test_state_and_metadata_are_those_of_the_original(old: Path) -> None:
    """The state says that the result was migrated; who computed it, and how, is what was recorded then."""
    made = model(learning_rate=0.5)
    before = furu.StateManager.read_state(old)
    made.get()

    state = made.get_state()
    assert (state.result, state.attempt) == ("migrated", before.attempt)
    assert made.get_metadata().furu_python_def == "Model(lr=0.5)"


@pytest.mark.parametrize("reason", ["rerun", "invalid"])
def test_a_recompute_leaves_the_original_alone(old: Path, reason: str) -> None:
    """An always-rerun and a refused result are computed into the alias's own directory, which counts from then on."""
    made = model(learning_rate=0.5)
    made.get()
    if reason == "invalid":
        (old / "refused").touch()
    before = content(old)

    with config_set(always_rerun=["shop.Model"] if reason == "rerun" else []):
        assert made.get() == "created"

    assert content(old) == before
    assert made.get() == "new 0.5"
    assert (made.is_alias, made.get_state().result) == (False, "success")
    assert made.furu_dir.name == made.furu_hash
    assert_computed(made, times=1)


def test_a_failed_recompute_leaves_the_alias_as_it_was(old: Path) -> None:
    """When a rerun under an alias fails, the failure is recorded under the new key, and the old result still counts."""
    import shop

    made = model(learning_rate=0.5)
    made.get()
    before = content(old)
    shop.BROKEN.append(1)

    with config_set(always_rerun=["shop.Model"]), pytest.raises(FuruComputeError):
        made.get()

    assert content(old) == before
    assert made.get() == "old 0.5"
    state = made.get_state()
    assert (state.result, state.attempt.status) == ("migrated", "failed")


@pytest.mark.parametrize("gone", ["directory", "marker"])
def test_a_dangling_alias_is_a_miss(old: Path, gone: str) -> None:
    """When the original is removed or withdrawn, the alias counts for nothing and the result is computed."""
    made = model(learning_rate=0.5)
    made.get()
    if gone == "directory":
        shutil.rmtree(old)
    else:
        (old / ".furu/SUCCESS.json").unlink()

    assert not made.exists()
    assert not made.is_alias
    assert made.get_state().result != "migrated"
    assert made.get() == "created"
    assert made.get() == "new 0.5"


def test_a_torn_alias_is_a_miss(old: Path, furu_tmp_root: Path) -> None:
    """A migration.json that cannot be read makes no wrong hit; the change that the class lists still finds the result."""
    made = model(learning_rate=0.5)
    made.get()
    (furu_tmp_root / "data/shop/Model" / made.furu_hash / ".furu/migration.json").write_text('{"original": {')

    assert made.original() is None
    assert made.get() == "old 0.5"
    assert made.original() == old


def test_chains_are_flat(version: Version) -> None:
    """An alias made from an alias points to the artifact that has the result, however often the class was changed."""
    first = version(BEFORE)
    first.Model(lr=0.5).get()
    directory = first.Model(lr=0.5).furu_dir
    version(AFTER).Model.migrate()
    third = version(AFTER.replace('"learning_rate")]', '"learning_rate"), furu.Renamed("learning_rate", "rate")]').replace(
        "learning_rate: float", "rate: float"
    ).replace("self.learning_rate", "self.rate"))  # fmt: skip
    report = third.Model.migrate()

    assert [move.outcome for move in report.moves if move.source.ref.namespace == "shop.Model"] == ["alias"]
    made = third.Model(rate=0.5)
    assert (made.original(), made.get()) == (directory, "old 0.5")
    assert len(made.aliases()) == 1
    shutil.rmtree(directory.parent / made.aliases()[0].furu_hash)
    assert made.get() == "old 0.5"


def test_aliases_are_listed_from_every_end(old: Path) -> None:
    """The original, asked through any of its aliases, names all of them."""
    made = model(learning_rate=0.5)
    made.get()

    assert made.aliases() == []
    assert made.original() == old


def test_an_alias_that_was_invalidated_stays_so(old: Path, furu_tmp_root: Path) -> None:
    """Where somebody says that a result counts no longer under its new key, neither get() nor a migration brings it back."""
    made = model(learning_rate=0.5)
    made.get()
    own = furu_tmp_root / "data/shop/Model" / made.furu_hash
    invalidate(Artifact(made.furu_ref, str(own)))

    assert not made.exists()
    assert [move.reason for move in type(made).migrate().conflicts] == ["its result was invalidated"]
    assert made.get() == "created"
    assert (old / "model.txt").read_text() == "old 0.5"
    assert (made.get(), made.is_alias) == ("new 0.5", False)


def test_a_scratch_block_uses_an_alias_and_leaves_the_store_alone(old: Path) -> None:
    """In scratch mode an alias of the store is loaded; what is computed anew goes to the scratch root."""
    made = model(learning_rate=0.5)
    made.get()

    with furu.scratch() as root:
        assert made.get() == "old 0.5"
        assert made.furu_dir == old
        model(learning_rate=0.7).get()
        assert root in model(learning_rate=0.7).furu_dir.parents


def test_a_scratch_block_makes_no_alias(old: Path, furu_tmp_root: Path) -> None:
    """A result of an earlier form is loaded in scratch mode, and the store is as it was."""
    before = content(furu_tmp_root / "data")

    with furu.scratch():
        assert model(learning_rate=0.5).get() == "old 0.5"

    assert content(furu_tmp_root / "data") == before
    assert model(learning_rate=0.5).furu_dir == old


def test_a_read_only_store_is_read(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the alias cannot be written, the result is loaded all the same."""

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(alias, "write", refuse)

    assert model(learning_rate=0.5).get() == "old 0.5"
    assert not model(learning_rate=0.5).is_alias
    (move,) = (one for one in type(model()).migrate().moves if one.source.directory == str(old))
    assert (move.outcome, move.reason) == ("conflict", "it cannot be written: Permission denied")


class config_set:  # noqa: N801 - used like a function
    """Set settings inside a block."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings

    def __enter__(self) -> None:
        for name, value in self.settings.items():
            setattr(config.current(), name, value)

    def __exit__(self, *_: object) -> None:
        for name in self.settings:
            delattr(config.current(), name)
