"""Scripts without an ``if __name__ == "__main__"`` guard, and classes that the main program defines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import scripts

pytestmark = pytest.mark.usefixtures("furu_tmp_root")


def run(*arguments: str, cwd: Path, **env: str) -> list[str]:
    """Run a Python program to its end, which must be a good one; return its lines."""
    path = os.pathsep.join([str(cwd), str(Path(__file__).parent)])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "FURU_LOG_LEVEL": "ERROR", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_no_guard_is_needed(tmp_path: Path) -> None:
    """The script runs once; no worker runs it again."""
    (tmp_path / "script.py").write_text(scripts.UNGUARDED)
    assert run("script.py", cwd=tmp_path) == ["top level runs", "[0, 1, 2]"]


def test_a_module_of_a_package_run_as_a_program(tmp_path: Path) -> None:
    """Its classes are found under their importable names, in both directions, and nothing runs a second time in here."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("")
    (tmp_path / "pack" / "program.py").write_text(scripts.IN_PACKAGE)
    lines = run("-W", "ignore", "-m", "pack.program", cwd=tmp_path)
    assert [line for line in lines if line.startswith("result")] == ["result 5 2 Part"]
    assert lines.count("top level __main__") == 1
    assert set(lines) <= {"top level __main__", "top level pack.program", "result 5 2 Part"}


def test_classes_without_a_lasting_name(tmp_path: Path) -> None:
    """With FURU_ALLOW_MAIN=1 a class of the script travels with what it uses; parent and workers agree on its key."""
    (tmp_path / "script.py").write_text(scripts.OF_MAIN)
    assert run("script.py", cwd=tmp_path, FURU_ALLOW_MAIN="1") == ["result 41"]
