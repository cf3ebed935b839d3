"""``furu_test_env``: what holds inside the block, and that everything is as before afterwards."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest

import furu
from furu import settings
from furu.settings import SETTINGS
from furu_testing import computed, furu_test_env, override_results
from furu_testing.contracts.jobs import Square

#: A value of each kind that is nobody's default.
OTHER: dict[settings.Kind, Any] = {
    settings.FLAG: None,  # the opposite of what it is
    settings.POSITIVE_SEC: 123.5,
    settings.OPTIONAL_SEC: 45.5,
    settings.COUNT: 17,
    settings.PATH: Path("/another/place"),
    settings.OPTIONAL_PATH: Path("/yet/another/place"),
    settings.RECORD_GIT: "uncached",
    settings.FSYNC: "never",
    settings.LOG_LEVEL: "CRITICAL",
    settings.NAMES: frozenset({"some.Class"}),
}


def values() -> dict[str, Any]:
    """Return the value of every setting."""
    return {name: getattr(furu.FURU_CONFIG, name) for name in SETTINGS}


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch, furu_tmp_root: Path) -> dict[str, Any]:
    """Give the settings outside of the block, one of them set from Python and one from a variable."""
    monkeypatch.setenv("FURU_POLL_INTERVAL_SECS", "3.25")
    monkeypatch.setenv("FURU_SOMETHING", "of the user's own")
    furu.FURU_CONFIG.reread()
    furu.FURU_CONFIG.max_requeues = 9
    return values()


def test_every_setting_is_put_back(outside: dict[str, Any], tmp_path: Path) -> None:
    """Whatever is set inside, every setting has afterwards the value it had, also after an error."""
    with contextlib.suppress(KeyError), furu_test_env(tmp_path / "inner"):
        before = values()
        for name, setting in SETTINGS.items():
            setattr(furu.FURU_CONFIG, name, not before[name] if setting.kind is settings.FLAG else OTHER[setting.kind])
        assert [name for name, value in values().items() if value == before[name]] == []
        raise KeyError

    assert values() == outside


def test_a_setting_set_before_stays_set(outside: dict[str, Any], tmp_path: Path) -> None:
    """What was set from Python outside still wins over the environment afterwards, and can be deleted."""
    with furu_test_env(tmp_path / "inner"):
        del furu.FURU_CONFIG.max_requeues

    assert furu.FURU_CONFIG.max_requeues == 9
    del furu.FURU_CONFIG.max_requeues
    assert furu.FURU_CONFIG.max_requeues == SETTINGS["max_requeues"].default


def test_inside_settings_do_not_come_from_outside(outside: dict[str, Any], tmp_path: Path) -> None:
    """Inside, settings are the defaults but for the documented ones; every root is below the path."""
    changed = {
        "base_root",
        "version_controlled_root_override",
        "record_git",
        "lease_duration_sec",
        "poll_interval",
        "trace",
        "cache_root",
    }
    with furu_test_env(tmp_path / "inner") as root:
        inside = values()
        assert {name for name, value in inside.items() if value != _default(name)} == changed
        roots = [inside["base_root"], inside["submitit_root"], inside["raw_dir"], inside["cache_root"]]
        roots += [Path(furu.FURU_CONFIG.root_text(kind)) for kind in ("data", "artifacts", "scratch")]
        assert root == tmp_path / "inner"
        assert [place for place in roots if not place.is_relative_to(root)] == []
        assert list(root.iterdir()) == []


def _default(name: str) -> Any:
    default = SETTINGS[name].default
    return default if not callable(default) else default(furu.FuruConfig())


def test_the_environment_is_put_back(outside: dict[str, Any], tmp_path: Path) -> None:
    """FURU_ variables that were set, changed or removed inside are as before; others are left alone."""
    before = dict(os.environ)
    with furu_test_env(tmp_path / "inner"):
        assert "FURU_SOMETHING" not in os.environ
        assert os.environ["FURU_PATH"] == str(tmp_path / "inner")
        os.environ["FURU_NEW"] = "1"
        del os.environ["FURU_RECORD_GIT"]
        os.environ["FURU_LEASE_SECS"] = "7"

    assert dict(os.environ) == before


def test_a_process_that_reads_the_environment_has_the_same_settings(furu_tmp_root: Path) -> None:
    """What the environment says inside is what the settings say."""
    fresh = furu.FuruConfig()

    assert {name: getattr(fresh, name) for name in SETTINGS} == values()


def test_blocks_nest(furu_tmp_root: Path, tmp_path: Path) -> None:
    """An inner block has its own store, its own overrides and its own count; the outer one goes on as it was."""
    two = Square(number=2)
    with override_results({Square(number=3): 0}):
        two.get()
        with furu_test_env(tmp_path / "inner"):
            assert not two.exists()
            assert Square(number=3).get() == 9
            assert computed(Square) == 1
        assert two.exists()
        assert Square(number=3).get() == 0
        assert computed(Square) == 1


def test_a_relative_path_is_taken_from_where_one_is(
    furu_tmp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path may be relative or text, and need not exist."""
    monkeypatch.chdir(tmp_path)
    with furu_test_env("some/where") as root:
        monkeypatch.chdir("/")
        Square(number=2).get()

    assert root == tmp_path / "some" / "where"
    assert (root / "data").is_dir()


def test_scratch_of_two_tests_does_not_meet(furu_tmp_root: Path, tmp_path: Path) -> None:
    """What a scratch block leaves is below the root of its test."""
    for name in ("one", "two"):
        with furu_test_env(tmp_path / name) as root, furu.scratch():
            assert not Square(number=2).exists()
            Square(number=2).get()
            assert Square(number=2).furu_dir.is_relative_to(root)


def test_a_scratch_block_outside_ends_at_the_border(furu_tmp_root: Path, tmp_path: Path) -> None:
    """A test that is started inside a scratch block has its own roots all the same; the block goes on afterwards."""
    with furu.scratch(tmp_path / "scratch"):
        with furu_test_env(tmp_path / "inner") as root:
            assert values()["scratch"] is False
            assert Square(number=2).furu_dir.is_relative_to(root / "data")
        assert values()["scratch"] is True
        assert Square(number=2).furu_dir.is_relative_to(tmp_path / "scratch")
