"""Exceptions as text for records, back from records, and in colour when nobody catches them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from furu.errors import FuruMissingArtifact
from furu.runtime import tracebacks
from furu.storage import results

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def raised(function: Callable[[], object]) -> BaseException:
    """Return what a call raises."""
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def test_a_traceback_is_pythons_without_values() -> None:
    """The text is what Python prints; values of variables are not in it."""

    def fail() -> None:
        secret = "hunter2"
        raise ValueError(f"bad length {len(secret)}")

    text = tracebacks.format_traceback(raised(fail))

    assert text.startswith("Traceback (most recent call last):\n")
    assert text.endswith("ValueError: bad length 7\n")
    assert "in fail" in text
    assert "hunter2" not in text.replace('secret = "hunter2"', "")


def test_furus_own_frames_are_left_out_between_the_users() -> None:
    """Frames of furu above the user's code are dropped."""
    user = "def create():\n    return 1 / 0\n"
    engine = "def get(create):\n    return create()\n"
    names: dict[str, Callable[..., object]] = {}
    exec(compile(user, "/somewhere/pipeline.py", "exec"), names)
    exec(compile(engine, os.path.join(os.path.dirname(results.__file__), "engine.py"), "exec"), names)

    text = tracebacks.format_traceback(raised(lambda: names["get"](names["create"])))

    assert "/somewhere/pipeline.py" in text
    assert "engine.py" not in text


def test_the_frame_that_raised_stays() -> None:
    """An error that furu itself raises shows where."""
    text = tracebacks.format_traceback(raised(lambda: results.load("/nowhere", "/nowhere")))

    assert "results.py" in text


def test_causes_and_groups_are_shown() -> None:
    """The chain of causes and the members of a group are part of the text."""

    def fail() -> None:
        try:
            raise KeyError("first")
        except KeyError as error:
            raise ExceptionGroup("several", [OSError("member")]) from error

    text = tracebacks.format_traceback(raised(fail))

    assert "KeyError: 'first'" in text
    assert "direct cause" in text
    assert "OSError: member" in text


def test_a_runaway_recursion_stays_readable() -> None:
    """Of a very deep stack the innermost frames are kept."""

    def down(depth: int) -> int:
        return up(depth) + 1

    def up(depth: int) -> int:
        return down(depth + 1) + 1

    text = tracebacks.format_traceback(raised(lambda: down(0)))

    assert len(text.splitlines()) < 1000
    assert "RecursionError" in text


def test_a_hostile_exception_is_still_recorded() -> None:
    """An exception whose text cannot be had leaves its type."""

    class Hostile(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no text for you")

    assert "Hostile" in tracebacks.format_traceback(Hostile())


def test_recorded_types_are_found_again() -> None:
    """A recorded type name gives an exception of that type where that is possible, else one that carries the name."""

    class Local(Exception):
        pass

    assert tracebacks.full_name(ValueError) == "ValueError"
    for error in (ValueError("a"), FuruMissingArtifact("a")):
        again = tracebacks.revived(tracebacks.full_name(type(error)), "a")
        assert (type(again), str(again)) == (type(error), "a")
    for name in ("gone.Error", "KeyboardInterrupt", "os.path", tracebacks.full_name(Local), "UnicodeDecodeError"):
        again = tracebacks.revived(name, "what happened")
        assert type(again) is RuntimeError
        assert str(again) == f"{name}: what happened"


FAILING = """
    import sys, furu
    {before}
    furu.configure_logging()

    def fail():
        secret = "hunter" + str(2)
        raise ValueError("boom")

    fail()
"""


def shown(directory: Path, before: str = "", *, terminal: bool = True, **env: str) -> str:
    """Run a program that dies of a ValueError and return what appears on stderr."""
    script = directory / "app.py"
    script.write_text(textwrap.dedent(FAILING).format(before=before))
    clean = {name: text for name, text in os.environ.items() if not name.startswith("FURU_")}
    clean |= {"TERM": "xterm-256color", "COLUMNS": "200", **env}
    if not terminal:
        return subprocess.run(
            [sys.executable, str(script)], env=clean, stderr=subprocess.PIPE, check=False
        ).stderr.decode()
    ours, theirs = os.openpty()
    with subprocess.Popen([sys.executable, str(script)], env=clean, stderr=theirs) as child:
        os.close(theirs)
        text = b""
        while piece := read(ours):
            text += piece
        child.wait()
    os.close(ours)
    return text.decode()


def read(terminal: int) -> bytes:
    """Return what appears on a terminal next, nothing when the program has closed it."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def test_uncaught_exceptions_are_printed_by_rich_on_a_terminal(tmp_path: Path) -> None:
    """The exception appears in Rich's frame, without values of variables."""
    text = shown(tmp_path)

    assert "╭" in text
    assert "boom" in text
    assert "hunter2" not in text


@pytest.mark.parametrize("how", ["setting", "pipe", "other hook"])
def test_the_hook_of_others_is_left_alone(tmp_path: Path, how: str) -> None:
    """Python's own format stays when the setting says so, when stderr is no terminal, or when there is a hook."""
    if how == "setting":
        text = shown(tmp_path, FURU_RICH_UNCAUGHT_TRACEBACKS="0")
    elif how == "pipe":
        text = shown(tmp_path, terminal=False)
    else:
        text = shown(tmp_path, "sys.excepthook = lambda *error: print('my hook: boom', file=sys.stderr)")

    assert "╭" not in text
    assert "boom" in text
