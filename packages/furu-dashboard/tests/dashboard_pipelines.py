"""Pipelines whose results the dashboard's tests look at."""

from __future__ import annotations

import csv
import json
import logging
from typing import Any

import furu

log = logging.getLogger(__name__)


class Numbers(furu.Furu[list[int]]):
    """Some numbers."""

    count: int = 3

    def _create(self) -> list[int]:
        log.info("counting to %d", self.count)
        return list(range(self.count))


class Broken(furu.Furu[int]):
    """Fails."""

    def _create(self) -> int:
        raise RuntimeError("the kettle is empty")


class Study(furu.Furu[float], version_controlled=True):
    """Depends on numbers, and writes files of several kinds."""

    numbers: Numbers = furu.chz.field(default_factory=Numbers)
    more: list[Numbers] = furu.chz.field(default_factory=list)

    def _create(self) -> float:
        here = self.furu_dir
        (here / "notes.md").write_text("# Notes\n\nAll is well.\n")
        (here / "scores.json").write_text(json.dumps({"accuracy": 0.5, "by_class": [1, 2, None]}))
        with (here / "steps.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["step", "loss", "phase"])
            writer.writerows([step, 1 / (step + 1), "warm" if step < 5 else "full"] for step in range(300))
        with (here / "steps.jsonl").open("w") as file:
            for step in range(20):
                file.write(json.dumps({"step": step, "tags": ["a", step]}) + "\n")
        (here / "plots").mkdir(exist_ok=True)
        (here / "plots" / "dot.png").write_bytes(PNG)
        (here / "plots" / "drawing.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')
        (here / "model.pkl").write_bytes(b"\x80\x04K\x01.")
        return float(sum(self.numbers.get()))

    def _name(self) -> str:
        return "a study"


def parquet(path: Any, rows: int) -> None:
    """Write a Parquet file with several groups of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"step": list(range(rows)), "loss": [1 / (step + 1) for step in range(rows)], "who": ["x"] * rows})
    pq.write_table(table, path, row_group_size=100)


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c636060f8cf000001040100bf2fb2b70000000049454e44ae426082"
)
