"""``DagRun``: one call of ``submit_slurm_dag``, as anybody finds it in ``<FURU_PATH>/runs/<run_id>``.

dag.json      which run it is: when it began, by whom, where its scripts and logs are
jobs.jsonl    a line for each artifact that it has submitted a job for

How it stands is not written here: the artifacts record that, and Slurm knows of the jobs.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from furu._sys import files, process
from furu._sys.clock import SYSTEM_CLOCK, iso_utc
from furu.errors import FuruRecordError
from furu.runtime import schedulers
from furu.runtime.schedulers import News
from furu.storage import lease
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef
from furu_exec_slurm.job import SLURM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from furu_exec_slurm.reports import JobStatus

#: Attempts that are not over; one that was interrupted is queued again, for the same job.
OPEN = ("queued", "running")


@dataclass(frozen=True, slots=True)
class DagRecord:
    """What ``dag.json`` says.  ``folder`` is submitit's, ``started_at`` is ISO 8601 in UTC."""

    run_id: str
    started_at: str
    submitter: str
    folder: str


@dataclass(frozen=True, slots=True)
class DagJob:
    """An artifact, by ``furu_hash``, its directory, and the job that was submitted for it."""

    key: str
    label: str
    job_id: str
    directory: str

    @property
    def artifact(self) -> Artifact:
        """The artifact where it was when the job was submitted."""
        return Artifact(ArtifactRef("data", "", self.key), self.directory)


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One artifact: its job, the state of its attempt (``another job`` where that is not of this run), and Slurm's words."""

    key: str
    label: str
    job_id: str
    state: str
    slurm: str
    directory: str


@dataclass(frozen=True, slots=True)
class DagOverview:
    """One run.  ``state`` is ``running``, ``done``, or ``incomplete`` when nothing runs any more; ``counts`` is by state."""

    run_id: str
    path: str
    state: str
    started_at: str
    submitter: str
    folder: str
    counts: dict[str, int]
    nodes: tuple[NodeLine, ...]


class DagRun:
    """One directory ``<FURU_PATH>/runs/<run_id>`` that ``submit_slurm_dag`` has written."""

    def __init__(self, path: str | Path) -> None:
        self.path = os.fspath(path)

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return os.path.basename(self.path)

    def note(self, jobs: Iterable[DagJob], *, folder: Path) -> None:
        """Note jobs that were submitted; the first time, make the directory."""
        head = f"{self.path}/dag.json"
        if not os.path.exists(head):
            os.makedirs(self.path, exist_ok=True)
            me = process.me()
            submitter = f"{me.user}@{me.host}, process {me.pid}"
            record = DagRecord(self.run_id, iso_utc(SYSTEM_CLOCK.now()), submitter, str(folder))
            files.write_atomic(head, json.dumps(asdict(record)).encode())
        lines = [json.dumps(asdict(job)) + "\n" for job in jobs]
        files.append_line(f"{self.path}/jobs.jsonl", "".join(lines).encode())

    def record(self) -> DagRecord:
        """Return what ``dag.json`` says; raises ``ValueError`` naming the file when it cannot be read."""
        path = f"{self.path}/dag.json"
        try:
            said = json.loads(Path(path).read_bytes())
            return DagRecord(**{name: said[name] for name in DagRecord.__slots__})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} cannot be read: {error}") from None

    def jobs(self) -> list[DagJob]:
        """Return the artifacts that the run has submitted jobs for."""
        return list(self._noted())

    def open_jobs(self) -> Iterator[DagJob]:
        """Yield those that are not over, as far as their artifacts record it: a job that was killed could not say so."""
        for job in self._noted():
            recorded = job.artifact.recorded_state()
            last = recorded.attempt if recorded else None
            if last is not None and last.status in OPEN and last.scheduler.get("job_id") == job.job_id:
                yield job

    def _noted(self) -> Iterator[DagJob]:
        for line in (files.read_or_none(f"{self.path}/jobs.jsonl") or b"").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                said = json.loads(line)
                yield DagJob(**{name: said[name] for name in DagJob.__slots__})


def overview(run: DagRun, statuses: Mapping[str, JobStatus]) -> DagOverview:
    """Return how a run stands; ``statuses`` is what Slurm says of its jobs, which is not asked again.

    Raises ``ValueError`` naming the file when ``dag.json`` cannot be read.
    """
    record = run.record()
    news = {job_id: News(status.gone, status.words) for job_id, status in statuses.items()}
    with schedulers.answering(SLURM, lambda _: news):
        nodes = tuple(_line(job, statuses.get(job.job_id)) for job in run.jobs())
    counts: dict[str, int] = {}
    for node in nodes:
        counts[node.state] = counts.get(node.state, 0) + 1
    if not counts.keys().isdisjoint(OPEN):
        state = "running"
    else:
        state = "done" if counts.keys() <= {"success"} else "incomplete"
    return DagOverview(run.run_id, run.path, state, record.started_at, record.submitter, record.folder, counts, nodes)


def runs(root: Path) -> list[DagRun]:
    """Return the runs there are."""
    try:
        names = os.listdir(root)
    except OSError:
        return []
    return [DagRun(root / name) for name in names if (root / name / "dag.json").exists()]


def _line(job: DagJob, status: JobStatus | None) -> NodeLine:
    words = status.words if status is not None else ""
    return NodeLine(job.key, job.label, job.job_id, _state(job), words, job.directory)


def _state(job: DagJob) -> str:
    try:
        seen = job.artifact.observed_state()
    except FuruRecordError:
        return "unreadable"
    if seen.attempt is None:
        return seen.result
    mine = seen.attempt.scheduler.get("job_id") == job.job_id
    if seen.result == "success":
        return (_rerun(job) if mine else None) or "success"
    if not mine:
        return "another job"
    return seen.attempt.status


def _rerun(job: DagJob) -> str | None:
    """Return where the attempt is that creates a published artifact anew, None when nobody does."""
    claim, recorded = lease.look(job.artifact.meta_dir), job.artifact.recorded_state()
    if claim is None or not claim.live or recorded is None or recorded.attempt is None:
        return None
    return recorded.attempt.status
