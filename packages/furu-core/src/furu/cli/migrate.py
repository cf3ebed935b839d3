"""``furu migrate``: results of earlier forms of a class count for the configs of today."""

from __future__ import annotations

import ast
import operator
import re
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotation
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from furu.errors import FuruError
from furu.identity import names
from furu.identity.changes import Added
from furu.migration import legacy, plan, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from furu.migration.plan import Move
    from furu.migration.run import MigrationReport

MOST_SHOWN = 40
_STYLES = {"alias": "green", "conflict": "yellow", "unexplained": "red"}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def migrate(
    what: Annotated[
        str | None,
        typer.Argument(metavar="CLASS", help="A class, as module.Class or module:Class. Classes that nest it follow."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only show what would be done.")] = False,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Fields that no change speaks of take their defaults of today.")
    ] = False,
    values: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="The value of a field that was added.")
    ] = None,
    conditions: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="FIELD=VALUE", help="Only configs of today with this; also < <= > >= !=."),
    ] = None,
    undo: Annotated[
        str | None, typer.Option("--undo", metavar="RUN", help="Take a migration back: its name, or last.")
    ] = None,
    imported: Annotated[
        Path | None,
        typer.Option("--import", metavar="PATH", help="Take over a store of huldra, gren or an early furu."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help=f"Show every line, not just {MOST_SHOWN}.")] = False,
) -> None:
    """Let results of earlier forms of CLASS count for the configs of today, by the changes it lists in migrations.

    Nothing is copied or moved: a new key becomes an alias of the old result. Without arguments: list what was migrated.

    Example:  furu migrate my_project.pipelines.TrainModel --dry-run
    """
    console = Console(highlight=False)
    if "" not in sys.path:
        sys.path.insert(0, "")  # classes of the working directory can be imported
    try:
        cls = None if what is None else _class(what)
        if undo is not None:
            _undo(console, undo, dry_run=dry_run)
        elif imported is not None:
            _show(console, legacy.take_over(imported, defaults=defaults, dry_run=dry_run), everything=everything)
        elif cls is not None:
            changes = [Added(*_assignment(text)) for text in values or ()]
            where = _where(conditions or ())
            request = plan.Request(cls, changes, defaults=defaults, where=where)
            _show(console, run.migrate(request, dry_run=dry_run), everything=everything)
        else:
            _list_runs(console)
    except FuruError as error:
        typer.secho(f"{error}", err=True, fg="red")
        raise typer.Exit(1) from None


def _class(what: str) -> type:
    found = names.resolve(what.replace(":", "."))
    if not isinstance(found, type) or not hasattr(found, "_furu_options"):
        raise typer.BadParameter(f"{what} is no Furu class", param_hint="CLASS")
    return found


def _assignment(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise typer.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--set")
    return name, _literal(value)


def _literal(text: str) -> Any:
    """Return the Python value that a text is; text that is none stands for itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _where(conditions: list[str] | tuple[str, ...]) -> Callable[[Any], bool] | None:
    tests = [_condition(text) for text in conditions]
    return (lambda config: all(test(config) for test in tests)) if tests else None


def _condition(text: str) -> Callable[[Any], bool]:
    found = re.fullmatch(r"([A-Za-z_][\w.]*)(==|!=|<=|>=|=|<|>)(.*)", text.strip())
    if found is None:
        raise typer.BadParameter(f"{text!r} is not FIELD=VALUE, such as lr=0.1 or data.n>=3", param_hint="--where")
    path, sign, wanted = found[1].split("."), _OPERATORS[found[2]], _literal(found[3])

    def holds(config: Any) -> bool:
        value = config
        for part in path:
            value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
        try:
            return bool(sign(value, wanted))
        except TypeError:
            return False

    return holds


def _show(console: Console, report: MigrationReport, *, everything: bool) -> None:
    if not report.moves:
        console.print("Nothing to do: every stored result is of today's form, or was migrated before.")
        return
    shown = report.moves if everything else report.moves[:MOST_SHOWN]
    table = Table(header_style="bold", box=None, pad_edge=False)
    for column in ("what", "stored", "counts for"):
        table.add_column(column, no_wrap=True)
    table.add_column("which is, or why not", overflow="fold")
    for move in shown:
        table.add_row(*_cells(move))
    console.print(table)
    if len(shown) < len(report.moves):
        console.print(f"and {len(report.moves) - len(shown)} more; --all shows them", style="dim")
    for step in dict.fromkeys(step for move in report.aliases for step in move.steps):
        console.print(f"by {step}", style="dim", soft_wrap=True, markup=False)
    console.print(str(report).partition("\n")[0], style="bold")
    if report.run and report.aliases:
        console.print(f"to take it back: furu migrate --undo {report.run}", style="dim", soft_wrap=True)


def _cells(move: Move) -> tuple[Text, ...]:
    target = "" if move.target is None else move.target.furu_hash[:9]
    last = Text(move.reason or move.config.to_python(), overflow="ellipsis", no_wrap=move.outcome == "alias")
    return Text(move.outcome, _STYLES[move.outcome]), Text(move.source.ref.label), Text(target), last


def _undo(console: Console, name: str, *, dry_run: bool) -> None:
    gone = run.undo(None if name == "last" else name, dry_run=dry_run)
    verb = "would be taken back" if dry_run else "taken back"
    for artifact in gone[:MOST_SHOWN]:
        console.print(f"  {artifact.ref.label}")
    if len(gone) > MOST_SHOWN:
        console.print(f"  and {len(gone) - MOST_SHOWN} more", style="dim")
    console.print(f"{len(gone)} {'alias' if len(gone) == 1 else 'aliases'} {verb}", style="bold")


def _list_runs(console: Console) -> None:
    found = run.runs()
    if not found:
        console.print("No aliases in this store. furu migrate CLASS --dry-run shows what could be one.")
        return
    table = Table(header_style="bold", box=None, pad_edge=False)
    table.add_column("migration", no_wrap=True)
    table.add_column("aliases", justify="right")
    for name, count in found.items():
        table.add_row(name, str(count))
    console.print(table)
