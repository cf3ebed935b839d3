"""The time machine: the recorded commit and patch in a worktree of their own, and the command that computes there."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from furu import config
from furu.cli.app import app
from furu.errors import FuruError
from furu.migration import repro
from furu_testing.children import Child

if TYPE_CHECKING:
    from pathlib import Path

MODULE = """
import furu
from project.values import FACTOR


class Base(furu.Furu[int]):
    n: int = 1

    def _create(self) -> int:
        return self.n


class Train(furu.Furu[dict]):
    base: Base = furu.field(default_factory=Base)

    def _create(self) -> dict:
        return {"value": self.base.get() * FACTOR}
"""


def git(directory: Path, *arguments: str) -> str:
    """Run git; return what it prints."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def project(furu_tmp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a repository whose code has a factor of 2, committed, and of 3, not committed when the result was computed."""
    home = tmp_path / "clone"
    (home / "src" / "project").mkdir(parents=True)
    (home / "pyproject.toml").touch()
    (home / "src/project/__init__.py").touch()
    (home / "src/project/pipeline.py").write_text(MODULE)
    (home / "src/project/values.py").write_text("FACTOR = 2\n")
    git(home, "init", "-q", "-b", "main")
    git(home, "add", ".")
    git(home, "commit", "-q", "-m", "Begin")
    (home / "src/project/values.py").write_text("FACTOR = 3\n")
    (home / "src/project/new.py").write_text("UNTRACKED = True\n")
    monkeypatch.chdir(home)
    for name, value in {"FURU_RECORD_GIT": "cached", "FURU_ALLOW_NO_GIT_ORIGIN": "1"}.items():
        monkeypatch.setenv(name, value)
    config.current().restore(config.FuruConfig().snapshot())
    code = "from project.pipeline import Train; print(Train().get()['value'], Train().furu_hash)"
    with Child.python(code, report=tmp_path / "first", env={"PYTHONPATH": path(home)}, cwd=home) as child:
        assert child.end().ok()[-1].startswith("3 ")
    (home / "src/project/values.py").write_text("FACTOR = 1000\n")
    git(home, "commit", "-q", "-a", "-m", "Go on")
    return home


def path(home: Path) -> str:
    """Return a PYTHONPATH with the project and what the test can import."""
    return ":".join([str(home / "src"), *(place for place in sys.path if place)])


def key_of(root: Path, name: str) -> str:
    """Return the key of the only artifact of a class."""
    (found,) = [one for one in (root / "data/project/pipeline" / name).iterdir() if one.is_dir()]
    return found.name


def test_a_result_is_computed_once_more(project: Path, furu_tmp_root: Path, tmp_path: Path) -> None:
    """The worktree has the commit, and the changes that were not committed; what is computed there is what was then."""
    key = key_of(furu_tmp_root, "Train")
    before = sorted(furu_tmp_root.rglob("*"))

    done = CliRunner().invoke(app, ["repro", key[:8], "--run", "--into", str(tmp_path / "again")])

    assert done.exit_code == 0, done.output
    assert (tmp_path / "again/src/project/values.py").read_text() == "FACTOR = 3\n"
    assert (tmp_path / "again/src/project/new.py").exists()
    (result,) = (tmp_path / "again/.furu-repro/store/data/project/pipeline/Train").glob("*/.furu/result.json")
    assert json.loads(result.read_text()) == {"value": 3}
    assert result.parent.parent.name == key
    assert sorted(furu_tmp_root.rglob("*")) == before
    assert (project / "src/project/values.py").read_text() == "FACTOR = 1000\n"


def test_the_command_is_printed(project: Path, furu_tmp_root: Path, tmp_path: Path) -> None:
    """Without --run the worktree is made and a line for a shell printed, which does the same."""
    key = key_of(furu_tmp_root, "Train")

    done = CliRunner().invoke(app, ["repro", key, "--into", str(tmp_path / "again")])

    line = next(one for one in done.output.splitlines() if one.startswith("cd "))
    assert not (tmp_path / "again/.furu-repro/store").exists()
    ran = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, check=False, cwd=project)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split()[0] == key


def test_what_is_missing_is_told(project: Path, furu_tmp_root: Path, tmp_path: Path) -> None:
    """A commit that this clone lacks, a patch that was cut, and a directory that is in the way are named; nothing is made."""
    key = key_of(furu_tmp_root, "Train")
    record = furu_tmp_root / "data/project/pipeline/Train" / key / ".furu/metadata.json"
    found = json.loads(record.read_text())
    found |= {"git_commit": "0" * 40, "git_patch_truncated": True}
    record.write_text(json.dumps(found))
    (tmp_path / "again").mkdir()

    done = CliRunner().invoke(app, ["repro", key, "--into", str(tmp_path / "again")])

    assert done.exit_code == 1
    assert done.output.count("missing:") == 3
    for told in ("does not have commit 000000000000", "too large", "is there already"):
        assert told in done.output
    assert git(project, "worktree", "list").count("\n") == 0


def test_without_a_record_there_is_nothing_to_go_back_to(furu_tmp_root: Path, tmp_path: Path) -> None:
    """A result that was computed without git, and a key that nobody has, are errors that say so."""
    with pytest.raises(FuruError, match="keys of 0 artifacts"):
        repro.recipe("ffff")
    code = """
        import sys, types, furu
        module = sys.modules["plain"] = types.ModuleType("plain")
        exec("import furu\\nclass One(furu.Furu[int]):\\n    def _create(self): return 1", module.__dict__)
        print(module.One().get(), module.One().furu_hash)
    """
    with Child.python(code, report=tmp_path / "plain") as child:
        key = child.end().ok()[-1].split()[1]

    assert any("no commit was recorded" in line for line in repro.recipe(key).missing)
    assert (furu_tmp_root / "data/plain/One" / key).is_dir()


def test_a_module_outside_of_the_commit_is_told(project: Path, furu_tmp_root: Path, tmp_path: Path) -> None:
    """Where the class's module was not in the repository, it is said what is missing and where the worktree is."""
    key = key_of(furu_tmp_root, "Train")
    git(project, "mv", "src/project", "src/other")
    git(project, "commit", "-q", "-m", "Move")
    record = furu_tmp_root / "data/project/pipeline/Train" / key / ".furu/metadata.json"
    found = json.loads(record.read_text())
    record.write_text(json.dumps(found | {"git_commit": git(project, "rev-parse", "HEAD")}))
    (record.parent / "git.patch").unlink()

    with pytest.raises(FuruError, match=r"no module of project\.pipeline\.Train"):
        repro.check_out(repro.recipe(key, into=str(tmp_path / "again")))
