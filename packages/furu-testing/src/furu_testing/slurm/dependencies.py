"""What a job waits for: ``--dependency`` read, judged and written."""

from __future__ import annotations

from furu_testing.slurm.words import ENDED, is_completing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from furu_testing.slurm.model import Dependency, Job, State

    Verdict = Literal["met", "waiting", "never"]

KINDS = ("after", "afterany", "afterok", "afternotok", "aftercorr", "afterburstbuffer")


def parse(text: str) -> Dependency:
    """Return the terms of ``--dependency``, one for each job id.

    Raises ValueError for anything that Slurm would refuse.
    """
    terms: list[tuple[str, str]] = []
    for part in text.replace("?", ",").split(",") if text else []:
        kind, _, ids = part.partition(":")
        if kind == "singleton" and not ids:
            terms.append((kind, ""))
            continue
        if kind not in KINDS or not ids:
            raise ValueError(text)
        terms += [(kind, _checked_id(one)) for one in ids.split(":")]
    return {"any": "?" in text, "terms": terms}


def _checked_id(text: str) -> str:
    """Return a job id without the delay that ``after`` may have."""
    key = text.partition("+")[0]
    job, _, task = key.partition("_")
    if not job.isdigit() or not (task or "0").isdigit():
        raise ValueError(text)
    return key


def verdict(state: State, job: Job) -> Verdict:
    """Say whether a job may start, must wait, or waits in vain."""
    dependency = state["submissions"][job["submission"]]["dependency"]
    verdicts = [judge(state, job, kind, key) for kind, key in dependency["terms"]]
    if not verdicts:
        return "met"
    if dependency["any"]:
        return "met" if "met" in verdicts else "waiting" if "waiting" in verdicts else "never"
    return "never" if "never" in verdicts else "waiting" if "waiting" in verdicts else "met"


def judge(state: State, job: Job, kind: str, key: str) -> Verdict:
    """Judge one term.  A job that the controller does not know, or knows no longer, holds nobody up."""
    if kind == "singleton":
        return "waiting" if any(_is_older_twin(state, job, other) for other in state["jobs"].values()) else "met"
    if kind == "aftercorr" and job["task"] is not None and "_" not in key:
        key = f"{key}_{job['task']}"
    upstream = [other for other in _named(state, key) if not other["forgotten"]]
    if not upstream:
        return "met"
    if kind == "after":
        return "met" if all(other["state"] != "PENDING" for other in upstream) else "waiting"
    over = all(_is_over(other) for other in upstream)
    failed = any(_is_over(other) and other["state"] != "COMPLETED" for other in upstream)
    if kind in ("afterok", "aftercorr"):
        return "never" if failed else "met" if over else "waiting"
    if kind == "afternotok":
        return "waiting" if not over else "met" if failed else "never"
    return "met" if over else "waiting"


def spell(state: State, job: Job) -> str:
    """Return what is left of a dependency, in the words of ``squeue``."""
    if job["state"] != "PENDING":
        return "(null)"
    dependency = state["submissions"][job["submission"]]["dependency"]
    parts = []
    for kind, key in dependency["terms"]:
        now = judge(state, job, kind, key)
        if now != "met":
            colon = f":{key}" if key else ""
            parts.append(f"{kind}{colon}({'failed' if now == 'never' else 'unfulfilled'})")
    return ("?" if dependency["any"] else ",").join(parts) or "(null)"


def _named(state: State, key: str) -> list[Job]:
    """Return the job with an id, or all elements of the array with it."""
    if key in state["jobs"]:
        return [state["jobs"][key]]
    if not key.isdigit():
        return []
    submission = state["submissions"].get(int(key))
    tasks = submission["tasks"] if submission else []
    return [state["jobs"][f"{key}_{task}"] for task in tasks]


def _is_over(job: Job) -> bool:
    return job["state"] in ENDED and not is_completing(job)


def _is_older_twin(state: State, job: Job, other: Job) -> bool:
    """Tell whether another job has the same name and user, came first, and is not over."""
    if other["submission"] >= job["submission"] or _is_over(other) or other["forgotten"]:
        return False
    mine, others = (state["submissions"][one["submission"]] for one in (job, other))
    return mine["user"] == others["user"] and mine["options"]["job-name"] == others["options"]["job-name"]
