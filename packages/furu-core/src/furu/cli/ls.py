"""``furu ls``: the artifacts a query is about."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from furu._sys.clock import SYSTEM_CLOCK
from furu.catalog import orphans
from furu.catalog.fields import CONFIG, FIELDS
from furu.catalog.query import field_named
from furu.cli import cells, options, output, shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rich.text import Text

    from furu.catalog.row import Row

ON_A_TERMINAL = 50

_CELLS: dict[str, Callable[[Row], str | Text]] = {
    "artifact": lambda row: row.label,
    "status": cells.status_text,
    "age": lambda row: cells.age(row.updated, SYSTEM_CLOCK.now()),
    "took": lambda row: cells.duration(row.duration),
    "size": lambda row: cells.size(row.size),
    "name": lambda row: " ".join([row.name or "", *(f"#{tag}" for tag in row.tags), "(pinned)" * row.pinned]).strip(),
}
_RIGHT = ("age", "took", "size", "files", "attempts", "memory", "duration")
_FORMS: dict[str, Callable[[Any], str]] = {
    "moment": cells.moment,
    "duration": cells.duration,
    "bytes": cells.size,
    "flag": lambda value: "yes" if value else "no",
}


def ls(
    query: shelf.Query = None,
    sort: Annotated[str, typer.Option("--sort", "-s", help="Fields to sort by, - for the largest first.")] = "-updated",
    columns: Annotated[
        str | None, typer.Option("--columns", "-c", help="Columns, such as artifact,config.lr,host,size.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=0, help="At most so many (50 on a terminal); 0 for all.")
    ] = None,
    orphaned: Annotated[
        bool, typer.Option("--orphaned", help="Only what the code no longer has; needs --code.")
    ] = False,
    code: Annotated[str | None, typer.Option("--code", metavar="MODULE", help="The package that is the code.")] = None,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """List artifacts, the newest first.

    Example:  furu ls result=failed 'class=Train*' 'config.lr<0.01' --sort -duration
    """
    meaning = shelf.meaning(query)
    if orphaned != (code is not None):
        raise typer.BadParameter("--orphaned and --code MODULE go together", param_hint="--orphaned")
    shown = columns.split(",") if columns else [*_CELLS]
    with shelf.usage_errors():
        catalog = shelf.opened(root)
        rows: Iterable[Row] = catalog.rows(
            meaning, sort=_sort(sort), limit=None if orphaned else _limit(limit, as_json)
        )
        reasons: dict[str, str] | None = None
        if code is not None:
            judged = orphans.orphans(rows, catalog, code)
            rows, shown = [one.row for one in judged], [*shown[:-1], "why"]
            reasons = {one.row.hash: one.reason for one in judged}
        forms = {name: _form(name, reasons) for name in shown}
    if as_json:
        found = (cells.row_json(row, catalog.directory(row)) for row in rows)
        cells.show_json(one | ({"why": reasons[one["hash"]]} if reasons else {}) for one in found)
        return
    lines = ([forms[name](row) for name in shown] for row in rows)
    count = cells.show_rows(shown, lines, right=_RIGHT, first="name")
    whole = count if orphaned else catalog.count(meaning)
    if count < whole:
        typer.secho(f"{count:,} of {output.counted(whole, 'artifact')}; --limit 0 lists all", err=True, dim=True)
    elif sys.stdout.isatty():
        typer.secho(output.counted(whole, "artifact"), err=True, dim=True)


def _sort(text: str) -> list[str]:
    synonyms = {"took": "duration", "artifact": "class", "status": "result", "age": "updated"}
    names = [one.strip() for one in text.split(",") if one.strip()]
    return [("-" if one[0] == "-" else "") + synonyms.get(one.lstrip("-"), one.lstrip("-")) for one in names]


def _limit(given: int | None, as_json: bool) -> int | None:
    if given is not None:
        return given or None
    return ON_A_TERMINAL if sys.stdout.isatty() and not as_json else None


def _form(name: str, reasons: dict[str, str] | None) -> Callable[[Row], str | Text]:
    """Return how a column is written; raises ``typer.BadParameter`` for one there is none of."""
    if name == "why" and reasons is not None:
        return lambda row: reasons[row.hash]
    if name in _CELLS:
        return _CELLS[name]
    if name == "directory":
        return lambda row: f"{row.namespace.replace('.', '/')}/{row.hash}"
    field = field_named(name)
    if field is None:
        known = ", ".join([*_CELLS, "directory", *FIELDS])
        raise typer.BadParameter(
            f"there is no column {name!r}; there are {known}, config.<field>", param_hint="--columns"
        )
    if field.startswith(CONFIG):
        path = field.removeprefix(CONFIG).split(".")
        return lambda row: _config_cell(row.config, path)
    if field == "tag":
        return lambda row: " ".join(row.tags)
    if field == "needs":
        return lambda row: " ".join(one.furu_hash[:8] for one in row.needs)
    form = _FORMS.get(FIELDS[field].kind, str)
    return lambda row: "" if row.value(field) is None else form(row.value(field))


def _config_cell(config: Any, path: list[str]) -> str:
    found = config
    for part in path:
        if isinstance(found, dict) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return ""
    if isinstance(found, dict):
        return str(found.get("$class", "{...}")).rpartition(".")[2]
    return found if isinstance(found, str) else "null" if found is None else str(found)
