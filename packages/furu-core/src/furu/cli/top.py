"""``furu top``: what runs, waits and failed, live in the terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from furu.cli import options, shelf


def top(
    query: shelf.Query = None,
    every: Annotated[float, typer.Option("--every", min=0.2, metavar="SEC", help="Look again after so long.")] = 2.0,
    root: options.Root = None,
) -> None:
    """Watch a store: what runs, what waits in a queue, what failed, with logs that follow. ? lists the keys.

    Example:  furu top class=Train
    """
    try:
        from furu.cli import live  # Textual is an extra, and takes a while to import
    except ImportError:
        typer.secho("furu top needs Textual. Install it with:  pip install 'furu-core[tui]'", err=True, fg="red")
        raise typer.Exit(1) from None
    shelf.meaning(query)
    catalog = shelf.opened(root)
    live.Live(catalog, " ".join(query or ()), every_sec=every).run()
