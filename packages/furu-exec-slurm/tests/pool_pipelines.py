"""Pipelines for tests of the pool; here, so that workers on the cluster can import them."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Literal

import furu
from furu.execution import SlurmSpec

CPU = SlurmSpec(partition="cpu", cpus=1, mem_gb=1, time_min=5)
GPU = SlurmSpec(partition="gpu", cpus=1, mem_gb=1, time_min=5, gpus=1)

#: Ends before Python begins; begins late; does not exist.
ODD = {
    "stillborn": SlurmSpec("cpu", 0, 1, 1, 5, extra={"setup": ["echo no such module >&2", "exit 3"]}),
    "late": SlurmSpec("cpu", 0, 1, 1, 5, extra={"setup": ["sleep 2"]}),
    "nowhere": SlurmSpec("nowhere", 0, 1, 1, 5),
}


def spool(name: str) -> Path:
    """Return a file beside the store, by which tests and computations tell each other things."""
    directory = Path(furu.FURU_CONFIG.base_root) / "spool"
    directory.mkdir(exist_ok=True, parents=True)
    return directory / name


def note(name: str, text: object) -> None:
    """Append a line to a file in the spool."""
    with spool(name).open("a") as file:
        file.write(f"{text}\n")


def noted(name: str) -> list[str]:
    """Return the lines of a file in the spool."""
    return spool(name).read_text().splitlines() if spool(name).exists() else []


class OnCpu(furu.Furu[int]):
    """Asks for little."""

    def _executor(self) -> SlurmSpec | list[SlurmSpec]:
        return CPU


class Link(OnCpu):
    """A link of a chain of no-ops."""

    n: int
    below: Link | None = None

    def _create(self) -> int:
        return self.n + (self.below.get() if self.below is not None else 0)


def chain(length: int) -> Link:
    """Return the end of a chain."""
    end = Link(n=0)
    for n in range(1, length):
        end = Link(n=n, below=end)
    return end


class Node(furu.Furu[int]):
    """A node of a graph with levels; what each level asks for alternates."""

    level: int
    n: int
    below: tuple[Node, ...] = ()

    def _create(self) -> int:
        note("ran", f"{self.level} {os.environ['SLURM_JOB_PARTITION']} {os.getpid()}")
        return 1 + sum(node.get() for node in self.below)

    def _executor(self) -> SlurmSpec:
        return GPU if self.level % 2 else CPU


def graph(width: int, levels: int) -> list[Node]:
    """Return the top of a graph in which each node needs three of the level below."""
    level = [Node(level=0, n=n) for n in range(width)]
    for number in range(1, levels):
        level = [
            Node(level=number, n=n, below=tuple(level[(n + step) % width] for step in range(3))) for n in range(width)
        ]
    return level


class Held(OnCpu):
    """Goes on until the file ``go`` is there; notes the process that computes it."""

    n: int = 0
    after: tuple[Link, ...] = ()

    def _create(self) -> int:
        note("held", f"{self.n} {os.getpid()}")
        while not spool("go").exists():
            time.sleep(0.01)
        note("finished", f"{self.n} {os.getpid()}")
        return self.n


class After(OnCpu):
    """Needs several that are held."""

    parts: list[Held]

    def _create(self) -> int:
        return sum(part.get() for part in self.parts)


class Fails(OnCpu):
    """Fails so many times, then works."""

    times: int
    n: int = 0

    def _create(self) -> int:
        note(f"fails-{self.n}", os.getpid())
        if len(noted(f"fails-{self.n}")) <= self.times:
            raise ValueError(f"attempt {len(noted(f'fails-{self.n}'))} failed")
        return self.n


class Dies(OnCpu):
    """Takes its worker with it, so many times."""

    times: int
    how: Literal["kill", "exit"] = "kill"

    def _create(self) -> int:
        note("dies", os.getpid())
        if len(noted("dies")) <= self.times:
            if self.how == "exit":
                os._exit(7)
            os.kill(os.getpid(), signal.SIGKILL)
        return 0


class Either(furu.Furu[str]):
    """Prefers one partition, and takes the other."""

    n: int

    def _create(self) -> str:
        return os.environ["SLURM_JOB_PARTITION"]

    def _executor(self) -> list[SlurmSpec]:
        return [GPU, CPU]


class Asks(furu.Furu[int]):
    """Asks for something odd."""

    spec: str

    def _create(self) -> int:
        return 1

    def _executor(self) -> SlurmSpec:
        return ODD[self.spec]


class Undeclared(OnCpu):
    """Uses a chain without declaring it."""

    def _create(self) -> int:
        return chain(2).get()


class Rerun(OnCpu):
    """Notes each time it is computed."""

    def _create(self) -> int:
        note("rerun", os.getpid())
        return 1


class UsesRerun(OnCpu):
    """One of several that share a dependency."""

    n: int
    shared: Rerun

    def _create(self) -> int:
        return self.shared.get() + self.n
