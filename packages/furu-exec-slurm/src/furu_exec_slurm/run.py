"""``run_slurm_pool``: build what is missing of a graph of artifacts with a pool of workers on a cluster."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from furu._sys import heartbeat, process
from furu._sys.clock import SYSTEM_CLOCK, iso_utc
from furu.execution import failures, place, setting
from furu.execution import plan as plans
from furu.execution.drive import Driver, Intervals, retries
from furu.execution.progress import Progress
from furu.execution.scheduler import Bucket, Scheduler
from furu_exec_slurm import arguments, resumption, run_directory, script
from furu_exec_slurm.client import SlurmClient
from furu_exec_slurm.fleet import Fleet
from furu_exec_slurm.object_log import ObjectLogWriter
from furu_exec_slurm.pool import PoolExecutor
from furu_exec_slurm.spec_keys import spec_key
from furu_exec_slurm.staff import Staff
from furu_exec_slurm.worker import BEAT_SEC

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from furu.execution.plan import Plan
    from furu.resources import SlurmSpec
    from furu.task import Task
    from furu_exec_slurm.arguments import Manner
    from furu_exec_slurm.run_directory import RunDirectory, RunRecord

#: Pauses between attempts at ``sbatch`` within one call; after that the pool goes on with the workers it has (seconds).
SUBMIT_PAUSES_SEC = (1.0, 2.0)


@dataclass(frozen=True, slots=True)
class SlurmPoolRun:
    """A pool run that has ended: its directory, the root of submitit's logs, and the plan that was carried out."""

    run_dir: Path
    submitit_root: Path
    plan: Plan


def run_slurm_pool(
    roots: Iterable[Any],
    *,
    max_workers_total: int | Mapping[SlurmSpec | Literal["total"], int] = 50,
    window_size: Literal["dfs", "bfs"] | int = "bfs",
    idle_timeout_sec: float = 60.0,
    poll_interval_sec: float = 2.0,
    plan_refresh_interval_sec: float = 60.0,
    worker_health_check_interval_sec: float = 15.0,
    done_scan_interval_sec: float | None = None,
    failed_scan_interval_sec: float | None = None,
    stale_scan_interval_sec: float | None = None,
    ready_refresh_interval_sec: float | None = None,
    stale_running_sec: float = 900.0,
    heartbeat_grace_sec: float = 30.0,
    submitit_root: str | Path | None = None,
    run_root: str | Path | None = None,
) -> SlurmPoolRun:
    """Build ``roots`` (Furu objects, or a FuruList) and everything they need, with workers that are Slurm jobs.

    This process is the controller.  It submits workers as they are needed, as job arrays; each takes one task after the
    other, of those whose ``_executor()`` lists its own ``SlurmSpec``, and leaves when there has been none for
    ``idle_timeout_sec``.  What is published already is left alone, what somebody else is creating is waited for.

    ``max_workers_total`` is how many workers there may be at a time: a number, or a limit for each ``SlurmSpec`` of the plan
    with ``"total"`` for all of them (their sum if it is left out).  ``window_size`` is how many roots are worked on at
    once: ``"dfs"`` one after the other, ``"bfs"`` all, or a number.

    While something happens the queue is looked at several times a second, otherwise every ``poll_interval_sec``; the
    pauses between looks at tasks that are done, that failed, whose worker is silent, and that nobody has taken can be set
    one by one.  What was not started yet is looked at in the store every ``plan_refresh_interval_sec``.  Slurm is asked about
    all workers together every ``worker_health_check_interval_sec``.  A task whose worker gives no sign of life for
    ``stale_running_sec`` is given to another.  ``heartbeat_grace_sec`` is for how long workers wait for a controller that is
    gone, and the controller for a result that the file system does not show yet.

    ``run_root`` is the directory of all runs, ``<FURU_PATH>/runs`` unless given; ``submitit_root`` that of submitit's
    files, what ``FURU_SUBMITIT_PATH`` says unless given.  Workers write to
    ``<run_dir>/queue/running/<spec_key>/<worker_id>/stdout.log`` and ``stderr.log``.

    A controller that died can be started again on the same roots: it goes on with the workers there are, and what they do
    meanwhile is not done twice.

    A failed task is tried again up to ``FURU_MAX_COMPUTE_RETRIES`` times when ``FURU_RETRY_FAILED``; so is one whose worker died.
    One that the cluster interrupts is offered again, up to ``FURU_PREEMPT_MAX`` times without counting as failed.

    Raises ``FuruComputeError`` naming node, directory, cause and the end of its log; ``PoolProtocolError`` for what cannot be
    right about the queue; ``FuruError`` when workers end before they begin; ``SlurmError`` when Slurm refuses them;
    ``ValueError`` or ``TypeError`` naming the argument before anything starts.  Ctrl-C cancels the workers.
    """
    place.refuse_run("run_slurm_pool")
    manner = arguments.checked(
        max_workers_total=max_workers_total,
        window_size=window_size,
        submitit_root=submitit_root,
        run_root=run_root,
        seconds={
            "idle_timeout_sec": idle_timeout_sec,
            "poll_interval_sec": poll_interval_sec,
            "plan_refresh_interval_sec": plan_refresh_interval_sec,
            "worker_health_check_interval_sec": worker_health_check_interval_sec,
            "done_scan_interval_sec": done_scan_interval_sec,
            "failed_scan_interval_sec": failed_scan_interval_sec,
            "stale_scan_interval_sec": stale_scan_interval_sec,
            "ready_refresh_interval_sec": ready_refresh_interval_sec,
            "stale_running_sec": stale_running_sec,
            "heartbeat_grace_sec": heartbeat_grace_sec,
        },
    )
    return _run(plans.checked_roots(roots), manner)


def _run(roots: list[Task], manner: Manner) -> SlurmPoolRun:
    here = setting.packed()
    found = resumption.find(manner, roots, here)
    run = found or run_directory.new_run(manner.run_root, run_directory.digest_of(roots))
    plan = plans.build(roots)
    _check_specs(plan, manner)
    record = begin(run, roots, manner, here, resumed=found is not None)
    executor = executor_for(run, record, manner)
    scheduler = Scheduler(plan, window=manner.window, retries=retries())
    shown = Progress(scheduler, manner.limits.total, name="run_slurm_pool", note=executor.words)
    executor.audience = shown
    pace = manner.pace
    intervals = Intervals(
        pace.poll_interval_sec,
        pace.ready_refresh_interval_sec,
        pace.plan_refresh_interval_sec,
        pace.plan_refresh_interval_sec,
    )
    heart = heartbeat.heart()
    heart.begin(run.heartbeat, BEAT_SEC)
    try:
        with shown:
            if found is not None:
                executor.resume()
            Driver(scheduler, executor, intervals=intervals, watcher=shown).run()
    finally:
        heart.end(run.heartbeat)
    if scheduler.failures:
        given_up = scheduler.counts[Bucket.FAILED] - len(scheduler.failures)
        raise failures.error_for(scheduler.failures, given_up=given_up)
    return SlurmPoolRun(run.directory, manner.submitit_root, plan)


def executor_for(
    run: RunDirectory, record: RunRecord, manner: Manner, *, client: SlurmClient | None = None
) -> PoolExecutor:
    """Return the executor of a run whose directory has been made."""
    fleet = Fleet(
        run,
        client or SlurmClient(pauses_sec=SUBMIT_PAUSES_SEC),
        epoch=record.epoch,
        submitit_root=manner.submitit_root,
        check_interval_sec=manner.pace.worker_health_check_interval_sec,
        grace_sec=manner.pace.heartbeat_grace_sec,
    )
    staff = Staff(fleet, manner.limits, manner.pace, on_specs=partial(_record_specs, run, record))
    objects = ObjectLogWriter(run.objects(record.epoch))
    return PoolExecutor(run, staff, objects, manner.pace, epoch=record.epoch)


def _check_specs(plan: Plan, manner: Manner) -> None:
    """Raise ``ValueError`` for a spec that the limits say nothing about, or that cannot be a Slurm job."""
    specs = {spec_key(spec): spec for node in plan.nodes.values() for spec in node.specs}
    manner.limits.of(specs.values())
    for key, spec in specs.items():
        script.parameters(spec, name=key)


def begin(run: RunDirectory, roots: list[Task], manner: Manner, here: bytes, *, resumed: bool) -> RunRecord:
    """Write down what the run is."""
    record = run_directory.RunRecord(
        run_id=run.run_id,
        started_at=iso_utc(SYSTEM_CLOCK.now()),
        roots=len(roots),
        digest=run_directory.digest_of(roots),
        submitit_root=str(manner.submitit_root),
        sys_path=resumption.import_path(),
        pace=asdict(manner.pace),
        total=manner.limits.total,
        controller=process.me().to_json(),
        sources=resumption.sources(),
    )
    if resumed:
        before = run.record()
        record = replace(record, started_at=before.started_at, epoch=before.epoch + 1)
    run.create(record, here)
    return record


def _record_specs(
    run: RunDirectory, record: RunRecord, specs: Mapping[str, SlurmSpec], limits: Mapping[str, int]
) -> None:
    described = {
        key: {name: getattr(spec, name) for name in ("partition", "gpus", "cpus", "mem_gb", "time_min")}
        for key, spec in specs.items()
    }
    run.write(replace(record, specs=described, limits=dict(limits)))
