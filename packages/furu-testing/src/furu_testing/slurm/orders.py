"""What users and administrators ask of the cluster: submit, cancel, requeue, hold, release.  Pure bookkeeping."""

from __future__ import annotations

from furu_testing.slurm.durations import parse_minutes, parse_moment
from furu_testing.slurm.globs import matches
from furu_testing.slurm.transitions import finish, requeue
from furu_testing.slurm.words import ENDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.model import Effect, Job, Rule, State, Submission


class Refused(Exception):
    """The controller says no; the text is what it says."""


def submit(state: State, submission: Submission, now: float) -> None:
    """Accept a submission: one pending job, or one for each element of the array.

    Raises Refused where a limit of the cluster is exceeded.
    """
    settings = state["settings"]
    tasks = submission["tasks"]
    if tasks and tasks[-1] >= settings["max_array_size"]:
        raise Refused("Invalid job array specification")
    if settings["max_submit"] is not None:
        queued = sum(job["state"] not in ENDED for job in state["jobs"].values())
        if queued + max(1, len(tasks)) > settings["max_submit"]:
            raise Refused("QOSMaxSubmitJobPerUserLimit")
    submission["order"], state["order"] = state["order"], state["order"] + 1
    state["next_id"] = submission["id"] + 1
    state["submissions"][submission["id"]] = submission
    every: list[int | None] = [*tasks] or [None]
    for task in every:
        job = _new_job(state, submission, task, now)
        _apply_rules(state, job)
        state["jobs"][job["key"]] = job


def _new_job(state: State, submission: Submission, task: int | None, now: float) -> Job:
    options, number = submission["options"], submission["id"]
    default = state["settings"]["default_time_min"]
    return {
        "key": str(number) if task is None else f"{number}_{task}",
        "submission": number,
        "raw": number,
        "task": task,
        "state": "PENDING",
        "reason": "None",
        "by": None,
        "code": 0,
        "signal": 0,
        "submitted": now,
        "eligible_at": parse_moment(options["begin"], now) if "begin" in options else now,
        "started": None,
        "ended": None,
        "time_min": parse_minutes(options["time"]) if "time" in options else default,
        "held": "hold" in options,
        "restarts": 0,
        "attempts": [],
        "script": [],
        "at": -1,
        "since": 0,
        "grace_until": None,
        "lives_on": 0,
        "row_from": 0,
        "false_pending": 0,
        "pending_until": 0,
        "forgotten": False,
        "unrecorded": False,
    }


def _apply_rules(state: State, job: Job) -> None:
    """Give a new job the first script and the first lag that were written for such jobs."""
    scripted = lagging = False
    for rule in state["rules"]:
        is_script = rule["steps"] is not None
        if rule["left"] == 0 or (scripted if is_script else lagging) or not fits(state, rule, job):
            continue
        apply_rule(state, rule, job)
        scripted, lagging = scripted or is_script, lagging or not is_script


def apply_rule(state: State, rule: Rule, job: Job) -> None:
    """Do to one job what a rule says, from now on."""
    if rule["left"] is not None:
        rule["left"] -= 1
    if rule["steps"] is not None:
        job.update({"script": rule["steps"], "at": -1, "since": state["tick"], "lives_on": rule["lives_on"]})
        job["grace_until"] = None
    else:
        job.update({"row_from": state["asked"] + rule["no_row"], "false_pending": rule["false_pending"]})


def fits(state: State, rule: Rule, job: Job) -> bool:
    """Tell whether a rule is about a job."""
    submission = state["submissions"][job["submission"]]
    options = submission["options"]
    return (
        (rule["name"] is None or matches(rule["name"], options["job-name"]))
        and (rule["id"] is None or rule["id"] in (job["key"], str(job["submission"])))
        and (rule["partition"] is None or rule["partition"] == options["partition"])
        and (rule["index"] is None or rule["index"] == submission["order"])
        and (rule["task"] is None or rule["task"] == job["task"])
    )


def cancel(state: State, jobs: list[Job], by: int, now: float) -> list[Effect]:
    """Cancel jobs that are not over; what their scripts still had in mind is dropped."""
    effects: list[Effect] = []
    chosen = {job["key"] for job in jobs}
    for job in jobs:
        if job["state"] in ENDED:
            continue
        job["script"], job["at"] = [], -1
        alone = job["task"] is not None and not job["attempts"] and _leaves_some(state, job, chosen)
        effects += finish(state, job, "CANCELLED", now, by=by)
        if alone:  # such an element was never a job of its own: nothing remembers it
            job["forgotten"] = job["unrecorded"] = True
    return effects


def _leaves_some(state: State, job: Job, chosen: set[str]) -> bool:
    """Tell whether elements of a job's array stay in the queue when the chosen ones are cancelled."""
    tasks = state["submissions"][job["submission"]]["tasks"]
    others = (state["jobs"][f"{job['submission']}_{task}"] for task in tasks)
    return any(other["state"] == "PENDING" and other["key"] not in chosen for other in others)


def send_back(state: State, job: Job, now: float, *, hold: bool = False) -> list[Effect]:
    """Requeue a job as ``scontrol requeue`` does.

    Raises Refused where the job cannot be requeued.
    """
    if job["state"] == "PENDING" and not hold:
        raise Refused("Job is pending execution")
    if "no-requeue" in state["submissions"][job["submission"]]["options"]:
        raise Refused("Requested operation is presently disabled")
    effects = requeue(state, job, "REQUEUED", now) if job["state"] != "PENDING" else []
    if 0 <= job["at"] < len(job["script"]) and job["script"][job["at"]]["word"] == "RUNNING":
        job["since"] = state["tick"] - (job["script"][job["at"]]["polls"] or 0)
    else:
        job["since"] = state["tick"]
    if hold:
        job.update({"held": True, "reason": "job requeued in held state"})
    return effects


def hold(job: Job) -> None:
    """Keep a pending job from starting.

    Raises Refused for a job that is over.
    """
    _refuse_if_over(job)
    job["held"] = True
    if job["state"] == "PENDING":
        job["reason"] = "JobHeldUser"


def release(job: Job) -> None:
    """Let a held job start.

    Raises Refused for a job that is over.
    """
    _refuse_if_over(job)
    if job["held"]:
        job.update({"held": False, "reason": "None"})


def _refuse_if_over(job: Job) -> None:
    if job["state"] in ENDED:
        raise Refused("Job has already finished")
