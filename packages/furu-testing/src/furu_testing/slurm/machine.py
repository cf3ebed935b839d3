"""The state machine: which job moves on, given the time and how often somebody has asked.

A job without a script starts when nothing holds it up and ends when its processes do.  A job with a script does what
the script says, from the moment on at which it may start.  Pure: see `furu_testing.slurm.transitions`.
"""

from __future__ import annotations

from furu_testing.slurm.dependencies import verdict
from furu_testing.slurm.signals import SIGCONT, SIGSTOP, SIGTERM
from furu_testing.slurm.transitions import exit_reason, finish, finish_by_exit, requeue, start, user_signal
from furu_testing.slurm.words import ENDED, is_completing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.model import Effect, Job, State, Step


class _Load:
    """How much runs at the moment: CPUs in use, and elements of each array."""

    def __init__(self, state: State) -> None:
        self.cpus = 0
        self.running: dict[int, int] = {}
        for job in state["jobs"].values():
            if job["state"] in ("RUNNING", "SUSPENDED"):
                self.add(state, job)

    def add(self, state: State, job: Job) -> None:
        """Count a job that has started."""
        self.running[job["submission"]] = self.running.get(job["submission"], 0) + 1
        if job["attempts"][-1]["process"]:
            self.cpus += cpus(state, job)


def cpus(state: State, job: Job) -> int:
    """Return how many CPUs a job takes, at most all that there are."""
    options = state["submissions"][job["submission"]]["options"]
    wanted = int(options["ntasks"]) * int(options.get("cpus-per-task", "1"))
    return min(wanted, state["settings"]["cpus"])


def asked(state: State, now: float) -> list[Effect]:
    """Count a question about the state of jobs, and move on what was shown often enough."""
    state["tick"] += 1
    return settle(state, now)


def settle(state: State, now: float) -> list[Effect]:
    """Bring every job up to date and return what is to be done outside; after its end a cluster stands still."""
    effects: list[Effect] = []
    moved = not state["closed"]
    while moved:
        moved = False
        load = _Load(state)
        for job in state["jobs"].values():
            if job["state"] in ENDED and job["forgotten"] and not any(one["alive"] for one in job["attempts"]):
                continue
            before = (job["state"], job["at"], len(job["attempts"]))
            effects += _kill_what_is_due(state, job, now)
            effects += _follow(state, job, now, load)
            if before != (job["state"], job["at"], len(job["attempts"])):
                moved = True
                if job["state"] == "RUNNING" and before[0] == "PENDING":
                    load.add(state, job)
    return effects


def due(state: State, now: float) -> float | None:
    """Return in how many seconds time alone changes something, for whoever can wait for it."""
    moments: list[float] = []
    for job in state["jobs"].values():
        moments += [moment for attempt in job["attempts"] if (moment := attempt["kill_at"]) is not None]
        if job["grace_until"] is not None:
            moments.append(job["grace_until"])
        if job["state"] == "PENDING" and job["eligible_at"] > now:
            moments.append(job["eligible_at"])
        if _is_limited(job):
            moments += [moment for moment in _limits(state, job) if moment is not None]
    return max(0.0, min(moments) - now) if moments else None


def _kill_what_is_due(state: State, job: Job, now: float) -> list[Effect]:
    effects: list[Effect] = []
    for attempt in job["attempts"]:
        at, tick = attempt["kill_at"], attempt["kill_tick"]
        if (at is not None and at <= now) or (tick is not None and tick <= state["tick"]):
            attempt["kill_at"] = attempt["kill_tick"] = None
            effects.append(("kill", job["key"], attempt["number"]))
    return effects


def _follow(state: State, job: Job, now: float, load: _Load) -> list[Effect]:
    """Take every step of the script that is due, then let the job go its own way if the script has ended."""
    effects: list[Effect] = []
    while True:
        if job["grace_until"] is not None:
            if not _is_grace_over(job, now):
                return effects
            effects += _take_away(state, job, job["script"][job["at"]], now)
            job["since"] = state["tick"]
        if job["at"] >= 0 and not _was_shown(state, job, job["script"][job["at"]]):
            break
        following = job["at"] + 1
        if following >= len(job["script"]):
            effects += _let_go(state, job, now, load)
            break
        step = job["script"][following]
        if job["state"] == "PENDING" and (job["at"] < 0 or step["word"] == "RUNNING"):
            held_up = _held_up(state, job, now, load)
            if held_up:
                effects += _wait(state, job, held_up, now)
                break
        job["at"], job["since"] = following, state["tick"]
        effects += _enter(state, job, step, now)
    return effects + _enforce_limit(state, job, now)


def _was_shown(state: State, job: Job, step: Step) -> bool:
    """Tell whether a step has been seen as often as it wants; for None, whether a running process ended by itself."""
    if step["polls"] is None:
        return step["word"] == "RUNNING" and job["attempts"][-1]["over"]
    return state["tick"] - job["since"] >= step["polls"]


def _is_grace_over(job: Job, now: float) -> bool:
    attempt = job["attempts"][-1]
    return now >= (job["grace_until"] or 0) or attempt["over"] or not attempt["alive"]


def _enter(state: State, job: Job, step: Step, now: float) -> list[Effect]:
    """Do what a step says."""
    word = step["word"]
    if word == "VANISHED":
        job["forgotten"], job["unrecorded"] = True, not step["keeps_row"]
        return []
    if word == "PENDING":
        effects = requeue(state, job, "REQUEUED", now) if job["state"] == "RUNNING" else []
        job["reason"] = step["reason"]
        return effects
    effects = _resume(job)
    if job["state"] == "PENDING" and word not in ("CANCELLED", "DEADLINE", "BOOT_FAIL"):
        process = step["process"] if step["process"] is not None else state["settings"]["run_jobs"]
        effects += start(state, job, now, process=process and word in ("RUNNING", "SUSPENDED"))
    if word == "SUSPENDED":
        job["state"] = word
        return [*effects, ("signal", job["key"], len(job["attempts"]), SIGSTOP, "all")]
    if word == "RUNNING":
        return effects
    if step["grace_sec"] and job["attempts"] and job["attempts"][-1]["alive"]:
        job["grace_until"] = now + step["grace_sec"]
        return [*effects, _warning(state, job)]
    return effects + _take_away(state, job, step, now)


def _resume(job: Job) -> list[Effect]:
    if job["state"] != "SUSPENDED":
        return []
    job["state"] = "RUNNING"
    return [("signal", job["key"], len(job["attempts"]), SIGCONT, "all")]


def _take_away(state: State, job: Job, step: Step, now: float) -> list[Effect]:
    """End the attempt of a running job as a step says, for good or for a new attempt."""
    job["grace_until"] = None
    if step["requeue"]:
        return requeue(state, job, step["word"], now)
    code, signal = step["code"], step["signal"]
    reason = exit_reason(code, signal) if step["word"] == "FAILED" else None
    return finish(state, job, step["word"], now, code=code, signal=signal, reason=reason, by=step["by"])


def _let_go(state: State, job: Job, now: float, load: _Load) -> list[Effect]:
    """Let a job do what it would do without a script."""
    if job["state"] == "PENDING":
        held_up = _held_up(state, job, now, load)
        if not held_up and state["settings"]["run_jobs"] and load.cpus + cpus(state, job) > state["settings"]["cpus"]:
            held_up = "Resources"
        if held_up:
            return _wait(state, job, held_up, now)
        return start(state, job, now, process=state["settings"]["run_jobs"])
    if job["state"] == "RUNNING" and job["attempts"][-1]["over"]:
        return finish_by_exit(state, job, now)
    if job["state"] in ENDED and not is_completing(job):
        age = now - (job["ended"] or now)
        job["forgotten"] = job["forgotten"] or age > state["settings"]["min_job_age_sec"]
    return []


def _held_up(state: State, job: Job, now: float, load: _Load) -> str:
    """Return the reason why a job may not start, or nothing."""
    if job["held"]:
        return job["reason"] if job["reason"].startswith("job requeued") else "JobHeldUser"
    judged = verdict(state, job)
    if judged != "met":
        return "Dependency" if judged == "waiting" else "DependencyNeverSatisfied"
    if job["eligible_at"] > now or is_completing(job):
        return "BeginTime"
    limit = state["submissions"][job["submission"]]["limit"]
    return "JobArrayTaskLimit" if limit and load.running.get(job["submission"], 0) >= limit else ""


def _wait(state: State, job: Job, reason: str, now: float) -> list[Effect]:
    """Leave a job in the queue, or end it where it asked not to wait in vain."""
    job["reason"] = reason
    options = state["submissions"][job["submission"]]["options"]
    if reason == "DependencyNeverSatisfied" and options.get("kill-on-invalid-dep") == "yes":
        return finish(state, job, "CANCELLED", now, reason=reason)
    return []


def _limits(state: State, job: Job) -> tuple[float | None, float | None]:
    """Return when a running job is to be warned, if it still is, and when its time is up."""
    if job["time_min"] is None or job["started"] is None:
        return None, None
    end = job["started"] + 60 * job["time_min"]
    wanted = user_signal(state, job)
    return (end - wanted[2] if wanted and not job["attempts"][-1]["warned"] else None), end


def _is_limited(job: Job) -> bool:
    """Tell whether the time limit of a job counts: it runs, and its script has nothing more to say."""
    return job["state"] == "RUNNING" and job["at"] >= len(job["script"]) - 1 and not job["attempts"][-1]["over"]


def _enforce_limit(state: State, job: Job, now: float) -> list[Effect]:
    """Warn a running job ahead of its time limit, and end it there."""
    if not _is_limited(job):
        return []
    warn, end = _limits(state, job)
    if end is not None and now >= end:
        return finish(state, job, "TIMEOUT", now)
    if warn is not None and now >= warn:
        job["attempts"][-1]["warned"] = True
        return [_warning(state, job)]
    return []


def _warning(state: State, job: Job) -> Effect:
    """Return the signal that tells a job of its coming end: the one that it asked for, or SIGTERM."""
    wanted = user_signal(state, job)
    if wanted is None:
        return ("signal", job["key"], len(job["attempts"]), SIGTERM, "all")
    return ("signal", job["key"], len(job["attempts"]), wanted[0], "batch" if wanted[1] else "steps")
