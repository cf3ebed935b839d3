"""``JobStatus``: what ``sacct`` and ``squeue`` say of one job.  Parsing only; nothing is asked here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from furu_exec_slurm import states
from furu_exec_slurm.states import Condition, Phase

if TYPE_CHECKING:
    from collections.abc import Iterator

SACCT_COLUMNS = "JobID,State,ExitCode,NodeList"
SQUEUE_COLUMNS = "%i|%T|%N|%r"

_BRACKETS = re.compile(r"(\d+)_\[([\d,:-]+)(?:%\d+)?\]")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job, or one element of an array, as Slurm sees it.

    ``word`` is Slurm's own, with what follows it; ``reason`` is why a pending job waits, where that is known; ``node`` is
    where it runs or ran.
    """

    job_id: str
    word: str
    condition: Condition
    exit_code: str = ""
    node: str = ""
    reason: str = ""

    @property
    def phase(self) -> Phase:
        """Where the job is on its way."""
        return self.condition.phase

    @property
    def gone(self) -> bool:
        """Whether it has ended, and Slurm will not start it again."""
        return self.condition.phase is Phase.ENDED and self.condition.final

    @property
    def words(self) -> str:
        """The state for people: Slurm's word, and why it waits."""
        return f"{self.word} ({self.reason})" if self.reason else self.word


def from_sacct(text: str, *, cancelled_is_preempted: bool) -> dict[str, JobStatus]:
    """Return the jobs in the output of ``sacct -n -P -o SACCT_COLUMNS``, each element of an array by itself.

    Steps add what their job does not tell: with ``srun``, that memory ran out shows in the step only.
    """
    found: dict[str, JobStatus] = {}
    for line in text.splitlines():
        shown, word, exit_code, node = line.split("|")[:4]
        shown, _, step = shown.partition(".")
        for job_id in expanded(shown):
            if step:
                if word.startswith("OUT_OF_ME") and job_id in found and found[job_id].condition.kind is not None:
                    found[job_id] = replace(found[job_id], condition=states.condition("OUT_OF_MEMORY"))
                continue
            meant = states.condition(word, exit_code, cancelled_is_preempted=cancelled_is_preempted)
            found[job_id] = JobStatus(job_id, word, meant, exit_code, "" if node == "None assigned" else node)
    return found


def from_squeue(text: str, *, cancelled_is_preempted: bool) -> dict[str, JobStatus]:
    """Return the jobs in the output of ``squeue -h -r -o SQUEUE_COLUMNS``, each element of an array by itself."""
    found: dict[str, JobStatus] = {}
    for line in text.splitlines():
        shown, word, node, reason = line.split("|", 3)
        meant = states.condition(word, cancelled_is_preempted=cancelled_is_preempted)
        told = reason if reason not in ("None", "") and meant.phase is Phase.PENDING else ""
        for job_id in expanded(shown):
            found[job_id] = JobStatus(job_id, word, meant, "", node, told)
    return found


def expanded(shown: str) -> Iterator[str]:
    """Yield the ids that one row stands for: pending elements of an array share one, as ``12_[0-3,7%2]``."""
    match = _BRACKETS.fullmatch(shown.strip())
    if match is None:
        yield shown.strip()
        return
    array, parts = match.groups()
    for part in parts.split(","):
        bounds, _, step = part.partition(":")
        low, _, high = bounds.partition("-")
        for index in range(int(low), int(high or low) + 1, int(step or 1)):
            yield f"{array}_{index}"
