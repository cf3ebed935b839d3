"""``sbatch``: takes a script, answers with the id of a job."""

from __future__ import annotations

import os
import sys
from pwd import getpwuid

from furu_testing.slurm import dependencies
from furu_testing.slurm.arrays import parse_indexes
from furu_testing.slurm.commands.sbatch_options import SWITCHES, merged, number
from furu_testing.slurm.directory import write
from furu_testing.slurm.durations import parse_minutes, parse_moment
from furu_testing.slurm.host import cluster_time, environment, sleep
from furu_testing.slurm.machine import settle
from furu_testing.slurm.orders import Refused, submit
from furu_testing.slurm.processes import perform
from furu_testing.slurm.signals import number as signal_number
from furu_testing.slurm.words import ENDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.directory import Directory
    from furu_testing.slurm.model import Dependency, State, Submission

_POLICY = "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"


class _Bad(Exception):
    """The submission makes no sense; the text and exit code are what comes of it."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


def run(directory: Directory, arguments: list[str]) -> int:
    """Submit a job, print its id, and with ``--wait`` wait for its end."""
    given, rest = SWITCHES.read(arguments, anywhere=False)
    try:
        script, command = _script(given, rest)
        options = _options(given, script, command)
        _check(options)
        draft = _draft(options, arguments, rest, command)
        with directory.changing() as state:
            _submit(directory, state, draft, script)
    except _Bad as error:
        sys.stderr.write("".join(f"sbatch: error: {line}\n" for line in error.text.splitlines()))
        return error.code
    sys.stdout.write(f"{draft['id']}\n" if "parsable" in options else f"Submitted batch job {draft['id']}\n")
    if "wait" in options:
        sys.stdout.flush()
        return _wait(directory, draft["id"])
    return 0


def _script(given: dict[str, str], rest: list[str]) -> tuple[str, str]:
    """Return the text of the script and the path that it has for others."""
    if "wrap" in given:
        return f"#!/bin/sh\n# This script was created by sbatch --wrap.\n\n{given['wrap']}\n", "(null)"
    if rest:
        try:
            with open(rest[0], encoding="utf-8", errors="surrogateescape") as file:
                script = file.read()
        except OSError:
            raise _Bad(f"Unable to open file {rest[0]}") from None
    else:
        script = sys.stdin.read()
    if not script:
        raise _Bad("Batch script is empty!")
    if not script.startswith("#!"):
        raise _Bad(
            "This does not look like a batch script.  The first\n"
            "line must start with #! followed by the path to an interpreter.\n"
            "For instance: #!/bin/sh"
        )
    if "\r\n" in script:
        raise _Bad("Batch script contains DOS line breaks (\\r\\n)\ninstead of expected UNIX line breaks (\\n).")
    return script, os.path.abspath(rest[0]) if rest else "(null)"


def _options(given: dict[str, str], script: str, command: str) -> dict[str, str]:
    """Return all options, with what is not given but always there."""
    try:
        options = merged(given, script, dict(environment))
        if "ntasks" in options or "ntasks-per-node" in options:
            options["counts-tasks"] = ""
        per_node, nodes = number(options, "ntasks-per-node", 1), number(options, "nodes", 1)
        options["ntasks"] = str(number(options, "ntasks", nodes * per_node))
        options["nodes"] = str(nodes)
    except ValueError as error:
        raise _Bad(str(error), 255) from None
    name = "wrap" if "wrap" in options else "sbatch" if command == "(null)" else os.path.basename(command)
    options.setdefault("job-name", name)
    return options


def _check(options: dict[str, str]) -> None:
    """Refuse what the command itself refuses."""
    for name, parse in (("time", parse_minutes), ("begin", lambda text: parse_moment(text, 0.0))):
        try:
            parse(options.get(name, "0"))
        except (ValueError, KeyError):
            raise _Bad(f"Invalid --{name} specification", 255) from None
    memory = options.get("mem", "0").upper().removesuffix("B").rstrip("KMGT")
    if not memory.replace(".", "", 1).isdigit():
        raise _Bad("Invalid --mem specification", 255)


def _draft(options: dict[str, str], arguments: list[str], rest: list[str], command: str) -> Submission:
    """Return the submission but for its id and files."""
    try:
        tasks, limit = parse_indexes(options["array"]) if "array" in options else ([], None)
    except ValueError:
        raise _Bad("Batch job submission failed: Invalid job array specification") from None
    try:
        dependency: Dependency = dependencies.parse(options.get("dependency", ""))
    except ValueError:
        raise _Bad("Batch job submission failed: Job dependency problem") from None
    if "signal" in options:
        options["signal"] = _signal(options["signal"])
    return {
        "id": 0,
        "order": 0,
        "line": " ".join(["sbatch", *arguments]),
        "options": options,
        "script": "",
        "arguments": rest[1:],
        "command": command,
        "directory": os.path.abspath(options.get("chdir", os.getcwd())),
        "environment": "",
        "user": _user(),
        "uid": os.getuid(),
        "gid": os.getgid(),
        "host": os.uname().nodename.partition(".")[0],
        "counts_tasks": "counts-tasks" in options,
        "tasks": tasks,
        "limit": limit,
        "dependency": dependency,
    }


def _signal(text: str) -> str:
    """Return ``[R][B]:USR2@90`` with the number of the signal."""
    flags, colon, rest = text.rpartition(":")
    name, at, ahead = rest.partition("@")
    try:
        return f"{flags}{colon}{signal_number(name)}{at}{int(ahead) if at else ''}"
    except ValueError:
        raise _Bad("Invalid --signal specification", 255) from None


def _submit(directory: Directory, state: State, draft: Submission, script: str) -> None:
    """Give the draft an id and files, and have the controller take it."""
    settings, options = state["settings"], draft["options"]
    options.setdefault("partition", settings["partitions"][0])
    if not settings["any_partition"] and options["partition"] not in settings["partitions"]:
        raise _Bad(
            f"invalid partition specified: {options['partition']}\n"
            "Batch job submission failed: Invalid partition name specified"
        )
    draft["id"] = state["next_id"]
    draft["script"] = directory.job_file(draft["id"], "slurm_script")
    draft["environment"] = directory.job_file(draft["id"], "environment")
    moment = cluster_time(state)
    try:
        submit(state, draft, moment)
    except Refused as error:
        reason = str(error)
        text = f"{reason}\nBatch job submission failed: {_POLICY}" if reason.endswith("Limit") else ""
        raise _Bad(text or f"Batch job submission failed: {reason}") from None
    with open(os.open(draft["script"], os.O_WRONLY | os.O_CREAT, 0o700), "w", errors="surrogateescape") as file:
        file.write(script)
    write(draft["environment"], _exported(options.get("export", "ALL"), directory))
    perform(directory, state, settle(state, moment))


def _exported(text: str, directory: Directory) -> dict[str, str]:
    """Return the part of the environment that travels with the job."""
    names = text.split(",")
    if "ALL" in names:
        found = dict(environment)
    else:
        found = {name: environment[name] for name in ("HOME", "USER", "SHELL", "LOGNAME") if name in environment}
        found["PATH"] = f"{directory.bin}{os.pathsep}{os.defpath}"
    for name in names:
        key, equals, value = name.partition("=")
        if equals or key in environment:
            found[key] = value if equals else environment[key]
    return {key: value for key, value in found.items() if not key.startswith(("SLURM_", "FAKE_SLURM_"))}


def _user() -> str:
    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _wait(directory: Directory, number: int) -> int:
    """Return the highest exit code of a submission's jobs, once they are over."""
    pause = 0.005
    while True:
        state = directory.read()
        jobs = [job for job in state["jobs"].values() if job["submission"] == number]
        if all(job["state"] in ENDED for job in jobs):
            return max(job["code"] if job["state"] in ("COMPLETED", "FAILED") else 1 for job in jobs)
        sleep(pause)
        pause = min(2 * pause, 0.05)
