"""The benchmarks run; what they measure is nobody's business here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
PROGRAMS = (
    "import_time",
    "hashing",
    "hit_and_create",
    "migrate",
    "syscalls",
    "run_local",
    "catalog",
    "pool_ticks",
    "dashboard",
)


@pytest.mark.parametrize("program", PROGRAMS)
def test_benchmark_prints_a_table(program: str) -> None:
    """Each program in benchmarks/ prints a Markdown table with a row for furu, in its smallest size."""
    if program == "syscalls" and shutil.which("strace") is None and "FURU_CI" not in os.environ:
        pytest.skip("needs strace")

    run = subprocess.run(
        [sys.executable, BENCHMARKS / f"{program}.py", "--smoke"], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    assert [line for line in run.stdout.splitlines() if line.startswith("|") and "furu" in line]


def test_every_benchmark_is_tried() -> None:
    """No program in benchmarks/ is forgotten above."""
    programs = {path.stem for path in BENCHMARKS.glob("*.py") if 'if __name__ == "__main__":' in path.read_text()}

    assert programs == set(PROGRAMS)
