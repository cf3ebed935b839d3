"""``furu name`` and ``furu note``: what people call an artifact, and what they say about it."""

from __future__ import annotations

from typing import Annotated

import typer

from furu.catalog import labels
from furu.cli import options, output
from furu.storage import provenance

Clear = Annotated[bool, typer.Option("--clear", help="Take it away.")]


def name(
    ref: options.Ref,
    text: Annotated[str | None, typer.Argument(metavar="NAME", help="The name: one line.")] = None,
    clear: Clear = False,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Give an artifact a name, in place of the one its class gives it with _name(); without NAME, print the name.

    Example:  furu name Train-1a2b3c4d "the one of figure 3"
    """
    (artifact,) = options.artifacts([ref], root)
    _refuse_both(text, clear=clear)
    if text is not None or clear:
        labels.change(artifact.meta_dir, lambda it: it.named(text))
    said = labels.read(artifact.meta_dir).name
    if said is None:
        recorded = provenance.read(artifact.meta_dir)
        said = None if recorded is None else recorded.name
    _show(said, as_json=as_json)


def note(
    ref: options.Ref,
    text: Annotated[str | None, typer.Argument(metavar="NOTE", help="The note; - reads it from stdin.")] = None,
    clear: Clear = False,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Write a note about an artifact; without NOTE, print what is noted.

    Example:  furu note Train-1a2b3c4d "diverges after epoch 12"
    """
    (artifact,) = options.artifacts([ref], root)
    _refuse_both(text, clear=clear)
    if text == "-":
        text = typer.get_text_stream("stdin").read()
    if text is not None or clear:
        labels.change(artifact.meta_dir, lambda it: it.noted(text))
    _show(labels.read(artifact.meta_dir).note, as_json=as_json)


def _refuse_both(text: str | None, *, clear: bool) -> None:
    if clear and text is not None:
        raise typer.BadParameter("--clear takes it away: leave the text out", param_hint="--clear")


def _show(text: str | None, *, as_json: bool) -> None:
    if as_json:
        output.print_json(text)
    elif text is not None:
        typer.echo(text)
