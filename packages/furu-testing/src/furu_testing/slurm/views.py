"""What a test sees of a fake cluster: jobs and calls, as they were when it looked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from furu_testing.slurm.dependencies import spell
from furu_testing.slurm.words import ENDED, is_completing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from furu_testing.slurm.model import Job, State


@dataclass(frozen=True)
class JobView:
    """A job, or one element of an array.

    ``over`` tells whether the job has ended with all of its processes; until then `squeue` says COMPLETING for a
    ``state`` that is an end.  ``attempts`` has a word for each run of the job, and ``options`` are those of `sbatch` by
    their long names.
    """

    id: str
    raw_id: int
    array_id: str | None
    task: int | None
    name: str
    partition: str
    state: str
    reason: str
    exit_code: int
    signal: int
    over: bool
    attempts: tuple[str, ...]
    restarts: int
    nodes: tuple[str, ...]
    dependency: str
    options: Mapping[str, str]
    arguments: tuple[str, ...]
    script_path: Path
    directory: Path
    submitted: float
    started: float | None
    ended: float | None

    @property
    def script(self) -> str:
        """The batch script as it was submitted."""
        return self.script_path.read_text(errors="surrogateescape")


@dataclass(frozen=True)
class Call:
    """One run of a command; ``exit_code`` is None while it runs, and for ever if it was killed."""

    command: str
    argv: tuple[str, ...]
    directory: Path
    pid: int
    exit_code: int | None


def view(state: State, job: Job) -> JobView:
    """Return what a test sees of a job."""
    submission = state["submissions"][job["submission"]]
    options = {name: value for name, value in submission["options"].items() if name != "counts-tasks"}
    return JobView(
        id=job["key"],
        raw_id=job["raw"],
        array_id=None if job["task"] is None else str(job["submission"]),
        task=job["task"],
        name=options["job-name"],
        partition=options["partition"],
        state=job["state"],
        reason=job["reason"],
        exit_code=job["code"],
        signal=job["signal"],
        over=job["state"] in ENDED and not is_completing(job),
        attempts=tuple(attempt["state"] for attempt in job["attempts"]),
        restarts=job["restarts"],
        nodes=tuple(job["attempts"][-1]["nodes"]) if job["attempts"] else (),
        dependency="" if (left := spell(state, job)) == "(null)" else left,
        options=options,
        arguments=tuple(submission["arguments"]),
        script_path=Path(submission["script"]),
        directory=Path(submission["directory"]),
        submitted=job["submitted"],
        started=job["started"],
        ended=job["ended"],
    )
