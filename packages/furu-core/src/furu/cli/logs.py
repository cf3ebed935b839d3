"""``furu logs``: what was logged while an artifact was computed."""

from __future__ import annotations

import json
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from furu.catalog import log
from furu.cli import options, output
from furu.errors import FuruRecordError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from furu.storage.artifact import Artifact


def logs(
    ref: options.Ref,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the attempt ends.")] = False,
    lines: Annotated[
        int | None, typer.Option("--lines", "-n", min=0, metavar="N", help="Begin with the last N lines.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON; with --follow one record a line.")] = False,
    root: options.Root = None,
) -> None:
    """Print the log of an artifact; with -f go on while it is computed, and end when that ends.

    Example:  furu logs Train-1a2b3c4d -f -n 20
    """
    (artifact,) = options.artifacts([ref], root)
    pieces = _pieces(artifact, follow=follow, lines=lines)
    try:
        if not as_json:
            for piece in pieces:
                typer.echo(piece, nl=False)
        elif follow:
            for record in log.records(pieces):
                typer.echo(json.dumps(record))
        else:
            output.print_json(list(log.records(pieces)))
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    if follow:
        _tell_end(artifact)


def _pieces(artifact: Artifact, *, follow: bool, lines: int | None) -> Iterator[bytes]:
    tail = log.Tail(log.path_of(artifact))
    if lines is None:
        return log.follow(artifact, tail) if follow else log.contents(artifact)
    begin = iter([log.last_lines(iter(tail.read, b""), lines)])
    return chain(begin, log.follow(artifact, tail)) if follow else begin


def _tell_end(artifact: Artifact) -> None:
    try:
        attempt = artifact.observed_state().attempt
    except FuruRecordError:
        attempt = None
    ended = "removed, or never begun" if attempt is None else attempt.status
    typer.secho(f"{artifact.ref.label}: {ended}", err=True, dim=True)
