"""Who is running: the attempts on this call stack, and which of them wait for which."""

from __future__ import annotations

import _thread
import os
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from furu.errors import FuruCycleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType
    from typing import Any, Protocol

    from furu.task import ArtifactRef

    class Running(Protocol):
        """An attempt that is being made in this process."""

        artifact: Any

        @property
        def ref(self) -> ArtifactRef: ...

        @property
        def token(self) -> str: ...


_stack: ContextVar[tuple[Running, ...]] = ContextVar("furu_running", default=())

_lock = _thread.allocate_lock()
_waits: list[tuple[tuple[Running, ...], str]] = []  # one per waiting call: its stack, and the claim it waits for


def _after_fork() -> None:
    """Give a forked child a lock that no vanished thread holds, and nobody who waits."""
    global _lock
    _lock = _thread.allocate_lock()
    _waits.clear()


os.register_at_fork(after_in_child=_after_fork)

#: (furu_hash, hook, artifact) of the hooks that read a result on this call stack.
hooks: ContextVar[tuple[tuple[str, str, Any], ...]] = ContextVar("furu_hooks", default=())


def read_by_hook(furu_hash: str) -> Any:
    """Return the artifact that a hook of the object with this key is reading on this call stack, or None."""
    for key, _, artifact in hooks.get():
        if key == furu_hash:
            return artifact
    return None


#: In a worker of an executor: the key of its job, the only artifact that may be created here.
_job: ContextVar[str | None] = ContextVar("furu_job", default=None)

#: The code that job runs: where furu's own messages point that no code of the user's has caused.
_job_code: ContextVar[CodeType | None] = ContextVar("furu_job_code", default=None)


@contextmanager
def working_on(key: str, code: CodeType | None = None) -> Iterator[None]:
    """Let the code inside create the artifact ``key`` by ``code``, and no other, as a worker of an executor does."""
    reset, reset_code = _job.set(key), _job_code.set(code)
    try:
        yield
    finally:
        _job.reset(reset)
        _job_code.reset(reset_code)


def job_code() -> CodeType | None:
    """Return the code of the job that is worked on here, None where it is not known, and outside of executors."""
    return _job_code.get()


def job() -> str | None:
    """Return the key of the job the code here works on, None outside of executors."""
    return _job.get()


def stack() -> tuple[Running, ...]:
    """Return the attempts on this call stack, outermost first."""
    return _stack.get()


def find(ref: ArtifactRef) -> Running | None:
    """Return the attempt at ``ref`` on this call stack, if there is one."""
    for running in _stack.get():
        if running.ref == ref:
            return running
    return None


def restorer() -> Callable[[], object]:
    """Return what puts the call stack back to what it is now, in one call that no signal handler can interrupt."""
    return partial(_stack.set, _stack.get())


class entered:  # noqa: N801 - used like a function: with entered(running):
    """Put an attempt on the stack of the code inside.

    No generator, because ``contextlib`` sets ``__traceback__``, and an exception class may not allow that.
    """

    __slots__ = ("_reset", "_running")

    def __init__(self, running: Running) -> None:
        self._running = running

    def __enter__(self) -> None:
        self._reset = _stack.set((*_stack.get(), self._running))

    def __exit__(self, *_: object) -> None:
        _stack.reset(self._reset)


def refuse_recursion(ref: ArtifactRef) -> None:
    """Raise ``FuruCycleError`` when the code that asks for ``ref`` runs inside the creation of ``ref``."""
    running = _stack.get()
    for place, above in enumerate(running):
        if above.ref == ref:
            raise _cycle([*(step.ref for step in running[place:]), ref])


@contextmanager
def waiting(token: str | None) -> Iterator[None]:
    """Declare that this call waits for the holder of the claim ``token``.

    Raises ``FuruCycleError`` at once when that holder, in a thread of this process, waits for this call stack.
    """
    mine = _stack.get()
    if token is None or not mine:
        yield
        return
    wait = (mine, token)
    with _lock:
        path = _waits_for(token, {running.token for running in mine}, set())
        if path is not None:
            raise _cycle([mine[-1].ref, *path])
        _waits.append(wait)
    try:
        yield
    finally:
        with _lock:
            _waits.remove(wait)


def _waits_for(token: str, mine: set[str], seen: set[str]) -> list[ArtifactRef] | None:
    """Return the chain of artifacts from the holder of ``token`` to one of ``mine``, when there is one."""
    seen.add(token)
    for their_stack, their_token in _waits:
        holders = [running for running in their_stack if running.token == token]
        if not holders or their_token in seen:
            continue
        if their_token in mine:
            end = next(running.ref for running in _stack.get() if running.token == their_token)
            return [holders[0].ref, end]
        further = _waits_for(their_token, mine, seen)
        if further is not None:
            return [holders[0].ref, *further]
    return None


def _cycle(refs: list[ArtifactRef]) -> FuruCycleError:
    names = " -> ".join(ref.label for ref in refs)
    return FuruCycleError(
        f"an artifact waits for itself: {names}",
        hints=["a _create must not get() an artifact that needs this one; give the two different configs"],
    )
