"""``ThreadExecutor``: jobs run in threads of this process, on the very objects they were planned with."""

from __future__ import annotations

import contextvars
import ctypes
import threading
import time
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu.execution import worker
from furu.execution.executor import Failed
from furu.runtime import context

if TYPE_CHECKING:
    from collections.abc import Sequence

    from furu.execution.executor import Job, Outcome
    from furu_exec_local.backlog import Backlog, Grant
    from furu_exec_local.watching import Audience

#: How long ``close(cancel=True)`` waits for threads to notice (seconds).
GRACE_SEC = 1.5


class _Worker(threading.Thread):
    """One thread: takes jobs until it is told to end."""

    def __init__(self, executor: ThreadExecutor, number: int) -> None:
        super().__init__(name=f"furu-local-{number}", daemon=True)
        self.context: contextvars.Context | None = None  # that of the job it runs
        self._executor = executor

    def run(self) -> None:
        """Work until there is nothing more to take."""
        try:
            while (grant := self._executor.next_grant()) is not None:
                self._executor.ended(grant, *self._run(grant))
        except KeyboardInterrupt:  # it was told to stop between two jobs
            pass

    def _run(self, grant: Grant) -> tuple[Outcome, float, float]:
        self._executor.began(grant)
        wall, cpu = SYSTEM_CLOCK.monotonic(), time.thread_time()
        self.context = contextvars.Context()
        try:
            outcome = self.context.run(worker.run, grant.job)
        except (KeyboardInterrupt, SystemExit) as stop:
            kind = "cancelled" if isinstance(stop, KeyboardInterrupt) else "error"
            outcome = Failed(grant.job.key, kind, stop)  # type: ignore[arg-type]
        finally:
            self.context = None
        return outcome, SYSTEM_CLOCK.monotonic() - wall, time.thread_time() - cpu

    def interrupt(self) -> None:
        """Raise ``KeyboardInterrupt`` in this thread at its next step in Python."""
        if self.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(KeyboardInterrupt))

    def disown(self) -> None:
        """Record the attempts of a thread that does not stop as cancelled, and give up their leases.

        Whatever the thread does from here on, it cannot publish.
        """
        running = self.context
        if running is not None:
            for attempt in reversed(running.copy().run(context.stack)):
                attempt.end_quietly("cancelled")  # type: ignore[attr-defined]
                attempt.release()  # type: ignore[attr-defined]


class ThreadExecutor:
    """Runs jobs in threads of this process.

    Promise: at most ``max_workers`` jobs run side by side, within what ``backlog`` hands out.  After a failure no job
    begins before the next call of ``wait``, so that a run which ends there starts nothing more.
    Not promised: that ``close(cancel=True)`` ends a thread which is inside a call that does not return to Python.  Such a
    thread has lost its lease when ``close`` returns, so it publishes nothing; it ends with the process.
    """

    def __init__(self, max_workers: int, backlog: Backlog, audience: Audience | None = None, *, ahead: int = 0) -> None:
        self._backlog = backlog
        self._audience = audience
        self._most = max_workers
        self._ahead = ahead
        self._running = 0
        self._changed = threading.Condition()
        self._closing = False
        self._failed = self._told_of = self._accepted = 0  # failures: all, told to the loop, and those it goes on after
        self._told: SimpleQueue[tuple[Grant, Outcome | None, float, float]] = SimpleQueue()
        self._threads: list[_Worker] = []

    def capacity(self) -> int:
        """Return how many jobs it would accept now; with bounded resources any number, to choose those that fit."""
        if self._backlog.machine.bounded:
            return 1_000_000
        return self._most + self._ahead - self._running - self._backlog.size

    def submit(self, job: Job) -> None:
        """Accept a job."""
        with self._changed:
            self._backlog.push(job)
            self._changed.notify()
        if len(self._threads) < self._most:
            thread = _Worker(self, len(self._threads))
            self._threads.append(thread)
            thread.start()

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Return how jobs ended, waiting at most ``timeout`` seconds for the first."""
        self._go_on()
        end = None if timeout is None else SYSTEM_CLOCK.monotonic() + timeout
        outcomes: list[Outcome] = []
        while True:
            try:
                left = None if end is None else max(0.0, end - SYSTEM_CLOCK.monotonic())
                grant, outcome, wall, cpu = self._told.get(timeout=0 if outcomes else left)
            except Empty:
                return outcomes
            if outcome is None:
                if self._audience is not None:
                    self._audience.started(grant.job)
                continue
            outcomes.append(outcome)
            self._told_of += isinstance(outcome, Failed)
            if self._audience is not None:
                self._audience.stopped(outcome.key, wall_sec=wall, cpu_sec=cpu)

    def close(self, *, cancel: bool) -> None:
        """Stop; with ``cancel`` at the next step of what runs."""
        with self._changed:
            self._closing = True
            self._accepted = self._failed
            if cancel:
                self._backlog.clear()
            self._changed.notify_all()
        if not cancel:
            for thread in self._threads:
                thread.join()
            return
        try:
            for thread in self._threads:
                if thread.is_alive():
                    thread.interrupt()
            end = SYSTEM_CLOCK.monotonic() + GRACE_SEC
            for thread in self._threads:
                thread.join(max(0.0, end - SYSTEM_CLOCK.monotonic()))
        finally:
            for thread in self._threads:
                if thread.is_alive():
                    thread.disown()

    def next_grant(self) -> Grant | None:
        """Return the next job for a thread, waiting for one; None when there will be none."""
        with self._changed:
            while True:
                grant = self._backlog.pop() if self._failed == self._accepted else None
                if grant is not None:
                    self._running += 1
                    return grant
                if self._closing:
                    return None
                self._changed.wait()

    def _go_on(self) -> None:
        """Let jobs begin again after failures of which the loop was told: it would not be here if they had ended the run."""
        if self._accepted != self._told_of:
            with self._changed:
                self._accepted = self._told_of
                self._changed.notify_all()

    def began(self, grant: Grant) -> None:
        """Note that a thread begins a job."""
        if self._audience is not None:
            self._told.put((grant, None, 0.0, 0.0))

    def ended(self, grant: Grant, outcome: Outcome, wall_sec: float, cpu_sec: float) -> None:
        """Note how a job ended, and take back what it was given."""
        with self._changed:
            self._running -= 1
            self._failed += isinstance(outcome, Failed)
            if grant.need:
                self._backlog.machine.give_back(grant)
                self._changed.notify_all()
        self._told.put((grant, outcome, wall_sec, cpu_sec))
