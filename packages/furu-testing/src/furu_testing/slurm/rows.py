"""What the tables of ``squeue`` and ``sacct`` have rows for: jobs, and what waits of an array in one row."""

from __future__ import annotations

from furu_testing.slurm.arrays import spell_indexes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from furu_testing.slurm.model import Attempt, Job, State, Submission


class Row:
    """A job, or several elements of an array that are alike; and the attempt or step that the row is about."""

    def __init__(self, state: State, job: Job, tasks: list[int] | None, now: float) -> None:
        self.state = state
        self.job = job
        self.tasks = tasks
        self.now = now
        self.attempt: Attempt | None = job["attempts"][-1] if job["attempts"] else None

    @property
    def submission(self) -> Submission:
        """What was submitted."""
        return self.state["submissions"][self.job["submission"]]

    @property
    def options(self) -> dict[str, str]:
        """The options of the submission."""
        return self.submission["options"]

    @property
    def indexes(self) -> str:
        """The indexes of a row for several elements, with the limit behind them."""
        return spell_indexes(self.tasks or [], self.submission["limit"])

    @property
    def id(self) -> str:
        """The id as users know it: ``12``, ``12_3`` or ``12_[4-9%2]``."""
        return self.job["key"] if self.tasks is None else f"{self.job['submission']}_[{self.indexes}]"

    @property
    def elapsed_sec(self) -> float:
        """For how long the current or last attempt has been running."""
        started, ended = self.job["started"], self.job["ended"]
        if started is None or not self.job["attempts"]:
            return 0.0
        return (self.now if ended is None else ended) - started


def gather(state: State, jobs: Iterable[Job], now: float, *, each: bool = False) -> list[Row]:
    """Return rows for jobs; elements of an array that never started share one, unless ``each`` gets its own."""
    rows: list[Row] = []
    shared: dict[tuple[int, str, str], Row] = {}
    for job in jobs:
        if job["task"] is None or job["attempts"] or each:
            rows.append(Row(state, job, None, now))
            continue
        alike = (job["submission"], job["state"], job["reason"])
        if alike not in shared:
            shared[alike] = Row(state, job, [], now)
            rows.append(shared[alike])
        tasks = shared[alike].tasks
        if tasks is not None:
            tasks.append(job["task"])
    return rows


def chosen(jobs: Iterable[Job], ids: list[str]) -> list[Job]:
    """Return the jobs that ids such as ``12``, ``12_3`` and ``12_[3-5]`` name.  Raises ValueError for what is no id."""
    whole: set[int] = set()
    elements: set[tuple[int, int]] = set()
    for text in ids:
        number, _, rest = text.partition(".")[0].partition("_")
        tasks = _parse_tasks(rest)
        if tasks is None:
            whole.add(int(number))
        else:
            elements |= {(int(number), task) for task in tasks}
    return [
        job
        for job in jobs
        if job["submission"] in whole or job["raw"] in whole or (job["submission"], job["task"]) in elements
    ]


def split_ids(text: str) -> list[str]:
    """Return the ids in a list; commas inside brackets belong to one."""
    ids, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == "," and not depth:
            ids.append("")
        else:
            ids[-1] += letter
    return [one for one in ids if one]


def _parse_tasks(text: str) -> set[int] | None:
    """Return the elements that the part of an id behind ``_`` names, None where there is no such part."""
    if not text or text == "*":
        return None
    chosen: set[int] = set()
    for span in text.strip("[]").partition("%")[0].split(","):
        low, _, high = span.partition("-")
        chosen |= set(range(int(low), int(high or low) + 1))
    return chosen
