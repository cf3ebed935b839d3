"""The stage of the failure scenarios: a store, and real Python processes that work on it.

A test asks for the fixture ``stage`` and starts children with code of its own.  The code may use every name of
``pipelines`` (classes, ``say``, ``note``, ``hold`` ...); what a child prints and what the classes note in the ledger tells
the test how far things are.
"""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from furu_testing.children import Child, is_stopped, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HERE = Path(__file__).parent

PREAMBLE = """\
from pipelines import *
import pipelines
prepare(host={host!r}, heartbeat_sec={heartbeat_sec!r}, clock_ahead_sec={clock_ahead_sec!r})
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is below this directory as scenarios."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.scenario)


class Stage:
    """A store in a temporary directory, a spool beside it for signals between processes, and the children."""

    until = staticmethod(until)
    is_stopped = staticmethod(is_stopped)

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.store = directory / "store"
        self.spool = directory / "spool"
        self.spool.mkdir()
        self.children: list[Child] = []
        self.env = {
            "FURU_PATH": str(self.store),
            "FURU_VERSION_CONTROLLED_PATH": str(self.store / "artifacts"),
            "FURU_RECORD_GIT": "ignore",
            "FURU_POLL_INTERVAL_SECS": "0.05",
            "SCENARIO_SPOOL": str(self.spool),
            "PYTHONPATH": os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep),
        }

    def start(
        self,
        code: str,
        *,
        host: str | None = None,
        heartbeat_sec: float | None = None,
        clock_ahead_sec: float = 0.0,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        under: Sequence[str] = (),
    ) -> Child:
        """Start a child that runs ``code`` after ``from pipelines import *``.

        ``host`` is the name it reports as its host's, ``clock_ahead_sec`` how much its clock is ahead, ``env`` is added to
        the environment, ``under`` is a program (with arguments) that runs it.
        """
        number = len(self.children)
        program = self.directory / f"child_{number}.py"
        preamble = PREAMBLE.format(host=host, heartbeat_sec=heartbeat_sec, clock_ahead_sec=clock_ahead_sec)
        program.write_text(preamble + textwrap.dedent(code))
        inherited = {name: text for name, text in os.environ.items() if not name.startswith(("FURU_", "SLURM"))}
        child = Child(
            [*under, sys.executable, str(program)],
            env={**inherited, **self.env, **(env or {})},
            cwd=cwd or self.directory,
            report=self.directory / f"child_{number}",
        )
        self.children.append(child)
        return child

    def run(self, code: str, *, host: str | None = None, env: Mapping[str, str] | None = None) -> list[str]:
        """Run a child to its end, which must be a good one; return what it printed."""
        return self.start(code, host=host, env=env).end().ok()

    def touch(self, name: str) -> None:
        """Make the file ``name`` in the spool, for which a child waits with ``hold(name)``."""
        (self.spool / name).touch()

    def notes(self, event: str = "create") -> list[list[str]]:
        """Return the ledger's lines of one event as words: event, what, pid, seconds since the epoch."""
        ledger = self.spool / "ledger"
        lines = [line.split() for line in ledger.read_text().splitlines()] if ledger.exists() else []
        return [line for line in lines if line[0] == event]

    def records(self, name: str) -> list[Path]:
        """Return the records of one name (``state.json``, ``SUCCESS.json`` ...) of all artifacts."""
        return sorted(self.store.rglob(f".furu/{name}"))

    def claims(self) -> list[Path]:
        """Return the files of all claims in the store, dead or alive."""
        return sorted(path for path in self.store.rglob(".furu/compute.lock/*") if len(path.name) == 32)

    def debris(self) -> list[str]:
        """Return locks and half-written files that are in the store."""
        return sorted(
            str(path.relative_to(self.store))
            for path in self.store.rglob(".furu/**/*")
            if path.name.startswith("compute.lock") or ".tmp." in path.name
        )

    def contents(self) -> dict[str, bytes | None]:
        """Return every path in the store with its content (None for a directory)."""
        return {
            str(path.relative_to(self.store)): None if path.is_dir() else path.read_bytes()
            for path in sorted(self.store.rglob("*"))
        }

    def close(self) -> None:
        """End all children."""
        for child in self.children:
            child.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Give an empty store; end all children afterwards."""
    made = Stage(tmp_path)
    try:
        yield made
    finally:
        made.close()
