"""What a pool worker does: a program on a node of the cluster that takes tasks from a queue until it is not needed."""

from __future__ import annotations

import base64
import faulthandler
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from furu import config
from furu._sys import files, heartbeat, process
from furu._sys.clock import SYSTEM_CLOCK, iso_utc
from furu.errors import FuruError
from furu.execution import place, report, setting, worker
from furu.execution.executor import Done, Failed, Job
from furu.execution.plan import specs_of
from furu.runtime import signals
from furu.runtime.logging import get_logger
from furu_exec_slurm import requeue
from furu_exec_slurm.object_log import ObjectLogReader
from furu_exec_slurm.queue import Seat, key_of
from furu_exec_slurm.run_directory import RunDirectory
from furu_exec_slurm.seeker import Seeker
from furu_exec_slurm.spec_keys import place_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from furu._sys.clock import Clock
    from furu.execution.executor import Outcome
    from furu_exec_slurm.requeue import Cause
    from furu_exec_slurm.run_directory import RunRecord

#: What the job may have spent before this program began (seconds).
START_SEC = 30.0

#: Seconds between two signs of life.
BEAT_SEC = 2.0


@dataclass(frozen=True, slots=True)
class Limit:
    """How long Slurm lets a worker run (None: not known), and how long before that it is warned (seconds)."""

    sec: float | None
    warning_sec: float


Leave = Literal["idle", "run ended", "no controller", "time is up"]


def serve(path: str, spec_key: str, worker_id: str, epoch: int, limit: Limit) -> str:
    """Run tasks of the run in the directory ``path`` until the worker is not needed; return why it left.

    The function that the Slurm job of a worker runs.  Its output goes to the worker's directory in the queue.  A task that
    is interrupted, because Slurm wants the machine back or the run is cancelled, is given back.

    ``epoch`` is the number of the controller that has submitted it; a later one may not know of it, and then it leaves.
    ``limit`` is how long Slurm lets it run.
    """
    run = RunDirectory(path)
    seat = Seat(spec_key, worker_id)
    directory = run.queue.seat(seat)
    os.makedirs(directory, exist_ok=True)
    _write_to(directory)
    place.in_worker = True
    faulthandler.enable()
    signals.interruptible()
    record = run.record()
    sys.path[:] = record.sys_path
    me = PoolWorker(run, record, seat, limit)
    me.give_back("preempted", "its worker was requeued")  # what an earlier life of this job has left
    files.remove(f"{directory}/left")
    with setting.in_force(Path(run.setting).read_bytes()):
        me.begin()
        why: str
        try:
            with requeue.interruptible(me.refusal, warning_sec=limit.warning_sec):
                why = me.work() if run.record().epoch == epoch or run.knows(seat) else "not known"
        except signals.Interruption as stop:
            why = "preempted" if (stop.kind, stop.status) == ("cancelled", "preempted") else stop.kind
            me.give_back(why, str(stop), final=stop.status == "failed")
        except KeyboardInterrupt:
            me.give_back("cancelled", "the run was cancelled")
            why = "cancelled"
        finally:
            me.end()
    get_logger().info("worker %s leaves: %s", worker_id, why)
    return why


class PoolWorker:
    """One worker: its place in the queue, what it has read of the run, and what it does now."""

    def __init__(
        self,
        run: RunDirectory,
        record: RunRecord,
        seat: Seat,
        limit: Limit,
        *,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._run = run
        self._seat = seat
        self._clock = clock
        self._pace = record.pace
        self._warned_at = limit.sec and clock.monotonic() + limit.sec - limit.warning_sec
        self._beat = f"{run.queue.seat(seat)}/heartbeat"
        self._objects: dict[str, ObjectLogReader] = {}
        self._task: Any = None
        self._served = 0
        self._longest_sec = 0.0
        self._controller_beat: float | None = None
        self._seeker = Seeker(run.queue, seat, clock, longest_pause_sec=min(2.0, self._pace["poll_interval_sec"]))

    def begin(self) -> None:
        """Say that this worker is there, and give signs of life from now on."""
        job = config.slurm_job() or {}
        said = {
            "job_id": (job.get("array_job_id") and f"{job['array_job_id']}_{job['array_task_id']}")
            or job.get("job_id"),
            "host": process.hostname(),
            "pid": os.getpid(),
            "began_at": iso_utc(self._clock.now()),
        }
        files.write_atomic(f"{self._run.queue.seat(self._seat)}/worker.json", json.dumps(said).encode())
        files.write_atomic(self._beat, b"")
        heartbeat.heart().begin(self._beat, BEAT_SEC)

    def end(self) -> None:
        """Say that this worker has left: there are no signs of life from now on, and it is not missed."""
        heartbeat.heart().end(self._beat)
        try:
            os.rename(self._beat, f"{self._run.queue.seat(self._seat)}/left")
        except FileNotFoundError:
            pass

    def work(self) -> Leave:
        """Run tasks until there is a reason to leave."""
        idle_since = self._clock.monotonic()
        while True:
            reason = self._reason_to_leave(idle_sec=self._clock.monotonic() - idle_since)
            if reason is not None:
                return reason
            taken = self._seeker.take()
            if taken is None:
                self._seeker.rest()
                continue
            self._do(*taken)
            idle_since = self._clock.monotonic()

    def give_back(self, kind: str, text: str, *, final: bool = False) -> None:
        """Give back every task that this worker has: it ends before it could finish them."""
        for ticket in self._run.queue.held(self._seat):
            self._run.queue.finish(self._seat, ticket, why={"interrupted": kind, "text": text, "final": final})

    def refusal(self, cause: Cause) -> str | None:
        """Return why a task that is interrupted is not to be run again: it had all the time that its spec gives it."""
        if cause != "timeout" or self._task is None or self._served:
            return None
        return requeue.refusal(cause, self._task)

    def _do(self, group: str, ticket: str) -> None:
        wall, cpu = self._clock.monotonic(), time.process_time()
        try:
            task, objects = self._read(group, ticket)
        except Exception as error:  # noqa: BLE001 - importing and unpickling run code of any kind
            get_logger().exception("ticket %s cannot be used", ticket)
            self._run.queue.finish(self._seat, ticket, why={"protocol": f"{type(error).__name__}: {error}"})
            return
        self._task = task
        outcome = _outcome(task)
        why = None if isinstance(outcome, Done) else _said(outcome, objects.number)
        sys.stdout.flush()
        spent = self._clock.monotonic() - wall
        self._longest_sec = max(self._longest_sec, spent)
        self._served += 1
        self._task = None
        self._run.queue.finish(self._seat, ticket, wall_sec=spent, cpu_sec=time.process_time() - cpu, why=why)

    def _read(self, group: str, ticket: str) -> tuple[Any, ObjectLogReader]:
        """Return the object that a ticket is for.

        Raises ``FuruError`` when the ticket is not for this worker, or names another object than it is for.
        """
        content = self._run.queue.content(self._seat, ticket)
        if place_in(group, self._seat.spec_key) is None or self._seat.spec_key not in content["specs"]:
            raise FuruError(f"it is for {content['specs']}, and this worker is {self._seat.spec_key}")
        path = f"{self._run.path}/{content['objects']}"
        objects = self._objects.setdefault(path, ObjectLogReader(path))
        task = objects.object(content["number"], content["size"])
        if task.furu_hash != content["key"] or key_of(ticket) != content["key"]:
            raise FuruError(
                f"{type(task).__name__} has another key here: {task.furu_hash}, not {content['key']}",
                hints=["its source has changed since the run began, or its key depends on the process"],
            )
        return task, objects

    def _reason_to_leave(self, *, idle_sec: float) -> Leave | None:
        if self._run.outcome() is not None:
            return "run ended"
        if self._controller_is_gone():
            return "no controller"
        if idle_sec > self._pace["idle_timeout_sec"]:
            return "idle"
        if self._served and self._warned_at is not None:
            left = self._warned_at - self._clock.monotonic()
            if left < max(START_SEC, 1.5 * self._longest_sec):
                return "time is up"
        return None

    def _controller_is_gone(self) -> bool:
        """Return whether nobody has given a sign of life for the run, by the clock of the file system alone."""
        self._controller_beat = self._run.controller_beat() or self._controller_beat
        mine = self._run.worker_beat(self._seat)
        if mine is None or self._controller_beat is None:
            return False
        return mine - self._controller_beat > self._pace["heartbeat_grace_sec"]


def _outcome(task: Any) -> Outcome:
    try:
        return worker.run(Job(task, specs_of(task)))
    except SystemExit as stop:
        return Failed(task.furu_hash, "error", FuruError(f"_create called sys.exit({stop.code!r})"))


def _said(outcome: Outcome, number: Callable[[Any], int | None]) -> dict[str, Any]:
    """Return what is told of a task that ended without a result."""
    content, text = report.packed(outcome, number)
    return {"text": text, "outcome": base64.b64encode(content or b"").decode()}


def _write_to(directory: str) -> None:
    """Let what this process and its children print go to the worker's own files."""
    for name, stream in (("stdout", sys.stdout), ("stderr", sys.stderr)):
        stream.flush()
        target = os.open(f"{directory}/{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
        os.dup2(target, stream.fileno())
        os.close(target)
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
