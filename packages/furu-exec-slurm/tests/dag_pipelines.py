"""Pipelines for tests of graphs of jobs; here, so that jobs on the cluster can import them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import furu
from furu.execution import SlurmSpec

HELD = SlurmSpec(cpus=1, mem_gb=1, time_min=5, extra={"additional_parameters": {"hold": True}})


def spool(name: str) -> Path:
    """Return a file beside the store, by which tests and computations tell each other things."""
    directory = Path(furu.FURU_CONFIG.base_root) / "spool"
    directory.mkdir(exist_ok=True, parents=True)
    return directory / name


def noted() -> list[str]:
    """Return what was computed, a line each time."""
    return spool("computed").read_text().splitlines() if spool("computed").exists() else []


class Small(furu.Furu[int]):
    """Notes that it is computed; asks for little."""

    def _executor(self) -> SlurmSpec:
        return SlurmSpec(cpus=1, mem_gb=1, time_min=5)

    def _create(self) -> int:
        with spool("computed").open("a") as file:
            file.write(f"{type(self).__name__}-{self.furu_hash[:8]}\n")
        return self._value()

    def _value(self) -> int:
        return 1


class Leaf(Small):
    """Needs nothing."""

    n: int = 0

    def _value(self) -> int:
        return self.n


class Twice(Small):
    """Needs a leaf."""

    leaf: Leaf

    def _value(self) -> int:
        return 2 * self.leaf.get()


class Sum(Small):
    """Needs many."""

    parts: list[Twice]

    def _value(self) -> int:
        return sum(part.get() for part in self.parts)


class After(Small):
    """Needs whatever is below."""

    below: furu.Furu[int]

    def _value(self) -> int:
        return self.below.get() + 1


class AfterHeld(After):
    """The same, in a job that waits to be released."""

    def _executor(self) -> SlurmSpec:
        return HELD


class Held(Leaf):
    """A leaf in a job that waits to be released."""

    def _executor(self) -> SlurmSpec:
        return HELD


class Failing(Leaf):
    """Fails ``n`` times."""

    def _value(self) -> int:
        if len(noted()) <= self.n:
            raise ValueError(f"failed {len(noted())} times")
        return self.n


class Broken(Leaf):
    """Fails."""

    def _value(self) -> int:
        raise ValueError("broken")


class Killed(Leaf):
    """Is killed, as by the kernel when memory runs out."""

    def _value(self) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0


class Long(Leaf):
    """Takes until it is told to go on; goes on at once when it is run a second time."""

    def _value(self) -> int:
        spool(f"began-{self.n}").touch()
        while not spool("go").exists() and len(noted()) < 2:
            time.sleep(0.02)
        return self.n


class Stubborn(Long):
    """The same, and does not heed SIGTERM."""

    def _value(self) -> int:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return super()._value()


class Undeclared(Leaf):
    """Uses what it does not declare."""

    def _value(self) -> int:
        return Twice(leaf=Leaf(n=self.n)).get() + 1


def levels(width: int) -> Sum:
    """Return a graph of three levels: leaves, one above each, and one above all."""
    return Sum(parts=[Twice(leaf=Leaf(n=n)) for n in range(width)])
