"""What ``scontrol show job`` prints."""

from __future__ import annotations

from furu_testing.slurm.arrays import spell_hosts
from furu_testing.slurm.dependencies import spell as spell_dependency
from furu_testing.slurm.durations import spell, spell_limit, spell_moment
from furu_testing.slurm.machine import cpus
from furu_testing.slurm.words import shown_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.rows import Row


def report(row: Row, *, one_line: bool) -> str:
    """Return the paragraph about a job, or the same on one line."""
    lines = [*_identity(row), *_times(row), *_resources(row), *_files(row)]
    if one_line:
        return " ".join(lines) + " \n"
    return "\n   ".join(lines) + "\n   \n\n"


def _identity(row: Row) -> list[str]:
    job, options, submission = row.job, row.options, row.submission
    array = ""
    if job["task"] is not None:
        array = f"ArrayJobId={submission['id']} ArrayTaskId={job['task'] if row.tasks is None else row.indexes} "
        if submission["limit"]:
            array += f"ArrayTaskThrottle={submission['limit']} "
    user, requeue = submission["user"], int("no-requeue" not in options)
    code = "0:15" if job["state"] in ("CANCELLED", "TIMEOUT") and job["attempts"] else f"{job['code']}:{job['signal']}"
    return [
        f"JobId={job['raw']} {array}JobName={options['job-name']}",
        f"UserId={user}({submission['uid']}) GroupId={user}({submission['gid']}) MCS_label=N/A",
        f"Priority={0 if job['held'] else 4294901760 - submission['order']} Nice=0 "
        f"Account={options.get('account', user)} QOS={options.get('qos', 'normal')}",
        f"JobState={shown_state(job)} Reason={job['reason']} Dependency={spell_dependency(row.state, job)}",
        f"Requeue={requeue} Restarts={job['restarts']} BatchFlag=1 Reboot=0 ExitCode={code}",
    ]


def _times(row: Row) -> list[str]:
    job = row.job
    submit, eligible = spell_moment(job["submitted"]), spell_moment(job["eligible_at"])
    end = job["ended"]
    if end is None and job["started"] is not None and job["time_min"] is not None:
        end = job["started"] + 60 * job["time_min"]
    return [
        f"RunTime={spell(row.elapsed_sec, long=True)} TimeLimit={spell_limit(job['time_min'], long=True)} TimeMin=N/A",
        f"SubmitTime={submit} EligibleTime={eligible}",
        f"AccrueTime={eligible}",
        f"StartTime={spell_moment(job['started'])} EndTime={spell_moment(end)} Deadline=N/A",
        f"SuspendTime=None SecsPreSuspend=0 LastSchedEval={submit} Scheduler=Main",
    ]


def _resources(row: Row) -> list[str]:
    options = row.options
    count, per_task = cpus(row.state, row.job), options.get("cpus-per-task", "1")
    nodes = row.attempt["nodes"] if row.attempt and row.job["state"] != "PENDING" else []
    memory = options.get("mem", "0").removesuffix("B")
    return [
        f"Partition={options['partition']} AllocNode:Sid={row.submission['host']}:1",
        f"ReqNodeList={options.get('nodelist', '(null)')} ExcNodeList={options.get('exclude', '(null)')}",
        f"NodeList={spell_hosts(nodes)}" + (f"\n   BatchHost={nodes[0]}" if nodes else ""),
        f"NumNodes={options['nodes']} NumCPUs={count} NumTasks={options['ntasks']} CPUs/Task={per_task} "
        "ReqB:S:C:T=0:0:*:*",
        f"TRES=cpu={count},mem={memory},node={options['nodes']},billing={count}",
        "Socks/Node=* NtasksPerN:B:S:C=0:0:*:* CoreSpec=*",
        f"MinCPUsNode={per_task} MinMemoryNode={memory} MinTmpDiskNode=0",
        f"Features={options.get('constraint', '(null)')} DelayBoot=00:00:00",
        "OverSubscribe=OK Contiguous=0 Licenses=(null) Network=(null)",
    ]


def _files(row: Row) -> list[str]:
    options, submission = row.options, row.submission
    default = "slurm-%j.out" if row.job["task"] is None else "slurm-%A_%a.out"
    out = options.get("output", default)
    directory = submission["directory"]
    task = "4294967294" if row.job["task"] is None else str(row.job["task"])

    def path(pattern: str) -> str:
        shown = pattern.replace("%j", str(row.job["raw"])).replace("%A", str(submission["id"])).replace("%a", task)
        return shown if shown.startswith("/") else f"{directory}/{shown}"

    comment = [f"Comment={options['comment']} "] if "comment" in options else []
    return [
        f"Command={submission['command']}",
        f"WorkDir={directory}",
        *comment,
        f"StdErr={path(options.get('error', out))}",
        f"StdIn={options.get('input', '/dev/null')}",
        f"StdOut={path(out)}",
        "Power=",
    ]
