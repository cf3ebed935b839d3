"""Forked processes of a contract's tests: cheap, and able to run whatever the test has at hand."""

from __future__ import annotations

import signal
import traceback
import warnings
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from furu_testing.children import PATIENCE_SEC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

_FORK = get_context("fork")


class Fork:
    """A forked process that runs ``work(tell)``; what it tells, the test receives with ``told()``."""

    def __init__(self, work: Callable[[Callable[[Any], None]], object]) -> None:
        self._ours, theirs = _FORK.Pipe(duplex=False)
        self._process: BaseProcess = _FORK.Process(target=_run, args=(work, theirs))
        # The warning is about other threads of this process; the fork does not need what they may have locked.
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            self._process.start()
        theirs.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid or 0

    def told(self) -> Any:
        """Wait for the next thing it tells; raises ``AssertionError`` when it ended without."""
        if not self._ours.poll(PATIENCE_SEC):
            raise AssertionError(f"forked process {self.pid} said nothing for {PATIENCE_SEC:g} s")
        try:
            said, failure = self._ours.recv()
        except EOFError:
            raise AssertionError(f"forked process {self.pid} ended without a word") from None
        if failure is not None:
            raise AssertionError(f"in a forked process:\n{failure}")
        return said

    def end(self) -> None:
        """Wait for its end, which must be a good one."""
        self._process.join(PATIENCE_SEC)
        if self._process.exitcode != 0:
            self.told()  # raises what it failed with, if it could say so
            raise AssertionError(f"forked process {self.pid} ended with status {self._process.exitcode}")

    def kill(self) -> None:
        """End it as ``kill -9`` does."""
        self._process.kill()
        self.ended_by_kill()

    def ended_by_kill(self) -> None:
        """Wait for its end, which must be one by SIGKILL."""
        self._process.join(PATIENCE_SEC)
        if self._process.exitcode != -signal.SIGKILL:
            raise AssertionError(f"forked process {self.pid} ended with status {self._process.exitcode}")

    def close(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        self._process.join()
        self._ours.close()


def _run(work: Callable[[Callable[[Any], None]], object], pipe: Connection) -> None:
    try:
        work(lambda said: pipe.send((said, None)))
    except BaseException:  # noqa: BLE001 - whatever ends it, the test shows it
        pipe.send((None, traceback.format_exc()))
        raise SystemExit(1) from None


@contextmanager
def forked(*works: Callable[[Callable[[Any], None]], object]) -> Iterator[list[Fork]]:
    """Run each of ``works`` in a forked process of its own; whatever is left of them is ended with the block."""
    forks: list[Fork] = []
    try:
        forks.extend(Fork(work) for work in works)
        yield forks
    finally:
        for fork in forks:
            fork.close()
