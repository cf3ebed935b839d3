"""The fake cluster as a test holds it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Self

from furu_testing.slurm.directory import Directory
from furu_testing.slurm.host import cluster_time, environment, sleep, time
from furu_testing.slurm.installation import COMMANDS, install
from furu_testing.slurm.machine import asked, settle
from furu_testing.slurm.orders import apply_rule, fits
from furu_testing.slurm.processes import kill_groups, members, perform, send
from furu_testing.slurm.signals import SIGKILL
from furu_testing.slurm.steps import Jobs, JobStep, Vanished
from furu_testing.slurm.troubles import CONTROLLER_DOWN, Trouble
from furu_testing.slurm.views import Call, JobView, view
from furu_testing.slurm.words import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from furu_testing.slurm.model import Rule, Settings

    #: A job seen before, the index of a submission, an id, or a pattern of names.
    Which = Jobs | JobView | int | str

#: What talks to the controller.
_CONTROLLER = ("sbatch", "squeue", "scancel", "scontrol", "sinfo")


class FakeCluster:
    """A Slurm cluster that consists of commands and a directory.

    Make one with `fake_slurm`.  Every method may be called from any thread and process.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._directory = Directory(str(home))

    @classmethod
    def create(cls, home: Path, settings: Settings, *, first_id: int) -> Self:
        """Write a new, empty cluster into a directory that does not exist yet."""
        home.mkdir(parents=True)
        install(home)
        cluster = cls(home)
        cluster._directory.create(
            {
                "settings": settings,
                "next_id": first_id,
                "order": 0,
                "tick": 0,
                "asked": 0,
                "skew_sec": 0.0,
                "closed": False,
                "submissions": {},
                "jobs": {},
                "rules": [],
                "failures": [],
            }
        )
        return cluster

    @property
    def bin(self) -> Path:
        """The directory of the commands, which belongs in front of ``PATH``."""
        return self.home / "bin"

    @property
    def jobs(self) -> list[JobView]:
        """All jobs in the order of submission, each element of an array by itself; looking counts as no question."""
        return self._look(Jobs())

    def job(self, which: Which = "*") -> JobView:
        """Return the only job that is meant; raise LookupError if there is none or another one."""
        found = self._look(which)
        if len(found) != 1:
            raise LookupError(f"{which!r} means {[job.id for job in found]} of {[job.id for job in self.jobs]}")
        return found[0]

    def calls(self, command: str | None = None) -> list[Call]:
        """Return every run of the commands, or of one command, in the order in which they started."""
        records = self._directory.notes()
        codes = {record["call"]: record["code"] for record in records if "code" in record}
        return [
            Call(one["command"], tuple(one["argv"]), Path(one["directory"]), one["pid"], codes.get(one["call"]))
            for one in records
            if "command" in one and command in (None, one["command"])
        ]

    def script(self, which: Which, *steps: JobStep, times: int | None = None, lives_on: int = 0) -> None:
        """Write down which states a job goes through from the moment on at which it may start.

        Jobs that are meant and not over take the new script at once; otherwise it is for later submissions, for the
        first ``times`` of them if that is given.  Of several scripts for a job the first counts.  When the job is
        ended by Slurm, its processes get no signal and live on for another ``lives_on`` questions.
        """
        for earlier, later in pairwise(steps):
            if earlier.ends and not isinstance(later, Vanished):
                raise ValueError(f"nothing comes after {earlier!r}")
        rule = _rule(which, times)
        rule.update({"steps": [step.spelled() for step in steps], "lives_on": lives_on})
        self._add(rule)

    def lag(self, which: Which = "*", *, no_row: int = 0, false_pending: int = 0, times: int | None = None) -> None:
        """Have `sacct` lag behind for jobs.

        A job has no row for the first ``no_row`` runs of `sacct` after its submission, and is said to be PENDING in
        the first ``false_pending`` ones after its start.
        """
        rule = _rule(which, times)
        rule.update({"no_row": no_row, "false_pending": false_pending})
        self._add(rule)

    def fail(self, command: str, trouble: Trouble, *, times: int | None = None, skip: int = 0) -> None:
        """Have a command fail, after ``skip`` times that it works, ``times`` times or until `heal`."""
        if command not in COMMANDS:
            raise ValueError(f"no such command: {command!r}; there are {', '.join(COMMANDS)}")
        with self._directory.changing() as state:
            state["failures"].append(
                {
                    "command": command,
                    "left": times,
                    "skip": skip,
                    "why": trouble.why,
                    "stderr": trouble.stderr,
                    "stdout": trouble.stdout,
                    "code": trouble.exit_code,
                    "delay_sec": trouble.delay_sec,
                    "carried_out": trouble.carried_out,
                }
            )

    def controller_down(self, *, times: int | None = None) -> None:
        """Have every command fail that talks to the controller: all but `sacct` and `srun`."""
        for command in _CONTROLLER:
            self.fail(command, CONTROLLER_DOWN, times=times)

    def slow(self, command: str, sec: float, *, times: int | None = None) -> None:
        """Have a command take ``sec`` seconds of real time before it answers."""
        self.fail(command, Trouble(exit_code=None, delay_sec=sec), times=times)

    def heal(self, command: str | None = None) -> None:
        """Have a command, or every one, work again."""
        with self._directory.changing() as state:
            state["failures"] = [one for one in state["failures"] if command not in (None, one["command"])]

    def advance(self, polls: int | None = None, *, sec: float = 0.0) -> None:
        """Let time pass: as if there had been ``polls`` questions (one, if nothing is said), or ``sec`` seconds."""
        with self._directory.changing() as state:
            state["skew_sec"] += sec
            perform(self._directory, state, settle(state, cluster_time(state)))
            for _ in range(int(not sec) if polls is None else polls):
                perform(self._directory, state, asked(state, cluster_time(state)))

    def purge(self, which: Which = "*") -> None:
        """Have the controller forget jobs that are over, as it does by itself some minutes after their end."""
        rule = _rule(which, None)
        with self._directory.changing() as state:
            for job in state["jobs"].values():
                if job["state"] in ENDED and fits(state, rule, job):
                    job["forgotten"] = True

    def wait(self, which: Which = "*", *, timeout_sec: float = 10.0) -> list[JobView]:
        """Wait until the jobs that are meant are over, and return them; raise TimeoutError if they are not in time."""
        until = time() + timeout_sec
        while True:
            jobs = self._look(which)
            waiting = [job for job in jobs if not job.over]
            if not waiting:
                return jobs
            if time() > until:
                left = ", ".join(f"{job.id} {job.state} ({job.reason})" for job in waiting)
                raise TimeoutError(f"not over after {timeout_sec:g} s: {left}")
            sleep(0.01)

    def close(self) -> None:
        """End every process of the cluster; its commands cannot reach a controller any more."""
        with self._directory.changing() as state:
            state["closed"] = True
            for job in state["jobs"].values():
                for attempt in job["attempts"]:
                    if attempt["alive"]:
                        kill_groups(attempt)
        for _ in range(200):
            left = members(str(self.home), "")
            if not left:
                return
            send(left, SIGKILL)
            sleep(0.005)

    def _add(self, rule: Rule) -> None:
        with self._directory.changing() as state:
            for job in state["jobs"].values():
                if rule["left"] != 0 and job["state"] not in ENDED and fits(state, rule, job):
                    apply_rule(state, rule, job)
            state["rules"].append(rule)
            perform(self._directory, state, settle(state, cluster_time(state)))

    def _look(self, which: Which) -> list[JobView]:
        rule = _rule(which, None)
        with self._directory.changing() as state:
            perform(self._directory, state, settle(state, cluster_time(state)))
            return [view(state, job) for job in state["jobs"].values() if fits(state, rule, job)]


def _rule(which: Which, times: int | None) -> Rule:
    """Return a rule about the jobs that are meant, which says nothing yet."""
    jobs = _which(which)
    return {
        "name": jobs.name,
        "id": jobs.id,
        "partition": jobs.partition,
        "index": jobs.index,
        "task": jobs.task,
        "left": times,
        "steps": None,
        "lives_on": 0,
        "no_row": 0,
        "false_pending": 0,
    }


def _which(which: Which) -> Jobs:
    if isinstance(which, Jobs):
        return which
    if isinstance(which, JobView):
        return Jobs(id=which.id)
    if isinstance(which, int):
        return Jobs(index=which)
    return Jobs(id=which) if which.replace("_", "").isdigit() else Jobs(name=which)


@contextmanager
def fake_slurm(
    directory: str | os.PathLike[str],
    *,
    run_jobs: bool = True,
    cpus: int = 16,
    nodes: int = 4,
    partitions: Sequence[str] | None = None,
    max_array_size: int = 1001,
    max_submit: int | None = None,
    min_job_age_sec: float = 300.0,
    kill_wait_sec: float = 1.0,
    requeue_delay_sec: float = 0.0,
    default_time_min: int = 60,
    first_id: int = 1000,
) -> Iterator[FakeCluster]:
    """Put `sbatch squeue sacct scancel scontrol sinfo srun` of a new cluster in front of ``PATH``.

    Processes started inside see the same cluster; on leaving, ``PATH`` is as before and nothing of the cluster runs.

    Jobs are really run, unless ``run_jobs`` is false: then they stay RUNNING until a script or `scancel` ends them.  At
    most ``cpus`` of them run side by side.  A job may name any partition, or with ``partitions`` only those, the first
    being the default.  ``kill_wait_sec`` lies between SIGTERM and SIGKILL, and ``requeue_delay_sec`` before a requeued
    job starts again; these and ``min_job_age_sec`` are seconds that `FakeCluster.advance` can let pass.
    """
    settings: Settings = {
        "run_jobs": run_jobs,
        "cpus": cpus,
        "nodes": nodes,
        "partitions": list(partitions or ["cpu"]),
        "any_partition": partitions is None,
        "max_array_size": max_array_size,
        "max_submit": max_submit,
        "min_job_age_sec": min_job_age_sec,
        "kill_wait_sec": kill_wait_sec,
        "requeue_delay_sec": requeue_delay_sec,
        "default_time_min": default_time_min,
        "python": sys.executable,
        "owner": os.getpid(),
    }
    cluster = FakeCluster.create(_new_home(Path(directory)), settings, first_id=first_id)
    before = environment.get("PATH")
    environment["PATH"] = f"{cluster.bin}{os.pathsep}{before or os.defpath}"
    try:
        yield cluster
    finally:
        if before is None:
            del environment["PATH"]
        else:
            environment["PATH"] = before
        cluster.close()


def _new_home(directory: Path) -> Path:
    """Return a directory for a cluster, inside the one given, that does not exist yet."""
    number = 1
    while (home := directory.resolve() / f"slurm-{number}").exists():
        number += 1
    return home
