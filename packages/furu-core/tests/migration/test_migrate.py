"""Migrations: which stored results count for which configs of today, and how that is made, shown and undone."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

import furu
from furu import config
from furu.errors import FuruError, FuruStaleError
from furu.migration import former, run
from furu.storage import stored
from furu_testing import assert_computed, computed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Version = Callable[..., Any]

DATA = """
    class Data(furu.Furu[int]):
        {migrations}
        {fields}

        def _create(self):
            return 1

    class Train(furu.Furu[int]):
        data: Data
        lr: float = 0.1

        def _create(self):
            return 2
"""


def data(fields: str, *migrations: str) -> str:
    """Return the source of ``Data`` with these fields and changes, and of ``Train``, which nests it."""
    return DATA.format(fields=fields, migrations=f"migrations = [{', '.join(migrations)}]")


@pytest.fixture
def three(version: Version) -> Any:
    """Store three results of Data, and two of Train on one of them, under ``n``; give the module."""
    shop = version(data("n: int = 1"))
    for n in (1, 2, 3):
        shop.Data(n=n).get()
    for lr in (0.1, 0.2):
        shop.Train(data=shop.Data(n=3), lr=lr).get()
    return shop


def outcomes(report: Any) -> list[tuple[str, str]]:
    """Return class and outcome of every move, sorted."""
    return sorted((move.source.ref.namespace, move.outcome) for move in report.moves)


@pytest.mark.usefixtures("three")
def test_a_dry_run_lists_and_changes_nothing(version: Version, furu_tmp_root: Path) -> None:
    """Each source and target is listed, those of classes that nest the changed one too; the store stays as it is."""
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))
    before = sorted(furu_tmp_root.rglob("*"))

    report = shop.Data.migrate(dry_run=True)

    assert outcomes(report) == [("shop.Data", "alias")] * 3 + [("shop.Train", "alias")] * 2
    assert {move.target for move in report.aliases} >= {shop.Data(rows=n).furu_ref for n in (1, 2, 3)}
    assert report.run == ""
    assert str(report).startswith("5 to migrate\n  alias: Data ")
    assert sorted(furu_tmp_root.rglob("*")) == before


@pytest.mark.usefixtures("three")
def test_a_migration_makes_aliases_and_is_done_once(version: Version) -> None:
    """Afterwards every result is found under its new key, nothing is computed, and a second run has nothing to do."""
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))

    assert len(shop.Data.migrate().aliases) == 5
    assert shop.Data.migrate().moves == ()
    for config_now in (shop.Data(rows=2), shop.Train(data=shop.Data(rows=3), lr=0.2)):
        assert config_now.is_alias
        config_now.get()
        assert_computed(config_now, times=0)


@pytest.mark.usefixtures("three")
def test_get_follows_the_changes_without_a_migration(version: Version) -> None:
    """Whoever asks for a config finds the result of its earlier form; ``exists()`` and ``furu_dir`` agree."""
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))
    made = shop.Train(data=shop.Data(rows=3), lr=0.2)

    assert made.exists()
    assert made.furu_dir.is_dir()
    assert not made.is_alias
    assert made.get() == 2
    assert made.is_alias
    assert not shop.Data(rows=9).exists()


@pytest.mark.usefixtures("three")
def test_undo_takes_one_migration_back(version: Version, furu_tmp_root: Path) -> None:
    """The aliases of a run vanish with their directories; what was computed under one of the keys since stays."""
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))
    before = sorted(path for path in furu_tmp_root.rglob("*") if path.name != ".schemas.jsonl")
    report = shop.Data.migrate()
    assert run.runs() == {report.run: 5}

    assert len(run.undo(dry_run=True)) == 5
    assert len(run.undo(report.run)) == 5

    assert sorted(path for path in furu_tmp_root.rglob("*") if path.name != ".schemas.jsonl") == before
    assert run.runs() == {}
    with pytest.raises(FuruError, match="no migration"):
        run.undo()


@pytest.mark.usefixtures("three")
def test_a_report_undoes_itself(version: Version) -> None:
    """What ``migrate`` returned takes its aliases back, once; as long as the class lists the change, get() follows it."""
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))
    report = shop.Data.migrate()

    assert report.undo() == 5
    for gone in (report, shop.Data.migrate(dry_run=True)):
        with pytest.raises(FuruError, match="no migration"):
            gone.undo()
    assert not shop.Data(rows=2).is_alias
    assert shop.Data(rows=2).get() == 1
    assert_computed(shop.Data(rows=2), times=0)


@pytest.mark.usefixtures("three")
def test_undo_keeps_what_was_computed_since(version: Version) -> None:
    """A key with a result of its own is no alias any more, and its result is not taken back."""
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))
    shop.Data.migrate()
    config.current().always_rerun = frozenset(("shop.Data",))
    shop.Data(rows=1).get()

    assert len(run.undo()) == 4
    assert shop.Data(rows=1).exists()
    assert shop.Data(rows=1).get_state().result == "success"


@pytest.mark.usefixtures("three")
def test_by_filter_value_and_default(version: Version) -> None:
    """An added field takes the value that is given, or its default where that is asked for; ``where`` chooses configs."""
    shop = version(data("n: int = 1\n        dropout: float = 0.5"))

    assert [move.outcome for move in shop.Data.migrate(dry_run=True).moves] == ["unexplained"] * 5
    some = shop.Data.migrate(furu.Added("dropout", value=0.0), where=lambda one: getattr(one, "n", 0) >= 2)
    assert sorted(move.config.n for move in some.aliases) == [2, 3]
    assert shop.Data(n=2, dropout=0.0).exists()
    rest = shop.Data.migrate(defaults=True)
    assert len(rest.aliases) == 5
    assert shop.Data(n=1, dropout=0.5).exists()
    assert not shop.Data(n=1, dropout=0.0).exists()


def test_changes_by_hand_count_for_subclasses(version: Version) -> None:
    """What is said of a class by hand holds for those derived from it, as what it lists does."""
    source = data("n: int = 1") + "\n    class More(Data):\n        m: int = 1\n"
    version(source).More(m=5).get()
    shop = version(source.replace("n: int = 1", "rows: int = 1"))

    assert len(shop.Data.migrate(furu.Renamed("n", "rows")).aliases) == 1
    assert shop.More(m=5).is_alias


def test_of_several_results_the_newest_counts(version: Version) -> None:
    """Where a removed field makes one config of two, the newer result is taken and the other one is a conflict."""
    shop = version(data("n: int = 1\n        junk: int = 0"))
    for junk in (1, 2):
        shop.Data(junk=junk).get()
    newest = shop.Data(junk=2).furu_hash
    shop = version(data("n: int = 1", "furu.Removed('junk')"))

    report = shop.Data.migrate()

    assert outcomes(report) == [("shop.Data", "alias"), ("shop.Data", "conflict")]
    assert "is newer" in report.conflicts[0].reason
    assert shop.Data().original().name == newest


@pytest.mark.usefixtures("three")
def test_a_result_of_its_own_is_a_conflict(version: Version) -> None:
    """What was computed under the new key already stays, and is told."""
    shop = version(data("rows: int = 1"))
    shop.Data(rows=2).get()
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))

    report = shop.Data.migrate()

    assert [move.reason for move in report.conflicts] == ["it has a result of its own"]
    assert not shop.Data(rows=2).is_alias


@pytest.mark.usefixtures("three")
def test_one_result_is_taken_by_hand(version: Version) -> None:
    """``migrate_one`` takes a key or a part of it, a directory or an object, and a config or what the changes lead to."""
    old = [path.name for path in sorted((furu.get_furu_root() / "data/shop/Data").iterdir()) if path.is_dir()]
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))

    assert shop.Data.migrate_one(old[0][:10], dry_run=True).run == ""
    assert len(shop.Data.migrate_one(old[0][:10]).aliases) == 1
    by_hand = shop.Data.migrate_one(furu.get_furu_root() / "data/shop/Data" / old[1], shop.Data(rows=99))
    assert len(by_hand.aliases) == 1
    assert shop.Data(rows=99).original().name == old[1]
    again = shop.Data.migrate_one(shop.Data(rows=99), shop.Data(rows=100))
    assert shop.Data(rows=100).original().name == old[1]
    assert len(again.aliases) == 1
    with pytest.raises(FuruError, match="no result"):
        shop.Data.migrate_one("ffff")


def test_a_moved_class_keeps_its_results(version: Version) -> None:
    """A class with another module and name finds what it had stored before, also where it is nested and version controlled."""
    shop = version(data("n: int = 1"))
    shop.Data(n=3).get()
    shop.Train(data=shop.Data(n=3)).get()
    version("")
    moved = version(
        """
        class Rows(furu.Furu[int], version_controlled=True):
            migrations = [furu.MovedFrom("shop.Data"), furu.Renamed("n", "rows")]
            rows: int = 1

            def _create(self):
                return 1

        class Fit(furu.Furu[int]):
            migrations = [furu.MovedFrom("shop.Train")]
            data: Rows
            lr: float = 0.1

            def _create(self):
                return 2
        """,
        "market",
    )

    assert moved.Rows(rows=3).get() == 1
    assert moved.Fit(data=moved.Rows(rows=3)).get() == 2
    assert computed(moved.Rows) == computed(moved.Fit) == 0
    assert moved.Rows(rows=3).is_alias
    assert moved.Fit.migrate().moves == ()


def test_the_other_root_is_no_loss(version: Version) -> None:
    """A class that becomes version controlled finds the results it has in the other root."""
    shop = version(data("n: int = 1"))
    shop.Data(n=3).get()
    shop = version(
        data("n: int = 1").replace("class Data(furu.Furu[int])", "class Data(furu.Furu[int], version_controlled=True)")
    )

    assert shop.Data(n=3).exists()
    assert len(shop.Data.migrate().aliases) == 1


@pytest.mark.usefixtures("three")
def test_listings(version: Version) -> None:
    """Current, successful and stale artifacts are told apart; an alias makes a stale one reachable again."""
    shop = version(data("rows: int = 1"))
    shop.Data(rows=7).get()

    assert shop.Data.all_current() == shop.Data.all_successful() == [shop.Data(rows=7)]
    assert sorted(one.config.n for one in shop.Data.stale()) == [1, 2, 3]
    assert "no change explains" in shop.Data.stale()[0].reason

    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))
    assert {one.reason for one in shop.Data.stale()} == {"not migrated yet: Data: Renamed('n', 'rows')"}
    shop.Data.migrate(where=lambda one: getattr(one, "rows", 0) == 1)
    assert sorted(one.config.n for one in shop.Data.stale()) == [2, 3]
    assert {one.rows for one in shop.Data.all_successful()} == {1, 7}


def test_a_failed_artifact_is_current_and_not_successful(version: Version) -> None:
    """What failed has a config of today and no result."""
    shop = version(
        """
        class Data(furu.Furu[int]):
            n: int = 1

            def _create(self):
                return 1 // self.n
        """
    )
    with pytest.raises(ZeroDivisionError):
        shop.Data(n=0).get()

    assert shop.Data.all_current() == [shop.Data(n=0)]
    assert shop.Data.all_successful() == []


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("asked", ["warn", "error", "ignore"])
def test_a_stale_result_is_told(version: Version, caplog: pytest.LogCaptureFixture, asked: str) -> None:
    """A config that differs from a stored one by a new field at its default is recomputed with a warning, or as asked."""
    setattr(config.current(), "stale", asked)  # noqa: B010 - any of the three words
    shop = version(data("n: int = 1\n        dropout: float = 0.5"))
    caplog.set_level(logging.WARNING)

    if asked == "error":
        with pytest.raises(FuruStaleError, match="FURU_STALE=warn"):
            shop.Data(n=2).get()
        assert shop.Data(n=2, dropout=0.1).get() == 1
        return
    assert shop.Data(n=2).get() == 1
    assert_computed(shop.Data(n=2))
    told = [record.getMessage() for record in caplog.records if "is the same config" in record.getMessage()]
    assert len(told) == (asked == "warn")
    if told:
        assert "furu migrate shop.Data --defaults" in told[0]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(("asked", "read"), [("ignore", 0), ("warn", 2), ("error", 3)])
def test_looking_for_what_to_warn_of_is_bounded(
    version: Version, monkeypatch: pytest.MonkeyPatch, asked: str, read: int
) -> None:
    """Where no change is listed, a warning costs a bounded number of records, none when nobody wants to be warned."""
    setattr(config.current(), "stale", asked)  # noqa: B010 - any of the three words
    monkeypatch.setattr(former, "_MOST_FOR_A_WARNING", 2)
    looked: list[Any] = []
    original = stored.read

    def read_and_counted(artifact: Any) -> Any:
        looked.append(artifact)
        return original(artifact)

    monkeypatch.setattr(stored, "read", read_and_counted)
    shop = version(data("n: int = 1\n        dropout: float = 0.5"))

    assert not shop.Data(n=9).exists()
    assert len(looked) == read


def test_a_new_field_with_a_hash_default_needs_nothing(version: Version, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the recommended way to add a field no result is ever looked through: the note on schemas says it is fine."""
    shop = version(data("n: int = 1"))
    shop.Data(n=2).get()
    shop = version(data("n: int = 1\n        dropout: float = furu.field(default=0.5, hash_default=0.5)"))
    monkeypatch.setattr(stored, "read", None)

    assert shop.Data(n=2).get() == 1
    assert_computed(shop.Data(n=2), times=1)
    assert shop.Data(n=2, dropout=0.1).get() == 1


@pytest.mark.usefixtures("three")
def test_after_a_migration_nobody_looks_through_old_results(
    version: Version, monkeypatch: pytest.MonkeyPatch, furu_tmp_root: Path
) -> None:
    """A migration notes that it has settled everything, so a later process does not read every result at its first miss."""
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))
    shop.Data.migrate()
    lines = (furu_tmp_root / "data/shop/Data/.schemas.jsonl").read_text().splitlines()
    assert "settled" in json.loads(lines[-1])
    shop = version(data("rows: int = 1", "furu.Renamed('n', 'rows')"))
    monkeypatch.setattr(stored, "read", None)

    assert not shop.Data(rows=9).exists()
    assert shop.Data(rows=2).exists()


def test_a_type_that_changed(version: Version) -> None:
    """Retyped finds results under values of the old type, in the key and inside others."""
    shop = version(data('n: str = "1"'))
    shop.Train(data=shop.Data(n="3")).get()
    shop.Data(n="3").get()
    shop = version(data("n: int = 1", "furu.Retyped('n', int)"))

    assert shop.Data(n=3).get() == 1
    assert shop.Train(data=shop.Data(n=3)).get() == 2
    assert computed(shop.Data) == computed(shop.Train) == 1


def test_an_excluded_field_that_is_gone_changes_nothing(version: Version) -> None:
    """A field outside the key comes and goes without a migration; listing and migrating know that."""
    shop = version(data('n: int = 1\n        device: str = furu.field(default="cpu", skip_hash=True)'))
    shop.Data(n=3, device="gpu").get()
    shop = version(data("n: int = 1"))

    assert shop.Data(n=3).exists()
    assert shop.Data.migrate().moves == ()
    assert shop.Data.stale() == []
    assert shop.Data.all_current() == [shop.Data(n=3)]


METHOD = """
    class Part(furu.Furu[int]):
        {part}
        n: int = 1

        def _create(self):
            return self.n

    class Whole(furu.Furu[int]):
        {whole}

        @furu.furu_dep
        def part(self):
            return {made}

        def _create(self):
            return self.part().get()

    class Outer(furu.Furu[int]):
        inner: Whole

        def _create(self):
            return self.inner.get()
"""


@pytest.mark.parametrize(("made", "found"), [("Part(m=self.rate)", True), ("Part(m=self.rate + 1)", False)])
def test_what_a_method_names_has_to_be_the_same(version: Version, made: str, found: bool) -> None:
    """A result counts for a config of today only when the dependencies that methods return are, by their own changes, those
    it was computed from; the same goes for whoever nests the class."""
    shop = version(METHOD.format(part="", whole="lr: int = 1", made="Part(n=self.lr)"))
    shop.Outer(inner=shop.Whole(lr=4)).get()
    shop = version(
        METHOD.format(
            part='migrations = [furu.Renamed("n", "m")]',
            whole='migrations = [furu.Renamed("lr", "rate")]\n        rate: int = 1',
            made=made,
        )
        .replace("n: int = 1", "m: int = 1")
        .replace("self.n", "self.m")
    )

    assert shop.Whole(rate=4).exists() == found
    assert shop.Outer(inner=shop.Whole(rate=4)).exists() == found
    assert shop.Outer(inner=shop.Whole(rate=4)).get() == (4 if found else 5)


@pytest.mark.parametrize("nested", [False, True])
def test_a_revision_ends_what_counted_before(version: Version, caplog: pytest.LogCaptureFixture, nested: bool) -> None:
    """Bumping the revision of a class, or of one nested in it, makes its results another meaning's; no change brings them back."""
    shop = version(data("n: int = 1"))
    shop.Train(data=shop.Data(n=3)).get()
    wanted = "Data" if nested else "Train"
    shop = version(
        data("rows: int = 1", "furu.Renamed('n', 'rows')").replace(
            f"class {wanted}(furu.Furu[int])", f"class {wanted}(furu.Furu[int], revision=2)"
        )
    )

    with caplog.at_level(logging.WARNING):
        assert not shop.Train(data=shop.Data(rows=3)).exists()
        shop.Train(data=shop.Data(rows=3)).get()
    assert [record for record in caplog.records if "shop.Train" in record.getMessage()] == []  # it is meant
    assert "revision" in {move.source.ref.namespace: move.reason for move in shop.Data.migrate().moves}["shop.Train"]


def test_code_in_keys_is_not_migrated_away(version: Version) -> None:
    """Where the source counts, a result of other source is no result of today, whatever changes are listed."""
    config.current().source_in_key = True
    shop = version(data("n: int = 1"))
    shop.Data(n=3).get()
    same = version(data("n: int = 1").replace("return 2", "return 3"))
    assert same.Data(n=3).exists()

    other = version(data("rows: int = 1", "furu.Renamed('n', 'rows')").replace("return 1", "return 5"))

    assert not other.Data(rows=3).exists()
    assert other.Data(rows=3).get() == 5
