"""What a run raises that could not build everything: which node failed, where, how, what its log said last, and how to try just it again."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from furu import config
from furu.errors import FuruComputeError, FuruError, compute_error
from furu.execution.parcels import lasting_name
from furu.identity import render
from furu.storage import store
from furu.storage.layout import LOG

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from furu.execution.executor import Failed
    from furu.execution.scheduler import Failure
    from furu.task import Task

#: How many of the last lines of a log are shown.
LAST_LINES = 10

#: How many failures are told in full; of the others one line and where they are.
MOST_IN_FULL = 5

#: A command longer than this is of no use on a screen.
LONGEST_COMMAND = 2000


def error_for(failures: Sequence[Failure], *, given_up: int) -> FuruComputeError:
    """Return the error for a run in which ``failures`` happened and ``given_up`` nodes were not built because of them.

    For one failure it is also an instance of the class of what ``_create`` raised.
    """
    if len(failures) == 1:
        (failure,) = failures
        return _error(failure.outcome.error, f"{described(failure)}{_lost(given_up)}", failure)
    told = [described(failure) if n < MOST_IN_FULL else in_short(failure) for n, failure in enumerate(failures)]
    listed = "\n".join(f"[{number}] {text}" for number, text in enumerate(told, start=1))
    first = failures[0]
    error = FuruComputeError(
        f"{len(failures)} artifacts could not be computed{_lost(given_up)}\n{listed}",
        state_path=Path(store.artifact(first.node.task.furu_ref).state_path),
        original_error=_original(first.outcome.error),
    )
    error.failures = [  # type: ignore[attr-defined]  # each as it would have been raised alone
        _error(failure.outcome.error, described(failure), failure) for failure in failures
    ]
    return error


def described(failure: Failure) -> str:
    """Return one failure in words, over several lines: what, where, the end of its log, how to try just it again."""
    task = failure.node.task
    artifact = store.artifact(task.furu_ref)
    lines = [in_short(failure)]
    log = f"{artifact.meta_dir}/{LOG}"
    tail = last_lines(log)
    if tail:
        lines += [f"  {log} ends:", *(f"    {line}" for line in tail)]
    command = retry_command(task)
    if command is not None:
        lines.append(f"  try it alone: {command}")
    return "\n".join(lines)


def in_short(failure: Failure) -> str:
    """Return one failure in words: what it was, and its directory in a line of its own."""
    task = failure.node.task
    tries = "" if failure.attempts == 1 else f" in each of {failure.attempts} attempts; the last"
    cause = headline(task, failure.outcome, tries=tries)
    return f"{cause}\n  directory: {store.artifact(task.furu_ref).directory}"


def headline(task: Task, outcome: Failed, *, tries: str = "") -> str:
    """Return which artifact failed, how, and why, as far as the outcome tells."""
    return f"{task.furu_ref.label} failed{tries} ({outcome.kind}): {_cause(outcome.error)}"


def last_lines(path: str, count: int = LAST_LINES) -> list[str]:
    """Return the last lines of a text file; none when it cannot be read."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 65536))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []


def retry_command(task: Task) -> str | None:
    """Return a shell command that computes ``task`` alone, from this directory; None when it has no short spelling."""
    try:
        expression = task.to_python()
        used = render.namespace(task)
    except FuruError:
        return None
    imports = _imports(used)
    if imports is None:
        return None
    command = f"{_python()} -c {_quoted('; '.join([*imports, f'{expression}.get()']))}"
    command = " ".join([*_variables(used.values()), command])
    return command if len(command) <= LONGEST_COMMAND else None


def _python() -> str:
    """Return how a shell calls the Python that runs here."""
    found = shutil.which("python")
    here = sys.executable or "python"
    return "python" if found is not None and Path(found).parent == Path(here).parent else shlex.quote(here)


def _quoted(program: str) -> str:
    """Return a program as one word of a shell; strings in it keep their quotes where that is possible."""
    return f'"{program}"' if not set(program) & set('"$`\\!') else shlex.quote(program)


def _imports(used: Mapping[str, Any]) -> list[str] | None:
    """Return statements that make ``used`` known; None when something in it cannot be imported."""
    plain: list[str] = []
    members: dict[str, list[str]] = {}
    for name, thing in sorted(used.items()):
        if isinstance(thing, type(sys)):
            whole = thing.__name__
            plain.append(f"import {whole}" if name == whole.partition(".")[0] else f"import {whole} as {name}")
            continue
        dotted = lasting_name(thing)
        if dotted is None:
            return None
        outer = thing.__qualname__.partition(".")[0]
        module = dotted.removesuffix(f".{thing.__qualname__}")
        members.setdefault(module, []).append(name if outer == name else f"{outer} as {name}")
    return [*plain, *(f"from {module} import {', '.join(found)}" for module, found in members.items())]


def _variables(things: Any) -> list[str]:
    """Return what has to be in the environment for the command to find classes and store."""
    found = []
    told = "FURU_PATH" in os.environ  # noqa: TID251 - perhaps for this one command, which a shell would not know
    if told or config.FuruConfig().base_root != config.current().base_root:
        found.append(f"FURU_PATH={shlex.quote(str(config.current().base_root))}")
    places = dict.fromkeys(place for place in map(_place, things) if place in _ahead())
    if places:
        found.append(f"PYTHONPATH={shlex.quote(os.pathsep.join(map(str, places)))}")
    return found


def _ahead() -> list[Path]:
    """Return the places on ``sys.path`` that another Python would not know: those ahead of its own library, but for here."""
    own = os.path.dirname(os.__file__)
    known = sys.path[: sys.path.index(own)] if own in sys.path else sys.path[:1]
    return [place for place in (Path(entry or ".").resolve() for entry in known) if place != Path.cwd().resolve()]


def _place(thing: Any) -> Path | None:
    """Return the directory from which the module of ``thing`` was imported; None where it has no file."""
    module = thing if isinstance(thing, type(sys)) else sys.modules.get(getattr(thing, "__module__", ""))
    file = getattr(module, "__file__", None)
    if module is None or file is None:
        return None
    above = Path(file).resolve().parents
    depth = module.__name__.count(".") + (Path(file).stem == "__init__")
    return above[depth] if depth < len(above) else None


def _error(error: BaseException | None, message: str, failure: Failure) -> FuruComputeError:
    state_path = Path(store.artifact(failure.node.task.furu_ref).state_path)
    original = _original(error)
    hints = error.hints if isinstance(error, FuruError) else ()
    if original is None:
        return FuruComputeError(message, state_path=state_path, hints=hints)
    recorded = getattr(error, "recorded_traceback", None)
    return compute_error(message, original=original, state_path=state_path, recorded_traceback=recorded, hints=hints)


def _original(error: BaseException | None) -> BaseException | None:
    """Return what was raised at the bottom: below the errors with which each ``get()`` on the way has wrapped it."""
    while isinstance(error, FuruComputeError) and error.original_error is not None:
        error = error.original_error
    return error


def _cause(error: BaseException | None) -> str:
    if error is None:
        return "nothing more is known"
    if isinstance(error, FuruComputeError) and error.original_error is not None:
        original = _original(error)
        return f"{type(original).__name__}: {original}"
    return str(error.__dict__["message"]) if isinstance(error, FuruError) else f"{type(error).__name__}: {error}"


def _lost(given_up: int) -> str:
    artifacts = "1 artifact" if given_up == 1 else f"{given_up} artifacts"
    return f"\nnot computed for that reason: {artifacts} more" if given_up else ""
