"""Every exception furu raises: data in, message out, hints, picklable.

One tree.  An error says what went wrong, where, and what to do about it; ``hints`` name the ``FURU_`` variable that
changes the behaviour where there is one.  All of them survive pickling to a worker and back.
"""

from __future__ import annotations

from types import GetSetDescriptorType, MemberDescriptorType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import Final, Literal

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

    message: str

    def __init__(self, message: str, *, hints: Sequence[str] = ()) -> None:
        BaseException.__init__(self, message)  # not super(): an error may also be of a class with another constructor
        self.__dict__["message"] = message  # an ExceptionGroup has a read-only attribute of that name
        self.hints = tuple(hints)

    def __str__(self) -> str:
        return "\n".join([self.__dict__["message"], *(f"  hint: {hint}" for hint in self.hints)])

    def __reduce__(self) -> tuple[Callable[..., BaseException], tuple[Any, ...]]:
        return _thawed, _frozen(self)


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


class FuruCycleError(FuruError):
    """An artifact waits, directly or through others, for itself."""


class FuruRecordError(FuruError):
    """A record on disk cannot be read, is torn or empty, or was not written by furu."""


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
    error: FuruComputeError = _blank(_combined(base, type(original)), original.args)
    _copy_builtin_fields(original, error)
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
                made._furu_base = base  # type: ignore[attr-defined]  # noqa: SLF001 - read back here
            except TypeError:  # a final class, a metaclass or a layout conflict: the original stays as the cause
                made = base
        _combinations[key] = made
    return _combinations[key]


def _blank(cls: type[Any], args: tuple[Any, ...]) -> Any:
    """Return an exception of ``cls`` without running its constructor, which may want arguments that were not kept."""
    try:
        return cls.__new__(cls, *args)
    except TypeError:  # a __new__ of its own
        return BaseException.__new__(cls)


def _copy_builtin_fields(source: BaseException, target: BaseException) -> None:
    """Copy what built-in exceptions keep outside ``__dict__``: ``errno``, ``filename``, ``value``, ``encoding`` ..."""
    for name, value in _builtin_fields(source).items():
        try:
            setattr(target, name, value)
        except (AttributeError, TypeError):  # read-only
            continue


def _builtin_fields(error: BaseException) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for cls in type(error).__mro__:
        if cls.__module__ != "builtins" or cls in (BaseException, object):
            continue
        for name, slot in vars(cls).items():
            if isinstance(slot, (MemberDescriptorType, GetSetDescriptorType)) and not name.startswith("_"):
                try:
                    fields[name] = getattr(error, name)
                except (AttributeError, TypeError):  # not set
                    continue
    return fields


class _Frozen(tuple[Any, ...]):
    """An exception taken apart for a journey: (base, original class, args, built-in fields, ``__dict__``, cause)."""

    __slots__ = ()


def _frozen(error: BaseException) -> _Frozen:
    """Take an exception apart into what ``_thawed`` puts together, whatever its constructor wants."""
    cls = type(error)
    state = {name: _portable(value) for name, value in error.__dict__.items()}
    cause = None if error.__cause__ is None else _portable(error.__cause__)
    base, original = getattr(cls, "_furu_base", None), getattr(cls, "_furu_original", cls)
    return _Frozen((base, original, error.args, _builtin_fields(error), state, cause))


def _portable(value: Any) -> Any:
    """Return ``value``, or what stands for it on the way: exceptions taken apart, what cannot be pickled as text."""
    import pickle

    sent = _frozen(value) if isinstance(value, BaseException) and not isinstance(value, FuruError) else value
    try:
        pickle.loads(pickle.dumps(sent))
    except Exception:  # noqa: BLE001 - pickling runs code of any class, which may raise anything
        return RuntimeError(f"{type(value).__qualname__}: {value}") if isinstance(value, BaseException) else repr(value)
    return sent


def _thawed(
    base: type[FuruComputeError] | None,
    original: type[BaseException],
    args: tuple[Any, ...],
    fields: dict[str, Any],
    state: dict[str, Any],
    cause: Any,
) -> BaseException:
    cls = original if base is None else _combined(base, original)
    error: BaseException = _blank(cls, args)
    for name, value in fields.items():
        try:
            setattr(error, name, value)
        except (AttributeError, TypeError):
            continue
    error.__dict__.update({name: _arrived(value) for name, value in state.items()})
    error.__cause__ = _arrived(cause)
    error.args = args
    return error


def _arrived(value: Any) -> Any:
    return _thawed(*value) if isinstance(value, _Frozen) else value
