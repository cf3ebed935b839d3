"""The columns of ``squeue``, by letter (``-o``) and by name (``-O``)."""

from __future__ import annotations

from furu_testing.slurm.arrays import spell_hosts
from furu_testing.slurm.dependencies import spell as spell_dependency
from furu_testing.slurm.durations import spell, spell_limit, spell_moment
from furu_testing.slurm.machine import cpus
from furu_testing.slurm.words import SHORT, shown_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from furu_testing.slurm.rows import Row

#: An id, its brackets included, is cut off here: a list of many elements has no closing bracket.
_ID_LETTERS = 31

_REASON_FOR = frozenset({"PENDING", "TIMEOUT", "OUT_OF_MEMORY", "DEADLINE", "FAILED"})


def nodes(row: Row) -> str:
    """Return the nodes of a job, nothing while it has none."""
    return spell_hosts(row.attempt["nodes"]) if row.attempt and row.job["state"] != "PENDING" else ""


def _nodes_or_reason(row: Row) -> str:
    return f"({row.job['reason']})" if row.job["state"] in _REASON_FOR else nodes(row)


def _end(row: Row) -> str:
    job = row.job
    if job["state"] == "PENDING" or (job["ended"] is None and job["time_min"] is None):
        return "N/A"
    return spell_moment((job["started"] or 0) + 60 * (job["time_min"] or 0) if job["ended"] is None else job["ended"])


def _left(row: Row) -> str:
    limit = row.job["time_min"]
    return "UNLIMITED" if limit is None else spell(max(0.0, 60 * limit - row.elapsed_sec))


def _memory(row: Row) -> str:
    return row.options.get("mem", "0").removesuffix("B") or "0"


def _option(name: str, default: str = "(null)") -> Callable[[Row], str]:
    return lambda row: row.options.get(name, default)


_CELLS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "account": ("ACCOUNT", lambda row: row.options.get("account", row.submission["user"])),
    "arrayjobid": ("ARRAY_JOB_ID", lambda row: str(row.job["submission"])),
    "arraytaskid": (
        "ARRAY_TASK_ID",
        lambda row: (
            row.indexes if row.tasks is not None else "N/A" if row.job["task"] is None else str(row.job["task"])
        ),
    ),
    "command": ("COMMAND", lambda row: row.submission["command"]),
    "comment": ("COMMENT", _option("comment")),
    "dependency": ("DEPENDENCY", lambda row: spell_dependency(row.state, row.job)),
    "endtime": ("END_TIME", _end),
    "exit_code": ("EXIT_CODE", lambda row: str(row.job["code"])),
    "feature": ("FEATURES", _option("constraint")),
    "groupname": ("GROUP", lambda row: str(row.submission["gid"])),
    "jobarrayid": ("JOBID", lambda row: row.id[:_ID_LETTERS]),
    "jobid": ("JOBID", lambda row: str(row.job["raw"])),
    "maxnodes": ("MAX_NODES", lambda _: "0"),
    "mincpus": ("MIN_CPUS", lambda row: row.options.get("cpus-per-task", "1")),
    "minmemory": ("MIN_MEMORY", _memory),
    "name": ("NAME", lambda row: row.options["job-name"]),
    "nodelist": ("NODELIST", nodes),
    "numcpus": ("CPUS", lambda row: str(cpus(row.state, row.job))),
    "numnodes": ("NODES", lambda row: row.options["nodes"]),
    "numtasks": ("TASKS", lambda row: row.options["ntasks"]),
    "partition": ("PARTITION", lambda row: row.options["partition"]),
    "priority": ("PRIORITY", lambda row: "0" if row.job["held"] else str(4294901760 - row.submission["order"])),
    "qos": ("QOS", _option("qos", "normal")),
    "reason": ("REASON", lambda row: row.job["reason"]),
    "reasonlist": ("NODELIST(REASON)", _nodes_or_reason),
    "restartcnt": ("RESTART_COUNT", lambda row: str(row.job["restarts"])),
    "starttime": ("START_TIME", lambda row: spell_moment(row.job["started"], "N/A")),
    "state": ("STATE", lambda row: shown_state(row.job)),
    "statecompact": ("ST", lambda row: SHORT[shown_state(row.job)]),
    "stderr": ("STDERR", lambda row: row.options.get("error") or row.options.get("output", "")),
    "stdout": ("STDOUT", _option("output", "")),
    "submittime": ("SUBMIT_TIME", lambda row: spell_moment(row.job["submitted"])),
    "timeleft": ("TIME_LEFT", _left),
    "timelimit": ("TIME_LIMIT", lambda row: spell_limit(row.job["time_min"])),
    "timeused": ("TIME", lambda row: spell(row.elapsed_sec)),
    "tres-per-node": (
        "TRES_PER_NODE",
        lambda row: row.options.get("gres") or row.options.get("gpus-per-node") or "N/A",
    ),
    "userid": ("UID", lambda row: str(row.submission["uid"])),
    "username": ("USER", lambda row: row.submission["user"]),
    "workdir": ("WORK_DIR", lambda row: row.submission["directory"]),
}

_LETTERS = (
    "a:account A:jobid b:tres-per-node B:nodelist c:mincpus C:numcpus D:numnodes e:endtime E:dependency f:feature "
    "F:arrayjobid g:groupname i:jobarrayid j:name k:comment K:arraytaskid l:timelimit L:timeleft m:minmemory M:timeused "
    "N:nodelist o:command p:priority P:partition q:qos Q:priority r:reason R:reasonlist S:starttime t:statecompact "
    "T:state u:username U:userid V:submittime Z:workdir"
)

BY_NAME = _CELLS
BY_LETTER = {pair[0]: _CELLS[pair[2:]] for pair in _LETTERS.split()} | {
    "B": ("EXEC_HOST", lambda row: nodes(row) or "n/a")
}
