"""``scontrol``: shows jobs, requeues, holds, releases and changes them."""

from __future__ import annotations

import sys

from furu_testing.slurm.arrays import parse_hosts, spell_hosts
from furu_testing.slurm.commands.job_report import report
from furu_testing.slurm.commands.switches import Switches
from furu_testing.slurm.durations import parse_minutes, parse_moment
from furu_testing.slurm.host import cluster_time, environment
from furu_testing.slurm.machine import asked, settle
from furu_testing.slurm.orders import Refused, hold, release, send_back
from furu_testing.slurm.processes import perform
from furu_testing.slurm.rows import chosen, gather

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.directory import Directory
    from furu_testing.slurm.model import Effect, Job, State

SWITCHES = Switches(
    "clusters uid",
    "all details federation future help hide json local oneliner quiet sibling verbose version yaml",
    "M:clusters u:uid a:all d:details F:future h:help o:oneliner Q:quiet v:verbose V:version",
)

_ORDERS = ("requeue", "requeuehold", "hold", "uhold", "release", "update")


def run(directory: Directory, arguments: list[str]) -> int:
    """Carry out one order."""
    options, words = SWITCHES.read(arguments, anywhere=True)
    order = words[0].lower() if words else ""
    match order, [word.lower() for word in words[1:2]]:
        case "show", ["job" | "jobs"]:
            return _show_jobs(directory, words[2:], one_line="oneliner" in options)
        case "show", ["hostnames" | "hostname"]:
            names = parse_hosts(words[2] if len(words) > 2 else environment.get("SLURM_JOB_NODELIST", ""))
            sys.stdout.writelines(f"{name}\n" for name in names)
        case "show", ["hostlist"]:
            sys.stdout.write(f"{spell_hosts(words[2].split(','))}\n")
        case "show", ["config"]:
            _show_config(directory)
        case "ping", _:
            sys.stdout.write("Slurmctld(primary) at fake is UP\n")
        case (("requeue" | "requeuehold" | "hold" | "uhold" | "release" | "update"), _):
            return _order(directory, order, words[1:])
        case "show", [what]:
            sys.stderr.write(f"invalid entity:{what} for keyword:show \n")
            return 1
        case _:
            sys.stderr.write(f"invalid keyword: {order}\n")
            return 1
    return 0


def _show_jobs(directory: Directory, ids: list[str], *, one_line: bool) -> int:
    """Print all that is known of jobs; counts as a question about their state."""
    with directory.changing() as state:
        moment = cluster_time(state)
        perform(directory, state, settle(state, moment))
        jobs = [job for one in ids or [""] for job in _known(state, one)]
        known = any(_known(state, one.partition("_")[0]) for one in ids)
        each = any("_" in one for one in ids)
        sys.stdout.writelines(report(row, one_line=one_line) for row in gather(state, jobs, moment, each=each))
        perform(directory, state, asked(state, moment))
    if ids and not jobs:
        if known:
            sys.stdout.write(f"Job {ids[0]} not found\n")
        else:
            sys.stderr.write("slurm_load_jobs error: Invalid job id specified\n")
        return 1
    if not jobs:
        sys.stdout.write("No jobs in the system\n")
    return 0


def _known(state: State, text: str) -> list[Job]:
    """Return the jobs with an id, or with no id all, among those that the controller knows."""
    jobs = [job for job in state["jobs"].values() if not job["forgotten"]]
    try:
        return chosen(jobs, [text]) if text else jobs
    except ValueError:
        return []


def _show_config(directory: Directory) -> None:
    settings = directory.read()["settings"]
    shown = {
        "ClusterName": "fake",
        "KillWait": f"{settings['kill_wait_sec']:g} sec",
        "MaxArraySize": str(settings["max_array_size"]),
        "MaxJobCount": "10000",
        "MinJobAge": f"{settings['min_job_age_sec']:g} sec",
        "SLURM_VERSION": "22.05.8",
    }
    sys.stdout.writelines(f"{name:<23} = {value}\n" for name, value in shown.items())


def _order(directory: Directory, order: str, words: list[str]) -> int:
    """Change jobs one after the other; the first refusal decides the exit code."""
    changes = dict(word.partition("=")[::2] for word in words if "=" in word)
    ids = [word for word in words if "=" not in word] or [
        value for name, value in changes.items() if name.lower() in ("jobid", "job")
    ]
    code = 0
    with directory.changing() as state:
        moment = cluster_time(state)
        for one in [one for word in ids for one in word.split(",")]:
            try:
                jobs = _known(state, one)
                if not jobs:
                    raise Refused("Invalid job id specified")
                effects = [effect for job in jobs for effect in _change(state, job, order, changes, moment)]
                perform(directory, state, effects)
            except Refused as error:
                sys.stderr.write(f"{error} for job {one}\n")
                if order in ("hold", "uhold", "release"):
                    sys.stderr.write(f"slurm_suspend error: {error}\n")
                code = 1
        perform(directory, state, settle(state, moment))
    return code


def _change(state: State, job: Job, order: str, changes: dict[str, str], moment: float) -> list[Effect]:
    if order in ("requeue", "requeuehold"):
        return send_back(state, job, moment, hold=order == "requeuehold")
    if order in ("hold", "uhold"):
        hold(job)
    elif order == "release":
        release(job)
    else:
        _update(state, job, {name.lower(): value for name, value in changes.items()}, moment)
    return []


def _update(state: State, job: Job, changes: dict[str, str], moment: float) -> None:
    """Change what can be changed of a job; other fields are taken without effect."""
    try:
        limit = parse_minutes(changes.get("timelimit", "0"))
        end = parse_moment(changes.get("endtime", "now"), moment)
    except (ValueError, KeyError):
        raise Refused("Invalid time specification") from None
    if "timelimit" in changes:
        job["time_min"] = limit
    if "endtime" in changes and job["started"] is not None:
        minutes = max(1, round((end - job["started"]) / 60))
        job["time_min"], job["started"] = minutes, end - 60 * minutes
    options = state["submissions"][job["submission"]]["options"]
    for name, option in (("jobname", "job-name"), ("name", "job-name"), ("comment", "comment"), ("qos", "qos")):
        if name in changes:
            options[option] = changes[name]
