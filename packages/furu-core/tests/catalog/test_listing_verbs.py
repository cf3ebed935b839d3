"""The verbs that ask the catalog: what ``ls``, ``show``, ``tree``, ``du``, ``gc`` and ``invalidate`` print, change and refuse."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from rich.text import Text
from sought import Dataset, Optimizer, Train, Versioned
from typer.testing import CliRunner

from furu.catalog import labels
from furu.cli import cells
from furu.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path

FAILING = Train(optimizer=Optimizer(name="sgd", lr=-1.0))


@pytest.fixture(autouse=True)
def _terminal(furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a terminal of 80 columns, and a small store with a failure in it."""
    monkeypatch.setenv("COLUMNS", "80")
    Train().get()
    Train(seed=3).get()
    Versioned().get()
    with contextlib.suppress(ValueError):
        FAILING.get()


def said(*arguments: str, status: int = 0, typed: str | None = None) -> str:
    """Run the command; return what it printed, which fits a terminal."""
    done = CliRunner().invoke(app, arguments, input=typed)
    assert done.exit_code == status, done.output
    narrow = arguments[0] != "ls"  # whose lines are cut on a terminal only
    assert not narrow or all(len(line) <= 80 for line in done.stdout.splitlines() if "/" not in line), done.output
    return done.output


def parsed(*arguments: str) -> Any:
    """Run the command with --json; return what it printed."""
    return json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)


def key(task: Train | Dataset | Versioned) -> str:
    """Return the reference that lists print."""
    return f"{type(task).__name__}-{task.furu_hash[:8]}"


def test_ls_lists_what_a_query_is_about() -> None:
    """One line for each artifact, found by the words of the query side by side."""
    everything = said("ls")
    assert all(key(one) in everything for one in (Train(), Train(seed=3), Dataset(), Versioned(), FAILING))
    listed = said("ls", "class=Train", "config.optimizer.lr>0", "--sort", "config.seed").splitlines()
    assert listed[0].split() == ["artifact", "status", "age", "took", "size", "name"]
    assert [line.split()[0] for line in listed[1:3]] == [key(Train(seed=3)), key(Train())]
    assert "✓ success" in listed[1]
    assert "✗ failed" in said("ls", "result=failed")


def test_ls_has_the_columns_that_are_asked_for() -> None:
    """Fields, and those of configs; lists and nulls as they are, nothing where there is no such field."""
    columns = "config.seed,config.layers.1,config.layers,config.optimizer,config.no.such,versioned"
    lines = said("ls", "class=Train", "result=success", "--sort", "config.seed", "--columns", columns).splitlines()
    assert [line.split() for line in lines[1:3]] == [
        ["3", "4", "[3,", "4]", "Optimizer", "no"],
        ["null", "4", "[3,", "4]", "Optimizer", "no"],
    ]
    listed = said("ls", "class=Dataset", "--columns", "directory,needs,tag,started,duration,size,attempts")
    assert f"sought/Dataset/{Dataset().furu_hash}" in listed or "…" in listed
    assert "no column 'nme'" in said("ls", "--columns", "nme", status=2).replace("\n", " ")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_columns_fit_a_terminal(width: int) -> None:
    """The first column to be cut is the one that is named, then the widest; short ones stay whole."""
    header = ["artifact", "status", "name"]
    rows = [
        [Text("Train-12345678" * 2), Text("✓ success"), Text("a long name of many words " * 3)],
        [Text("a"), Text(""), Text("é")],
    ]

    fitted = cells.fitted(header, rows, width, first="name")

    for row in fitted:
        assert sum(cell.cell_len for cell in row) + 4 <= width
    assert fitted[0][1].plain == "✓ success"
    assert fitted[0][0].plain == "Train-12345678" * 2 or width < 60
    assert fitted[1][2].plain == "é"


def test_ls_says_what_it_left_out() -> None:
    """--limit cuts the list, and the rest is counted."""
    assert "2 of 5 artifacts" in said("ls", "-n", "2")
    assert len(parsed("ls", "-n", "2")) == 2
    assert len(parsed("ls", "-n", "0")) == 5


def test_json_has_everything() -> None:
    """Programs get each field, the config and the directory."""
    (found,) = parsed("ls", "result=failed")

    assert found["hash"] == FAILING.furu_hash
    assert found["error"] == "ValueError: lr is negative"
    assert found["config"]["optimizer"]["lr"] == -1.0
    assert found["needs"] == [{"path": "dataset", "namespace": "sought.Dataset", "hash": Dataset().furu_hash}]
    assert found["directory"] == str(FAILING.furu_dir)
    assert found["started"].endswith("+00:00")


def test_a_wrong_query_is_wrong_usage() -> None:
    """Exit status 2, and the place is marked."""
    printed = said("ls", "resul=success", status=2)
    assert "did you mean result?" in printed
    assert "^^^^^" in printed
    assert "cannot be sorted" in said("ls", "--sort", "nothing", status=2)


def test_show_has_all_there_is_to_know() -> None:
    """State, config, what it needs and what needs it, files, and the error."""
    printed = said("show", key(FAILING))
    for part in (
        "✗ failed",
        "sought.Train",
        "sgd -1.0",
        str(FAILING.furu_dir),
        "lr = -1.0",
        key(Dataset()),
        "seed = null",
    ):
        assert part in printed
    assert "ValueError: lr is negative" in printed
    printed = said("show", Dataset().furu_hash)
    assert "rows.bin" in printed
    assert key(Train()) in printed
    assert parsed("show", key(Dataset()))["needed_by"]


def test_tree_goes_both_ways() -> None:
    """What it needs, what needs it, and what is not there."""
    printed = said("tree", key(Train()))
    assert f"dataset = {key(Dataset())}  ✓ success" in printed
    assert "needed by" in printed
    up = said("tree", key(Dataset()), "--up")
    assert up.count("Train-") == 3
    assert "needs" not in up
    said("rm", key(Dataset()), "--yes")
    assert f"{key(Dataset())}  not in the store" in said("tree", key(Train()), "--down")
    found = parsed("tree", key(Train()))
    assert [(one["path"], one["status"]) for one in found["needs"]] == [("dataset", None)]


def test_du_adds_up() -> None:
    """By class, by other fields, by parts of the namespace; the sum is that of the parts."""
    assert "sought.Train" in said("du")
    found = parsed("du", "--by", "result")
    assert {one["result"]: one["artifacts"] for one in found["groups"]} == {"success": 4, "failed": 1}
    assert found["total"]["size"] == sum(one["size"] for one in found["groups"]) > 10_000
    rolled = parsed("du", "--depth", "1", "class=Train")
    assert [(one["namespace"], one["artifacts"]) for one in rolled["groups"]] == [("sought", 3)]
    assert "and 2 more" in said("du", "-n", "1")
    said("du", "--by", "started", status=2)


def test_gc_lists_and_changes_nothing() -> None:
    """Without --delete; what stays is said with the reason."""
    printed = said("gc", "--failed")
    assert "could go: 1 artifact" in printed
    assert FAILING.furu_dir.exists()
    assert "4 artifacts stay" not in printed
    assert "1 artifact stays: others depend on it" in said("gc", "class=Dataset")
    assert parsed("gc", "class=Dataset")["kept"][0]["reason"] == "others depend on it"


def test_gc_removes_when_told() -> None:
    """--delete asks; --yes does not.  Space before and after is told."""
    assert "nobody is there to be asked" in said("gc", "--failed", "--delete", status=1)
    printed = said("gc", "--failed", "--delete", "--yes")
    assert "removed 1 artifact; the store had" in printed
    assert not FAILING.furu_dir.exists()
    assert Train().exists()


def test_gc_keeps_what_is_pinned_or_needed_unless_told() -> None:
    """--pinned and --needed are such words."""
    labels.change(str(Train().furu_dir / ".furu"), lambda it: it.pin())
    assert "1 artifact stays: it is pinned" in said("gc", "class=Train", "result=success")
    said("gc", "class=Train", "result=success", "--delete", "--yes")
    assert Train().exists()
    assert not Train(seed=3).exists()
    said("gc", "class=Train or class=Dataset", "--pinned", "--needed", "--delete", "--yes")
    assert not Train().exists()
    assert not Dataset().exists()


def test_gc_wants_a_rule() -> None:
    """Without one, or with one that is wrong, nothing is even listed."""
    assert "say what may go" in said("gc", status=2).replace("\n", " ")
    said("gc", "--older-than", "sometime", status=2)
    said("gc", "--larger-than", "much", status=2)
    said("gc", "--orphaned", status=2)
    assert "could go: 0 artifacts" in said("gc", "--older-than", "1h")
    assert parsed("gc", "--larger-than", "1kB")["going"]


def test_orphans_are_what_the_code_no_longer_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that is gone, and a config that is not accepted; others are not judged."""
    monkeypatch.delattr("sought.Versioned")
    record = Train(seed=3).furu_dir / ".furu" / "metadata.json"
    record.write_text(record.read_text().replace('"seed": 3', '"sead": 3'))
    (Train(seed=3).furu_dir / ".furu" / "touched").touch()

    found = {one["hash"]: one["why"] for one in parsed("ls", "--orphaned", "--code", "sought")}

    assert found.pop(Train(seed=3).furu_hash).startswith("its config is no longer accepted")
    assert list(found.values()) == ["the class is gone"]
    assert "the class is gone" in said("ls", "--orphaned", "--code", "sought")
    assert parsed("ls", "--orphaned", "--code", "json") == []
    assert "cannot be imported" in said("ls", "--orphaned", "--code", "no_such_package", status=1)
    assert len(parsed("gc", "--orphaned", "--code", "sought")["going"]) == 2


def test_invalidate_reaches_what_depends_on_it() -> None:
    """Listed first; done when told; downstream when told."""
    assert "1 result" in said("invalidate", key(Dataset()))
    assert "3 results" in said("invalidate", key(Dataset()), "--downstream")
    assert Dataset().exists()
    assert "invalidated 3 results" in said("invalidate", key(Dataset()), "--downstream", "--yes")
    assert not Dataset().exists()
    assert not Train().exists()
    assert Versioned().exists()
    assert parsed("invalidate", key(Dataset())) == []


def test_another_store_is_named_by_root(tmp_path: Path) -> None:
    """An empty one holds nothing, which is no error."""
    for verb in ("ls", "du"):
        said(verb, "--root", str(tmp_path / "empty"))
    assert parsed("ls", "--root", str(tmp_path / "empty")) == []


@pytest.mark.parametrize("verb", ["ls", "show", "tree", "du", "gc", "invalidate"])
def test_help_has_an_example(verb: str) -> None:
    """--help says what the verb does and shows how."""
    assert f"Example:  furu {verb} " in " ".join(said(verb, "--help").split()).replace(
        "Example: furu", "Example:  furu"
    )


def test_a_pipe_gets_plain_lines_of_full_width() -> None:
    """No colours, nothing cut; a reader that goes away early is no error."""
    environment = {name: text for name, text in os.environ.items() if name != "COLUMNS"}
    furu = f"{sys.executable} -c 'from furu.cli.app import main; main()'"
    command = f"{furu} ls --columns artifact,namespace,host,directory,error"
    whole = subprocess.run(command, shell=True, capture_output=True, text=True, check=True, env=environment)
    assert "\x1b" not in whole.stdout
    assert "…" not in whole.stdout
    assert FAILING.furu_hash in whole.stdout
    cut = subprocess.run(
        f"{command} --json | head -c 10", shell=True, capture_output=True, text=True, check=True, env=environment
    )
    assert "Traceback" not in cut.stderr


@pytest.mark.parametrize(
    ("past", "told"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3599, "60 min"),
        (7200, "2 h"),
        (86_400, "24 h"),
        (172_800, "2 d"),
        (1_300_000, "2 w"),
        (1e9, "32 y"),
    ],
)
def test_ages_have_one_unit(past: float, told: str) -> None:
    """Short enough for a column."""
    assert cells.age(1e9, 1e9 + past) == told


def test_the_demo_runs_and_can_be_looked_at(tmp_path: Path) -> None:
    """It computes, loads what is there the second time, leaves a failure to look at, and touches no other store."""
    furu = [sys.executable, "-c", "from furu.cli.app import main; main()"]
    before = parsed("ls")

    done = subprocess.run([*furu, "demo", str(tmp_path / "demo")], capture_output=True, text=True, check=True)

    first, second = done.stdout.split("once more")
    assert "0.1" in first
    assert "diverged" in first
    reports = [line.partition("(")[2] for line in done.stderr.splitlines() if "get Report" in line]
    assert reports == ["missing->create)", "success->load)"]
    assert "furu ls --root" in second
    listed = parsed("ls", "--root", str(tmp_path / "demo" / "furu-data"))
    assert sorted(one["label"].split("-")[0] for one in listed) == ["Fit"] * 4 + ["Points", "Report"]
    assert [one["result"] for one in listed].count("failed") == 1
    assert parsed("ls") == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    assert "is not empty" in said("demo", str(tmp_path / "mine"), status=1)


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("furu l", ["ls", "logs"]),
        ("furu ls res", ["result="]),
        ("furu ls result=su", ["result=success"]),
        ("furu ls class=Train config.opt", ["config.optimizer=", "config.optimizer.lr=", "config.optimizer.name="]),
        ("furu show Dat", [f"Dataset-{Dataset().furu_hash[:8]}"]),
    ],
)
def test_the_shell_completes(typed: str, offered: list[str]) -> None:
    """Verbs, fields, fields of the configs, words of states, references."""
    said("ls")
    environment = {"_FURU_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(len(typed.split()) - 1)}
    code = "import sys; sys.argv[0] = 'furu'; from furu.cli.app import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=False
    )

    assert sorted(done.stdout.split()) == sorted(offered)
