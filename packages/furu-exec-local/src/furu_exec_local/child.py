"""What a worker process does once it is set up: jobs, one after the other, until the connection ends."""

from __future__ import annotations

import faulthandler
import os
import select
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING

from furu._sys.clock import SYSTEM_CLOCK
from furu.errors import FuruError
from furu.execution import parcels, place, report, setting, worker
from furu.execution.executor import Failed, Job
from furu.runtime import signals

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from furu.execution.executor import Outcome
    from furu_exec_local.messages import Order

#: After the end of the parent: how long this process has to end by itself, and a job that was interrupted (seconds).
NOTICE_SEC, GRACE_SEC = 0.2, 5.0


def serve(connection: Connection) -> None:
    """Run jobs until the parent closes the connection.

    Ctrl-C ends it, wherever it is.  When the parent dies the job that runs is interrupted: nobody waits for it.
    """
    place.in_worker = True
    signals.interruptible()
    faulthandler.enable()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with setting.in_force(connection.recv_bytes()):
        over = threading.Event()
        threading.Thread(target=_end_with_parent, args=(connection.fileno(), over), daemon=True).start()
        try:
            _work(connection)
        finally:
            over.set()


def _work(connection: Connection) -> None:
    known = parcels.Receiver()
    while True:
        order: Order = connection.recv()
        wall, cpu = SYSTEM_CLOCK.monotonic(), time.process_time()
        outcome = _outcome(order, known)
        content, text = report.packed(outcome, known.number)
        sys.stdout.flush()
        spent = SYSTEM_CLOCK.monotonic() - wall, time.process_time() - cpu
        connection.send(report.Report(order.key, *spent, content, text))


def _outcome(order: Order, known: parcels.Receiver) -> Outcome:
    try:
        known.take(order.contents)
        task = known.object(order.number)
        if task.furu_hash != order.key:
            raise FuruError(
                f"{type(task).__name__} has another key in the worker process: {task.furu_hash}, not {order.key}",
                hints=["its source has changed since this run began, or its key depends on the process"],
            )
    except Exception as error:  # noqa: BLE001 - importing and unpickling run code of any kind
        return Failed(order.key, "error", error)
    try:
        return worker.run(Job(task, order.specs))
    except SystemExit as stop:
        return Failed(order.key, "error", FuruError(f"_create called sys.exit({stop.code!r})"))


def _end_with_parent(fd: int, over: threading.Event) -> None:
    """End this process when the other end of the connection is gone; the thread sleeps until then."""
    end = select.poll()
    end.register(fd, 0)  # hang-up is always told
    end.poll()
    if not over.wait(NOTICE_SEC):
        os.kill(os.getpid(), signal.SIGINT)
    SYSTEM_CLOCK.sleep(GRACE_SEC)
    os.kill(os.getpid(), signal.SIGKILL)
