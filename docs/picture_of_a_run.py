"""Writes docs/images/run_local.svg: what a run looks like, while it goes on and when it has ended.

The run is told event by event on a clock of its own, so the picture is the same each time:
``.venv/bin/python docs/picture_of_a_run.py``.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

from rich.console import Console

import furu
from furu.engine.verdict import Create
from furu.execution import Done, Failed, Outcome, display
from furu.execution import plan as plans
from furu.execution.scheduler import Bucket, Scheduler
from furu.execution.tally import Tally
from furu_testing.fakes import ManualClock

PICTURE = Path(__file__).parent / "images" / "run_local.svg"
WORKERS = 4


class Dataset(furu.Furu[int]):
    """Takes 20 s."""

    name: str

    def _create(self) -> int:
        return 0


class TrainModel(furu.Furu[int]):
    """Takes two minutes; one learning rate is too high."""

    dataset: Dataset
    lr: float

    def _create(self) -> int:
        return 0


class Report(furu.Furu[int]):
    """Takes 4 s."""

    models: list[TrainModel]

    def _create(self) -> int:
        return 0


SECONDS = {Dataset: 20.0, TrainModel: 130.0, Report: 4.0}
Dataset.__module__ = TrainModel.__module__ = Report.__module__ = "sweep"


def pictures() -> str:
    """Return the picture as SVG: the live display after 200 s, then the summary."""
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    clock = ManualClock()
    rates = (0.0001, 0.0003, 0.001, 0.01, 3.0)
    roots: list[Any] = [
        Report(models=[TrainModel(dataset=Dataset(name=name), lr=lr) for lr in rates]) for name in ("mnist", "fashion")
    ]
    scheduler = Scheduler(plans.build(roots, decide=lambda _: Create("missing")), keep_going=True)
    tally = Tally(scheduler, WORKERS, clock)
    running: list[tuple[float, Any]] = []
    while not scheduler.finished:
        for number, job in enumerate(scheduler.take(WORKERS - len(running))):
            tally.started(job)
            running.append((clock.monotonic() + SECONDS[type(job.task)] * (1 + number / 9), job))
        running.sort(key=lambda pair: pair[0])
        end, job = running.pop(0)
        if tally.elapsed_sec < 200 <= end - tally.began:
            clock.advance(200 - tally.elapsed_sec)
            console.print(display.live(tally, "run_local"))
            console.print()
        clock.advance(max(0.0, end - clock.monotonic()))
        sec = SECONDS[type(job.task)]
        tally.stopped(job.key, sec, sec * 0.9)
        failed = getattr(job.task, "lr", 0) > 1
        outcome: Outcome = Failed(job.key, "error", ValueError()) if failed else Done(job.key)
        scheduler.apply(outcome)
        if failed:
            tally.gave_up(job.key)
            console.print(
                f"{job.task.furu_ref.label} failed (error): ValueError: the loss is nan", style="red", highlight=False
            )
            console.print()
        else:
            tally.computed(job.key)
        tally.turned()
    logs = [
        (task.furu_ref.label, f"furu-data/data/sweep/TrainModel/{task.furu_hash}/.furu/furu.log")
        for task in (node.task for node in scheduler.in_bucket(Bucket.FAILED))
        if type(task) is TrainModel
    ]
    console.print(display.summary(tally, "run_local", logs, ended="failed"), crop=False)
    return console.export_svg(title="python sweep.py", unique_id="run-local")


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(pictures())
    sys.stdout.write(f"{PICTURE}\n")
