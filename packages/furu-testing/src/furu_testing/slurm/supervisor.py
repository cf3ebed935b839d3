"""What `slurmd` is for a job: runs its script, watches it and its time, and reports its end.

One process per attempt, which ends when nothing of the attempt runs.  It looks every few milliseconds whether its script
has ended: that is cheap, needs no signals, and is quicker than what a job's own start and end take.
"""

from __future__ import annotations

import os

from furu_testing.slurm.directory import Directory, load
from furu_testing.slurm.host import cluster_time, sleep, time
from furu_testing.slurm.machine import due, settle
from furu_testing.slurm.patterns import expand, values
from furu_testing.slurm.processes import is_alive, kill, mark, members, perform, send
from furu_testing.slurm.signals import DEADLY, SIGTERM
from furu_testing.slurm.surroundings import of_batch
from furu_testing.slurm.transitions import processes_gone, script_ended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.model import Attempt, Job, State

#: How a job ends whose output cannot be opened, as Slurm has it.
_NO_OUTPUT = 53

#: How long the supervisor looks away from the script, and from the state of the cluster.
_PAUSE_SEC, _LONG_PAUSE_SEC = 0.005, 0.05

_ENTER = """cd -- "$1" 2>/dev/null || {
    echo "slurmstepd: error: couldn't chdir to \\`$1': No such file or directory: going to /tmp instead" >&2
    cd /tmp
}
shift
exec "$@"
"""


def supervise(path: str, key: str, number: int) -> None:
    """Run one attempt of a job from beginning to end."""
    os.setsid()
    directory = Directory(path)
    script = _begin(directory, key, number)
    if script is None:
        return
    status = _wait(directory, script, key, number)
    with directory.changing() as state:
        script_ended(state, key, number, *_ended(status))
        leftovers = members(path, mark(key, number))
        if leftovers:
            _warn(state, state["jobs"][key]["attempts"][number - 1], leftovers)
        else:
            processes_gone(state, key, number)
        perform(directory, state, settle(state, cluster_time(state)))
    if leftovers:
        _outlast(directory, key, number)
    _wait_for_requeue(directory, key)


def _begin(directory: Directory, key: str, number: int) -> int | None:
    """Start the script, unless the attempt was ended before it began; return its process id."""
    with directory.changing() as state:
        job = state["jobs"][key]
        attempt = job["attempts"][number - 1]
        script = None
        if attempt["state"] != "RUNNING" or state["closed"]:
            processes_gone(state, key, number)
        else:
            try:
                script = _spawn(directory, state, job, attempt)
                attempt["group"] = script
            except OSError:
                script_ended(state, key, number, 0, _NO_OUTPUT)
                processes_gone(state, key, number)
        if script is None:
            perform(directory, state, settle(state, cluster_time(state)))
    return script


def _spawn(directory: Directory, state: State, job: Job, attempt: Attempt) -> int:
    """Start the batch script with its environment, output and working directory."""
    submission = state["submissions"][job["submission"]]
    options = submission["options"]
    added = of_batch(state, job, attempt, directory.path)
    environment: dict[str, str] = load(submission["environment"]) | added
    names = values(environment, step="batch", host=submission["host"])
    default = "slurm-%j.out" if job["task"] is None else "slurm-%A_%a.out"
    out, err, source = (
        os.path.join(submission["directory"], expand(options.get(name) or instead, names))
        for name, instead in (("output", default), ("error", options.get("output") or default), ("input", "/dev/null"))
    )
    flags = os.O_WRONLY | os.O_CREAT | (os.O_APPEND if options.get("open-mode", "t")[:1] == "a" else os.O_TRUNC)
    second = (os.POSIX_SPAWN_OPEN, 2, err, flags, 0o666) if err != out else (os.POSIX_SPAWN_DUP2, 1, 2)
    return os.posix_spawn(
        "/bin/sh",
        ["sh", "-c", _ENTER, "sh", submission["directory"], submission["script"], *submission["arguments"]],
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, source, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, out, flags, 0o666),
            second,
        ],
        setpgroup=0,
        setsigmask=[],
        setsigdef=DEADLY,
    )


def _wait(directory: Directory, script: int, key: str, number: int) -> int:
    """Return the script's wait status; meanwhile do what falls due in the cluster.

    A job does not outlive the process that made its cluster, should that have been killed.
    """
    seen, moment, look_at = "", None, 0.0
    owner = directory.read()["settings"]["owner"]
    while True:
        pid, status = os.waitpid(script, os.WNOHANG)
        if pid:
            return status
        if time() >= look_at:
            look_at = time() + _LONG_PAUSE_SEC
            if not is_alive(owner):
                kill(directory.path, key, directory.read()["jobs"][key]["attempts"][number - 1])
            if seen != directory.stamp():
                seen = directory.stamp()
                state = directory.read()
                left = due(state, cluster_time(state))
                moment = None if left is None else time() + left
            if moment is not None and moment <= time():
                with directory.changing() as state:
                    perform(directory, state, settle(state, cluster_time(state)))
        sleep(_PAUSE_SEC)


def _ended(status: int) -> tuple[int, int]:
    """Return exit code and signal of a wait status."""
    code = os.waitstatus_to_exitcode(status)
    return (code, 0) if code >= 0 else (0, -code)


def _warn(state: State, attempt: Attempt, leftovers: list[int]) -> None:
    """Give what a script left behind the time that Slurm gives it, unless its time is set already."""
    if attempt["kill_at"] is None and attempt["kill_tick"] is None:
        send(leftovers, SIGTERM)
        attempt["kill_at"] = cluster_time(state) + state["settings"]["kill_wait_sec"]


def _outlast(directory: Directory, key: str, number: int) -> None:
    """Wait until nothing of the attempt runs; what does not go by itself is killed in time."""
    pause = _PAUSE_SEC
    while members(directory.path, mark(key, number)):
        sleep(pause)
        pause = min(2 * pause, _LONG_PAUSE_SEC)
        state = directory.read()
        at = state["jobs"][key]["attempts"][number - 1]["kill_at"]
        if at is not None and at <= cluster_time(state):
            with directory.changing() as state:
                perform(directory, state, settle(state, cluster_time(state)))
    with directory.changing() as state:
        processes_gone(state, key, number)
        perform(directory, state, settle(state, cluster_time(state)))


def _wait_for_requeue(directory: Directory, key: str) -> None:
    """Start the job again when the delay of its requeue is over, should nobody look at the cluster until then."""
    state = directory.read()
    job = state["jobs"][key]
    if job["state"] == "PENDING" and job["eligible_at"] > cluster_time(state):
        sleep(job["eligible_at"] - cluster_time(state))
        with directory.changing() as state:
            perform(directory, state, settle(state, cluster_time(state)))
