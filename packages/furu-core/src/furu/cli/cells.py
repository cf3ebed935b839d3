"""Cells: how what is known of an artifact is written in tables: status with a sign, ages, times."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer
from rich.cells import cell_len
from rich.text import Text

from furu.cli import output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from furu.catalog.row import Row

_NARROWEST = 8
_SIGNS = {
    "success": ("✓", "green"),
    "migrated": ("→", "green"),
    "failed": ("✗", "red"),
    "crashed": ("✗", "red"),
    "running": ("▶", "cyan"),
    "queued": ("…", "cyan"),
    "cancelled": ("■", "yellow"),
    "preempted": ("■", "yellow"),
}


def status(row: Row) -> str:
    """Return the one word for how an artifact is: its result where it has one, else what became of the last attempt."""
    if row.result in ("success", "migrated"):
        return row.result
    return row.attempt or row.result


def status_text(row: Row) -> Text:
    """Return that word with a sign and a colour."""
    return word(status(row))


def word(of_status: str) -> Text:
    """Return the word of a status with its sign and colour."""
    sign, style = _SIGNS.get(of_status, ("·", "dim"))
    return Text(f"{sign} {of_status}", style=style)


def moment(seconds: float | None) -> str:
    """Return a time for people: local, to the minute."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M")


def duration(sec: float | None) -> str:
    """Return a duration for people, milliseconds where it is short; empty where it is unknown."""
    if sec is None:
        return ""
    return f"{sec * 1000:.0f} ms" if sec < 0.95 else output.span(sec)


def age(seconds: float | None, now: float) -> str:
    """Return how long ago something was, in one unit: ``12 s``, ``5 h``, ``3 w``."""
    if seconds is None:
        return ""
    past = max(0.0, now - seconds)
    for unit, length in (("y", 31_536_000), ("w", 604_800), ("d", 86_400), ("h", 3_600), ("min", 60)):
        if past >= 2 * length or (past >= length and unit in ("h", "min")):
            return f"{past / length:.0f} {unit}"
    return f"{past:.0f} s"


def fitted(header: list[str], rows: list[list[Text]], width: int, *, first: str = "") -> list[list[Text]]:
    """Return rows whose columns fit into a width: the column ``first`` is cut before others, then the widest."""
    widths = [max([len(name), *(row[at].cell_len for row in rows)]) for at, name in enumerate(header)]
    while sum(widths) + 2 * (len(widths) - 1) > width and max(widths) > _NARROWEST:
        at = (
            header.index(first)
            if first in header and widths[header.index(first)] > _NARROWEST
            else widths.index(max(widths))
        )
        widths[at] -= 1
    for row in rows:
        for at, text in enumerate(row):
            text.truncate(widths[at], overflow="ellipsis")
    return rows


def show(table: Table) -> None:
    """Print a table; lines end where their text does when the output is no terminal's."""
    console = output.console()
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def show_rows(header: list[str], rows: Iterable[list[str | Text]], *, right: tuple[str, ...], first: str) -> int:
    """Print rows of cells and return how many there were: a table that fits on a terminal, plain lines elsewhere."""
    console = output.console()
    if console.is_terminal:
        texts = [[Text.assemble(cell) for cell in row] for row in rows]
        table = output.table(*header, right=right)
        for row in fitted(header, texts, console.width, first=first):
            table.add_row(*row)
        console.print(table)
        return len(texts)
    plain = [[str(cell) for cell in row] for row in rows]
    columns = [header, *plain]
    widths = [max(cell_len(row[at]) for row in columns) for at in range(len(header))]
    for line in columns:
        padded = [
            " " * (width - cell_len(cell)) + cell if name in right else cell + " " * (width - cell_len(cell))
            for name, cell, width in zip(header, line, widths, strict=True)
        ]
        typer.echo("  ".join(padded).rstrip())
    return len(plain)


def show_json(found: Iterable[object]) -> None:
    """Print a JSON list, one item a line as they are found: it may be long."""
    separator = "["
    for one in found:
        typer.echo(f"{separator}\n{json.dumps(one)}", nl=False)
        separator = ","
    typer.echo("[]" if separator == "[" else "\n]")


def size(count: float | None) -> str:
    """Return a number of bytes for people; empty where it is unknown."""
    return "" if count is None else output.size(int(count))


def row_json(row: Row, directory: str) -> dict[str, Any]:
    """Return everything that is known of an artifact as JSON-ready data; times are ISO 8601 in UTC."""
    fields = {name: getattr(row, name) for name in row.__slots__ if name not in ("needs", "tags")}
    for name in ("created", "started", "ended", "updated"):
        seconds = fields[name]
        fields[name] = None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
    needs = [{"path": one.path, "namespace": one.namespace, "hash": one.furu_hash} for one in row.needs]
    return {"label": row.label, **fields, "tags": list(row.tags), "needs": needs, "directory": directory}
