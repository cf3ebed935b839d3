"""``ProcessExecutor``: jobs run in child processes, so that CPU work is parallel and a crash takes one job only."""

from __future__ import annotations

import selectors
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

from furu._sys.clock import SYSTEM_CLOCK
from furu.errors import FuruError
from furu.execution import parcels, setting
from furu.execution.executor import Failed
from furu.execution.report import unpacked
from furu_exec_local import aftermath, messages
from furu_exec_local.pace import Pace
from furu_exec_local.process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from furu.execution.executor import Job, Outcome
    from furu.execution.report import Report
    from furu.storage.state import AttemptStatus
    from furu_exec_local.backlog import Backlog, Grant
    from furu_exec_local.watching import Audience

#: How long ``close(cancel=True)`` waits for processes to record how they end (seconds).
GRACE_SEC = 1.2

#: A job is short that takes less (seconds); a worker process has at most so many of them, the one it does included.
SHORT_SEC, DEPTH = 0.01, 4


class ProcessExecutor:
    """Runs jobs in child processes.

    A process has one job at a time, or several where they have proven to be short (``Pace``): then it need not wait for us
    between them.  A short job that is behind one which is long after all waits for that one, although another process may
    be free.  Processes are started when there is a job for them, up to ``max_workers``, and kept for further jobs; one that
    was given GPUs is kept for one job only, for what it has on the GPU is not freed before it ends.

    Promise: a process that dies, in whatever way, ends its own job and no other.  After ``close`` no child runs.  After a
    failure no job begins before the next call of ``wait``, so that a run which ends there starts nothing more.
    Crash: when this process dies, its children are interrupted and end within seconds.
    Threads: none; everything happens inside the calls of the protocol.
    """

    def __init__(self, max_workers: int, backlog: Backlog, audience: Audience | None = None, *, ahead: int = 0) -> None:
        self._most = max_workers
        self._ahead = ahead
        self._backlog = backlog
        self._audience = audience
        self._objects = parcels.Sender()
        self._setting: bytes | None = None
        self._workers: set[WorkerProcess] = set()
        self._idle: list[WorkerProcess] = []
        self._in_flight = 0
        self._pace = Pace()
        self._closed = False
        self._outcomes: list[Outcome] = []
        self._events = selectors.DefaultSelector()

    def capacity(self) -> int:
        """Return how many jobs it would accept now; with bounded resources any number, to choose those that fit."""
        if self._backlog.machine.bounded:
            return 1_000_000
        return self._most + self._ahead - self._in_flight - self._backlog.size

    def submit(self, job: Job) -> None:
        """Accept a job."""
        refusal = self._backlog.refusal(job)
        if refusal is not None:
            self._outcomes.append(Failed(job.key, "dependency", refusal))
            return
        self._backlog.push(job)
        self._hand_out()

    def wait(self, timeout: float | None) -> Sequence[Outcome]:
        """Return how jobs ended, waiting at most ``timeout`` seconds for the first."""
        end = None if timeout is None else SYSTEM_CLOCK.monotonic() + timeout
        self._hand_out()
        while not self._outcomes:
            left = None if end is None else max(0.0, end - SYSTEM_CLOCK.monotonic())
            self._attend(left)
            if left == 0:
                break
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def close(self, *, cancel: bool) -> None:
        """Stop.  With ``cancel`` children are interrupted as by Ctrl-C, and killed when they do not end soon."""
        if not cancel and not self._closed:
            while self._in_flight or self._backlog.size:
                self._hand_out()
                self._attend(None)
        self.stop(signal.SIGINT, "cancelled")

    def stop(self, number: int, status: AttemptStatus) -> None:
        """End all children by a signal; those that do not heed it are killed, and their attempts recorded as ``status``."""
        if self._closed:
            return
        self._closed = True
        self._backlog.clear()
        try:
            for one in self._workers:
                if one.grants:
                    one.signal(number)
                else:
                    one.connection.close()
            self._see_them_off(SYSTEM_CLOCK.monotonic() + GRACE_SEC)
        finally:
            for one in self._workers:
                killed = not one.ended()
                one.kill()
                if killed and one.grants:
                    aftermath.record_end(one.grants[0].job.task, one.pid, status)
                one.close()
            self._workers.clear()
            self._idle.clear()
            self._in_flight = 0
            self._events.close()

    def _see_them_off(self, end: float) -> None:
        """Wait until all children are gone, and show what they still have to say."""
        open_pipes = True
        while open_pipes and SYSTEM_CLOCK.monotonic() < end:
            for key, _ in self._events.select(0.01):
                if key.data[0] in ("out", "err"):
                    self._relay(key.data[1], key.data[0])
                else:
                    self._events.unregister(key.fileobj)
            open_pipes = not all(one.ended() for one in self._workers)
        for one in self._workers:
            self._drain(one)

    def _hand_out(self) -> None:
        while True:
            behind = None
            if self._busy() >= self._most:
                behind = self._short_queue()
                if behind is None:
                    return
            grant = self._backlog.pop()
            if grant is None:
                return
            self._begin(grant, behind)

    def _busy(self) -> int:
        return len(self._workers) - len(self._idle)

    def _short_queue(self) -> WorkerProcess | None:
        """Return a busy worker to which the next job may be sent in advance, if it is short and there is one."""
        job = self._backlog.peek()
        if job is None or not self._pace.is_short(job.task):
            return None
        one = min(self._workers, key=lambda one: len(one.grants))
        if len(one.grants) >= DEPTH or not all(self._pace.is_short(grant.job.task) for grant in one.grants):
            return None
        return one

    def _begin(self, grant: Grant, one: WorkerProcess | None) -> None:
        job = grant.job
        try:
            one = one or self._worker_for(grant)
            contents = self._objects.contents(job.task, one.known)
            order = messages.Order(self._objects.number(job.task), job.key, job.specs, contents)
        except Exception as error:  # noqa: BLE001 - pickling runs code of any class
            if one is not None and not one.grants:
                self._retire(one)
            self._return(grant)
            self._outcomes.append(Failed(job.key, "error", _unsendable(job, error)))
            return
        one.grants.append(grant)
        self._in_flight += 1
        one.say(partial(one.connection.send, order))
        if len(one.grants) == 1:
            self._tell_started(one)

    def _worker_for(self, grant: Grant) -> WorkerProcess:
        if not grant.gpu_ids and self._idle:
            return self._idle.pop()
        if self._setting is None:
            self._setting = setting.packed(hints=["run_local(..., backend='thread') needs not send it"])
        environ = {"CUDA_VISIBLE_DEVICES": ",".join(grant.gpu_ids)} if self._backlog.machine.hands_out_gpus else {}
        one = WorkerProcess(self._setting, environ)
        self._workers.add(one)
        self._watch(one)
        return one

    def _watch(self, one: WorkerProcess) -> None:
        self._events.register(one.connection, selectors.EVENT_READ, ("report", one))
        self._events.register(one.out.fd, selectors.EVENT_READ, ("out", one))
        self._events.register(one.err.fd, selectors.EVENT_READ, ("err", one))
        if one.death_fd is not None:
            self._events.register(one.death_fd, selectors.EVENT_READ, ("death", one))

    def _attend(self, timeout: float | None) -> None:
        """Deal with what has come in, waiting at most ``timeout`` seconds for it."""
        for key, _ in self._events.select(timeout):
            event, one = key.data
            if one not in self._workers:
                continue  # retired by an event of the same moment
            if event in ("out", "err"):
                self._relay(one, event)
            elif event == "report" and (report := one.report()) is not None:
                self._reported(one, report)
            else:
                self._died(one)
        for one in [one for one in self._workers if one.death_fd is None and one.ended()]:
            self._died(one)
        if not any(isinstance(outcome, Failed) for outcome in self._outcomes):
            self._hand_out()

    def _reported(self, one: WorkerProcess, report: Report) -> None:
        self._pace.took(one.grants[0].job.task, short=report.wall_sec < SHORT_SEC)
        grant = self._free(one, wall_sec=report.wall_sec, cpu_sec=report.cpu_sec)
        self._outcomes.append(unpacked(report, self._objects.object))
        if one.only_one_job:
            self._retire(one)
        elif one.grants:
            self._tell_started(one)
        else:
            self._idle.append(one)
        self._return(grant)

    def _died(self, one: WorkerProcess) -> None:
        if not one.ends_soon():
            one.kill()
        while one.grants and one.connection.poll() and (last_word := one.report()) is not None:
            self._reported(one, last_word)  # it has died after that job
            if one not in self._workers:
                return
        self._drain(one)
        if one.grants:
            grant = self._free(one, wall_sec=0.0, cpu_sec=0.0)
            self._outcomes.append(one.death(grant.job.key))
            self._return(grant)
        for grant in reversed(one.grants):  # never begun
            self._in_flight -= 1
            self._backlog.push_back(grant.job)
        one.grants.clear()
        self._retire(one)

    def _free(self, one: WorkerProcess, *, wall_sec: float, cpu_sec: float) -> Grant:
        grant = one.grants.popleft()
        self._in_flight -= 1
        if self._audience is not None:
            self._audience.stopped(grant.job.key, wall_sec=wall_sec, cpu_sec=cpu_sec)
        return grant

    def _tell_started(self, one: WorkerProcess) -> None:
        if self._audience is not None:
            self._audience.started(one.grants[0].job)

    def _return(self, grant: Grant) -> None:
        if grant.need:
            self._backlog.machine.give_back(grant)

    def _retire(self, one: WorkerProcess) -> None:
        """End a child that has nothing to do."""
        one.kill()
        self._drain(one)
        for file in (one.connection, one.out.fd, one.err.fd, one.death_fd):
            if file is not None:
                self._forget(file)
        one.close()
        self._workers.discard(one)
        if one in self._idle:
            self._idle.remove(one)

    def _relay(self, one: WorkerProcess, name: str) -> None:
        lines = one.out if name == "out" else one.err
        text, more = lines.read()
        if text and self._audience is not None:
            self._audience.printed(text, error=name == "err")
        if not more:
            self._forget(lines.fd)

    def _forget(self, file: Any) -> None:
        try:
            self._events.unregister(file)
        except (KeyError, ValueError):  # it has ended before
            pass

    def _drain(self, one: WorkerProcess) -> None:
        for lines, error in ((one.out, False), (one.err, True)):
            text = "".join(iter(_reading(lines), ""))
            if text and self._audience is not None:
                self._audience.printed(text, error=error)


def _reading(lines: Any) -> Callable[[], str]:
    return lambda: str(lines.read()[0])


def _unsendable(job: Job, error: Exception) -> FuruError:
    if isinstance(error, (FuruError, OSError)):
        return FuruError(str(error)) if isinstance(error, OSError) else error
    return FuruError(
        f"{job.task.furu_ref.label} cannot be sent to a worker process: {type(error).__name__}: {error}",
        hints=["its fields must be picklable; run_local(..., backend='thread') needs not send it"],
    )
