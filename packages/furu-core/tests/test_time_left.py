"""``furu.time_left``: what a job is told about its end."""

from __future__ import annotations

import math
import os
import stat
from typing import TYPE_CHECKING

import pytest

import furu
from furu.runtime import deadline
from furu_testing.fakes import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

NOW = 1_700_000_000.0


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that no scheduler started, and that has asked nobody yet."""
    for name in ("SLURM_JOB_ID", "SLURM_JOB_END_TIME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(deadline, "_ends", {})
    monkeypatch.setattr(deadline, "_asked_in_vain", {})


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``squeue`` that notes how it is called and prints what is in the file that is returned."""
    answer, program = tmp_path / "answer", tmp_path / "squeue"
    program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/calls\nexec cat {answer}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return answer


def calls(squeue: Path) -> list[str]:
    """Return how ``squeue`` was called."""
    noted = squeue.with_name("calls")
    return noted.read_text().splitlines() if noted.exists() else []


def test_nothing_ends_a_process_that_is_no_job(squeue: Path) -> None:
    """Outside of Slurm there is no limit to know, and nobody is asked."""
    assert furu.time_left() is None
    assert calls(squeue) == []


def test_slurm_says_it_in_the_environment(squeue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Slurm hands a job its end, that is what counts down, below zero as well."""
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.setenv("SLURM_JOB_END_TIME", str(int(NOW) + 60))
    clock = ManualClock(NOW)

    assert furu.time_left(clock) == 60
    clock.advance(70)
    assert furu.time_left(clock) == -10
    assert calls(squeue) == []


@pytest.mark.parametrize(
    ("told", "sec"),
    [
        ("59:30", 3570),
        ("0:07", 7),
        ("1:00:00", 3600),
        ("2-03:04:05", 2 * 86400 + 3 * 3600 + 4 * 60 + 5),
        ("UNLIMITED", math.inf),
    ],
)
def test_squeue_is_asked_once(squeue: Path, monkeypatch: pytest.MonkeyPatch, told: str, sec: float) -> None:
    """Where the environment does not say it, one question is enough for the life of the process."""
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    squeue.write_text(f"{told}\n")
    clock = ManualClock(NOW)

    assert furu.time_left(clock) == sec
    clock.advance(5)
    assert furu.time_left(clock) == sec - 5
    assert calls(squeue) == ["--noheader --jobs 17 --format=%L"]


@pytest.mark.parametrize("told", ["", "INVALID", "NOT_SET", "slurm_load_jobs error: Invalid job id specified"])
def test_no_answer_is_no_answer(squeue: Path, monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """A scheduler that does not know is asked again after a minute, so that a loop may ask in every round."""
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    squeue.write_text(told)
    clock = ManualClock(NOW)

    assert [furu.time_left(clock) for _ in range(3)] == [None] * 3
    assert len(calls(squeue)) == 1
    squeue.write_text("10:00")
    clock.advance(61)
    assert furu.time_left(clock) == 600
