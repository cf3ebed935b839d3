"""``sacct``: what the accounting knows of jobs, late and for ever."""

from __future__ import annotations

import sys

from furu_testing.slurm.commands.sacct_columns import CELLS, LEFT, WIDTHS, Record
from furu_testing.slurm.commands.switches import Switches
from furu_testing.slurm.commands.tables import print_table
from furu_testing.slurm.host import cluster_time
from furu_testing.slurm.machine import asked, settle
from furu_testing.slurm.processes import perform
from furu_testing.slurm.rows import Row, chosen, gather, split_ids
from furu_testing.slurm.words import SHORT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.directory import Directory
    from furu_testing.slurm.model import Job, State

SWITCHES = Switches(
    "accounts associations clusters delimiter endtime format group jobs name ncpus nnodes nodelist partition qos starttime "
    "state timelimit-max timelimit-min uid units user whole-hetjob wckeys",
    "allclusters allocations allusers batch-script brief completion duplicates env-vars federation help helpformat json "
    "local long noconvert noheader parsable parsable2 truncate usage verbose version yaml",
    "A:accounts x:associations M:clusters E:endtime o:format g:group j:jobs I:ncpus i:nnodes N:nodelist r:partition q:qos "
    "S:starttime s:state K:timelimit-max k:timelimit-min u:user W:wckeys L:allclusters X:allocations a:allusers "
    "B:batch-script b:brief c:completion D:duplicates h:help e:helpformat l:long n:noheader p:parsable P:parsable2 "
    "T:truncate v:verbose V:version",
)

_DEFAULT = "JobID,JobName,Partition,Account,AllocCPUS,State,ExitCode"
_BRIEF = "JobID,State,ExitCode"
_CANONICAL = {name.lower(): name for name in WIDTHS}


class _Refused(Exception):
    """The arguments make no sense; the text is what is said about them."""


def run(directory: Directory, arguments: list[str]) -> int:
    """Print the table that was asked for; counts as a question about the state of jobs."""
    options, _ = SWITCHES.read(arguments, anywhere=True)
    if "helpformat" in options:
        _print_fields()
        return 0
    try:
        columns = _columns(options.get("format") or (_BRIEF if "brief" in options else _DEFAULT))
        states = _states(options.get("state", ""))
        ids = _ids(options.get("jobs", ""))
    except _Refused as error:
        sys.stderr.write(f"sacct: {error}\n")
        return 1
    with directory.changing() as state:
        moment = cluster_time(state)
        perform(directory, state, settle(state, moment))
        jobs = chosen(state["jobs"].values(), ids) if ids else list(state["jobs"].values())
        recorded = [job for job in jobs if _has_row(state, job) and _fits(state, job, options)]
        rows = sorted(gather(state, recorded, moment), key=_order)
        every, steps = "duplicates" in options, "allocations" not in options
        records = [record for row in rows for record in _records(row, every=every, steps=steps)]
        shown = [record for record in records if not states or record.word.partition(" ")[0] in states]
        _print(columns, shown, options)
        state["asked"] += 1
        perform(directory, state, asked(state, moment))
    return 0


def _has_row(state: State, job: Job) -> bool:
    return not job["unrecorded"] and job["row_from"] <= state["asked"]


def _fits(state: State, job: Job, options: dict[str, str]) -> bool:
    submission = state["submissions"][job["submission"]]
    wanted = {
        "name": {submission["options"]["job-name"]},
        "partition": {submission["options"]["partition"]},
        "user": {submission["user"], str(submission["uid"])},
    }
    return all(name not in options or values & set(options[name].split(",")) for name, values in wanted.items())


def _order(row: Row) -> tuple[float, int, int]:
    attempts = row.job["attempts"]
    return (attempts[0]["started"] if attempts else float("inf"), row.job["submission"], row.job["task"] or 0)


def _records(row: Row, *, every: bool, steps: bool) -> list[Record]:
    """Return the rows of a job: its last attempt with its steps, or every attempt."""
    job = row.job
    again = job["state"] == "PENDING" and bool(job["attempts"]) and not _is_between(row)
    if not job["attempts"] or (again and not every):
        return [Record(row, None)]
    records = []
    for attempt in job["attempts"] if every else job["attempts"][-1:]:
        records.append(Record(row, attempt))
        if steps and attempt["process"]:
            records.append(Record(row, attempt, "batch"))
            records += [Record(row, attempt, str(srun["number"]), srun) for srun in attempt["sruns"]]
    return [*records, Record(row, None)] if again else records


def _is_between(row: Row) -> bool:
    """Tell whether a requeued job is still shown with the word of the attempt that it had."""
    job = row.job
    if any(attempt["alive"] and attempt["state"] != "NODE_FAIL" for attempt in job["attempts"]):
        return True
    if not 0 <= job["at"] < len(job["script"]) or not job["script"][job["at"]]["requeue"]:
        return False
    polls = job["script"][job["at"]]["polls"]
    return polls is None or row.state["tick"] - job["since"] < polls


def _columns(text: str) -> list[tuple[str, int]]:
    """Return fields and widths; a negative width is flush left, 0 the default."""
    columns = []
    for part in text.split(","):
        name, percent, width = part.strip().partition("%")
        if name.lower() == "all":
            columns += [(field, 0) for field in WIDTHS]
            continue
        if name.lower() not in _CANONICAL:
            raise _Refused(f'error: Invalid field requested: "{name}"')
        columns.append((_CANONICAL[name.lower()], int(width) if percent else 0))
    return columns


def _states(text: str) -> set[str]:
    words: set[str] = set()
    for one in text.split(",") if text else []:
        found = {word for word, short in SHORT.items() if one.upper() in (word, short)}
        if not found:
            raise _Refused(f"fatal: unrecognized job state value '{one}'")
        words |= found
    return words


def _ids(text: str) -> list[str]:
    ids = split_ids(text)
    for one in ids:
        try:
            chosen([], [one])
        except ValueError:
            raise _Refused(f"fatal: Bad job/step specified: {one}") from None
        if "[" in one:
            raise _Refused(f"fatal: Bad job array element specified: {one.partition('_')[0]}")
    return ids


def _print(columns: list[tuple[str, int]], records: list[Record], options: dict[str, str]) -> None:
    lines = [] if "noheader" in options else [[name for name, _ in columns]]
    lines += [[CELLS[name](record) if name in CELLS else "" for name, _ in columns] for record in records]
    if "parsable" in options or "parsable2" in options:
        delimiter = options.get("delimiter", "|")
        end = delimiter if "parsable" in options else ""
        sys.stdout.writelines(f"{delimiter.join(cells)}{end}\n" for cells in lines)
        return
    widths = [abs(width) or WIDTHS[name] for name, width in columns]
    layout = [
        (width, asked_for >= 0 and (asked_for > 0 or name not in LEFT), " ")
        for width, (name, asked_for) in zip(widths, columns, strict=True)
    ]
    cut = [[_cut(cell, width) for cell, width in zip(cells, widths, strict=True)] for cells in lines]
    if "noheader" not in options:
        cut[0] = [name[:width] for (name, _), width in zip(columns, widths, strict=True)]
        cut.insert(1, ["-" * width for width in widths])
    print_table(cut, layout)


def _cut(cell: str, width: int) -> str:
    """Return a cell that fits; a plus sign says that something is missing."""
    return cell if len(cell) <= width else f"{cell[: width - 1]}+"


def _print_fields() -> None:
    names = list(WIDTHS)
    for start in range(0, len(names), 4):
        sys.stdout.write(" ".join(f"{name:<19}" for name in names[start : start + 4]) + "\n")
