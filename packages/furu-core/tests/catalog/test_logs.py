"""Logs: printed, followed while an artifact is computed, and read to the last word."""

from __future__ import annotations

import json
import logging
import os
import threading
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pytest
from typer.testing import CliRunner

import furu
from furu.catalog import log, removal
from furu.cli.app import app
from furu.storage import store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from furu.storage.artifact import Artifact


class Talks(furu.Furu[int]):
    """An artifact that logs, and does what a test wants meanwhile."""

    during: ClassVar[Callable[[], object]] = lambda: None
    n: int = 0

    def _create(self) -> int:
        logging.getLogger("talks").warning("begun")
        type(self).during()
        logging.getLogger("talks").error("two\nlines")
        return 1


@pytest.fixture(autouse=True)
def _store(furu_tmp_root: Path) -> Iterator[None]:
    """Have a store, and an artifact class that does nothing special."""
    yield
    Talks.during = lambda: None


def of(task: Talks) -> Artifact:
    """Return the handle on a task's directory."""
    return store.artifact(task.furu_ref)


class Turns:
    """A clock that does the next thing whenever somebody sleeps."""

    def __init__(self, *things: Callable[[], object]) -> None:
        self.things = list(things)

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, sec: float) -> None:
        self.things.pop(0)()


def write(text: str) -> None:
    """Append to the log of the artifact."""
    with (Talks().furu_dir / ".furu" / "furu.log").open("a") as file:
        file.write(text)


def test_what_was_logged_is_printed() -> None:
    """All of it, the last lines, or records for programs, in which several lines are one message."""
    Talks().get()

    def said(*arguments: str) -> str:
        done = CliRunner().invoke(app, ["logs", str(Talks().furu_dir), *arguments])
        assert done.exit_code == 0, done.output
        return done.stdout

    assert said() == (Talks().furu_dir / ".furu" / "furu.log").read_text()
    assert said("-n", "1") == "lines\n"
    assert said("-n", "0") == ""
    assert said("-f") == said()
    (first, second) = json.loads(said("--json"))
    assert (first["level"], first["logger"], first["message"]) == ("WARNING", "talks", "begun")
    assert second["message"] == "two\nlines"
    assert [json.loads(line)["message"] for line in said("--json", "-f", "-n", "2").splitlines()] == ["two\nlines"]


def test_following_ends_with_the_attempt() -> None:
    """Every line comes while the artifact is computed, the last one included, and then it ends."""
    heard: list[str] = []
    listening = threading.Event()

    def listen() -> None:
        for piece in log.follow(of(Talks()), log.Tail(log.path_of(of(Talks())))):
            heard.append(piece.decode())
            listening.set()

    thread = threading.Thread(target=listen)

    def during() -> None:
        thread.start()
        assert listening.wait(20)
        assert "begun" in heard[0]
        assert "lines" not in "".join(heard)

    Talks.during = during
    Talks().get()
    thread.join(20)

    assert not thread.is_alive()
    assert "".join(heard) == (Talks().furu_dir / ".furu" / "furu.log").read_text()


def test_following_survives_rotation_and_removal() -> None:
    """A log that is moved away, cut off or removed is read on from its new begin; a removed artifact ends it."""
    held = of(Talks()).claim("1" * 32)
    assert held is not None
    path = Talks().furu_dir / ".furu" / "furu.log"

    def rotate() -> None:
        path.rename(path.with_suffix(".old"))
        write("three\n")

    def cut_off() -> None:
        os.truncate(path, 0)
        write("4\n")

    def end() -> None:
        held.release()
        write("six\n")

    write("one\n")
    turns = Turns(partial(write, "two\n"), rotate, cut_off, path.unlink, list, partial(write, "five\n"), end)

    heard = b"".join(log.follow(of(Talks()), log.Tail(str(path)), turns))

    assert heard.decode().split() == ["one", "two", "three", "4", "five", "six"]
    assert turns.things == []


def test_following_ends_when_the_artifact_is_removed() -> None:
    """A directory that goes away while its log is followed is an end, not an error."""
    held = of(Talks()).claim("1" * 32)
    assert held is not None
    write("one\n")

    def remove() -> None:
        held.release()
        removal.remove(of(Talks()))

    assert b"".join(log.follow(of(Talks()), log.Tail(log.path_of(of(Talks()))), Turns(remove))) == b"one\n"


def test_a_log_that_nobody_writes_ends_at_once() -> None:
    """An artifact that is not computed now, or has no log, keeps nobody waiting."""
    Talks().get()
    (Talks().furu_dir / ".furu" / "furu.log").unlink()
    assert list(log.follow(of(Talks()), log.Tail(log.path_of(of(Talks()))), Turns())) == []
    assert list(log.contents(of(Talks()))) == []
    done = CliRunner().invoke(app, ["logs", str(Talks().furu_dir), "-f"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert "success" in done.stderr
    assert CliRunner().invoke(app, ["logs", "ffffffff"]).exit_code == 1


def test_records_are_put_together_from_pieces() -> None:
    """Wherever the pieces end, in the middle of a character as well, the records are the same."""
    text = "2026-01-31T09:00:00.000000Z INFO a.b c.py:3 é\n  more\n2026-01-31T09:00:01.000000Z INFO a.b c.py:4 \nend"
    whole = list(log.records([text.encode()]))
    assert [one["message"] for one in whole] == ["é\n  more", "\nend"]
    assert list(log.records(bytes([byte]) for byte in text.encode())) == whole
    assert [one["message"] for one in log.records([b"foreign\n"])] == ["foreign"]


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_the_last_lines_are_the_last(count: int) -> None:
    """In whatever pieces a text comes, the last lines are those of the whole."""
    text = b"a\nb\nc\nd"
    wanted = b"".join(text.splitlines(keepends=True)[-count:] if count else [])
    assert log.last_lines([text], count) == wanted
    assert log.last_lines([bytes([byte]) for byte in text], count) == wanted
