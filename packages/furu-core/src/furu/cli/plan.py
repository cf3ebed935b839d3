"""``furu plan``: what a run would load, wait for and create, and why."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.tree import Tree

from furu.cli import target
from furu.engine import settle
from furu.engine.verdict import Create, Load, Refuse, Wait
from furu.execution import estimate
from furu.identity import dependencies
from furu.storage import lease

if TYPE_CHECKING:
    from furu.engine.verdict import Verdict
    from furu.task import Task

MOST_SHOWN = 60
WHY = {
    "missing": "not computed yet",
    "invalid": "its _validate refuses the result",
    "rerun": "FURU_ALWAYS_RERUN names it",
    "failed": "failed before",
    "crashed": "its process died",
    "cancelled": "was cancelled",
    "preempted": "was preempted",
    "incomplete": "was queued",
    "queued": "waits for this job",
}


def plan(
    what: Annotated[str, typer.Argument(metavar="TARGET", help=target.HELP)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what a run would load, wait for and create, and why. Nothing is computed.

    Example:  furu plan my_project.experiments:Sweep
    """
    roots = target.objects(what)
    verdicts = _verdicts(roots)
    if as_json:
        typer.echo(json.dumps([_described(task, verdict) for task, verdict in verdicts.values()], indent=2))
        return
    console = Console()
    console.print(_tree(roots, verdicts))
    console.print(_table(verdicts))


def _verdicts(roots: list[Task]) -> dict[str, tuple[Task, Verdict]]:
    """Return what would be done about every artifact a run looks at, by key, roots first."""
    found: dict[str, tuple[Task, Verdict]] = {}
    pending = roots[::-1]
    while pending:
        task = pending.pop()
        if task.furu_hash in found:
            continue
        verdict = settle.verdict_on(task)
        found[task.furu_hash] = (task, verdict)
        if not isinstance(verdict, Load):
            pending.extend(reversed([below for _, below in dependencies.direct(task)]))
    return found


def _words(verdict: Verdict) -> tuple[str, str, str]:
    """Return what is done, in which style, and why."""
    match verdict:
        case Load():
            return "load", "green", "published"
        case Wait(claim):
            return "wait", "yellow", lease.describe(claim)
        case Create(reason):
            return "create", "cyan", WHY[reason]
        case Refuse():
            return "refuse", "red", "failed before, and FURU_RETRY_FAILED=0"


def _tree(roots: list[Task], verdicts: dict[str, tuple[Task, Verdict]]) -> Tree:
    tree = Tree(f"{len(roots)} root{'s' if len(roots) > 1 else ''}", guide_style="dim")
    shown: set[str] = set()
    stack: list[tuple[Tree, Task, str]] = [(tree, task, "") for task in reversed(roots)]
    while stack and len(shown) < MOST_SHOWN:
        above, task, path = stack.pop()
        verdict = verdicts[task.furu_hash][1]
        does, style, why = _words(verdict)
        name = f"[dim]{path}[/] " if path else ""
        label = f"{name}{task.furu_ref.label}  [{style}]{does}[/] [dim]({why})[/]"
        if task.furu_hash in shown:
            above.add(f"{name}{task.furu_ref.label}  [dim](see above)[/]")
            continue
        shown.add(task.furu_hash)
        here = above.add(label)
        if not isinstance(verdict, Load):
            stack.extend((here, below, at) for at, below in reversed(dependencies.direct(task)))
    if stack:
        tree.add(f"[dim]and more: {len(verdicts)} artifacts in all; --json lists them[/]")
    return tree


def _table(verdicts: dict[str, tuple[Task, Verdict]]) -> Table:
    counts: dict[str, Counter[str]] = {}
    classes: dict[str, Task] = {}
    for task, verdict in verdicts.values():
        classes.setdefault(type(task).__name__, task)
        counts.setdefault(type(task).__name__, Counter())[_words(verdict)[0]] += 1
    table = Table(title_justify="left", header_style="bold", box=None, pad_edge=False)
    table.add_column("class")
    for column in ("load", "wait", "create", "refuse"):
        table.add_column(column, justify="right")
    table.add_column("estimated", justify="right")
    whole = 0.0
    for name, here in counts.items():
        each = estimate.seconds_of(classes[name])
        whole += (each or 0.0) * here["create"]
        cells = [str(here[column] or "") for column in ("load", "wait", "create", "refuse")]
        table.add_row(name, *cells, "" if each is None or not here["create"] else _time(each * here["create"]))
    total = sum(counts.values(), Counter())
    cells = [str(total[column] or "") for column in ("load", "wait", "create", "refuse")]
    table.add_row("in all", *cells, _time(whole) if whole else "", style="bold", end_section=True)
    return table


def _time(sec: float) -> str:
    """Return a duration for people: the sum over artifacts, one after the other."""
    if sec < 60:
        return f"{sec:.1f} s"
    minutes, seconds = divmod(round(sec), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def _described(task: Task, verdict: Verdict) -> dict[str, Any]:
    does, _, why = _words(verdict)
    return {
        "class": task.furu_ref.namespace,
        "furu_hash": task.furu_hash,
        "does": does,
        "why": why,
        "config": task.to_python(),
        "directory": str(task.furu_dir),
        "needs": [below.furu_hash for _, below in dependencies.direct(task)],
    }
