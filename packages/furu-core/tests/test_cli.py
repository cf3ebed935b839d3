"""The ``furu`` command: what its verbs print, and what they say about a bad target."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from furu.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = """
import furu

class Data(furu.Furu[int]):
    n: int = 1

    def _create(self) -> int:
        return self.n

class Train(furu.Furu[int]):
    data: Data = furu.field(default_factory=Data)
    lr: float = 0.1

    def _create(self) -> int:
        if self.lr < 0:
            raise ValueError("lr")
        return self.data.get()

class Runs(furu.FuruList[Train]):
    base = Train()
    other = Train(lr=0.2)

EMPTY = []
NUMBER = 3
"""

runner = CliRunner()


@pytest.fixture(autouse=True)
def _project(furu_tmp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a directory with a module ``cli_pipeline``, in a terminal of 80 columns."""
    (tmp_path / "cli_pipeline.py").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delitem(sys.modules, "cli_pipeline", raising=False)


def said(*arguments: str, status: int = 0) -> str:
    """Run the command; return what it printed, without the breaks of long lines."""
    done = runner.invoke(app, arguments)
    assert done.exit_code == status, done.output
    return done.output


@pytest.mark.parametrize(
    ("target", "keys"),
    [
        ("cli_pipeline:Runs", 3),
        ("cli_pipeline:Train(lr=0.5)", 2),
        ("cli_pipeline:[Data(n=i) for i in range(4)]", 4),
        ("cli_pipeline:{'a': Data()}", 1),
    ],
)
def test_a_target_is_a_list_or_one_object(target: str, keys: int) -> None:
    """The expression may name a FuruList, a list, a dictionary or one object."""
    assert len(json.loads(said("plan", target, "--json"))) == keys


def test_a_plan_says_what_and_why() -> None:
    """Each artifact is shown below what needs it, once, with the reason; nothing is computed."""
    printed = said("plan", "cli_pipeline:Runs")
    assert printed.count("create (not computed yet)") == 3
    assert "data Data" in printed
    assert "(see above)" in printed
    assert printed == said("plan", "cli_pipeline:Runs")

    cli_pipeline = importlib.import_module("cli_pipeline")

    cli_pipeline.Data().get()
    with pytest.raises(ValueError, match="lr"):
        cli_pipeline.Train(lr=-1).get()
    printed = said("plan", "cli_pipeline:[Train(), Train(lr=-1)]")
    assert "load (published)" in printed
    assert "create (failed before)" in printed


def test_a_plan_estimates_from_what_was_created() -> None:
    """The time of a class is the median of its earlier artifacts, times what is to be created."""
    cli_pipeline = importlib.import_module("cli_pipeline")

    assert " s" not in said("plan", "cli_pipeline:Data(n=9)").splitlines()[-1]
    cli_pipeline.Data(n=1).get()
    assert said("plan", "cli_pipeline:Data(n=9)").splitlines()[-1].split()[-1] == "s"


def test_json_lists_every_artifact() -> None:
    """--json has class, hash, verdict, reason, config, directory and needs of each."""
    (train, data) = json.loads(said("plan", "cli_pipeline:Train()", "--json"))
    assert train["class"] == "cli_pipeline.Train"
    assert train["needs"] == [data["furu_hash"]]
    assert (train["does"], train["why"]) == ("create", "not computed yet")
    assert train["config"].startswith("Train(")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("cli_pipeline", "not module:expression"),
        ("no_such_module:X", "no module 'no_such_module'"),
        ("cli_pipeline:Nope", "NameError"),
        ("cli_pipeline:NUMBER", "FuruList"),
        ("cli_pipeline:EMPTY", "empty"),
    ],
)
def test_a_bad_target_is_told(target: str, told: str) -> None:
    """The error says what is wrong and exits with status 2."""
    assert told in " ".join(said("plan", target, status=2).replace("│", " ").split())


def test_the_version_is_told() -> None:
    """--version names the package."""
    assert said("--version").startswith("furu-core ")
