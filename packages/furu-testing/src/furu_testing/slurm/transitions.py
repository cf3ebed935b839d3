"""What can happen to one job: it starts, is over, goes back into the queue.  Pure bookkeeping.

These functions change the state that they are given and return what is left to do outside; they touch no disk, no
process and no clock.
"""

from __future__ import annotations

from furu_testing.slurm.signals import SIGTERM
from furu_testing.slurm.words import REASONS, last_attempt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.model import Attempt, Effect, Job, State

#: Ends that are announced to the processes with SIGTERM; after the others they are dead at once.
_ANNOUNCED = frozenset({"CANCELLED", "TIMEOUT", "PREEMPTED", "REQUEUED", "DEADLINE"})


def start(state: State, job: Job, now: float, *, process: bool) -> list[Effect]:
    """Give a pending job nodes and a new attempt; with ``process`` its script is really run."""
    if not job["attempts"] and job["task"] is not None and _has_waiting_siblings(state, job):
        job["raw"] = state["next_id"]
        state["next_id"] += 1
    number = len(job["attempts"]) + 1
    attempt: Attempt = {
        "number": number,
        "state": "RUNNING",
        "by": None,
        "code": 0,
        "signal": 0,
        "nodes": _nodes(state, job, number),
        "started": now,
        "ended": None,
        "process": process,
        "over": False,
        "alive": process,
        "group": None,
        "sruns": [],
        "kill_at": None,
        "kill_tick": None,
        "warned": False,
    }
    job["attempts"].append(attempt)
    job.update({"state": "RUNNING", "reason": "None", "started": now, "ended": None})
    job["pending_until"] = state["asked"] + job["false_pending"]
    return [("launch", job["key"], number)] if process else []


def finish(
    state: State,
    job: Job,
    word: str,
    now: float,
    *,
    code: int = 0,
    signal: int = 0,
    reason: str | None = None,
    by: int | None = None,
) -> list[Effect]:
    """End a job for good, with its processes."""
    if job["state"] != "PENDING":
        job["reason"] = "None"
    if reason or word in REASONS:
        job["reason"] = reason or REASONS[word]
    if job["started"] is None:
        job["started"] = now
    effects = _close_attempt(state, job, word, now, code=code, signal=signal, by=by)
    job.update({"state": word, "code": code, "signal": signal, "by": by, "ended": now, "grace_until": None})
    return effects


def finish_by_exit(state: State, job: Job, now: float) -> list[Effect]:
    """End a job as its own script ended."""
    attempt = job["attempts"][-1]
    code, signal = attempt["code"], attempt["signal"]
    if not code and not signal:
        return finish(state, job, "COMPLETED", now)
    return finish(state, job, "FAILED", now, code=code, signal=signal, reason=exit_reason(code, signal))


def exit_reason(code: int, signal: int) -> str | None:
    """Return the reason that goes with the end of a batch script."""
    return "JobLaunchFailure" if signal else "NonZeroExitCode" if code else None


def requeue(state: State, job: Job, word: str, now: float) -> list[Effect]:
    """Put a job back into the queue under the same id; the attempt that it had is recorded with ``word``."""
    effects = _close_attempt(state, job, word, now)
    job.update({"state": "PENDING", "reason": "BeginTime", "code": 0, "signal": 0, "by": None})
    job.update({"started": None, "ended": None, "grace_until": None, "forgotten": False})
    job["restarts"] += 1
    job["eligible_at"] = now + state["settings"]["requeue_delay_sec"]
    return effects


def script_ended(state: State, key: str, number: int, code: int, signal: int) -> None:
    """Note how the script of an attempt ended; what it means for the job is settled afterwards."""
    attempt = state["jobs"][key]["attempts"][number - 1]
    attempt["over"] = True
    if attempt["state"] == "RUNNING":
        attempt.update({"code": code, "signal": signal})


def processes_gone(state: State, key: str, number: int) -> None:
    """Note that nothing of an attempt runs any more."""
    attempt = state["jobs"][key]["attempts"][number - 1]
    attempt.update({"over": True, "alive": False, "kill_at": None, "kill_tick": None})
    for srun in attempt["sruns"]:
        if srun["ended"] is None:
            srun.update({"state": "CANCELLED", "ended": attempt["ended"] or srun["started"]})


def user_signal(state: State, job: Job) -> tuple[int, bool, int] | None:
    """Return what ``--signal`` asks for: the number, whether for the batch shell, and how many seconds ahead."""
    text = state["submissions"][job["submission"]]["options"].get("signal")
    if not text:
        return None
    flags, colon, rest = text.rpartition(":")
    name, _, ahead = rest.partition("@")
    return int(name), bool(colon) and "B" in flags.upper(), int(ahead or 60)


def _close_attempt(
    state: State, job: Job, word: str, now: float, *, code: int = 0, signal: int = 0, by: int | None = None
) -> list[Effect]:
    attempt = last_attempt(job)
    if attempt is None or attempt["state"] != "RUNNING":
        return []
    attempt.update({"state": word, "code": code, "signal": signal, "by": by, "ended": now})
    for srun in attempt["sruns"]:
        if srun["ended"] is None:
            srun["state"] = "CANCELLED"
    return _end_processes(state, job, attempt, now)


def _end_processes(state: State, job: Job, attempt: Attempt, now: float) -> list[Effect]:
    """Say how the processes of a closed attempt are got rid of; a script that is over sees to it itself."""
    if not attempt["alive"] or attempt["over"]:
        return []
    if job["lives_on"]:
        attempt["kill_tick"] = state["tick"] + job["lives_on"]
        return []
    wait = state["settings"]["kill_wait_sec"]
    if attempt["state"] in _ANNOUNCED and wait > 0:
        attempt["kill_at"] = now + wait
        return [("signal", job["key"], attempt["number"], SIGTERM, "all")]
    return [("kill", job["key"], attempt["number"])]


def _has_waiting_siblings(state: State, job: Job) -> bool:
    """Tell whether other elements of an array have not started: the last one to start keeps the id of the array."""
    array = job["submission"]
    keys = (f"{array}_{task}" for task in reversed(state["submissions"][array]["tasks"]))
    siblings = (state["jobs"][key] for key in keys if key != job["key"])
    return any(other["state"] == "PENDING" and not other["attempts"] for other in siblings)


def _nodes(state: State, job: Job, number: int) -> list[str]:
    """Return the names of an attempt's nodes; a later attempt gets other ones where there are others."""
    total = state["settings"]["nodes"]
    count = min(int(state["submissions"][job["submission"]]["options"]["nodes"]), total)
    return [f"node{(number - 1 + offset) % total + 1}" for offset in range(count)]
