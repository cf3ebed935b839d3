"""Classes for the tests of run_local; a module of its own, so that worker processes can import it."""

from __future__ import annotations

import asyncio
import ctypes
import functools
import logging
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any, ClassVar

import furu
from furu.execution import SlurmSpec

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_SEC = 60.0


def spool(name: str) -> Path:
    """Return a file beside the store, by which tests and jobs tell each other things."""
    return furu.get_furu_root() / "spool" / name


def note(name: str, text: str) -> None:
    """Append a line to a file of the spool."""
    path = spool(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(f"{text}\n")


def noted(name: str) -> list[str]:
    """Return the lines of a file of the spool."""
    return spool(name).read_text().splitlines() if spool(name).exists() else []


class Leaf(furu.Furu[int]):
    """Needs nothing."""

    n: int = 0

    def _create(self) -> int:
        note("created", f"{type(self).__name__} {self.n}")
        return self.n


class Sum(furu.Furu[int]):
    """Needs others, declared."""

    name: str = ""
    below: list[Any] = furu.field(default_factory=list)

    def _create(self) -> int:
        note("created", f"Sum {self.name}")
        return 1 + sum(int(one.get()) for one in self.below)


class Failing(furu.Furu[int]):
    """Raises, after it has logged ``lines`` lines."""

    n: int = 0
    lines: int = 0

    def _create(self) -> int:
        for number in range(self.lines):
            logging.getLogger("failing").info("line %d", number)
        note("created", f"Failing {self.n}")
        raise ZeroDivisionError(f"no {self.n}")


class Dying(furu.Furu[int]):
    """Ends its process in the way ``how`` says, for the first ``times`` times."""

    how: str = "kill"
    times: int = 1

    def _create(self) -> int:
        note("dying", self.how)
        if len(noted("dying")) > self.times:
            return 1
        match self.how:
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "segfault":
                ctypes.string_at(0)
            case "exit":
                os._exit(0)
            case "sys.exit":
                sys.exit(3)
        return 0


class Slow(furu.Furu[int]):
    """Runs until the file ``until`` of the spool appears; ``stubborn`` ones ignore signals."""

    n: int = 0
    until: str = "go"
    stubborn: bool = False

    def _create(self) -> int:
        if self.stubborn:
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        note("slow", str(os.getpid()))
        end = time.monotonic() + PATIENCE_SEC
        while not spool(self.until).exists() and time.monotonic() < end:
            time.sleep(0.005)
        return self.n


class Undeclared(furu.Furu[int]):
    """Needs another one and does not say so."""

    n: int = 0

    def _create(self) -> int:
        note("created", f"Undeclared {self.n}")
        return Leaf(n=1000 + self.n).get() + 1


class Cell(furu.Furu[int]):
    """Needs all cells of the layer below, which a method names; fails where one of them is missing."""

    layer: int
    n: int
    width: int

    @furu.furu_dep
    def below(self) -> list[Cell]:
        """Return the layer below."""
        return [cell(self.layer - 1, n, self.width) for n in range(self.width)] if self.layer else []

    def _create(self) -> int:
        missing = [one.n for one in self.below() if not one.exists()]
        if missing:
            raise LookupError(f"{missing} of layer {self.layer - 1}")
        return self.n


@functools.cache
def cell(layer: int, n: int, width: int) -> Cell:
    """Return a cell; the same object each time, so that its key is computed once."""
    return Cell(layer=layer, n=n, width=width)


class Needs(furu.Furu[str]):
    """Needs one that asks for ``cpus``, and does not say so."""

    cpus: int

    def _create(self) -> str:
        return AsksFor(cpus=self.cpus).get()


class AsksFor(furu.Furu[str]):
    """Asks for ``cpus``."""

    cpus: int

    def _executor(self) -> SlurmSpec:
        return SlurmSpec(cpus=self.cpus, mem_gb=1)

    def _create(self) -> str:
        return "built"


class InCircles(furu.Furu[int]):
    """Needs another one of its kind, which in turn needs it, and does not say so; alone it needs itself."""

    n: int = 0
    others: int = 2

    def _create(self) -> int:
        return InCircles(n=(self.n + 1) % self.others, others=self.others).get()


class RaisesNoException(furu.Furu[int]):
    """Raises what is no ``Exception``."""

    n: int = 0

    def _create(self) -> int:
        raise asyncio.CancelledError("given up")


class Gpu(furu.Furu[str]):
    """Tells which GPUs it was given, and runs beside others for a moment."""

    n: int = 0
    gpus: int = 1

    def _executor(self) -> SlurmSpec:
        return SlurmSpec(gpus=self.gpus, cpus=1, mem_gb=1)

    def _create(self) -> str:
        ids = os.environ.get("CUDA_VISIBLE_DEVICES", "unset")
        note("gpu", f"begin {ids}")
        time.sleep(0.03)
        note("gpu", f"end {ids}")
        return ids


class Talker(furu.Furu[int]):
    """Prints, logs, and shows a progress bar."""

    n: int = 0

    def _create(self) -> int:
        print(f"printed by {self.n}")  # noqa: T201 - what users do
        logging.getLogger("talker").warning("warned by %d", self.n)
        sys.stderr.write("0 %\r50 %\r100 %\n")
        os.write(1, b"written past Python\n")
        return self.n


class Settings(furu.Furu[dict[str, str]]):
    """Tells what is in force where it runs."""

    n: int = 0

    def _create(self) -> dict[str, str]:
        return {
            "pid": str(os.getpid()),
            "wait": str(furu.FURU_CONFIG.wait_log_every_sec),
            "level": furu.FURU_CONFIG.log_level,
            "root": str(furu.FURU_CONFIG.base_root),
            "argv": " ".join(sys.argv),
        }


class Unpicklable(Exception):
    """An error that cannot travel."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")
        self.lambda_ = lambda: one


class RaisesUnpicklable(furu.Furu[int]):
    """Raises an error that cannot travel."""

    seen: ClassVar[int] = 0

    def _create(self) -> int:
        raise Unpicklable(1, 2)


def chain(length: int) -> Sum:
    """Return the end of a chain."""
    here = Sum(name="0")
    for n in range(1, length):
        here = Sum(name=str(n), below=[here])
    return here


def diamond(depth: int) -> Sum:
    """Return the top of a graph in which two paths lead from each level to the next."""
    here = Sum(name="bottom")
    for n in range(depth):
        left, right = Sum(name=f"left {n}", below=[here]), Sum(name=f"right {n}", below=[here])
        here = Sum(name=f"join {n}", below=[left, right])
    return here


class Nested(furu.Furu[int]):
    """Starts a run of its own."""

    def _create(self) -> int:
        from furu.execution import run_local

        run_local([Leaf()])
        return 0


class WaitsThenFails(furu.Furu[int]):
    """Fails once a ``Slow`` one runs."""

    def _create(self) -> int:
        end = time.monotonic() + PATIENCE_SEC
        while not noted("slow") and time.monotonic() < end:
            time.sleep(0.005)
        raise ZeroDivisionError("no")


class Brief(furu.Furu[int]):
    """Hardly uses the CPU: does nothing, waits for ``sec``, or until the file ``until`` of the spool appears."""

    n: int = 0
    sec: float = 0.0
    until: str = ""

    def _create(self) -> int:
        if self.sec or self.until:
            note("brief", "begin")
            end = time.monotonic() + (PATIENCE_SEC if self.until else self.sec)
            while time.monotonic() < end and not (self.until and spool(self.until).exists()):
                time.sleep(0.002)
            note("brief", "end")
        return self.n
