"""The stage of the failure scenarios: a store, and real Python processes that work on it.

A test asks for the fixture ``stage`` and starts children with code of its own.  The code may use every name of
``pipelines`` (classes, ``say``, ``note``, ``hold`` ...); what a child prints and what the classes note in the ledger tells
the test how far things are.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

HERE = Path(__file__).parent
PATIENCE_SEC = 60.0  # nothing takes this long; a machine that is busy with other things may

PREAMBLE = """\
from pipelines import *
import pipelines
prepare(host={host!r}, heartbeat_sec={heartbeat_sec!r}, clock_ahead_sec={clock_ahead_sec!r})
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is below this directory as scenarios."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.scenario)


def until(
    condition: Callable[[], object],
    timeout_sec: float = PATIENCE_SEC,
    what: Callable[[], str] = lambda: "a condition that never came true",
) -> None:
    """Wait until ``condition`` is true; fails with the text of ``what`` after ``timeout_sec``."""
    end = time.monotonic() + timeout_sec
    while not condition():
        if time.monotonic() > end:
            pytest.fail(f"after {timeout_sec:g} s: {what()}")
        time.sleep(0.002)


def is_stopped(pid: int) -> bool:
    """Return whether a process stands still after SIGSTOP."""
    return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit status (minus the signal's number when one ended it) and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """What it printed, line by line."""
        return self.out.splitlines()

    def ok(self) -> list[str]:
        """Return the printed lines of a child that must have exited with status 0."""
        assert self.status == 0, f"exit status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}"
        return self.lines


class Child:
    """A Python process of a scenario, in a process group of its own."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, report: Path) -> None:
        self._out = report.with_suffix(".out")
        self._err = report.with_suffix(".err")
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._popen = subprocess.Popen(
                argv,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        self.pid = self._popen.pid
        self._ended: Ended | None = None

    @property
    def out(self) -> str:
        """What it has printed so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """What it has written to stderr so far."""
        return self._err.read_text()

    def running(self) -> bool:
        """Return whether it has not ended."""
        return self._ended is None and not self._over()

    def wait_for(self, line: str, timeout_sec: float = PATIENCE_SEC) -> None:
        """Wait until it has printed ``line``; fails when it ends without."""
        until(lambda: line in self.out.splitlines() or not self.running(), timeout_sec, lambda: self._report(line))
        assert line in self.out.splitlines(), self._report(line)

    def wait_until_waiting(self) -> None:
        """Wait until its get() has found somebody else at work."""
        awaited = "(running->wait)"
        until(lambda: awaited in self.err or not self.running(), what=lambda: self._report(awaited))
        assert awaited in self.err, self._report(awaited)

    def send(self, number: int) -> None:
        """Send it a signal."""
        assert self._ended is None
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self.send(signal.SIGKILL)
        assert self.end().status == -signal.SIGKILL

    def stop(self) -> None:
        """Stop it as Ctrl-Z does; returns when it stands still."""
        self.send(signal.SIGSTOP)
        until(lambda: is_stopped(self.pid))

    def go_on(self) -> None:
        """Let it go on after ``stop``."""
        self.send(signal.SIGCONT)

    def end(self, timeout_sec: float = PATIENCE_SEC) -> Ended:
        """Wait until it has ended and return how.  What is left of its process group is killed."""
        if self._ended is None:
            until(self._over, timeout_sec, lambda: self._report("its end"))
            self._ended = self._reap()
        return self._ended

    def close(self) -> None:
        """End it and its process group, whatever they are doing."""
        if self._ended is None:
            self._ended = self._reap()

    def _over(self) -> bool:
        """Return whether it has ended, leaving it unreaped: its number stays its own as long as it may be used."""
        if self._popen.returncode is not None or not hasattr(os, "waitid"):
            return self._popen.poll() is not None
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _reap(self) -> Ended:
        if self._popen.returncode is None:
            try:
                os.killpg(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return Ended(self._popen.wait(), self.out, self.err)

    def _report(self, awaited: str) -> str:
        return f"waiting for {awaited!r} of pid {self.pid}\n--- out\n{self.out}\n--- err\n{self.err}"


class Stage:
    """A store in a temporary directory, a spool beside it for signals between processes, and the children."""

    until = staticmethod(until)
    is_stopped = staticmethod(is_stopped)

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = directory / "store"
        self.spool = directory / "spool"
        self.spool.mkdir()
        self.children: list[Child] = []
        self.env = {
            "FURU_PATH": str(self.store),
            "FURU_VERSION_CONTROLLED_PATH": str(self.store / "artifacts"),
            "FURU_RECORD_GIT": "ignore",
            "FURU_POLL_INTERVAL_SECS": "0.05",
            "SCENARIO_SPOOL": str(self.spool),
            "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }

    def start(
        self,
        code: str,
        *,
        host: str | None = None,
        heartbeat_sec: float | None = None,
        clock_ahead_sec: float = 0.0,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        under: Sequence[str] = (),
    ) -> Child:
        """Start a child that runs ``code`` after ``from pipelines import *``.

        ``host`` is the name it reports as its host's, ``clock_ahead_sec`` how much its clock is ahead, ``env`` is added to
        the environment, ``under`` is a program (with arguments) that runs it.
        """
        number = len(self.children)
        program = self.directory / f"child_{number}.py"
        preamble = PREAMBLE.format(host=host, heartbeat_sec=heartbeat_sec, clock_ahead_sec=clock_ahead_sec)
        program.write_text(preamble + textwrap.dedent(code))
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(("FURU_", "SLURM"))}
        child = Child(
            [*under, sys.executable, str(program)],
            {**inherited, **self.env, **(env or {})},
            cwd or self.directory,
            self.directory / f"child_{number}",
        )
        self.children.append(child)
        return child

    def run(self, code: str, *, host: str | None = None, env: Mapping[str, str] | None = None) -> list[str]:
        """Run a child to its end, which must be a good one; return what it printed."""
        return self.start(code, host=host, env=env).end().ok()

    def touch(self, name: str) -> None:
        """Make the file ``name`` in the spool, for which a child waits with ``hold(name)``."""
        (self.spool / name).touch()

    def notes(self, event: str = "create") -> list[list[str]]:
        """Return the ledger's lines of one event as words: event, what, pid, seconds since the epoch."""
        ledger = self.spool / "ledger"
        lines = [line.split() for line in ledger.read_text().splitlines()] if ledger.exists() else []
        return [line for line in lines if line[0] == event]

    def records(self, name: str) -> list[Path]:
        """Return the records of one name (``state.json``, ``SUCCESS.json`` ...) of all artifacts."""
        return sorted(self.store.rglob(f".furu/{name}"))

    def claims(self) -> list[Path]:
        """Return the files of all claims in the store, dead or alive."""
        return sorted(path for path in self.store.rglob(".furu/compute.lock/*") if len(path.name) == 32)

    def debris(self) -> list[str]:
        """Return locks and half-written files that are in the store."""
        return sorted(
            str(path.relative_to(self.store))
            for path in self.store.rglob(".furu/**/*")
            if path.name.startswith("compute.lock") or ".tmp." in path.name
        )

    def contents(self) -> dict[str, bytes | None]:
        """Return every path in the store with its content (None for a directory)."""
        return {
            str(path.relative_to(self.store)): None if path.is_dir() else path.read_bytes()
            for path in sorted(self.store.rglob("*"))
        }

    def close(self) -> None:
        """End all children."""
        for child in self.children:
            child.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give an empty store; end all children afterwards."""
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        made.close()
