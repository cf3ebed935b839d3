"""What people see: the live display, lines in logs, the summary."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

import local_pipelines as p
import pytest
from rich.console import Console

from furu.engine.verdict import Create
from furu.execution import Done, Failed, Job, display
from furu.execution import plan as plans
from furu.execution.progress import LINE_SEC, Progress
from furu.execution.scheduler import Scheduler
from furu.execution.tally import Tally
from furu_testing.fakes import ManualClock

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("furu_tmp_root")


class Story:
    """A run that is told event by event."""

    def __init__(self, *, terminal: bool, width: int = 80, wanted: bool | None = None, retries: int = 0) -> None:
        self.clock = ManualClock()
        self.roots: list[Any] = [p.Sum(name=str(n), below=[p.Leaf(n=n)]) for n in range(10)]
        plan = plans.build(self.roots, decide=lambda _: Create("missing"))
        self.scheduler = Scheduler(plan, keep_going=True, retries=retries)
        self.file = io.StringIO()
        console = Console(file=self.file, force_terminal=terminal, width=width, color_system=None, height=30)
        self.progress = Progress(self.scheduler, 2, name="run_local", wanted=wanted, console=console, clock=self.clock)

    def build(self, count: int, sec: float) -> None:
        """Let ``count`` jobs run, one after the other, ``sec`` each."""
        for _ in range(count):
            (job,) = self.scheduler.take(1)
            self.end(job, Done(job.key), sec)

    def end(self, job: Job, outcome: Done | Failed, sec: float) -> None:
        """Let one job run and end."""
        self.progress.started(job)
        self.clock.advance(sec)
        self.progress.stopped(job.key, wall_sec=sec, cpu_sec=sec / 2)
        self.scheduler.apply(outcome)
        self.progress.ended([outcome])
        self.progress.turned()


@pytest.mark.parametrize("width", [80, 200])
def test_the_live_display(width: int) -> None:
    """It fits the terminal and says how far each class is, what runs since when, how fast, and how long it takes."""
    story = Story(terminal=True, width=width)
    with story.progress:
        story.build(5, 2.0)
        (job,) = story.scheduler.take(1)
        story.progress.started(job)
        story.clock.advance(75)
        story.progress.turned()
        text = story.file.getvalue()
    assert "5/20" in text
    assert "5/10" in text
    assert f"1 min 15 s {job.task.furu_ref.label}" in text
    assert " left" in text
    lines = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in text.splitlines()]
    assert max(map(len, lines)) <= width


def test_lines_for_logs() -> None:
    """Elsewhere there is a plain line every ten seconds, and a summary at the end."""
    story = Story(terminal=False)
    with story.progress:
        story.build(5, 2.0)
        assert story.file.getvalue().splitlines() == [
            "run_local: 5/20 done, 0 running, 30/min, 10 s so far, about 15 s left"
        ]
        story.build(4, LINE_SEC / 2)
        (job,) = story.scheduler.take(1)
        story.end(job, Failed(job.key, "error", ValueError("no")), 1.0)
        lines = story.file.getvalue().splitlines()
        assert len(lines) == 4
        assert lines[3] == f"{job.task.furu_ref.label} failed (error): ValueError: no"
    text = story.file.getvalue()
    assert "run_local failed after 31 s: 9 computed" in text
    assert any(line.split()[:3] == ["Leaf", "9", "1"] for line in text.splitlines())
    assert any(line.split()[:2] == ["Sum", "10"] for line in text.splitlines())
    assert "not run" in text
    assert "slowest:" in text
    assert f"{job.task.furu_ref.label} failed, log:" in text
    assert "furu.log" in text


def test_silence() -> None:
    """progress=False shows nothing but what workers print."""
    story = Story(terminal=True, wanted=False)
    with story.progress:
        story.build(20, 5.0)
    assert story.file.getvalue() == ""


def test_an_interrupted_run_says_so() -> None:
    """The summary tells how it ended."""
    story = Story(terminal=False)
    with pytest.raises(KeyboardInterrupt), story.progress:
        raise KeyboardInterrupt
    assert "run_local was interrupted" in story.file.getvalue()


def test_what_workers_print_appears_above_the_display() -> None:
    """Colours included, line by line."""
    story = Story(terminal=True)
    with story.progress:
        story.progress.printed("\x1b[31mred\x1b[0m\nplain [brackets]\n", error=False)
        story.progress.printed("next\n", error=False)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", story.file.getvalue().replace("\r", ""))
    assert "red\nplain [brackets]\nnext\n" in text


def test_an_attempt_that_is_tried_again_is_told() -> None:
    """A failure is told when it happens; it is counted when it is final."""
    story = Story(terminal=False, retries=1)
    with story.progress:
        (job,) = story.scheduler.take(1)
        story.end(job, Failed(job.key, "lost", ValueError("no\nmore")), 1.0)
        assert story.file.getvalue().splitlines() == [
            f"{job.task.furu_ref.label} failed (lost): ValueError: no; it is tried again"
        ]
        story.build(9, 0.01)
        assert [again.key for again in story.scheduler.take(1)] == [job.key]
        story.end(job, Failed(job.key, "lost", ValueError("no")), 1.0)
    assert f"{job.task.furu_ref.label} failed (lost): ValueError: no\n" in story.file.getvalue()
    assert any(line.split()[:3] == ["Leaf", "9", "1"] for line in story.file.getvalue().splitlines())


@pytest.mark.parametrize(
    ("sec", "text"),
    [(0.004, "4 ms"), (0.42, "0.42 s"), (9.96, "10.0 s"), (12, "12 s"), (185, "3 min 05 s"), (7620, "2 h 07 min")],
)
def test_durations(sec: float, text: str) -> None:
    """Durations have about two digits that matter."""
    assert display.duration(sec) == text


@pytest.mark.parametrize(
    ("sec", "text"),
    [(0.42, "0.42 s"), (59.4, "59 s"), (59.6, "1.0 min"), (600, "10 min"), (7620, "2.1 h"), (90_000, "25 h")],
)
def test_durations_in_columns(sec: float, text: str) -> None:
    """A column of durations is narrow: one number, one unit."""
    assert display.in_short(sec) == text


def test_the_summary_fits_80_columns() -> None:
    """However long the run took, classes with long names are still told apart."""
    story = Story(terminal=False)
    with story.progress:
        story.build(9, 7000.0)
        (job,) = story.scheduler.take(1)
        story.end(job, Failed(job.key, "error", ValueError("no")), 1.0)
    lines = story.file.getvalue().splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("class"))
    table = [line.rstrip() for line in lines[start : start + 4]]
    assert [line.split()[0] for line in table] == ["class", "Leaf", "Sum", "all"]
    assert max(map(len, table)) <= 62


def test_what_others_built_counts_as_loaded(furu_tmp_root: Path) -> None:
    """Found while running, or there before."""
    p.Leaf(n=1).get()
    plan = plans.build([p.Sum(below=[p.Leaf(n=1), p.Leaf(n=2)])])
    tally = Tally(Scheduler(plan), 2, ManualClock())
    tally.found(p.Leaf(n=2).furu_hash)
    assert (tally.lines["Leaf"].loaded, tally.lines["Leaf"].elsewhere, tally.lines["Leaf"].done) == (1, 1, 1)
