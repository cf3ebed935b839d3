"""The verbs that label and remove artifacts: what they print, change, refuse, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from holdings import Number, Pair, User
from typer.testing import CliRunner

from furu.catalog import labels
from furu.cli.app import app

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _terminal(furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a terminal of 80 columns, and three artifacts."""
    monkeypatch.setenv("COLUMNS", "80")
    User(pair=Pair()).get()
    Number().get()


def said(*arguments: str, status: int = 0, typed: str | None = None) -> str:
    """Run the command; return what it printed."""
    done = CliRunner().invoke(app, arguments, input=typed)
    assert done.exit_code == status, done.output
    assert all(len(line) <= 80 for line in done.stdout.splitlines() if "/" not in line), done.output
    return done.output


def key(task: Number | Pair) -> str:
    """Return the reference that logs print."""
    return f"{type(task).__name__}-{task.furu_hash[:8]}"


def test_tags_come_and_go() -> None:
    """Tags are printed one a line, or as JSON; what is no tag is refused with status 1."""
    assert said("tag", key(Number())) == ""
    assert said("tag", key(Number()), "b", "a").split() == ["a", "b"]
    assert json.loads(said("tag", key(Number()), "--json")) == ["a", "b"]
    assert said("untag", key(Number()), "a").split() == ["b"]
    assert "cannot be a tag" in said("tag", key(Number()), "a,b", status=1)
    assert "there is no artifact" in said("tag", "ffffffff", "a", status=1)


def test_a_name_is_the_users_or_the_class_s() -> None:
    """A name that was given hides the one of ``_name``; without it that one is printed."""
    named = Number(n=500)
    named.get()
    assert said("name", named.furu_hash).strip() == "number 500"
    assert said("name", named.furu_hash, "the best").strip() == "the best"
    assert json.loads(said("name", named.furu_hash, "--json")) == "the best"
    assert said("name", named.furu_hash, "--clear").strip() == "number 500"
    assert said("name", key(Number())) == ""
    assert said("name", key(Number()), "x", "--clear", status=2)


def test_a_note_may_come_from_a_pipe() -> None:
    """A note may have several lines; - reads them from stdin."""
    assert said("note", key(Number()), "-", typed="one\ntwo\n") == "one\ntwo\n"
    assert json.loads(said("note", key(Number()), "--json")) == "one\ntwo"
    assert said("note", key(Number()), "--clear") == ""


def test_pins_keep_from_rm() -> None:
    """What is pinned stays, and rm says so and fails; with --pinned it goes."""
    said("pin", key(Number()), key(Pair()))
    assert labels.read(str(Pair().furu_dir / ".furu")).pinned
    assert "stays: it is pinned" in said("rm", key(Number()), "--yes", status=1)
    assert Number().exists()
    said("unpin", key(Pair()))
    said("rm", key(Pair()), "--yes")
    said("rm", key(Number()), "--yes", "--pinned")
    assert not Number().exists()
    assert not Pair().exists()


def test_rm_asks_and_lists_what_needs_it() -> None:
    """Without an answer nothing is removed; the list has size, time and dependents, in 80 columns."""
    assert "nothing was changed" in said("rm", key(Pair()), status=1)
    printed = said("rm", key(Pair()), "--dry-run")
    assert "is needed by" in printed
    assert "as pair" in printed
    assert "to be removed: 1 artifact" in printed
    assert Pair().exists()

    printed = said("rm", key(Pair()), "--yes")

    assert "removed: 1 artifact" in printed
    assert not Pair().exists()
    assert User(pair=Pair()).exists()


def test_rm_json_is_for_programs() -> None:
    """--json with --dry-run lists what would go, and why what stays does."""
    said("pin", key(Number()))
    found = {one["furu_hash"]: one for one in json.loads(said("rm", key(Pair()), key(Number()), "--json", "-n"))}
    assert found[Number().furu_hash]["kept"] == "it is pinned"
    pair = found[Pair().furu_hash]
    assert pair["needed_by"] == [f"holdings.User/{User(pair=Pair()).furu_hash}"]
    assert pair["result"] == "success"
    assert pair["files"] > 5


def test_another_root_may_be_meant(tmp_path: Path) -> None:
    """--root works on another store, and not on this one."""
    Number().furu_dir.parents[2].rename(tmp_path / "data")
    assert "there is no artifact" in said("tag", key(Number()), "a", status=1)
    assert said("tag", key(Number()), "a", "--root", str(tmp_path)).split() == ["a"]


def test_a_bundle_goes_from_store_to_store(tmp_path: Path) -> None:
    """export writes, import shows and asks, and brings in; a second import finds everything there."""
    user = f"User-{User(pair=Pair()).furu_hash[:8]}"
    assert "2 artifacts, 2 with all files" in said("export", user, "--outputs", "--to", str(tmp_path / "b.zip"))
    there = ["--root", str(tmp_path / "other")]
    assert "2 import" in said("import", str(tmp_path / "b.zip"), "--dry-run", *there)
    assert "nothing was changed" in said("import", str(tmp_path / "b.zip"), *there, status=1)
    assert not (tmp_path / "other").exists()
    assert "imported: 2 artifacts" in said("import", str(tmp_path / "b.zip"), "--yes", *there)
    assert "2 there" in said("import", str(tmp_path / "b.zip"), "--yes", *there)
    (one, two) = json.loads(said("import", str(tmp_path / "b.zip"), "--json", "-n", *there))
    assert {one["action"], two["action"]} == {"there"}
    assert "is no bundle" in said("import", str(tmp_path / "nothing.zip"), status=1)
    assert "is there already" in said("export", user, "--to", str(tmp_path / "b.zip"), status=1)


def test_a_bundle_of_records_says_so(tmp_path: Path) -> None:
    """Without --outputs and --no-dependencies one artifact goes, without its result."""
    printed = said(
        "export", f"User-{User(pair=Pair()).furu_hash[:8]}", "--no-dependencies", "--to", str(tmp_path / "b")
    )
    assert "1 artifact, 0 with all files (1 file left out)" in printed
    printed = said("import", str(tmp_path / "b"), "--yes", "--root", str(tmp_path / "other"))
    assert "--records imports" in printed


def test_a_snapshot_has_every_artifact(tmp_path: Path) -> None:
    """snapshot needs no reference, and --json lists what is in it."""
    found = json.loads(said("snapshot", str(tmp_path / "s.zip"), "--json"))
    assert len(found["artifacts"]) == 3
    assert found["path"] == str(tmp_path / "s.zip")


@pytest.mark.parametrize("verb", ["tag", "untag", "name", "note", "pin", "unpin", "rm", "export", "import", "snapshot"])
def test_help_has_an_example(verb: str) -> None:
    """Every verb shows how it is called, and usage errors have status 2."""
    assert f"Example:  furu {verb} " in said(verb, "--help")
    said(verb, status=2)


def test_a_reader_that_goes_away_is_no_trouble() -> None:
    """A pipe that is closed early makes no traceback."""
    many = [Number(n=n) for n in range(20)]
    for one in many:
        one.get()
    code = "from furu.cli.app import main; main()"
    done = subprocess.Popen(
        [sys.executable, "-c", code, "rm", "--dry-run", "--json", *(one.furu_hash for one in many)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
    )
    assert done.stdout is not None
    assert done.stderr is not None
    done.stdout.close()
    told = done.stderr.read()
    done.wait()
    done.stderr.close()
    assert b"Traceback" not in told
    assert b"BrokenPipe" not in told


@pytest.mark.parametrize(
    ("words", "found"), [("furu rm Use", "User-"), ("furu logs Num", "Number-"), ("furu do", "doctor")]
)
def test_the_shell_completes_verbs_and_references(words: str, found: str) -> None:
    """What a shell asks for is answered from the store."""
    code = "import sys; sys.argv[0] = 'furu'; from furu.cli.app import main; main()"
    asked = {"_FURU_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith(found), done.stderr
