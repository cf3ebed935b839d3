"""Output: how verbs print tables, JSON, sizes and times, and how an error ends the command."""

from __future__ import annotations

import json
import shutil
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from typer.core import TyperGroup

from furu import config
from furu.errors import FuruError

PIPE_COLUMNS = 200  # where nobody looks at it, nothing has to be cut
_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


class Verbs(TyperGroup):
    """A group of verbs in which an error of furu's is one message and exit status 1; wrong usage is 2 as ever.

    What a verb sets, such as the store of ``--root``, ends with it.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the verb."""
        before = config.current().snapshot()
        try:
            return super().invoke(ctx)
        except FuruError as error:
            typer.secho(str(error), err=True, fg="red")
            raise typer.Exit(1) from None
        finally:
            config.current().restore(before)


def console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal (or ``COLUMNS``); wide where the output is no terminal's."""
    return Console(width=shutil.get_terminal_size((PIPE_COLUMNS, 24)).columns, stderr=stderr, highlight=False)


def print_json(found: object) -> None:
    """Print JSON for programs: indented, in ASCII, so that every pipe takes it."""
    typer.echo(json.dumps(found, indent=2))


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table with these columns, those in ``right`` aligned there; cells are text, not markup."""
    made = Table(title_justify="left", header_style="bold", box=None, pad_edge=False)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="ellipsis", no_wrap=True)
    return made


def size(count: int) -> str:
    """Return a number of bytes for people: ``1.2 GB``, in powers of 1000."""
    amount, unit = float(count), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 99.5 else f"{amount:.1f} {_UNITS[unit]}"


def span(sec: float) -> str:
    """Return a duration for people: ``3.2 s``, ``4 min 5 s``, ``3 h 20 min``, ``2 d 4 h``."""
    if sec < 59.95:
        return f"{sec:.1f} s"
    minutes, seconds = divmod(round(sec), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 artifact``, ``3,000 artifacts``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def agreed(question: str, *, yes: bool) -> bool:
    """Return whether to go on: ``--yes`` was given, or somebody at the terminal says so.

    Where nobody can be asked, that is a no, and stderr says how to say yes.
    """
    if yes:
        return True
    if not typer.get_text_stream("stdin").isatty():
        typer.secho("nothing was changed: nobody is there to be asked; --yes goes ahead", err=True, fg="yellow")
        return False
    return typer.confirm(question)
