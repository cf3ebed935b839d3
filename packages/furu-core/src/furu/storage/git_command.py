"""Running git: in one directory, without locks, pager, prompts or hooks, and not for ever."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from typing import Literal

MOST_OUTPUT_BYTES = 10 * 1024 * 1024
MOST_WAIT_SEC = 30.0

_COMMAND = ("git", "--no-optional-locks", "--no-pager", "-c", "core.fsmonitor=false", "-c", "diff.relative=false")

#: Variables by which a surrounding git command would redirect ours to another repository, or change what it prints.
_REDIRECTING = frozenset(
    (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIFF_OPTS",
        "GIT_DIR",
        "GIT_EXTERNAL_DIFF",
        "GIT_GLOB_PATHSPECS",
        "GIT_GRAFT_FILE",
        "GIT_ICASE_PATHSPECS",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_LITERAL_PATHSPECS",
        "GIT_NAMESPACE",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    )
)

_told: set[str] = set()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed; ``cut`` when that was more than 10 MB.  Of a failed one there is no text."""

    ok: bool
    text: bytes = b""
    cut: bool = False


def run(directory: str, *arguments: str, complaints: bool = False) -> Answer:
    """Run one git command and return what it prints; with ``complaints`` what it says on stderr, even when it fails.

    A command that takes longer than 30 s is killed, counts as failed, and is warned about once.
    """
    import subprocess

    try:
        running = subprocess.Popen(
            [*_COMMAND, *arguments],
            cwd=directory,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if complaints else subprocess.DEVNULL,
            process_group=0,
        )
    except OSError as error:
        return Answer(ok=False, text=f"git cannot be run: {error}".encode() if complaints else b"")
    with running, _killed_after(MOST_WAIT_SEC, running) as overdue:
        assert running.stdout is not None  # asked for above
        text = running.stdout.read(MOST_OUTPUT_BYTES + 1)
        cut = len(text) > MOST_OUTPUT_BYTES
        if cut:
            _kill(running)
        ok = running.wait() == 0 or cut
    if overdue:
        words = " ".join(arguments[:2])
        tell_once("WARNING", f"git {words} took longer than {MOST_WAIT_SEC:g} s in {directory}; it is not recorded")
    return Answer(ok=ok, text=text[:MOST_OUTPUT_BYTES] if ok or complaints else b"", cut=cut)


def line(directory: str, *arguments: str) -> str | None:
    """Return the one line a git command prints, or None when it fails."""
    return run(directory, *arguments).text.decode(errors="replace").strip() or None


def tell_once(level: Literal["INFO", "WARNING"], message: str) -> None:
    """Log a message the first time it comes up in this process."""
    from furu.runtime.logging import get_logger

    if message not in _told:
        _told.add(message)
        logger = get_logger()
        (logger.info if level == "INFO" else logger.warning)("%s", message)


def _environment() -> dict[str, str]:
    inherited = os.environ  # noqa: TID251 - a child's environment, not a setting
    kept = {name: text for name, text in inherited.items() if name not in _REDIRECTING}
    return kept | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}


@contextmanager
def _killed_after(sec: float, running: subprocess.Popen[bytes]) -> Iterator[list[bool]]:
    """Kill a command that is still running after ``sec``; the list is not empty when that was necessary."""
    import threading

    overdue: list[bool] = []

    def end() -> None:
        overdue.append(True)
        _kill(running)

    late = threading.Timer(sec, end)
    late.daemon = True
    late.start()
    try:
        yield overdue
    finally:
        late.cancel()


def _kill(running: subprocess.Popen[bytes]) -> None:
    """Kill a command with the helpers it has started, which would hold its output open."""
    if running.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
