"""Slurm's commands as functions that return text or raise."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from furu.errors import FuruError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: A controller that is away is reported by the commands themselves after about 9 s.
PATIENCE_SEC = 60.0


class SlurmError(FuruError):
    """A command of Slurm failed.

    ``command`` is its name, ``stderr`` what it said.
    """

    def __init__(self, message: str, *, command: str = "", stderr: str = "", hints: Sequence[str] = ()) -> None:
        super().__init__(message, hints=hints)
        self.command = command
        self.stderr = stderr


class SlurmLimit(SlurmError):
    """Slurm takes no more jobs of this user for now: the limit on submitted jobs is reached."""


def run(command: str, *arguments: str, env: Mapping[str, str] | None = None, timeout_sec: float = PATIENCE_SEC) -> str:
    """Return what a command prints; ``env`` is its environment, that of this process when it is None.

    Raises ``SlurmError`` when it is not there, takes longer than ``timeout_sec``, or fails.
    """
    try:
        done = subprocess.run(
            [command, *arguments], capture_output=True, text=True, check=False, env=env, timeout=timeout_sec
        )
    except FileNotFoundError:
        raise SlurmError(
            f"there is no {command} on this machine",
            command=command,
            hints=["submit from a machine that has Slurm's commands on its PATH"],
        ) from None
    except subprocess.TimeoutExpired:
        raise SlurmError(f"{command} did not answer within {timeout_sec:g} s", command=command) from None
    if done.returncode != 0:
        said = done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}"
        raise failure(command, said)
    return done.stdout


def begin(command: str, *arguments: str, patience_sec: float) -> None:
    """Start a command and wait for it at most ``patience_sec``; after that it goes on by itself.  What it says is lost.

    Ctrl-C does not reach it.  Raises ``SlurmError`` when it is not there.
    """
    quiet = subprocess.DEVNULL
    try:
        started = subprocess.Popen(
            [command, *arguments], stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True
        )
    except FileNotFoundError:
        raise SlurmError(f"there is no {command} on this machine", command=command) from None
    try:
        started.wait(patience_sec)
    except subprocess.TimeoutExpired:
        started.returncode = 0  # nobody will ask


def failure(command: str, stderr: str) -> SlurmError:
    """Return the error for what a command said before it failed."""
    cls = SlurmLimit if any(words in stderr for words in _LIMITS) else SlurmError
    return cls(f"{command} failed: {stderr}", command=command, stderr=stderr)


def is_transient(error: SlurmError) -> bool:
    """Return whether the same command may work a little later."""
    return error.stderr == "" or any(words in error.stderr for words in _TRANSIENT)


_LIMITS = (
    "MaxSubmitJob",
    "job submit limit",
    "Slurm temporarily unable to accept job",  # MaxJobCount of the cluster
)

_TRANSIENT = (
    "Socket timed out",
    "Unable to contact slurm controller",
    "Resource temporarily unavailable",
    "Connection refused",
    "Connection timed out",
    "Communication connection failure",
    "Transport endpoint is not connected",
    "Zero Bytes were transmitted or received",
    "Unexpected message received",
    "in standby mode",
    "Unable to open connection",
    "Problem talking to the database",
    "slurm_persist_conn",
)
