"""``furu why``: what ``get()`` would do, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from furu.cli import target
from furu.engine import explain

if TYPE_CHECKING:
    from furu.engine.explain import Why


def why(
    what: Annotated[str, typer.Argument(metavar="TARGET", help=target.HELP)],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what get() would do about TARGET, and why: the nearest stored config, and where it differs.

    Example:  furu why "my_project.pipelines:TrainModel(lr=0.1)"
    """
    found = [explain.why(task) for task in target.objects(what)]
    if as_json:
        typer.echo(json.dumps([_described(one) for one in found], indent=2))
        return
    console = Console(highlight=False)
    for place, one in enumerate(found):
        if place:
            console.print()
        console.print(one)


def _described(one: Why) -> dict[str, Any]:
    return {
        "class": one.ref.namespace,
        "furu_hash": one.ref.furu_hash,
        "does": one.action,
        "why": one.reason,
        "nearest": None if one.nearest is None else one.nearest.furu_hash,
        "siblings": [each.ref.furu_hash for each in one.siblings],
        "differences": [str(each) for each in one.differences],
        "added": list(one.added),
        "removed": list(one.removed),
        "source_changes": list(one.source_changes),
        "remedy": one.remedy,
    }
