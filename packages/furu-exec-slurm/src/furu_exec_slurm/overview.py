"""``Overview``: how a pool run stands, as its directory shows it to anybody who looks."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from furu._sys import process
from furu_exec_slurm.queue import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from furu_exec_slurm.queue import Seat
    from furu_exec_slurm.reports import JobStatus
    from furu_exec_slurm.run_directory import RunDirectory, RunRecord

Doing = Literal["busy", "idle", "pending", "left", "silent"]

#: A controller or worker without a sign of life for this long is silent (seconds).
SILENT_SEC = 30.0


@dataclass(frozen=True, slots=True)
class WorkerLine:
    """One worker: its job, what it does, on which tasks since when (seconds), and the directory of its output."""

    spec_key: str
    worker_id: str
    job_id: str
    doing: Doing
    host: str
    slurm: str
    tasks: tuple[str, ...]
    since_sec: float | None
    logs: str


@dataclass(frozen=True, slots=True)
class Overview:
    """One run.  ``state`` is ``running``, ``abandoned``, or how it ended; ``backlog`` is by group of specs."""

    run_id: str
    path: str
    state: str
    started_at: str
    roots: int
    controller: str
    todo: int
    running: int
    done: int
    failed: int
    backlog: dict[str, int]
    limits: dict[str, int]
    total: int
    workers: tuple[WorkerLine, ...]


def overview(run: RunDirectory, statuses: Mapping[str, JobStatus] | None = None) -> Overview:
    """Return how a run stands; ``statuses`` is what Slurm says of its jobs, where it was asked.

    Lists everything that has ended, so not for every turn of a loop.  ``backlog`` is what lies in the queue: a controller
    keeps more in memory.

    Raises ``ValueError`` naming the file when ``run.json`` cannot be read.
    """
    record = run.record()
    workers = tuple(_worker_lines(run, statuses or {}))
    backlog = {group: len(run.queue.waiting(group)) for group in run.queue.groups()}
    failed = len(run.queue.read("failed")) + len(run.queue.unread("failed"))
    return Overview(
        run_id=run.run_id,
        path=run.path,
        state=_state(run),
        started_at=record.started_at,
        roots=record.roots,
        controller=_controller(record),
        todo=sum(backlog.values()),
        running=sum(len(worker.tasks) for worker in workers),
        done=len(run.queue.read("done")) + len(run.queue.unread("done")),
        failed=failed,
        backlog=backlog,
        limits=record.limits,
        total=record.total,
        workers=workers,
    )


def _state(run: RunDirectory) -> str:
    return run.outcome() or ("abandoned" if run.abandoned(SILENT_SEC) else "running")


def _controller(record: RunRecord) -> str:
    owner = process.Owner.from_json(record.controller)
    return "" if owner is None else f"{owner.user}@{owner.host}, process {owner.pid}"


def _worker_lines(run: RunDirectory, statuses: Mapping[str, JobStatus]) -> list[WorkerLine]:
    now = run.now()
    lines = []
    for recruit in run.recruits():
        seat, directory = recruit.seat, run.queue.seat(recruit.seat)
        tickets = run.queue.held(seat)
        beat = run.worker_beat(seat)
        doing: Doing
        if os.path.exists(f"{directory}/left"):
            doing = "left"
        elif beat is None:
            doing = "pending"
        elif now - beat > SILENT_SEC:
            doing = "silent"
        else:
            doing = "busy" if tickets else "idle"
        status = statuses.get(recruit.job_id)
        lines.append(
            WorkerLine(
                seat.spec_key,
                seat.worker_id,
                recruit.job_id,
                doing,
                str(run.worker(seat).get("host", "")),
                status.words if status is not None else "",
                tuple(_label(run, seat, ticket) for ticket in tickets),
                max(
                    (now - since for ticket in tickets if (since := _since(directory, ticket)) is not None),
                    default=None,
                ),
                directory,
            )
        )
    return lines


def _label(run: RunDirectory, seat: Seat, ticket: str) -> str:
    try:
        return str(run.queue.content(seat, ticket)["label"])
    except (ValueError, KeyError):  # it was given back this moment
        return key_of(ticket)


def _since(directory: str, ticket: str) -> float | None:
    """Return when a ticket was moved to where it is: renaming sets the time of its last change of status."""
    try:
        return os.stat(f"{directory}/{ticket}").st_ctime
    except OSError:
        return None
