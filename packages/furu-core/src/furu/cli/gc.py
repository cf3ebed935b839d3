"""``furu gc``: make room, by rules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from furu._sys.clock import SYSTEM_CLOCK
from furu.catalog import collection, literals, orphans, removal
from furu.catalog.expression import EVERYTHING
from furu.cli import cells, options, output, shelf
from furu.errors import FuruError, FuruMissingArtifact
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from furu.catalog.catalog import Catalog
    from furu.catalog.collection import Choice
    from furu.catalog.row import Row

MOST_SHOWN = 25


def gc(
    query: shelf.Query = None,
    failed: Annotated[bool, typer.Option("--failed", help="What ended without a result.")] = False,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="30d", help="What has not changed since.")
    ] = None,
    larger_than: Annotated[
        str | None, typer.Option("--larger-than", metavar="1GB", help="What takes more space.")
    ] = None,
    orphaned: Annotated[bool, typer.Option("--orphaned", help="What the code no longer has; needs --code.")] = False,
    code: Annotated[str | None, typer.Option("--code", metavar="MODULE", help="The package that is the code.")] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Remove them; without it they are only listed.")] = False,
    yes: options.Yes = False,
    pinned: Annotated[bool, typer.Option("--pinned", help="Pinned artifacts, too.")] = False,
    needed: Annotated[bool, typer.Option("--needed", help="What others depend on, too.")] = False,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """List what could go, with its space and what it took to compute; --delete removes it.

    All rules that are given have to hold. What is running or queued always stays; so does what is pinned, and what an artifact
    that stays depends on, unless told.

    Example:  furu gc --failed --older-than 30d
    """
    meaning = collection.wanted(
        shelf.meaning(query),
        failed=failed,
        older_than=_before(older_than),
        larger_than=_bytes(larger_than),
    )
    if meaning == EVERYTHING and not orphaned:
        raise typer.BadParameter("say what may go: --failed, --older-than, --larger-than, --orphaned, or a query")
    if orphaned != (code is not None):
        raise typer.BadParameter("--orphaned and --code MODULE go together", param_hint="--orphaned")
    catalog = shelf.opened(root, patience_sec=float("inf"))
    asked = list(catalog.rows(meaning, sort=("-size",)))
    if code is not None:
        asked = [one.row for one in orphans.orphans(asked, catalog, code)]
    choice = collection.choose(asked, catalog.needed_by(), pinned=pinned, needed=needed)
    if as_json and not delete:
        kept = [{"hash": row.hash, "namespace": row.namespace, "reason": reason} for row, reason in choice.kept]
        going = [cells.row_json(row, catalog.directory(row)) for row in choice.going]
        output.print_json(
            {"going": going, "kept": kept, "size": choice.size, "files": choice.files, "took_sec": choice.took_sec}
        )
        return
    _show(choice)
    if not choice.going:
        return
    if not delete:
        typer.secho("--delete removes them", err=True, dim=True)
        return
    if not output.agreed(f"Remove {output.counted(len(choice.going), 'artifact')}?", yes=yes):
        raise typer.Exit(1)
    raise typer.Exit(_collect(catalog, choice, pinned=pinned))


def _before(age: str | None) -> float | None:
    if age is None:
        return None
    sec = literals.duration_sec(age)
    if sec is None:
        raise typer.BadParameter(f"{age!r} is no duration, such as 30d or 12h", param_hint="--older-than")
    return SYSTEM_CLOCK.now() - sec


def _bytes(size: str | None) -> float | None:
    if size is None:
        return None
    found = literals.size_bytes(size)
    if found is None:
        raise typer.BadParameter(f"{size!r} is no size, such as 1.5GB or 200MiB", param_hint="--larger-than")
    return found


def _show(choice: Choice) -> None:
    console = output.console()
    header = ["artifact", "status", "age", "took", "size", "files"]
    table = output.table(*header, right=("age", "took", "size", "files"))
    now = SYSTEM_CLOCK.now()
    lines = [
        [
            *(Text(row.label), cells.status_text(row), Text(cells.age(row.updated, now))),
            *(Text(cells.duration(row.duration)), Text(cells.size(row.size)), Text(f"{row.files:,}")),
        ]
        for row in choice.going[:MOST_SHOWN]
    ]
    for line in cells.fitted(header, lines, console.width):
        table.add_row(*line)
    if lines:
        cells.show(table)
    if len(choice.going) > MOST_SHOWN:
        console.print(f"and {len(choice.going) - MOST_SHOWN:,} more; --json lists all", style="dim")
    for reason, count in choice.reasons.most_common():
        console.print(f"{output.counted(count, 'artifact')} stay{'s' if count == 1 else ''}: {reason}", style="yellow")
    console.print(
        f"could go: {output.counted(len(choice.going), 'artifact')}, {cells.size(choice.size)}, {output.counted(choice.files, 'file')}; "
        f"{output.span(choice.took_sec)} to compute again"
    )


def _collect(catalog: Catalog, choice: Choice, *, pinned: bool) -> int:
    """Remove what goes, one after the other; return the exit status."""
    size, files = _whole(catalog)
    gone: list[Row] = []
    for row in choice.going:
        artifact = Artifact(ArtifactRef(row.root, row.namespace, row.hash), catalog.directory(row))  # type: ignore[arg-type]
        try:
            removal.remove(artifact, pinned=pinned)
            gone.append(row)
        except FuruMissingArtifact:
            continue  # somebody else was faster
        except (FuruError, OSError) as error:
            typer.secho(str(error), err=True, fg="red")
    folders = {os.path.dirname(catalog.directory(row)) for row in gone}
    removal.sweep(path for folder in sorted(folders) for path in removal.leftovers(folder))
    catalog.refresh()
    after_size, after_files = _whole(catalog)
    typer.echo(
        f"removed {output.counted(len(gone), 'artifact')}; the store had {cells.size(size)} in {output.counted(files, 'file')}, "
        f"now {cells.size(after_size)} in {output.counted(after_files, 'file')}",
        err=True,
    )
    return 0 if len(gone) == len(choice.going) else 1


def _whole(catalog: Catalog) -> tuple[int, int]:
    groups = catalog.sums(["root"])
    return sum(one[-3] for one in groups), sum(one[-2] for one in groups)
