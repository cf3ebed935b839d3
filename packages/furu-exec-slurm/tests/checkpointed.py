"""Pipelines of the tests about interruptions: work in small steps that are kept, or not."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TextIO

import furu


def noted(directory: Path) -> list[str]:
    """Return the steps that were done, one ``restart step`` each."""
    try:
        return (directory / "steps").read_text().splitlines()
    except FileNotFoundError:
        return []


class Counting(furu.Furu[int]):
    """Counts to ``steps``, ``pause_sec`` each, keeping every step and going on from there; ends early once told to."""

    steps: int
    pause_sec: float = 0.02
    told: str = ""

    def _create(self) -> int:
        with (self.furu_dir / "steps").open("a") as steps:
            for step in range(len(noted(self.furu_dir)), self.steps):
                time.sleep(self.pause_sec)
                steps.write(f"{os.environ.get('SLURM_RESTART_COUNT', '0')} {step}\n")
                steps.flush()
                if self.told and Path(self.told).exists():
                    break
        return len(noted(self.furu_dir))


class Forgetful(Counting):
    """The same, with nothing in its directory to go on from."""

    def _create(self) -> int:
        with self.furu_dir.with_name(f"{self.furu_hash}.steps").open("a") as steps:
            for step in range(self.steps):
                steps.write(f"{os.environ.get('SLURM_RESTART_COUNT', '0')} {step}\n")
                steps.flush()
                time.sleep(self.pause_sec)
        return self.steps


class Cleaned(Counting, on_retry="clean"):
    """The same, in a directory that is emptied before each attempt."""


class Number(furu.Furu[int]):
    """A value that is there at once."""

    value: int

    def _create(self) -> int:
        return self.value


class Failing(furu.Furu[int]):
    """Fails with what it was told to."""

    words: str

    def _create(self) -> int:
        raise LookupError(self.words)


class Sum(furu.Furu[int]):
    """A value made of others."""

    values: list[int]

    def _create(self) -> int:
        return sum(Number(value=value).get() for value in self.values)


class Opened(furu.Furu[TextIO]):
    """A value that no pickle holds: an open file."""

    def _create(self) -> TextIO:
        (self.furu_dir / "text").write_text("text")
        return self._load()

    def _load(self) -> TextIO:
        return (self.furu_dir / "text").open()


class TimeLeft(furu.Furu[float | None]):
    """How long its job may go on."""

    def _create(self) -> float | None:
        return furu.time_left()
