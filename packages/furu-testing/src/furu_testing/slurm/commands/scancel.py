"""``scancel``: ends jobs, or sends them a signal."""

from __future__ import annotations

import os
import sys

from furu_testing.slurm.commands.switches import Switches
from furu_testing.slurm.host import cluster_time
from furu_testing.slurm.machine import settle
from furu_testing.slurm.orders import cancel
from furu_testing.slurm.processes import perform
from furu_testing.slurm.rows import chosen, split_ids
from furu_testing.slurm.signals import SIGKILL, number
from furu_testing.slurm.words import ENDED, SHORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from furu_testing.slurm.directory import Directory
    from furu_testing.slurm.model import Effect, Job, State

SWITCHES = Switches(
    "account clusters jobname name nodelist partition qos reservation sibling signal state user wckey",
    "batch ctld full help hurry interactive me quiet usage verbose version",
    "A:account M:clusters n:name w:nodelist p:partition q:qos R:reservation s:signal t:state u:user b:batch f:full "
    "H:hurry i:interactive Q:quiet v:verbose V:version",
)

_FILTERS = ("name", "partition", "state", "user", "me")


def run(directory: Directory, arguments: list[str]) -> int:
    """Cancel or signal; jobs that are unknown or over are no error."""
    options, words = SWITCHES.read(arguments, anywhere=True)
    ids = [one for word in words for one in split_ids(word)]
    if not ids and not any(name in options for name in _FILTERS):
        sys.stderr.write("scancel: error: No job identification provided\n")
        return 1
    wrong = [one for one in ids if not one.partition("_")[0].partition(".")[0].isdigit()]
    if wrong:
        sys.stderr.write(f"scancel: error: Invalid job id {wrong[0]}\n")
        return 1
    try:
        signal = number(options.get("signal", str(SIGKILL)))
    except ValueError:
        sys.stderr.write(f"Unknown job signal: {options['signal']}\n")
        return 1
    with directory.changing() as state:
        jobs = [job for job in _named(state, ids, options) if _fits(state, job, options)]
        moment = cluster_time(state)
        if signal == SIGKILL and "batch" not in options:
            effects, code = cancel(state, jobs, os.getuid(), moment), 0
        else:
            effects, code = _signal(jobs, signal, options)
        perform(directory, state, effects)
        perform(directory, state, settle(state, moment))
    return code


def _named(state: State, ids: list[str], options: dict[str, str]) -> list[Job]:
    """Return the jobs that are meant; ids that the controller does not know are passed over."""
    if not ids:
        return [job for job in state["jobs"].values() if job["state"] not in ENDED]
    found = {}
    known = [job for job in state["jobs"].values() if not job["forgotten"]]
    for one in ids:
        jobs = chosen(known, [one])
        found.update({job["key"]: job for job in jobs})
        if not jobs and "verbose" in options:
            sys.stderr.write(f"scancel: Terminating job {one}\n")
            sys.stderr.write(f"scancel: error: Kill job error on job id {one}: Invalid job id specified\n")
    return list(found.values())


def _fits(state: State, job: Job, options: dict[str, str]) -> bool:
    submission = state["submissions"][job["submission"]]
    wanted = {
        "name": {submission["options"]["job-name"]},
        "partition": {submission["options"]["partition"]},
        "state": {job["state"].lower(), SHORT[job["state"]].lower()},
        "user": {submission["user"], str(submission["uid"])},
    }
    return all(
        name not in options or values & set((options[name].lower() if name == "state" else options[name]).split(","))
        for name, values in wanted.items()
    )


def _signal(jobs: list[Job], signal: int, options: dict[str, str]) -> tuple[list[Effect], int]:
    """Send a signal to the steps of running jobs, or with ``--batch`` and ``--full`` to their batch shells."""
    target: Literal["steps", "batch", "all"] = "steps"
    if "batch" in options or "full" in options:
        target = "batch" if "batch" in options else "all"
    effects: list[Effect] = []
    code = 0
    for job in jobs:
        if job["state"] == "RUNNING":
            effects.append(("signal", job["key"], len(job["attempts"]), signal, target))
        elif job["state"] == "PENDING":
            why = "Job can not be altered now, try again later"
            sys.stderr.write(f"scancel: error: Kill job error on job id {job['key']}: {why}\n")
            code = 228
    return effects, code
