"""``furu tag`` and ``furu untag``: words by which artifacts are found again."""

from __future__ import annotations

from typing import Annotated

import typer

from furu.catalog import labels
from furu.cli import options, output


def tag(
    ref: options.Ref,
    tags: Annotated[list[str] | None, typer.Argument(metavar="TAG", help="Tags to add.")] = None,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Add tags to an artifact; without any, list those it has.

    Example:  furu tag Train-1a2b3c4d baseline paper-v2
    """
    (artifact,) = options.artifacts([ref], root)
    if tags:
        labels.change(artifact.meta_dir, lambda it: it.tagged(*tags))
    _show(labels.read(artifact.meta_dir).tags, as_json=as_json)


def untag(
    ref: options.Ref,
    tags: Annotated[list[str], typer.Argument(metavar="TAG", help="Tags to take away.")],
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Take tags away from an artifact.

    Example:  furu untag Train-1a2b3c4d baseline
    """
    (artifact,) = options.artifacts([ref], root)
    _show(labels.change(artifact.meta_dir, lambda it: it.untagged(*tags)).tags, as_json=as_json)


def _show(tags: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        output.print_json(list(tags))
    else:
        for one in tags:
            typer.echo(one)
