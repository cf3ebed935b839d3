"""Faults at a named step of claim, create and publish: crash, stall, raise, lose the lease.

>>> with faults.at("publish.state", faults.crash):  # doctest: +SKIP
...     model.get()                                  # the process is killed between state.json and the marker
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, get_args

from furu._sys import steps
from furu.engine import attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from furu.task import ArtifactRef

#: Every step at which a fault may be injected, in the order of one attempt.
STEPS: tuple[str, ...] = get_args(steps.Step)

#: The same for an artifact that waits for a job of a scheduler, on both sides.
QUEUE_STEPS: tuple[str, ...] = get_args(steps.QueueStep)

_faults: list[tuple[str, Callable[[], object]]] = []


@contextmanager
def at(step: str, fault: Callable[[], object]) -> Iterator[None]:
    """Call ``fault`` whenever an attempt of this process reaches ``step`` inside the block.

    Raises ``ValueError`` listing the steps when there is no such step.
    """
    if step not in STEPS + QUEUE_STEPS:
        raise ValueError(f"there is no step {step!r}; the steps are: {', '.join(STEPS + QUEUE_STEPS)}")
    entry = (step, fault)
    _faults.append(entry)
    steps.hook = _reached
    try:
        yield
    finally:
        _faults.remove(entry)
        if not _faults:
            steps.hook = None


def crash() -> NoReturn:
    """End this process at once, as ``kill -9`` or a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def stall(until: str | os.PathLike[str], *, timeout_sec: float = 60.0) -> Callable[[], None]:
    """Return a fault that waits until the file ``until`` is there.

    Raises ``TimeoutError`` there when it does not come within ``timeout_sec``.
    """

    def wait() -> None:
        end = time.monotonic() + timeout_sec
        while not Path(until).exists():
            if time.monotonic() > end:
                raise TimeoutError(f"stalled {timeout_sec:g} s, and {os.fspath(until)} did not come")
            time.sleep(0.002)

    return wait


def raising(error: BaseException) -> Callable[[], None]:
    """Return a fault that raises ``error``."""

    def fail() -> None:
        raise error

    return fail


def lose_lease() -> None:
    """Take the lease away from the attempt that is being made, as a successor that found it dead does.

    Works at the steps from ``create.state`` to ``publish.state``, and anywhere in ``_create``.  The attempt then ends
    with ``FuruLeaseLost`` and publishes nothing.

    Raises ``RuntimeError`` where this thread makes no attempt, or has published already.
    """
    here = _attempt()
    if here is None:
        raise RuntimeError("no attempt is being made here; lose_lease works from create.state on")
    try:
        os.unlink(here.lease.path)
    except FileNotFoundError:
        raise RuntimeError(f"{here.ref.label} has no lease any more; lose_lease works up to publish.state") from None


def running() -> ArtifactRef | None:
    """Return the artifact whose attempt this thread is making, the innermost one, or None."""
    here = _attempt()
    return None if here is None else here.ref


def _attempt() -> attempt.Running | None:
    """Return the innermost attempt on this call stack.  The steps before and after ``_create`` are told apart only so."""
    frame = sys._getframe()  # noqa: SLF001 - the stack is what is asked about
    while frame.f_back is not None:
        frame = frame.f_back
        found = frame.f_locals.get("running") if frame.f_globals is vars(attempt) else None
        if isinstance(found, attempt.Running):
            return found
    return None


def _reached(step: str) -> None:
    for fault in [fault for at_step, fault in _faults if at_step == step]:
        fault()
