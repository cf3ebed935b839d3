"""``submit_slurm_dag``: a graph of artifacts as Slurm jobs that depend on each other, submitted at once."""

from __future__ import annotations

import functools
import os
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from furu import config
from furu._sys import files, process
from furu._sys.clock import SYSTEM_CLOCK
from furu.engine import aftermath, queued
from furu.engine.queued import Queued
from furu.engine.verdict import Wait
from furu.errors import FuruLeaseLost
from furu.execution import place
from furu.execution import plan as plans
from furu.runtime import schedulers
from furu.runtime.logging import get_logger
from furu.runtime.schedulers import ScheduledJob
from furu.storage import store
from furu_exec_slurm import batches, job, logs, script
from furu_exec_slurm.cargo import Cargo
from furu_exec_slurm.client import SlurmClient
from furu_exec_slurm.commands import SlurmLimit
from furu_exec_slurm.dag_run import DagJob, DagRun
from furu_exec_slurm.following import follow
from furu_exec_slurm.spec_keys import spec_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from furu._sys.clock import Clock
    from furu.execution.plan import Node, Plan
    from furu.resources import SlurmSpec
    from furu.storage.lease import Claim
    from furu.task import Task
    from furu_exec_slurm.batches import Batch

#: While Slurm takes no more jobs of this user: pauses grow from the first to the second (seconds).
FIRST_PAUSE_SEC, LONGEST_PAUSE_SEC = 1.0, 60.0


#: Claims are held, with a heartbeat each, while an array is submitted for them.
MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class SlurmDagSubmission:
    """What ``submit_slurm_dag`` has done.

    ``plan`` is what was not built; ``job_id_by_hash`` tells the Slurm job of each artifact in it, by ``furu_hash``, whether it
    was submitted now or found in the queue (an artifact that somebody computes without Slurm has none);
    ``root_job_ids`` the same for the roots.  ``run_id`` names the directory of the run below the root of scheduler logs, and is what
    ``furu slurm status`` calls it.
    """

    plan: Plan
    job_id_by_hash: dict[str, str]
    root_job_ids: dict[str, str]
    run_id: str

    def wait(self, *, poll_interval_sec: float = 5.0) -> None:
        """Return when every artifact of the plan is published.

        Slurm is asked once per interval (seconds) about all jobs.  What has become of a job that could not say so itself (memory,
        node failure, ``scancel``) is recorded in its artifact.  Interrupting the wait leaves the jobs alone.

        Raises ``FuruComputeError`` listing every failure once nothing runs any more.
        """
        follow(self.plan, self.job_id_by_hash, SlurmClient(), poll_interval_sec=poll_interval_sec)


def submit_slurm_dag(
    roots: Iterable[Task], *, submitit_root: str | os.PathLike[str] | None = None
) -> SlurmDagSubmission:
    """Submit everything that ``roots`` need and that is not built, and return at once.

    Each artifact becomes a job (an element of an array where several can share one) with the first spec of its
    ``_executor()``, named ``ClassName-hash8``.  It starts when the jobs of what it needs have ended well; when one of them
    fails, those that need it are cancelled by Slurm.  An artifact that has a job already is not submitted again: its job is
    waited for.  While Slurm takes no more jobs of this user, the call waits until it does.

    Scripts and logs go to a directory below ``submitit_root`` (default ``FURU_SUBMITIT_PATH``); links to the logs of a job are in
    ``.furu/submitit`` of its artifact.

    A submitter that is killed on the way can be started again: what was submitted is found.  A failed artifact is tried up to
    ``FURU_MAX_COMPUTE_RETRIES`` times more in its job; interrupted jobs are run again up to ``FURU_PREEMPT_MAX`` times.

    Raises ``FuruComputeError`` before anything is submitted when something that is needed has failed and ``FURU_RETRY_FAILED`` is
    off, and ``SlurmError`` when Slurm refuses a job; jobs that were submitted before stay.
    """
    place.refuse_run("submit_slurm_dag")
    wanted = plans.checked_roots(roots)
    plan = _planned(wanted)
    run_id = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(SYSTEM_CLOCK.now()))}-{files.new_token()[:6]}"
    root = Path(config.current().submitit_root if submitit_root is None else os.path.abspath(submitit_root))
    run = DagRun(config.current().base_root / "runs" / run_id)
    submitter = Submitter(plan, SlurmClient(), root / run_id, run)
    submitter.submit()
    ids = submitter.job_of
    return SlurmDagSubmission(plan, ids, {key: ids[key] for key in plan.roots if key in ids}, run_id)


def _planned(wanted: list[Task]) -> Plan:
    """Return the plan, with what the schedulers say now about every job that is waited for."""
    plan = plans.build(wanted)
    if any(isinstance(node.verdict, Wait) and node.verdict.claim.job for node in plan.nodes.values()):
        schedulers.refresh()
        plan = plans.build(wanted)
    return plan


@dataclass(slots=True)
class Submitter:
    """Submits the nodes of a plan, level by level."""

    plan: Plan
    client: SlurmClient
    directory: Path
    run: DagRun
    clock: Clock = SYSTEM_CLOCK
    job_of: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    _cargo: Cargo | None = None
    _submitted: set[str] = field(default_factory=set)

    def submit(self) -> None:
        """Submit what nobody has submitted or is creating."""
        most = min(self.client.max_array_size(), MOST_AT_ONCE)
        for level in batches.levels(self.plan):
            alike: dict[SlurmSpec, list[Node]] = defaultdict(list)
            for node in level:
                alike[node.specs[0]].append(node)
            for spec, nodes in alike.items():
                for first in range(0, len(nodes), most):
                    self._submit(spec, nodes[first : first + most])

    def _submit(self, spec: SlurmSpec, nodes: Sequence[Node]) -> None:
        claimed: dict[str, Queued] = {}
        try:
            for node in nodes:
                claim = self._claimed(node)
                if isinstance(claim, Queued):
                    claimed[node.key] = claim
                elif claim is not None and claim.job is not None and claim.job.scheduler == job.SLURM:
                    self.job_of[node.key] = claim.job.job_id
            free = [node for node in nodes if node.key in claimed]
            for batch in batches.batches(free, self.job_of, self.sizes):
                self._send(spec, batch, claimed)
        except BaseException:
            for left in claimed.values():
                left.withdraw()
            raise

    def _claimed(self, node: Node) -> Queued | Claim | None:
        """Claim an artifact, or return the claim of whoever creates it; None when it is published."""
        facts = {"name": job.SLURM, "spec": spec_key(node.specs[0]), "run_id": self.directory.name}
        claim = queued.queue(node.task, facts=facts)
        if isinstance(claim, Queued) or claim is None or not self._in_vain(node, claim):
            return claim
        assert claim.job is not None
        self.client.begin_to_cancel([claim.job.job_id])  # what it depends on has failed, so it cannot start meanwhile
        aftermath.record_end(store.artifact(node.task.furu_ref), claim, "cancelled")
        return queued.queue(node.task, facts=facts)

    def _in_vain(self, node: Node, claim: Claim) -> bool:
        """Return whether a job that is in the queue can only be cancelled: it depends on one of what it needs that has failed.

        It was there when nobody created what is submitted anew now.
        """
        there_before = isinstance(node.verdict, Wait) and node.verdict.claim.job == claim.job
        return claim.job is not None and there_before and not self._submitted.isdisjoint(node.needs)

    def _send(self, spec: SlurmSpec, batch: Batch, claimed: dict[str, Queued]) -> None:
        """Submit a batch; in parts, and patiently, while Slurm takes no more jobs of this user."""
        pending, pause_sec = [batch], FIRST_PAUSE_SEC
        while pending:
            part = pending.pop()
            try:
                ids = self._accepted(spec, part)
            except SlurmLimit as limit:
                if parts := part.split():
                    pending += reversed(parts)
                    continue
                get_logger().info("%s; trying again in %.0f s", limit.message, pause_sec)
                pending.append(part)
                self.clock.sleep(pause_sec)
                pause_sec = min(2 * pause_sec, LONGEST_PAUSE_SEC)
            else:
                pause_sec = FIRST_PAUSE_SEC
                self._note(part, ids, claimed)

    def _accepted(self, spec: SlurmSpec, batch: Batch) -> list[str]:
        tasks = [node.task for node in batch.nodes]
        if self._cargo is None:
            self._cargo = Cargo(str(self.directory))
        parameters = script.parameters(spec, name=script.array_name(tasks), dependency=batch.dependency)
        function = functools.partial(job.main, warning_sec=float(parameters["signal_delay_s"]))
        calls = [(order,) for order in self._cargo.orders(tasks)]
        return self.client.submit(function, calls, folder=self.directory, parameters=parameters)

    def _note(self, batch: Batch, ids: Sequence[str], claimed: dict[str, Queued]) -> None:
        """Note the jobs, and leave each claim to its own."""
        pairs = zip(batch.nodes, ids, strict=True)
        self.run.note([_job(node, job_id) for node, job_id in pairs], folder=self.directory)
        if len(ids) > 1:
            self.sizes[ids[0].partition("_")[0]] = len(ids)
        for node, job_id in zip(batch.nodes, ids, strict=True):
            self.job_of[node.key] = job_id
            self._submitted.add(node.key)
            claim = claimed.pop(node.key)
            written = logs.linked(claim.artifact, self.directory, job_id)
            facts: dict[str, Any] = {"folder": str(self.directory), "tasks": 1, "host": process.hostname(), **written}
            try:
                claim.submitted(ScheduledJob(job.SLURM, job_id), facts)
            except FuruLeaseLost as lost:  # this process stood still; the job finds whoever has begun
                get_logger().warning(
                    "%s does not wait for Slurm job %s: %s", node.task.furu_ref.label, job_id, lost.message
                )


def _job(node: Node, job_id: str) -> DagJob:
    ref = node.task.furu_ref
    return DagJob(node.key, ref.label, job_id, store.artifact(ref).directory)
