"""``srun``: runs the tasks of a job step; outside of a job, tasks without one."""

from __future__ import annotations

import os
import sys

from furu_testing.slurm.arrays import parse_hosts
from furu_testing.slurm.commands.switches import Switches
from furu_testing.slurm.host import cluster_time, environment, time
from furu_testing.slurm.patterns import expand, values
from furu_testing.slurm.processes import ATTEMPT
from furu_testing.slurm.signals import DEADLY, NAMES
from furu_testing.slurm.surroundings import of_task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.directory import Directory
    from furu_testing.slurm.model import Attempt, Srun, State

SWITCHES = Switches(
    "account acctg-freq bb bbf bcast begin chdir cluster-constraint clusters comment constraint core-spec cores-per-socket "
    "cpu-bind cpu-freq cpus-per-gpu cpus-per-task deadline delay-boot dependency distribution error exclude export "
    "extra-node-info gpu-bind gpu-freq gpus gpus-per-node gpus-per-socket gpus-per-task gres gres-flags het-group hint "
    "input job-name jobid licenses mail-type mail-user mcs-label mem mem-bind mem-per-cpu mem-per-gpu "
    "mincpus mpi msg-timeout network nodefile nodelist nodes ntasks ntasks-per-core ntasks-per-gpu ntasks-per-node "
    "ntasks-per-socket open-mode output partition power priority profile prolog epilog qos relative reservation signal "
    "slurmd-debug sockets-per-node switches task-epilog task-prolog thread-spec threads threads-per-core time time-min tmp "
    "tres-per-task wait wckey",
    "compress contiguous disable-status exact exclusive help hold immediate kill-on-bad-exit label multi-prog nice no-allocate no-kill "
    "overcommit overlap oversubscribe preserve-env propagate pty quiet quit-on-interrupt reboot resv-ports send-libs "
    "spread-job unbuffered usage use-min-nodes verbose version whole",
    "A:account b:begin B:extra-node-info c:cpus-per-task C:constraint d:dependency D:chdir e:error G:gpus i:input "
    "J:job-name L:licenses m:distribution M:clusters n:ntasks N:nodes o:output p:partition q:qos r:relative S:core-spec "
    "t:time T:threads w:nodelist W:wait x:exclude E:preserve-env H:hold h:help I:immediate K:kill-on-bad-exit k:no-kill l:label "
    "O:overcommit Q:quiet s:oversubscribe u:unbuffered v:verbose V:version X:disable-status Z:no-allocate",
)


def run(directory: Directory, arguments: list[str]) -> int:
    """Run a command in every task, wait for all, and return the highest exit code."""
    options, command = SWITCHES.read(arguments, anywhere=False)
    if not command:
        sys.stderr.write("srun: fatal: No command given to execute.\n")
        return 1
    nodes = parse_hosts(environment.get("SLURM_JOB_NODELIST", "")) or ["node1"]
    ranks = int(options.get("ntasks") or environment.get("SLURM_NTASKS") or max(1, len(nodes)))
    with directory.changing() as state:
        attempt = _attempt(state)
        if attempt and attempt["state"] != "RUNNING" and attempt["kill_tick"] is None:
            sys.stderr.write("srun: error: Unable to create step for job: Job/step already completing or completed\n")
            return 1
        step = _open_step(state, attempt, command[0], ranks)
        surroundings = [
            dict(environment) | of_task(dict(environment), step["number"], rank, ranks, nodes[:ranks])
            for rank in range(ranks)
        ]
        pids = [_spawn(options, command, one, str(step["number"]), rank) for rank, one in enumerate(surroundings)]
        step["groups"] += [pid for pid in pids if pid]
    codes = [_wait(pid) if pid else 2 for pid in pids]
    _complain(codes, surroundings, step["number"])
    with directory.changing() as state:
        _close_step(state, step["number"], codes)
    return max(code if code >= 0 else 128 - code for code in codes)


def _attempt(state: State) -> Attempt | None:
    """Return the attempt that this process belongs to."""
    key, _, number = environment.get(ATTEMPT, "").partition("/")
    return state["jobs"][key]["attempts"][int(number) - 1] if key in state["jobs"] else None


def _open_step(state: State, attempt: Attempt | None, name: str, ranks: int) -> Srun:
    step: Srun = {
        "number": len(attempt["sruns"]) if attempt else 0,
        "name": os.path.basename(name),
        "tasks": ranks,
        "groups": [],
        "state": "RUNNING",
        "code": 0,
        "signal": 0,
        "started": cluster_time(state),
        "ended": None,
    }
    if attempt:
        attempt["sruns"].append(step)
    return step


def _spawn(options: dict[str, str], command: list[str], task: dict[str, str], step: str, rank: int) -> int:
    """Start one task in a process group of its own; return 0 if there is no such command."""
    if "SLURM_JOB_ID" not in task:
        task |= {"SLURM_JOB_ID": "0", "SLURM_JOB_NAME": os.path.basename(command[0]), "SLURM_JOB_USER": "nobody"}
    names = values(task, step=step, host=task["SLURMD_NODENAME"])
    actions: list[tuple[int, int, str, int, int] | tuple[int, int, int]] = []
    append = (options.get("open-mode") or environment.get("SLURM_OPEN_MODE", "t")).startswith("a")
    for name, descriptor in (("output", 1), ("error", 2)):
        path = expand(options[name], names) if name in options else ""
        if not path:
            continue
        fresh = not append and (rank == 0 or "%t" in options[name])
        flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if fresh else os.O_APPEND)
        actions.append((os.POSIX_SPAWN_OPEN, descriptor, path, flags, 0o666))
    if "output" in options and "error" not in options:
        actions.append((os.POSIX_SPAWN_DUP2, 1, 2))
    try:
        return os.posix_spawnp(
            command[0], command, task, file_actions=actions, setpgroup=0, setsigmask=[], setsigdef=DEADLY
        )
    except OSError as error:
        sys.stderr.write(f"slurmstepd: error: execve(): {command[0]}: {error.strerror}\n")
        return 0


def _wait(pid: int) -> int:
    """Return the exit code of a task, or minus the number of the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _complain(codes: list[int], surroundings: list[dict[str, str]], step: int) -> None:
    for rank, (code, task) in enumerate(zip(codes, surroundings, strict=True)):
        how = f"Exited with exit code {code}" if code > 0 else NAMES.get(-code, f"Signal {-code}")
        if code:
            sys.stderr.write(f"srun: error: {task['SLURMD_NODENAME']}: task {rank}: {how}\n")
    if min(codes) < 0:
        sys.stderr.write(f"srun: Force Terminated StepId={environment.get('SLURM_JOB_ID', '0')}.{step}\n")


def _close_step(state: State, number: int, codes: list[int]) -> None:
    attempt = _attempt(state)
    if attempt is None:
        return
    step = attempt["sruns"][number]
    signal, code = -min(*codes, 0), max(*codes, 0)
    if step["state"] == "RUNNING":
        step["state"] = "CANCELLED" if signal else "FAILED" if code else "COMPLETED"
    step.update({"code": 0 if signal else code, "signal": signal, "ended": step["ended"] or time() + state["skew_sec"]})
