"""The artifacts that ``ExecutorContract`` has executors create; here, so that worker processes can import them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path  # noqa: TC003 - the type of a field, which furu looks up

import furu


class Square(furu.Furu[int]):
    """The square of a number, without dependencies."""

    number: int

    def _create(self) -> int:
        return self.number**2


class Sum(furu.Furu[int]):
    """The sum of declared dependencies."""

    parts: list[Square]

    def _create(self) -> int:
        return sum(part.get() for part in self.parts)


class Undeclared(furu.Furu[int]):
    """One more than a square, of which its fields say nothing."""

    number: int

    def _create(self) -> int:
        return Square(number=self.number).get() + 1


class BadNumber(ValueError):
    """An error of a project's own, with a constructor of its own."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(f"{number} is {why}")
        self.number = number


class Fails(furu.Furu[int]):
    """A computation that fails every time."""

    number: int

    def _create(self) -> int:
        raise BadNumber(self.number, "bad")


class FailsOnce(furu.Furu[int]):
    """A computation that fails until it has been tried."""

    number: int

    def _create(self) -> int:
        tried = self.furu_dir / "tried"
        if not tried.exists():
            tried.touch()
            raise BadNumber(self.number, "new")
        return self.number


class Dies(furu.Furu[int]):
    """A computation that takes its process with it, as the kernel does when memory is short."""

    number: int

    def _create(self) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("unreachable")


class Settings(furu.Furu[list[str]]):
    """What the process that creates it has as values of some settings."""

    names: list[str]

    def _create(self) -> list[str]:
        return [repr(getattr(furu.FURU_CONFIG, name)) for name in self.names]


class Beats(furu.Furu[int]):
    """A computation that goes on until the file ``until`` is there, noting in ``directory`` that it lives."""

    directory: Path
    until: str = "enough"

    @property
    def begun(self) -> bool:
        """Whether it is being computed, or was."""
        return (self.directory / "beats").exists()

    @property
    def beats(self) -> int:
        """How often it has noted that it lives."""
        return (self.directory / "beats").stat().st_size if self.begun else 0

    @property
    def pid(self) -> int:
        """The process that computes it."""
        return int((self.directory / "pid").read_text())

    def _create(self) -> int:
        (self.directory / "pid").write_text(str(os.getpid()))
        with (self.directory / "beats").open("ab", buffering=0) as beats:
            while not (self.directory / self.until).exists():
                beats.write(b".")
                time.sleep(0.005)
        return self.pid
