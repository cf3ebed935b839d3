"""Child processes of a test: started, watched, stopped, and killed as ``kill -9`` does.

>>> with Child.python("import model; model.Train().get()", report=tmp_path / "first") as child:  # doctest: +SKIP
...     until(lambda: (model.Train().furu_dir / "epoch-1").exists())
...     child.kill()
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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

PATIENCE_SEC = 60.0  # nothing takes this long; a machine that is busy with other things may
_PROC = "/proc"


def until(
    condition: Callable[[], object],
    timeout_sec: float = PATIENCE_SEC,
    what: Callable[[], str] = lambda: "a condition that never came true",
) -> None:
    """Wait until ``condition`` is true; raises ``AssertionError`` with the text of ``what`` after ``timeout_sec``."""
    __tracebackhide__ = True
    end = time.monotonic() + timeout_sec
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"after {timeout_sec:g} s: {what()}")
        time.sleep(0.002)


def is_running(pid: int) -> bool:
    """Return whether a process is there and has not ended; one that nobody has waited for counts as ended."""
    return _status(pid) not in ("", "Z", "X")


def is_stopped(pid: int) -> bool:
    """Return whether a process stands still after SIGSTOP."""
    return _status(pid) in ("T", "t")


def _status(pid: int) -> str:
    """Return the letter by which ``ps`` tells what a process does (R S D T Z ...); empty when there is none."""
    if os.path.isdir(f"{_PROC}/self"):
        try:
            stat = Path(f"{_PROC}/{pid}/stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return stat.rpartition(")")[2].split()[0]  # the name before it may have blanks and brackets
    shown = subprocess.run(["ps", "-o", "state=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()[:1]


@dataclass(frozen=True, slots=True)
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
        """Return the printed lines of a child; raises ``AssertionError`` when its exit status is not 0."""
        __tracebackhide__ = True
        if self.status != 0:
            raise AssertionError(f"exit status {self.status}\n--- out\n{self.out}\n--- err\n{self.err}")
        return self.lines


class Child:
    """A program that runs beside the test, in a process group of its own.

    Without ``env`` it has the environment of the test, so inside ``furu_tmp_root`` the same store.  What it writes is kept
    in ``<report>.out`` and ``<report>.err``.  As a context manager it is ended, with its group, at the end of the block.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        report: str | os.PathLike[str],
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> None:
        self._out = Path(f"{os.fspath(report)}.out")
        self._err = Path(f"{os.fspath(report)}.err")
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

    @classmethod
    def python(
        cls,
        code: str,
        *,
        report: str | os.PathLike[str],
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
    ) -> Self:
        """Start a Python that runs ``code`` and can import what the test can; ``env`` is added to the environment."""
        path = os.pathsep.join(place for place in sys.path if place)
        return cls(
            [sys.executable, "-u", "-c", textwrap.dedent(code)],
            report=report,
            env={**os.environ, "PYTHONPATH": path, **(env or {})},
            cwd=cwd,
        )

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
        """Wait until it has printed ``line``; raises ``AssertionError`` when it ends without."""
        __tracebackhide__ = True
        until(lambda: line in self.out.splitlines() or not self.running(), timeout_sec, lambda: self._report(line))
        if line not in self.out.splitlines():
            raise AssertionError(self._report(line))

    def wait_until_waiting(self, timeout_sec: float = PATIENCE_SEC) -> None:
        """Wait until its ``get()`` has found somebody else at work; raises ``AssertionError`` when it ends without."""
        __tracebackhide__ = True
        awaited = "(running->wait)"
        until(lambda: awaited in self.err or not self.running(), timeout_sec, lambda: self._report(awaited))
        if awaited not in self.err:
            raise AssertionError(self._report(awaited))

    def send(self, number: int) -> None:
        """Send it a signal."""
        if self._ended is not None:
            raise AssertionError(f"pid {self.pid} has ended with status {self._ended.status}")
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it as ``kill -9`` does; raises ``AssertionError`` when it ended otherwise before."""
        __tracebackhide__ = True
        self.send(signal.SIGKILL)
        ended = self.end()
        if ended.status != -signal.SIGKILL:
            raise AssertionError(f"pid {self.pid} ended with status {ended.status} before it was killed\n{ended.err}")

    def stop(self) -> None:
        """Stop it as Ctrl-Z does; returns when it stands still."""
        self.send(signal.SIGSTOP)
        until(lambda: is_stopped(self.pid))

    def go_on(self) -> None:
        """Let it go on after ``stop``."""
        self.send(signal.SIGCONT)

    def end(self, timeout_sec: float = PATIENCE_SEC) -> Ended:
        """Wait until it has ended and return how.  What is left of its process group is killed."""
        __tracebackhide__ = True
        if self._ended is None:
            until(self._over, timeout_sec, lambda: self._report("its end"))
            self._ended = self._reap()
        return self._ended

    def close(self) -> None:
        """End it and its process group, whatever they are doing."""
        if self._ended is None:
            self._ended = self._reap()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
