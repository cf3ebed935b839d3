"""The cluster of ``make slurm-up`` as a test holds it."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING

import submitit.core.core
from submitit.slurm.slurm import SlurmJob

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

UNFINISHED = ("PENDING", "RUNNING", "COMPLETING", "SUSPENDED", "CONFIGURING")


@dataclass(frozen=True, slots=True)
class Slurm:
    """The cluster as one test sees it: the jobs of this test, and a submitit folder for them."""

    folder: Path
    key: str

    def jobs(self, *states: str) -> dict[str, str]:
        """Return the state of each job of this test that the controller remembers, arrays by element."""
        shown = (row.split() for row in self.shown("%i %T"))
        return {job_id: state for job_id, state in shown if not states or state in states}

    def shown(self, columns: str) -> list[str]:
        """Return what ``squeue --format`` shows for this test's jobs, ended ones included."""
        rows = command("squeue", "--noheader", "--array", "--states=all", f"--format=%w {columns}").splitlines()
        return [row.partition(" ")[2] for row in rows if row.startswith(f"{self.key} ")]

    def accounted(self, job_id: str, field: str = "State") -> list[str]:
        """Return one field of every run of a job, requeued ones included, as ``sacct`` knows it."""
        return command("sacct", "-D", "-X", "-n", "-P", "-j", job_id, "-o", field).splitlines()

    def cancel(self, *job_ids: str) -> None:
        """Cancel the given jobs, or all jobs of this test."""
        command("scancel", *(job_ids or [f"--wckey={self.key}"]))

    def warn(self, job_id: str) -> None:
        """Send a job the signal by which it is told of a preemption or of its time limit."""
        command("scancel", "--signal=USR2", job_id)

    def end(self) -> None:
        """Cancel every job of this test, kill what they run, and wait until nothing runs."""
        command("scancel", f"--wckey={self.key}", "--state=PENDING")
        deadline = time.monotonic() + 60
        while left := self.jobs(*UNFINISHED):
            assert time.monotonic() < deadline, f"jobs that do not end: {left}"
            # Cancelled first, so that the death of its processes does not count as an end that is worth a requeue.
            self.cancel()
            command("scancel", "--full", "--signal=KILL", *sorted({job_id.partition("_")[0] for job_id in left}))
            time.sleep(0.05)


def command(*argv: str) -> str:
    """Return what a command of Slurm prints; what it exits with does not matter."""
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def quicken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten submitit's waits, which are constants of its modules."""

    hasty = SimpleNamespace(time=time.time, sleep=lambda sec: time.sleep(min(sec, 0.05)))
    monkeypatch.setattr(submitit.core.core, "_time", hasty)
    monkeypatch.setattr(SlurmJob.watcher, "_delay_s", 0.25)
    monkeypatch.setattr(SlurmJob, "_results_timeout_s", 0.5)
    SlurmJob.watcher.clear()
