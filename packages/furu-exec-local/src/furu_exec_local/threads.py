"""``ThreadExecutor``: jobs run in threads of this process, on the very objects they were planned with."""

from __future__ import annotations

import contextvars
import ctypes
import threading
import time
from collections import deque
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu.execution import worker
from furu.execution.executor import Done, Failed
from furu.runtime import context
from furu_exec_local.backlog import Grant
from furu_exec_local.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from furu.execution.executor import Job, Outcome
    from furu_exec_local.backlog import Backlog
    from furu_exec_local.watching import Audience

#: How long ``close(cancel=True)`` waits for threads to notice (seconds).
GRACE_SEC = 1.5

#: A job is light that takes less (seconds), and uses less of the CPU; while others hinder it that counts for more.
LIGHT_SEC, LIGHT_CPU_SEC, HINDERED_CPU_SEC = 0.01, 0.004, 0.008

#: The loop is not woken for each of many short jobs, but this often (seconds) at least.
BATCH_SEC = 0.02


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

    Jobs that hardly use the CPU (``Pace``) run one at a time, beside others: two threads that do little but ask the system
    for things hand the interpreter's lock to and fro at each call, and are slower than one.  A light job that turns out to
    take its time holds up nobody for longer than a moment.

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
        self._told: deque[tuple[Grant, Outcome | None, float, float]] = deque()
        self._bell: SimpleQueue[None] = SimpleQueue()  # wakes the loop, to see what it was told
        self._rang_at = 0.0
        self._threads: list[_Worker] = []
        self._pace = Pace()
        self._light: Grant | None = None  # the light job that runs, and since when
        self._light_since = 0.0

    def capacity(self) -> int:
        """Return how many jobs it would accept now; with bounded resources any number, to choose those that fit."""
        if self._backlog.machine.bounded:
            return 1_000_000
        return self._most + self._ahead - self._running - self._backlog.size

    def submit(self, job: Job) -> None:
        """Accept a job."""
        refusal = self._backlog.refusal(job)
        if refusal is not None:
            with self._changed:
                self._failed += 1
            self._told.append((Grant(job), Failed(job.key, "dependency", refusal), 0.0, 0.0))
            return
        with self._changed:
            self._backlog.push(job)
            if not self._held_up():
                self._changed.notify()
        if len(self._threads) < self._most:
            thread = _Worker(self, len(self._threads))
            self._threads.append(thread)
            thread.start()

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Return how jobs ended, waiting at most ``timeout`` seconds for the first.

        While there is enough to do, those of short jobs are returned several at once.
        """
        self._go_on()
        end = None if timeout is None else SYSTEM_CLOCK.monotonic() + timeout
        while not (outcomes := self._heard()):
            left = None if end is None else end - SYSTEM_CLOCK.monotonic()
            if left is not None and left <= 0:
                break
            self._listen(left)
        return outcomes

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
                grant = self._grant() if self._failed == self._accepted else None
                if grant is not None:
                    self._running += 1
                    return grant
                if self._closing:
                    return None
                self._changed.wait()

    def began(self, grant: Grant) -> None:
        """Note that a thread begins a job."""
        if self._audience is not None:
            self._told.append((grant, None, 0.0, 0.0))

    def ended(self, grant: Grant, outcome: Outcome, wall_sec: float, cpu_sec: float) -> None:
        """Note how a job ended, and take back what it was given."""
        self._told.append((grant, outcome, wall_sec, cpu_sec))
        now = SYSTEM_CLOCK.monotonic()
        with self._changed:
            self._running -= 1
            self._failed += isinstance(outcome, Failed)
            if grant is self._light:
                self._light = None
                self._pace.took(grant.job.task, short=wall_sec < LIGHT_SEC and cpu_sec < LIGHT_CPU_SEC)
            elif not self._pace.is_short(grant.job.task):
                self._pace.took(grant.job.task, short=cpu_sec < HINDERED_CPU_SEC)
            if grant.need:
                self._backlog.machine.give_back(grant)
                self._changed.notify_all()
            urgent = not isinstance(outcome, Done) or self._backlog.size < self._most
            ring = urgent or now - self._rang_at >= BATCH_SEC
            if ring:
                self._rang_at = now
        if ring and self._bell.empty():
            self._bell.put(None)

    def _grant(self) -> Grant | None:
        """Return a job that may begin now, if there is one; another thread is woken when there may be one more."""
        if self._held_up():
            return None
        first = self._backlog.peek()
        grant = self._backlog.pop()
        if grant is None:
            return None
        if first is grant.job and self._pace.is_short(first.task):
            self._light, self._light_since = grant, SYSTEM_CLOCK.monotonic()
        if self._backlog.size and not self._held_up():
            self._changed.notify()
        return grant

    def _held_up(self) -> bool:
        """Return whether the next job is a light one and has to wait for one that runs."""
        if self._light is None or self._closing:
            return False
        first = self._backlog.peek()
        return first is not None and self._pace.is_short(first.task)

    def _heard(self) -> list[Outcome]:
        """Return the outcomes that threads have told so far, and pass everything on to the audience."""
        outcomes: list[Outcome] = []
        while self._told:
            grant, outcome, wall, cpu = self._told.popleft()
            if outcome is None:
                if self._audience is not None:
                    self._audience.started(grant.job)
                continue
            outcomes.append(outcome)
            self._told_of += isinstance(outcome, Failed)
            if self._audience is not None:
                self._audience.stopped(outcome.key, wall_sec=wall, cpu_sec=cpu)
        return outcomes

    def _listen(self, sec: float | None) -> None:
        """Wait for the bell, at most ``sec`` seconds (None: as long as it takes)."""
        if self._light is not None:
            sec = LIGHT_SEC if sec is None else min(sec, LIGHT_SEC)
        try:
            self._bell.get(timeout=sec)
        except Empty:
            self._let_others_pass()

    def _let_others_pass(self) -> None:
        """Count a light job as none when it takes its time."""
        with self._changed:
            light = self._light
            if light is not None and SYSTEM_CLOCK.monotonic() - self._light_since >= LIGHT_SEC:
                self._light = None
                self._pace.took(light.job.task, short=False)
                self._changed.notify_all()

    def _go_on(self) -> None:
        """Let jobs begin again after failures of which the loop was told: it would not be here if they had ended the run."""
        if self._accepted != self._told_of:
            with self._changed:
                self._accepted = self._told_of
                self._changed.notify_all()
