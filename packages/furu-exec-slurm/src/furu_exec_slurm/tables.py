"""How runs look on a terminal: from an ``Overview`` or ``DagOverview`` to Rich objects, no more."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from furu.execution.display import duration
from furu_exec_slurm.spec_keys import place_in

if TYPE_CHECKING:
    from rich.console import RenderableType

    from furu_exec_slurm.dag_run import DagOverview, NodeLine
    from furu_exec_slurm.overview import Overview, WorkerLine

#: Workers that have left, and artifacts that are built, are counted; of the others so many are listed.
MOST_LINES = 40

_STYLES = {
    "running": "green",
    "done": "green",
    "abandoned": "yellow",
    "cancelled": "yellow",
    "success": "green",
    "queued": "yellow",
}
_DOING = {"busy": "green", "idle": "cyan", "pending": "yellow", "silent": "red", "left": "dim"}


def run(shown: Overview, *, brief: bool = False) -> RenderableType:
    """Return one run: its state and counts, its specs, and, unless ``brief``, its workers."""
    parts: list[RenderableType] = [_head(shown)]
    if not brief:
        if shown.limits:
            parts.append(_specs(shown))
        here = [worker for worker in shown.workers if worker.doing != "left"]
        if here:
            parts.append(_workers(here))
            parts.append(_path("logs", f"{shown.path}/queue/running/SPEC/WORKER/stdout.log, stderr.log"))
    return Group(*parts)


def dag(shown: DagOverview, *, brief: bool = False) -> RenderableType:
    """Return one run of ``submit_slurm_dag``: its state and counts, and, unless ``brief``, what is not built."""
    title = Text.assemble((shown.run_id, "bold"), " ", (shown.state, _STYLES.get(shown.state, "red")))
    began = Text(f"  submit_slurm_dag, at {shown.started_at[:19]}Z by {shown.submitter}", "dim")
    counts = ", ".join(f"{count} {state}" for state, count in sorted(shown.counts.items()))
    parts: list[RenderableType] = [title, began, Text(f"  {counts}")]
    left = [node for node in shown.nodes if node.state != "success"]
    if left and not brief:
        parts.append(_nodes(left))
    return Group(*parts, _path("logs", shown.folder))


def _nodes(lines: list[NodeLine]) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("artifact", overflow="ellipsis", no_wrap=True)
    table.add_column("job", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("Slurm says", overflow="ellipsis", no_wrap=True)
    for line in lines[:MOST_LINES]:
        name = Text(line.label, f"link {Path(line.directory).as_uri()}")
        table.add_row(name, line.job_id, Text(line.state, _STYLES.get(line.state, "red")), line.slurm)
    return _cut(table, len(lines))


def _cut(table: Table, count: int) -> RenderableType:
    if count <= MOST_LINES:
        return table
    return Group(table, Text(f"  and {count - MOST_LINES} more; --json lists them", "dim"))


def _head(shown: Overview) -> RenderableType:
    ended = sum(worker.doing == "left" for worker in shown.workers)
    counts = f"{shown.done} done, {shown.running} running, {shown.todo} queued, {shown.failed} without result"
    workers = f"{len(shown.workers) - ended} of at most {shown.total} workers, {ended} have left"
    title = Text.assemble((shown.run_id, "bold"), " ", (shown.state, _STYLES.get(shown.state, "red")))
    began = Text(f"  since {shown.started_at[:19]}Z by {shown.controller}", "dim")
    return Group(title, began, Text(f"  {counts}"), Text(f"  {workers}"), _path("directory", shown.path))


def _specs(shown: Overview) -> Table:
    """Return a row for each spec: its workers, and what waits for it first."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("spec", overflow="fold")
    for heading in ("limit", "busy", "idle", "pending", "queued"):
        table.add_column(heading, justify="right", no_wrap=True)
    for key, limit in sorted(shown.limits.items()):
        doing = Counter(worker.doing for worker in shown.workers if worker.spec_key == key)
        queued = sum(count for group, count in shown.backlog.items() if place_in(group, key) == 0)
        also = sum(count for group, count in shown.backlog.items() if (place_in(group, key) or 0) > 0)
        waiting = f"{queued} (+{also})" if also else str(queued)
        counts = [str(doing[what] or "") for what in ("busy", "idle", "pending")]
        table.add_row(key, str(limit), *counts, waiting)
    return table


def _workers(lines: list[WorkerLine]) -> RenderableType:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column("worker", no_wrap=True)
    table.add_column("job", no_wrap=True)
    table.add_column("does", no_wrap=True)
    table.add_column("for", justify="right", no_wrap=True)
    table.add_column("task", no_wrap=True, overflow="ellipsis")
    table.add_column("Slurm says", overflow="ellipsis", no_wrap=True)
    for line in lines[:MOST_LINES]:
        name = Text(line.worker_id, f"link {Path(line.logs).as_uri()}")
        since = "" if line.since_sec is None else duration(max(0.0, line.since_sec))
        where = " ".join(word for word in (line.slurm, f"on {line.host}" if line.host else "") if word)
        table.add_row(name, line.job_id, Text(line.doing, _DOING[line.doing]), since, ", ".join(line.tasks), where)
    return _cut(table, len(lines))


def _path(what: str, path: str) -> Text:
    """Return a line with a path that is not broken, so that it can be copied."""
    return Text(f"  {what}: {path}", "dim", no_wrap=True, overflow="ignore")
