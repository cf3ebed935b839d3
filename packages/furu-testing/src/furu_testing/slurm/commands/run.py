"""What all commands have in common: they are noted, and they fail when told to."""

from __future__ import annotations

import io
import os
import sys

from furu_testing.slurm.commands.switches import Wrong
from furu_testing.slurm.directory import Directory
from furu_testing.slurm.host import environment, sleep, time
from furu_testing.slurm.processes import ATTEMPT, leave_group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.model import Failure

VERSION = "slurm-wlm 22.05.8"
_DOWN = "Unable to contact slurm controller (connect failure)"

#: Commands with more forms of output than are faked.
_TABLES = ("sacct", "scontrol", "sinfo", "squeue")

#: Exit codes where the controller does not answer, other than 1.
_CODES = {("scancel", _DOWN): 8, ("scancel", "Socket timed out on send/recv operation"): 140}


def run(name: str, path: str, arguments: list[str]) -> int:
    """Run a command by name and return its exit code."""
    directory = Directory(path)
    if ATTEMPT in environment:
        leave_group()
    call = f"{os.getpid()} {time()}"
    directory.note({"call": call, "command": name, "argv": arguments, "directory": os.getcwd(), "pid": os.getpid()})
    code = -1
    try:
        code = _run(directory, name, arguments)
        sys.stdout.flush()
    except Wrong as error:
        sys.stderr.write(f"{name}: {error}\n")
        if name != "sacct":
            sys.stderr.write(f'Try "{name} --help" for more information\n')
        code = 255 if name in ("sbatch", "srun") else 1
    except BrokenPipeError:
        code = 141
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    finally:
        directory.note({"call": call, "code": code})
    return code


def _run(directory: Directory, name: str, arguments: list[str]) -> int:
    if arguments in (["--version"], ["-V"]):
        sys.stdout.write(f"{VERSION}\n")
        return 0
    if name in _TABLES and {"--json", "--yaml"} & set(arguments):
        raise Wrong("this is a fake cluster: it prints tables only")
    failure = _failure(directory, name)
    if failure:
        sleep(failure["delay_sec"])
        if failure["code"] is not None:
            return _fail(directory, name, arguments, failure)
    return _call(directory, name, arguments)


def _call(directory: Directory, name: str, arguments: list[str]) -> int:
    module = __import__(f"furu_testing.slurm.commands.{name}", fromlist=["run"])
    code: int = module.run(directory, arguments)
    return code


def _failure(directory: Directory, name: str) -> Failure | None:
    """Return how this call is to fail, and count it."""
    glance = directory.read()
    if glance["closed"]:
        return _closed(name)
    if all(failure["command"] != name for failure in glance["failures"]):
        return None
    with directory.changing() as state:
        for failure in state["failures"]:
            if failure["command"] != name or failure["left"] == 0:
                continue
            if failure["skip"]:
                failure["skip"] -= 1
                continue
            if failure["left"] is not None:
                failure["left"] -= 1
            return failure
    return None


def _closed(name: str) -> Failure:
    """Return the answer of a cluster that a test has left."""
    failure: Failure = {
        "command": name,
        "left": None,
        "skip": 0,
        "why": _DOWN,
        "stderr": "",
        "stdout": "",
        "code": 1,
        "delay_sec": 0.0,
        "carried_out": False,
    }
    return failure


def _fail(directory: Directory, name: str, arguments: list[str], failure: Failure) -> int:
    if failure["carried_out"]:
        shown, sys.stdout = sys.stdout, io.StringIO()
        _call(directory, name, arguments)
        sys.stdout = shown
    sys.stdout.write(failure["stdout"])
    sys.stderr.write(failure["stderr"] or complaint(name, arguments, failure["why"]))
    return _CODES.get((name, failure["why"]), failure["code"] or 0)


def complaint(name: str, arguments: list[str], why: str) -> str:
    """Return how a command words what the controller says."""
    subject = next((word for word in arguments if word[:1].isdigit()), "")
    match name:
        case "sbatch":
            return f"sbatch: error: Batch job submission failed: {why}\n"
        case "scancel":
            return f"scancel: error: Kill job error on job id {subject}: {why}\n"
        case "srun":
            return f"srun: error: Unable to allocate resources: {why}\n"
        case "sinfo":
            return f"slurm_load_partitions: {why}\n"
        case "scontrol" if "show" not in arguments:
            return f"Unexpected message received for job {subject}\n"
        case "sacct":
            return f"sacct: error: {why}\n"
    return f"slurm_load_jobs error: {why}\n"
