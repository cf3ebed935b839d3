"""``furu diff``: where two configs differ."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from furu.cli import target
from furu.engine import compare
from furu.errors import FuruError

_HELP = "A key or the beginning of one, an artifact's directory, or module:expression for one object."
_STYLES = {"added": "green", "removed": "red", "changed": "yellow"}


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help=_HELP)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same.")],
) -> None:
    """Show where two configs differ, field by field. Exits with 1 when they do, with 0 when they are the same.

    Example:  furu diff 3f2a91c0 "my_project.pipelines:TrainModel(lr=0.1)"
    """
    try:
        found = compare.diff(_config(old), _config(new))
    except FuruError as error:
        typer.secho(f"{error}", err=True, fg="red")
        raise typer.Exit(2) from None
    console = Console(highlight=False)
    for one in found:
        console.print(Text(str(one), _STYLES[one.kind] if one.in_key else "dim"))
    if not found:
        console.print("no field differs")
    raise typer.Exit(1 if found else 0)


def _config(what: str) -> Any:
    if ":" not in what:
        return what
    found = target.objects(what)
    if len(found) != 1:
        raise typer.BadParameter(f"{what} names {len(found)} objects, and one is wanted")
    return found[0]
