"""The commands of a fake cluster as programs in a directory of their own.

They are compiled once per test process and copied into each cluster, so that a command neither compiles nor searches
anything, and does not import the packages that it lies in.
"""

from __future__ import annotations

import importlib.util
import os
import shlex
import sys
from functools import cache
from marshal import dumps
from pathlib import Path

COMMANDS = ("sacct", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")

_SOURCES = Path(__file__).parent

#: What only a test process imports.
_NOT_COPIED = frozenset(
    {"__init__.py", "cluster.py", "installation.py", "model.py", "steps.py", "troubles.py", "views.py"}
)


def install(home: Path) -> None:
    """Write the commands into ``home/bin`` and what they are made of into ``home/lib``."""
    for name, content in _compiled():
        target = home / "lib" / ("main.pyc" if name == "main.py" else f"furu_testing/slurm/{name}c")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    (home / "bin").mkdir()
    start = [sys.executable, "-IS", f"{home}/lib/main.pyc"]
    for command in COMMANDS:
        line = shlex.join([*start, command, str(home)])
        descriptor = os.open(home / "bin" / command, os.O_WRONLY | os.O_CREAT, 0o755)
        with open(descriptor, "w") as file:
            file.write(f'#!/bin/sh\nexec {line} "$@"\n')


@cache
def _compiled() -> tuple[tuple[str, bytes], ...]:
    """Return the names of the sources, and for each what Python writes into its ``.pyc``."""
    header = importlib.util.MAGIC_NUMBER + bytes(12)
    sources = [path for path in sorted(_SOURCES.rglob("*.py")) if path.name not in _NOT_COPIED]
    return tuple(
        (
            str(path.relative_to(_SOURCES)),
            header + dumps(compile(path.read_bytes(), str(path), "exec", dont_inherit=True)),
        )
        for path in sources
    )
