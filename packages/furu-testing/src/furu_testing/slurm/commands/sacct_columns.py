"""The columns of ``sacct``."""

from __future__ import annotations

from furu_testing.slurm.arrays import spell_hosts
from furu_testing.slurm.durations import spell, spell_limit, spell_moment
from furu_testing.slurm.machine import cpus
from furu_testing.slurm.rows import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from furu_testing.slurm.model import Attempt, Srun

_WIDTHS = (
    "Account:10 AdminComment:15 AllocCPUS:10 AllocNodes:10 AllocTRES:10 AssocID:7 AveCPU:10 AveCPUFreq:10 "
    "AveDiskRead:14 AveDiskWrite:14 AvePages:10 AveRSS:10 AveVMSize:10 BlockID:16 Cluster:10 Comment:14 "
    "Constraints:19 ConsumedEnergy:14 ConsumedEnergyRaw:17 Container:19 CPUTime:10 CPUTimeRAW:10 DBIndex:10 "
    "DerivedExitCode:15 Elapsed:10 ElapsedRaw:10 Eligible:19 End:19 ExitCode:8 Flags:19 GID:6 Group:9 JobID:12 "
    "JobIDRaw:12 JobName:10 Layout:9 MaxDiskRead:12 MaxDiskReadNode:15 MaxDiskReadTask:15 MaxDiskWrite:12 "
    "MaxDiskWriteNode:16 MaxDiskWriteTask:16 MaxPages:8 MaxPagesNode:12 MaxPagesTask:14 MaxRSS:10 MaxRSSNode:10 "
    "MaxRSSTask:10 MaxVMSize:10 MaxVMSizeNode:14 MaxVMSizeTask:14 McsLabel:12 MinCPU:10 MinCPUNode:10 MinCPUTask:10 "
    "NCPUS:10 NNodes:8 NodeList:15 NTasks:8 Partition:10 Priority:10 QOS:10 QOSRAW:6 Reason:22 ReqCPUFreq:10 "
    "ReqCPUFreqGov:13 ReqCPUFreqMax:13 ReqCPUFreqMin:13 ReqCPUS:8 ReqMem:10 ReqNodes:8 ReqTRES:10 Reservation:20 "
    "ReservationId:8 Reserved:10 ResvCPU:10 ResvCPURAW:10 Start:19 State:10 Submit:19 SubmitLine:20 Suspended:10 "
    "SystemComment:15 SystemCPU:10 Timelimit:10 TimelimitRaw:10 TotalCPU:10 TRESUsageInAve:14 TRESUsageInMax:14 "
    "TRESUsageInMaxNode:18 TRESUsageInMaxTask:18 TRESUsageInMin:14 TRESUsageInMinNode:18 TRESUsageInMinTask:18 "
    "TRESUsageInTot:14 TRESUsageOutAve:15 TRESUsageOutMax:15 TRESUsageOutMaxNode:19 TRESUsageOutMaxTask:19 "
    "TRESUsageOutMin:15 TRESUsageOutMinNode:19 TRESUsageOutMinTask:19 TRESUsageOutTot:15 UID:6 User:9 UserCPU:10 "
    "WCKey:10 WCKeyID:10 WorkDir:20"
)

#: Every field with its width; those without a cell below are empty.
WIDTHS = {pair.partition(":")[0]: int(pair.partition(":")[2]) for pair in _WIDTHS.split()}

#: These are flush left.
LEFT = frozenset({"JobID", "JobIDRaw", "DBIndex"})


class Record(Row):
    """One row of ``sacct``: an attempt of a job, its batch step, or one of its steps."""

    def __init__(self, row: Row, attempt: Attempt | None, step: str = "", srun: Srun | None = None) -> None:
        super().__init__(row.state, row.job, row.tasks, row.now)
        self.attempt = attempt
        self.step = step
        self.srun = srun

    @property
    def word(self) -> str:
        """The state in the words of the accounting."""
        attempt, job = self.attempt, self.job
        if self.srun is not None:
            return self.srun["state"]
        if attempt is None:
            word = "PENDING" if job["attempts"] else job["state"]
            return f"{word} by {job['by']}" if word == "CANCELLED" and job["by"] is not None else word
        if self.step:
            return "CANCELLED" if self.code[1] else "RUNNING" if attempt["ended"] is None else attempt["state"]
        if attempt["state"] == "RUNNING":
            return "PENDING" if self.state["asked"] < job["pending_until"] else job["state"]
        return attempt["state"] if attempt["by"] is None else f"{attempt['state']} by {attempt['by']}"

    @property
    def code(self) -> tuple[int, int]:
        """Exit code and signal as the accounting has them: of a code above 127 the part above 128 is left."""
        source = self.srun or self.attempt
        if source is None or source["ended"] is None:
            return 0, 0
        if self.step == "batch" and source["state"] in ("CANCELLED", "TIMEOUT", "PREEMPTED", "REQUEUED"):
            return 0, 15
        return source["code"] % 128, source["signal"]

    @property
    def started(self) -> float | None:
        """When this began."""
        source = self.srun or self.attempt
        return source["started"] if source else None

    @property
    def ended(self) -> float | None:
        """When this ended."""
        source = self.srun or self.attempt
        if source is None and self.job["state"] != "PENDING":
            return self.job["ended"]
        return source["ended"] if source else None

    @property
    def elapsed_sec(self) -> float:
        """For how long this ran."""
        return (self.now if self.ended is None else self.ended) - self.started if self.started is not None else 0.0

    def suffixed(self, text: str) -> str:
        """Return an id with the step behind it."""
        return f"{text}.{self.step}" if self.step else text


def _of_job(cell: Callable[[Record], str]) -> Callable[[Record], str]:
    """Return a cell that steps leave empty."""
    return lambda record: "" if record.step else cell(record)


def _nodes(record: Record) -> str:
    return spell_hosts(record.attempt["nodes"]) if record.attempt else "None assigned"


def _tasks(record: Record) -> str:
    if record.srun is not None:
        return str(record.srun["tasks"])
    return str(len(record.attempt["nodes"])) if record.step and record.attempt else ""


def _name(record: Record) -> str:
    if record.srun is not None:
        return record.srun["name"]
    return record.step or record.options["job-name"]


def _cpus(record: Record) -> str:
    return str(cpus(record.state, record.job))


def _exit_code(record: Record) -> str:
    code, signal = record.code
    return f"{code}:{signal}"


CELLS: dict[str, Callable[[Record], str]] = {
    "Account": lambda record: record.options.get("account", record.submission["user"]),
    "AllocCPUS": _cpus,
    "AllocNodes": lambda record: str(len(record.attempt["nodes"])) if record.attempt else "0",
    "Cluster": lambda _: "fake",
    "Comment": _of_job(lambda record: record.options.get("comment", "")),
    "DerivedExitCode": _of_job(lambda _: "0:0"),
    "Elapsed": lambda record: spell(record.elapsed_sec, long=True),
    "ElapsedRaw": lambda record: str(int(record.elapsed_sec)),
    "Eligible": lambda record: spell_moment(record.job["eligible_at"]),
    "End": lambda record: spell_moment(record.ended),
    "ExitCode": _exit_code,
    "GID": _of_job(lambda record: str(record.submission["gid"])),
    "JobID": lambda record: record.suffixed(record.id),
    "JobIDRaw": lambda record: record.suffixed(str(record.job["raw"])),
    "JobName": _name,
    "NCPUS": _cpus,
    "NNodes": lambda record: record.options["nodes"],
    "NTasks": _tasks,
    "NodeList": _nodes,
    "Partition": _of_job(lambda record: record.options["partition"]),
    "QOS": _of_job(lambda record: record.options.get("qos", "normal")),
    "Reason": _of_job(lambda record: record.job["reason"] if record.job["state"] == "PENDING" else "None"),
    "ReqCPUS": _cpus,
    "ReqMem": _of_job(lambda record: record.options.get("mem", "0").removesuffix("B")),
    "ReqNodes": lambda record: record.options["nodes"],
    "Start": lambda record: spell_moment(record.started),
    "State": lambda record: record.word,
    "Submit": lambda record: spell_moment(record.job["submitted"]),
    "SubmitLine": _of_job(lambda record: record.submission["line"]),
    "Timelimit": _of_job(lambda record: spell_limit(record.job["time_min"], long=True)),
    "TimelimitRaw": _of_job(lambda record: str(record.job["time_min"] or "")),
    "UID": _of_job(lambda record: str(record.submission["uid"])),
    "User": _of_job(lambda record: record.submission["user"]),
    "WorkDir": _of_job(lambda record: record.submission["directory"]),
}
