"""Every exception furu raises: data in, message out, hints, picklable.

One tree.  An error says what went wrong, where, and what to do about it; ``hints`` name the ``FURU_`` variable that
changes the behaviour where there is one.  All of them survive pickling to a worker and back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Final, Literal, SupportsIndex

    from furu._exceptions import Row

    FailureKind = Literal["error", "oom", "timeout", "preempted", "cancelled", "node_failure", "lost", "dependency"]


class Missing:
    """The type of ``MISSING``: what ``try_load()`` returns when there is nothing to load."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()


class FuruError(Exception):
    """The base of every error furu raises.

    ``message`` is the sentence, ``hints`` are things to do about it, one sentence each.
    """

    # An error may also be of any other class.  What is said here comes first, so that such a class can neither hide an
    # attribute of ours nor keep anybody (contextlib, a pool of processes) from setting ``__traceback__`` and the like.
    message: str = ""
    hints: tuple[str, ...] = ()

    __setattr__ = BaseException.__setattr__
    __eq__ = BaseException.__eq__
    __hash__ = BaseException.__hash__

    def __init__(self, message: str, *, hints: Sequence[str] = ()) -> None:
        BaseException.__init__(self, message)  # not super(): the other class may have another constructor
        self.message = message
        self.hints = tuple(hints)

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  hint: {hint}" for hint in self.hints)])

    def __reduce__(self) -> tuple[Callable[..., BaseException], tuple[Any, ...]]:
        from furu._exceptions import taken_apart  # here, because importing furu should cost little

        return _put_together, (taken_apart(self, _split),)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Callable[..., BaseException], tuple[Any, ...]]:
        return self.__reduce__()


class FuruConfigError(FuruError, ValueError):
    """A ``FURU_`` variable or a ``FURU_CONFIG`` attribute has a value furu does not accept."""


class FuruIdentityError(FuruError, TypeError):
    """A config cannot be given a key: a value furu cannot hash, or a class without a stable name."""


class FuruComputeError(FuruError):
    """An artifact could not be computed.

    Raised by ``get()`` when ``_create`` fails.  Where Python allows it, the error is also an instance of the original
    exception's class, so ``except ValueError`` catches what ``_create`` raised as a ``ValueError``.

    ``state_path`` is the artifact's ``state.json``; ``original_error`` is what was raised, also set as ``__cause__``;
    ``recorded_traceback`` is its text.
    """

    state_path: Path | None = None
    original_error: BaseException | None = None
    recorded_traceback: str | None = None

    def __init__(
        self,
        message: str,
        *,
        state_path: Path | None = None,
        original_error: BaseException | None = None,
        recorded_traceback: str | None = None,
        hints: Sequence[str] = (),
    ) -> None:
        super().__init__(message, hints=hints)
        self.state_path = state_path
        self.original_error = original_error
        self.recorded_traceback = recorded_traceback
        self.__cause__ = original_error


class FuruLoadError(FuruComputeError):
    """A published artifact could not be loaded.  The artifact is kept as it is."""


class FuruLockNotAcquired(FuruError):
    """The right to create an artifact could not be obtained."""


class FuruWaitTimeout(FuruError):
    """Another owner was still computing the artifact when the wait ended."""


class FuruLeaseLost(FuruError):
    """The right to create this artifact was taken over while it was being created; nothing was published.

    ``token`` names the claim that was lost.
    """

    def __init__(self, message: str, *, token: str | None = None, hints: Sequence[str] = ()) -> None:
        super().__init__(message, hints=hints)
        self.token = token


class FuruValidationError(FuruError):
    """Raised by a ``_validate`` hook to say that a stored result must be computed again."""


class FuruMissingArtifact(FuruError):
    """An artifact was asked for that is not there, and computing it was not allowed."""


class FuruStaleError(FuruError):
    """Only an earlier form of a config has a result, and ``FURU_STALE=error`` forbids to compute it anew."""


class FuruCycleError(FuruError):
    """An artifact waits, directly or through others, for itself."""


class FuruRecordError(FuruError):
    """A record on disk cannot be read, is torn or empty, or was not written by furu."""


class FuruQueryError(FuruError, ValueError):
    """A query of the catalog is not understood.

    ``query`` is its text, ``position`` the offset of the first character that is in the way, counted from 0.
    """

    query: str = ""
    position: int = 0

    @classmethod
    def at(cls, query: str, span: tuple[int, int], message: str, *, hints: Sequence[str] = ()) -> FuruQueryError:
        """Return the error that points at a part of a query."""
        start, end = span
        first = query.rfind("\n", 0, start) + 1
        line = query[first:].partition("\n")[0].replace("\t", " ")
        carets = "^" * max(1, min(end, first + len(line)) - start)
        error = cls(f"{message} (position {start + 1})\n  {line}\n  {' ' * (start - first)}{carets}", hints=hints)
        error.query = query
        error.position = start
        return error


def compute_error(
    message: str,
    *,
    original: BaseException,
    state_path: Path | None = None,
    recorded_traceback: str | None = None,
    hints: Sequence[str] = (),
    base: type[FuruComputeError] = FuruComputeError,
) -> FuruComputeError:
    """Return a compute error that is also an instance of ``original``'s class where Python allows it."""
    from furu._exceptions import blank, copy_builtin_fields  # here, because importing furu should cost little

    made = blank(_combined(base, type(original)), original.args)
    error: FuruComputeError = base.__new__(base) if made is None else made
    copy_builtin_fields(original, error)
    error.__dict__.update({k: v for k, v in original.__dict__.items() if k != "__notes__"})
    FuruComputeError.__init__(
        error,
        message,
        state_path=state_path,
        original_error=original,
        recorded_traceback=recorded_traceback,
        hints=hints,
    )
    error.args = original.args
    return error


_combinations: dict[tuple[type, type], type] = {}


def _combined(base: type[FuruComputeError], original: type[BaseException]) -> type[FuruComputeError]:
    """Return the class that is both ``base`` and ``original``, or ``base`` alone where Python refuses it."""
    original = getattr(original, "_furu_original", original)
    key = (base, original)
    if key not in _combinations:
        made = base
        if not issubclass(original, FuruComputeError):
            try:
                made = type(f"{base.__name__}[{original.__name__}]", (base, original), {"__module__": base.__module__})
                made._furu_original = original  # type: ignore[attr-defined]
                made._furu_base = base  # type: ignore[attr-defined]  # noqa: SLF001 - read back below
            except Exception:  # noqa: BLE001 - a final class, a metaclass or a layout conflict: the original stays the cause
                made = base
        _combinations[key] = made
    return _combinations[key]


def _split(cls: type[BaseException]) -> tuple[type[BaseException] | None, type[BaseException]]:
    return getattr(cls, "_furu_base", None), getattr(cls, "_furu_original", cls)


def _joined(base: Any, original: type[BaseException]) -> type[BaseException]:
    return original if base is None else _combined(base, original)


def _put_together(rows: list[Row]) -> BaseException:
    from furu._exceptions import put_together

    return put_together(rows, _joined)
