"""The catalog as verbs use it: opened with progress, asked in the query language, a wrong query being wrong usage."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from furu.catalog import query as language
from furu.catalog.catalog import Catalog
from furu.catalog.fields import CONFIG, FIELDS
from furu.cli import options, output
from furu.errors import FuruQueryError
from furu.storage.state import AttemptStatus, ResultStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from furu.catalog.expression import Expression

#: How long a verb waits for a refresh before it answers from what is known.
PATIENCE_SEC = 5.0
_FIRST_TOLD = 2_000
MOST_COMPLETED = 50

_WORDS: dict[str, tuple[str, ...]] = {"result": get_args(ResultStatus), "attempt": get_args(AttemptStatus)}


def _completed(ctx: typer.Context, incomplete: str) -> list[str]:
    """Return comparisons that may begin as what was typed: fields, those of the configs that are known, words of states."""
    field, equals, value = incomplete.partition("=")
    if equals:
        return [f"{field}={word}" for word in _WORDS.get(field, ()) if word.startswith(value)]
    found = [f"{name}=" for name in FIELDS if name.startswith(incomplete)]
    if incomplete.startswith(CONFIG):
        catalog = Catalog(options.store(ctx.params.get("root")))
        found += [f"{CONFIG}{path}=" for path in catalog.paths(incomplete.removeprefix(CONFIG))[:MOST_COMPLETED]]
    return found or ([CONFIG] if CONFIG.startswith(incomplete) else [])


Query = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="QUERY",
        autocompletion=_completed,
        help="Such as: result=failed class=Train* config.lr<0.01 started>-2d",
    ),
]


def opened(root: Path | None, *, patience_sec: float = PATIENCE_SEC) -> Catalog:
    """Return the catalog of a store, brought up to date; says on stderr what takes long, and what is not up to date."""
    catalog = Catalog(options.store(root))
    with _progress() as progress:
        fresh = catalog.freshen(progress=progress, patience_sec=patience_sec)
    if not fresh:
        typer.secho("the store takes long to look at; what is shown may be a little old", err=True, dim=True)
    return catalog


@contextmanager
def _progress() -> Iterator[_Bar | None]:
    """Yield what shows progress on a terminal; for a large store only."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("indexing the store"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=output.console(stderr=True), transient=True) as shown:
        yield _Bar(shown)


class _Bar:
    def __init__(self, shown: Progress) -> None:
        self.shown = shown
        self.task = shown.add_task("", total=None, visible=False)

    def __call__(self, seen: int, total: int, read: int) -> None:
        self.shown.update(self.task, completed=seen, total=total, visible=read > _FIRST_TOLD)


@contextmanager
def usage_errors() -> Iterator[None]:
    """Let a wrong query end the command as wrong usage does: the message, and exit status 2."""
    try:
        yield
    except FuruQueryError as error:
        typer.secho(str(error), err=True, fg="red")
        raise typer.Exit(2) from None


def meaning(words: list[str] | None) -> Expression:
    """Return what the words of a query mean; a wrong one is wrong usage."""
    with usage_errors():
        return language.parse(" ".join(words or ()))
