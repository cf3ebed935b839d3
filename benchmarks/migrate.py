"""What it costs to migrate the results of a class, and to look for them without.

A class with --items stored results gets a field renamed.  Measured in fresh processes: a dry run, the migration, a second
one with nothing to do, the first miss of a process before and after the migration, a load through an alias, and the undo.
The floor reads every record and writes as many small files with plain Python.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from timing import Size, machine, memory_directory, show, size

CLASS = """
import furu

class Model(furu.Furu[int]):
    {changes}
    {name}: int = 0
    lr: float = 0.1
    tags: tuple = ("a", "b")

    def _create(self):
        return self.{name}
"""

PRELUDE = """
import json, sys, time
from furu.migration import run
from models import Model
began = time.perf_counter()
"""
EPILOGUE = """
print(json.dumps(time.perf_counter() - began))
"""

FLOOR = "floor, read and write"
STEPS = {
    "furu, first miss of a process, before": "assert not Model(renamed=-1).exists()",
    "furu, dry run": "assert len(Model.migrate(dry_run=True).aliases) == {items}",
    "furu, migration": "assert len(Model.migrate().aliases) == {items}",
    "furu, migration again": "assert not Model.migrate().moves",
    "furu, first miss of a process, after": "assert not Model(renamed=-1).exists()",
    "furu, load through an alias": "assert Model(renamed=1).get() == 1",
    "furu, undo": "assert len(run.undo()) == {items}",
}


def write_class(home: Path, *, renamed: bool) -> None:
    """Write the module of the class, before or after its field was renamed."""
    changes = 'migrations = [furu.Renamed("number", "renamed")]' if renamed else ""
    (home / "models.py").write_text(CLASS.format(changes=changes, name="renamed" if renamed else "number"))


def python(home: Path, code: str) -> float:
    """Run code in a fresh process on the store below ``home``; return the seconds that it says it took."""
    environ = {
        "FURU_PATH": str(home / "store"),
        "FURU_VERSION_CONTROLLED_PATH": str(home / "store/artifacts"),
        "FURU_RECORD_GIT": "ignore",
        "FURU_LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE + code + EPILOGUE], env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return float(json.loads(done.stdout))


def floor_sec(home: Path) -> float:
    """Read every record of the class, and write a file of 400 bytes in a new directory for each."""
    records = sorted((home / "store/data/models/Model").glob("*/.furu/metadata.json"))
    began = time.perf_counter()
    for number, record in enumerate(records):
        content = json.loads(record.read_bytes())
        aside = home / "floor" / str(number) / ".furu"
        aside.mkdir(parents=True)
        (aside / "migration.json").write_text(json.dumps(content["furu_obj"]).ljust(400))
    return time.perf_counter() - began


def measured(chosen: Size) -> dict[str, float]:
    """Return the seconds of each step."""
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=memory_directory()) as directory:
        home = Path(directory)
        write_class(home, renamed=False)
        python(home, f"for n in range({chosen.items}): Model(number=n).get()")
        found = {FLOOR: floor_sec(home)}
        write_class(home, renamed=True)
        for step, code in STEPS.items():
            found[step] = python(home, code.format(items=chosen.items))
    return found


def main() -> None:
    """Print the table."""
    chosen = size(__doc__, full=Size(rounds=1, items=10_000))
    print(f"{machine()}\n")
    rounds = [measured(chosen) for _ in range(chosen.rounds)]
    by_step = {step: [one[step] for one in rounds] for step in rounds[0]}
    show(f"{chosen.items} results of one class", by_step, floor=FLOOR, unit="ms")


if __name__ == "__main__":
    main()
