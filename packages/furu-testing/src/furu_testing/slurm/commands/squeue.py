"""``squeue``: what the controller knows of jobs, exactly and for a while."""

from __future__ import annotations

import sys
from time import asctime, localtime

from furu_testing.slurm.commands.queue_columns import BY_LETTER, BY_NAME
from furu_testing.slurm.commands.switches import Switches
from furu_testing.slurm.commands.tables import print_table
from furu_testing.slurm.host import cluster_time
from furu_testing.slurm.machine import asked, settle
from furu_testing.slurm.processes import perform
from furu_testing.slurm.rows import Row, chosen, gather, split_ids
from furu_testing.slurm.words import ENDED, SHORT, is_completing, shown_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from furu_testing.slurm.directory import Directory
    from furu_testing.slurm.model import Job, State

    Cell = Callable[[Row], str]

SWITCHES = Switches(
    "account clusters format Format iterate jobs licenses name nodelist partition qos reservation sort states step user",
    "all array array-unique federation help hide json local long me noheader noconvert sibling start steps usage verbose "
    "version yaml",
    "A:account M:clusters o:format O:Format i:iterate j:jobs L:licenses n:name w:nodelist p:partition q:qos "
    "R:reservation S:sort t:states u:user a:all r:array h:noheader l:long s:steps v:verbose V:version",
)

_DEFAULT = "%.18i %.9P %.8j %.8u %.2t %.10M %.6D %R"
_LONG = "%.18i %.9P %.8j %.8u %.8T %.10M %.9l %.6D %R"


def run(directory: Directory, arguments: list[str]) -> int:
    """Print the table that was asked for; counts as a question about the state of jobs."""
    options, _ = SWITCHES.read(arguments, anywhere=True)
    states = _states(options.get("states", ""))
    if isinstance(states, int):
        return states
    try:
        ids = split_ids(options.get("jobs", ""))
        chosen([], ids)
    except ValueError:
        wrong = next(one for one in ids if not one.partition("_")[0].isdigit())
        sys.stderr.write(f"squeue: error: Invalid job id: {wrong}\n")
        return 1
    columns = _columns(options)
    with directory.changing() as state:
        moment = cluster_time(state)
        perform(directory, state, settle(state, moment))
        known = [job for job in state["jobs"].values() if not job["forgotten"]]
        found = chosen(known, ids) if ids else known
        refused = len(ids) == 1 and not found
        if not refused:
            wanted = [job for job in found if _fits(state, job, options, states)]
            each = "array" in options or any("_" in one for one in ids)
            rows = sorted(gather(state, wanted, moment, each=each), key=_order)
            _print(columns, rows, options, moment)
        perform(directory, state, asked(state, moment))
    if refused:
        sys.stderr.write("slurm_load_jobs error: Invalid job id specified\n")
    return int(refused)


def _states(text: str) -> set[str] | int:
    """Return the words that are asked for; nothing means what is not over."""
    words: set[str] = set()
    for one in text.upper().split(",") if text else []:
        found = set(SHORT) if one == "ALL" else {word for word, short in SHORT.items() if one in (word, short)}
        if not found:
            sys.stderr.write(f"squeue: error: Invalid job state specified: {one.lower()}\n")
            sys.stderr.write(f"squeue: error: Valid job states include: {','.join(SHORT)}\n\n")
            return 1
        words |= found
    return words


def _fits(state: State, job: Job, options: dict[str, str], states: set[str]) -> bool:
    submission = state["submissions"][job["submission"]]
    if states and not states & {job["state"], shown_state(job)}:
        return False
    if not states and job["state"] in ENDED and not is_completing(job):
        return False
    return (
        _listed(options, "name", submission["options"]["job-name"])
        and _listed(options, "partition", submission["options"]["partition"])
        and (_listed(options, "user", submission["user"]) or _listed(options, "user", str(submission["uid"])))
    )


def _listed(options: dict[str, str], option: str, value: str) -> bool:
    return not options.get(option) or value in options[option].split(",")


def _order(row: Row) -> tuple[str, str, bool, int, int]:
    job = row.job
    return (row.options["partition"], shown_state(job), job["held"], job["submission"], job["task"] or 0)


def _columns(options: dict[str, str]) -> list[tuple[str, Cell, int, bool, str]]:
    """Return header, content, width (0: as long as it is), whether it is flush right, and the text behind."""
    if "Format" in options:
        return _named_columns(options["Format"])
    text = options.get("format") or (_LONG if "long" in options else _DEFAULT)
    columns: list[tuple[str, Cell, int, bool, str]] = []
    before, _, rest = text.partition("%")
    if before:
        columns.append(("", _nothing, 0, False, before))
    while rest:
        right = rest.startswith(".")
        rest = rest.removeprefix(".")
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        letter, rest = rest[len(digits) : len(digits) + 1], rest[len(digits) + 1 :]
        behind, _, rest = rest.partition("%")
        if letter not in BY_LETTER:
            sys.stderr.write(f"squeue: error: Invalid job format specification: {letter}\n")
            behind, letter = f"%{'.' if right else ''}{digits}{letter}{behind}", ""
        header, cell = BY_LETTER.get(letter, ("", _nothing))
        columns.append((header, cell, int(digits or 0), right, behind))
    return columns


def _nothing(_: Row) -> str:
    return ""


def _named_columns(text: str) -> list[tuple[str, Cell, int, bool, str]]:
    columns: list[tuple[str, Cell, int, bool, str]] = []
    for one in text.split(","):
        name, _, width = one.partition(":")
        if name.strip().lower() not in BY_NAME:
            sys.stderr.write(f"squeue: error: Invalid job format specification: {name}\n")
            continue
        header, cell = BY_NAME[name.strip().lower()]
        columns.append((header, cell, int(width.lstrip(".") or 20), width.startswith("."), ""))
    return columns


def _print(
    columns: list[tuple[str, Cell, int, bool, str]], rows: list[Row], options: dict[str, str], moment: float
) -> None:
    if "long" in options and "noheader" not in options:
        sys.stdout.write(asctime(localtime(moment)) + "\n")
    lines = [] if "noheader" in options else [[header for header, *_ in columns]]
    lines += [[cell(row) for _, cell, *_ in columns] for row in rows]
    print_table(lines, [(width, right, behind) for _, _, width, right, behind in columns])
