"""Exceptions as text for records, back from records, and in colour when nobody catches them."""

from __future__ import annotations

import os
import sys

from furu._sys.terminal import is_terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    import traceback
    from types import TracebackType
    from typing import Any

_FURU_DIRECTORY = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_MOST_FRAMES = 200  # a runaway recursion has a thousand, and its record is read by people


def full_name(cls: type[Any]) -> str:
    """Return ``module.qualname`` of a class; the bare name for a built-in one."""
    module = cls.__module__
    return cls.__qualname__ if module in ("builtins", None) else f"{module}.{cls.__qualname__}"


def format_traceback(error: BaseException) -> str:
    """Return the traceback as Python prints it, without furu's own frames and never with values of variables.

    The frame that raised stays, whoever owns it.  Of a very deep stack the innermost 200 frames are kept.
    """
    import traceback

    try:
        report = traceback.TracebackException.from_exception(error, limit=-_MOST_FRAMES)
        _trim(report, set())
        return "".join(report.format())
    except Exception as trouble:  # noqa: BLE001 - hostile exceptions exist, and a record must still be written
        return f"{full_name(type(error))}: (its traceback cannot be shown: {type(trouble).__name__})\n"


def _trim(report: traceback.TracebackException, seen: set[int]) -> None:
    """Drop furu's frames from a report and from those it names as cause, context or part."""
    import traceback

    if id(report) in seen:
        return
    seen.add(id(report))
    frames = list(report.stack)
    kept = [frame for frame in frames[:-1] if not is_internal(frame.filename)] + frames[-1:]
    report.stack = traceback.StackSummary.from_list(kept)
    for other in (report.__cause__, report.__context__, *(getattr(report, "exceptions", None) or ())):
        if other is not None:
            _trim(other, seen)


def is_internal(filename: str) -> bool:
    """Return whether a source file belongs to furu itself."""
    return filename.startswith(_FURU_DIRECTORY + os.sep)


def revived(type_name: str, message: str) -> Exception:
    """Return an exception of the recorded type with the recorded message, as far as that can be had.

    Only classes of modules that are imported already are looked at.  Where the class is gone, cannot be built from one
    message, or is no ordinary exception, the answer is a ``RuntimeError`` that carries the type's name.
    """
    module_name, _, name = type_name.rpartition(".")
    found = getattr(sys.modules.get(module_name or "builtins"), name, None)
    if isinstance(found, type) and issubclass(found, Exception):
        try:
            made = found(message)
        except Exception:  # noqa: BLE001 - its constructor wants something else
            made = None
        if isinstance(made, found):
            return made
    return RuntimeError(f"{type_name}: {message}")


def install_excepthook() -> bool:
    """Let Rich print exceptions that nobody catches; return whether the hook was put in place.

    Left alone are a hook that somebody else has set, and a stderr that is no terminal.
    """
    if sys.excepthook is not sys.__excepthook__ or not is_terminal(sys.stderr):
        return False
    sys.excepthook = _print_with_rich
    return True


def _print_with_rich(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print an uncaught exception in colour; plainly when that fails or when it is only a Ctrl-C."""
    if issubclass(kind, Exception):
        try:
            from rich.console import Console
            from rich.traceback import Traceback

            shown = Traceback.from_exception(kind, error, trace, suppress=[_FURU_DIRECTORY], show_locals=False)
            Console(stderr=True).print(shown)
        except Exception:  # noqa: BLE001 - the user's exception is what must be seen
            sys.__excepthook__(kind, error, trace)
    else:
        sys.__excepthook__(kind, error, trace)
