"""``furu invalidate``: have results computed again, and what was made of them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from furu.catalog import invalidation
from furu.cli import cells, options, output, shelf
from furu.errors import FuruError
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef


def invalidate(
    refs: options.Refs,
    downstream: Annotated[
        bool, typer.Option("--downstream", "-d", help="And everything that depends on them.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it; without it they are only listed.")] = False,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """List results that would no longer count, with what it took to compute them; --yes invalidates them.

    Their files stay; the next get() computes them anew. What depends on them keeps its own results, unless --downstream.

    Example:  furu invalidate Dataset-1a2b3c4d --downstream
    """
    artifacts = options.artifacts(refs, root)
    catalog = shelf.opened(root, patience_sec=float("inf"))
    named = [catalog.get(one.ref.root, one.ref.namespace, one.ref.furu_hash) for one in artifacts]
    rows = [row for row in named if row is not None]
    if downstream:
        rows = invalidation.downstream(rows, catalog.needing)
    rows = [row for row in rows if row.result in ("success", "migrated")]
    if as_json:
        output.print_json([cells.row_json(row, catalog.directory(row)) for row in rows])
    else:
        table = output.table("artifact", "status", "took", "size", right=("took", "size"))
        for row in rows:
            table.add_row(Text(row.label), cells.status_text(row), cells.duration(row.duration), cells.size(row.size))
        if rows:
            cells.show(table)
        took = sum(row.duration or 0.0 for row in rows)
        typer.echo(f"{output.counted(len(rows), 'result')}, {output.span(took)} to compute again")
    if not yes:
        return
    failed = 0
    for row in rows:
        artifact = Artifact(ArtifactRef(row.root, row.namespace, row.hash), catalog.directory(row))  # type: ignore[arg-type]
        try:
            invalidation.invalidate(artifact)
        except (FuruError, OSError) as error:
            failed += 1
            typer.secho(str(error), err=True, fg="red")
    typer.echo(f"invalidated {output.counted(len(rows) - failed, 'result')}", err=True)
    raise typer.Exit(1 if failed else 0)
