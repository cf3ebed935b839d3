"""``furu why``, ``diff`` and ``migrate`` on a terminal of 80 columns: what they print, and how they end."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from furu.cli.app import app
from furu.migration import run
from furu_testing import computed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Version = Callable[..., Any]

BEFORE = """
    class Model(furu.Furu[int]):
        lr: float = 0.1
        steps: int = 10

        def _create(self):
            return self.steps
"""
AFTER = BEFORE.replace("lr:", 'migrations = [furu.Renamed("lr", "rate")]\n        rate:')


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


def said(*arguments: str, status: int = 0) -> str:
    """Run the command; return what it printed.  Of its tables no line has more than 80 columns."""
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == status, (done.output, done.exception)
    wide = [line for line in done.output.splitlines() if len(line) > 80]
    assert status or "--json" in arguments or not wide
    return done.output


@pytest.fixture
def stored(version: Version) -> Any:
    """Store three results, then rename a field."""
    shop = version(BEFORE)
    for steps in (10, 20, 30):
        shop.Model(steps=steps).get()
    return version(AFTER)


def test_why_prints_and_exports(stored: Any) -> None:
    """Verdict, nearest config, differences and remedy are told for each object, and as JSON."""
    told = said("why", "shop:[Model(steps=20), Model(steps=21)]")

    assert "get() would load it" in told
    assert "get() would create it" in told
    (one,) = json.loads(said("why", "shop:Model(steps=21)", "--json"))
    assert (one["does"], one["furu_hash"]) == ("create", stored.Model(steps=21).furu_hash)
    assert one["differences"]


def test_diff_ends_like_diff(stored: Any) -> None:
    """It exits with 0 for the same, 1 for differences, 2 for what is not there."""
    stored.Model(steps=20).get()

    assert said("diff", "shop:Model()", "shop:Model()") == "no field differs\n"
    assert said("diff", "shop:Model()", "shop:Model(steps=3)", status=1) == "~ steps: 10 -> 3\n"
    assert "~ rate: 0.1 -> 0.7" in said("diff", stored.Model(steps=20).furu_hash, "shop:Model(rate=0.7)", status=1)
    assert "keys of 0 artifacts" in said("diff", "abc", "shop:Model()", status=2)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("name", ["shop.Model", "shop:Model"])
def test_migrate_shows_does_and_undoes(name: str) -> None:
    """A dry run shows what the real one does; the runs are listed, and taken back by name or as the last one."""
    dry = said("migrate", name, "--dry-run")
    assert dry.count("alias ") == 3
    assert "3 to migrate" in dry
    assert run.runs() == {}

    told = said("migrate", name)
    assert "3 migrated" in told
    assert "by Model: Renamed('lr', 'rate')" in told
    assert "Nothing to do" in said("migrate", name)
    (named,) = run.runs()
    assert named in said("migrate")
    assert "3 aliases would be taken back" in said("migrate", "--undo", "last", "-n")
    assert "3 aliases taken back" in said("migrate", "--undo", named)
    assert "No aliases" in said("migrate")


def test_migrate_by_value_filter_and_default(version: Version) -> None:
    """--set gives the value of a field that was added, --defaults its default, --where chooses configs of today."""
    shop = version(BEFORE)
    for steps in (10, 20, 30):
        shop.Model(steps=steps).get()
    shop = version(BEFORE.replace("steps:", 'mode: str = "slow"\n        steps:'))

    assert "3 unexplained" in said("migrate", "shop.Model", "-n")
    assert "1 migrated" in said(
        "migrate", "shop.Model", "--set", "mode=fast", "--where", "steps>=20", "--where", "steps!=30"
    )
    assert "3 migrated" in said("migrate", "shop.Model", "--defaults")
    assert shop.Model(mode="fast", steps=20).exists()
    assert not shop.Model(mode="fast", steps=10).exists()
    assert shop.Model(steps=10).exists()


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (("shop.Nope",), 1, "has no Nope"),
        (("shop.furu",), 2, "no Furu class"),
        (("shop.Model", "--set", "rate"), 2, "NAME=VALUE"),
        (("shop.Model", "--where", "rate"), 2, "FIELD=VALUE"),
        (("--undo", "never"), 1, "no migration"),
        (("--import", "nowhere"), 1, "no directory"),
    ],
)
def test_migrate_says_what_is_wrong(arguments: tuple[str, ...], status: int, told: str) -> None:
    """Bad arguments are answered with what is expected."""
    assert told in said("migrate", *arguments, status=status)


def test_an_old_store_is_imported(version: Version, tmp_path: Path) -> None:
    """--import shows what was taken and what was not, with the reason."""
    for number, name in enumerate(("shop.Model", "gone.Class")):
        records = tmp_path / f"old/data/{name.replace('.', '/')}/{number:020x}/.gren"
        records.mkdir(parents=True)
        described = {"__class__": name, "lr": 0.5, "steps": 7}
        (records / "metadata.json").write_text(json.dumps({"gren_obj": described}))
        (records / "SUCCESS.json").write_text("{}")
    shop = version(AFTER + "\n        def _load(self):\n            return 70\n")

    told = said("migrate", "shop.Model", "--import", "old")

    assert "1 migrated, 1 unexplained" in told
    assert "gone.Class" in told
    assert shop.Model(rate=0.5, steps=7).get() == 70
    assert computed(shop.Model) == 0
