"""``furu doctor``: whether the file system and the store are as they should be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from furu.catalog import checkup, contest, disk, removal
from furu.cli import options, output

if TYPE_CHECKING:
    from furu.catalog.disk import Finding
    from furu.catalog.place import Place

MARKS = {"ok": ("✓", "green"), "note": ("·", "dim"), "warning": ("!", "yellow"), "unsafe": ("✗", "red")}


def doctor(
    as_json: options.AsJson = False,
    sweep: Annotated[bool, typer.Option("--sweep", help="Remove what killed removals and imports have left.")] = False,
    store: Annotated[bool, typer.Option("--store/--no-store", help="Look at every artifact, too.")] = True,
    processes: Annotated[int, typer.Option("--processes", min=2, help="How many compete for a lease.")] = 4,
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="For how long.")] = 2.0,
    root: options.Root = None,
) -> None:
    """Try whether the file system does what furu relies on, and look for what is amiss in the store.

    Makes a directory beside the artifacts, works in it and removes it; artifacts are only read, except with --sweep. The
    exit status is 1 when something is unsafe.

    Example:  furu doctor --json
    """
    where = options.store(root)
    found: dict[str, list[Finding]] = {}
    with Progress(console=output.console(stderr=True), transient=True) as shown:
        for top in _file_systems(where):
            shown.add_task(f"trying {top}", total=None)
            existing = _existing(top)
            tried = disk.checked(existing)
            if not any(one.check == "writable" for one in tried):
                tried += contest.judged(contest.held(existing, processes=processes, sec=seconds))
            found[f"file system of {top}"] = tried
        if sweep:
            swept = removal.sweep(path for _, top in where.roots for path in removal.leftovers(top))
            typer.secho(f"removed {output.counted(len(swept), 'leftover')}", err=True)
        if store:
            task = shown.add_task("looking at artifacts", total=None)
            found[f"store {where.base}"] = checkup.checked(where, progress=lambda _: shown.advance(task))
    if as_json:
        output.print_json({place: [disk.to_json(one) for one in findings] for place, findings in found.items()})
    else:
        for place, findings in found.items():
            _show(place, findings)
    if any(one.verdict == "unsafe" for findings in found.values() for one in findings):
        raise typer.Exit(1)


def _existing(directory: str) -> str:
    while not os.path.isdir(directory):
        directory = os.path.dirname(directory)
    return directory


def _file_systems(where: Place) -> list[str]:
    """Return the roots of a store, one for each file system."""
    return list({os.stat(_existing(top)).st_dev: top for _, top in reversed(where.roots)}.values())


def _show(place: str, findings: list[Finding]) -> None:
    console = output.console()
    console.print(place, style="bold", markup=False, overflow="fold")
    table = Table.grid(padding=(0, 2))
    for width in (1, max(len(one.check) for one in findings)):
        table.add_column(width=width)
    table.add_column(overflow="fold")
    for one in findings:
        mark, style = MARKS[one.verdict]
        table.add_row(Text(mark, style=style), one.check, Text(one.seen))
        if one.remedy:
            table.add_row("", "", Text(f"→ {one.remedy}", style=style))
    console.print(table)
    console.print()
