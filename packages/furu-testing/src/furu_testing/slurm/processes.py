"""The processes of jobs: started, signalled, found and ended.

A process belongs to an attempt of a job when its environment says so, which children inherit and cannot shake off by
making a group or session of their own: what a cgroup is for a real cluster.  Where there is no ``/proc``, the process
groups that are on record have to do.
"""

from __future__ import annotations

import os

from furu_testing.slurm.signals import SIGKILL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.directory import Directory
    from furu_testing.slurm.model import Attempt, Effect, State

#: In the environment of whatever belongs to a cluster; its value is the cluster's directory.
HOME = "FAKE_SLURM_HOME"

#: In the environment of every process of a job: which attempt of which job.
ATTEMPT = "FAKE_SLURM_ATTEMPT"

_LAUNCH = '"$0" -IS "$1" supervise "$2" "$3" "$4" </dev/null >/dev/null 2>>"$2/supervisors.log" &'


def mark(key: str, number: int) -> str:
    """Return the mark of an attempt."""
    return f"{key}/{number}"


def perform(directory: Directory, state: State, effects: list[Effect]) -> None:
    """Do outside what the state machine asks for; call it before the new state is written and unlocked."""
    for effect in effects:
        attempt = state["jobs"][effect[1]]["attempts"][effect[2] - 1]
        if effect[0] == "launch":
            _launch(directory, state["settings"]["python"], effect[1], effect[2])
        elif effect[0] == "kill":
            kill(directory.path, effect[1], attempt)
        else:
            for group in _groups(attempt, effect[4]):
                _send(-group, effect[3])


def leave_group() -> None:
    """Leave the process group, so that what is sent to a job does not reach a command that the job has called.

    One that is stopped while it holds the lock would stop the whole cluster.
    """
    try:
        os.setpgid(0, 0)
    except PermissionError:  # it leads a session, so the group is its own
        pass


def members(home: str, text: str) -> list[int]:
    """Return the processes with a mark: of one attempt by `mark`, of a whole cluster with no text."""
    needle = f"{HOME}={home}\0".encode()
    second = f"{ATTEMPT}={text}\0".encode() if text else b""
    found = []
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/environ", "rb") as file:
                    content = file.read()
            except OSError:  # it ended, or is somebody else's
                continue
            if needle in content and second in content and int(entry) != os.getpid():
                found.append(int(entry))
    return found


def kill(home: str, key: str, attempt: Attempt) -> None:
    """End all processes of an attempt, however they take signals."""
    kill_groups(attempt)
    for pid in members(home, mark(key, attempt["number"])):
        _send(pid, SIGKILL)


def kill_groups(attempt: Attempt) -> None:
    """End the process groups of an attempt that are on record."""
    for group in _groups(attempt, "all"):
        _send(-group, SIGKILL)


def is_alive(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def send(pids: list[int], number: int) -> None:
    """Send a signal to processes, gone ones included."""
    for pid in pids:
        _send(pid, number)


def _groups(attempt: Attempt, target: str) -> list[int]:
    """Return the process groups that a signal goes to; nothing that is on record as ended."""
    groups = [group for srun in attempt["sruns"] if srun["ended"] is None for group in srun["groups"]]
    if attempt["group"] is None or attempt["over"] or target == "steps":
        return groups
    return [attempt["group"]] if target == "batch" else [*groups, attempt["group"]]


def _launch(directory: Directory, python: str, key: str, number: int) -> None:
    """Start the supervisor of an attempt as nobody's child, so that nobody has to wait for it."""
    arguments = ["sh", "-c", _LAUNCH, python, directory.main, directory.path, key, str(number)]
    surroundings = {HOME: directory.path, "PATH": os.defpath}
    shell = os.posix_spawn("/bin/sh", arguments, surroundings, setpgroup=0, setsigmask=[])
    os.waitpid(shell, 0)


def _send(pid: int, number: int) -> None:
    if pid in (0, 1, -1):
        raise ValueError(f"no process of a job: {pid}")
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass
