"""``furu graph``: which classes of a module need which."""

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from furu.catalog import scan
from furu.cli import drawing, options, output
from furu.objects import class_graph


class Language(StrEnum):
    """How a graph is written."""

    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"


def graph(
    module: Annotated[str, typer.Argument(metavar="MODULE", help="A module or package, such as my_project.")],
    language: Annotated[Language, typer.Option("--format", help="How to write it.")] = Language.TEXT,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Draw which classes need which, read from the code: fields, @furu_dep methods, and what _create makes.

    Classes of which nothing was ever computed are there, too.

    Example:  furu graph my_project --format mermaid
    """
    if "" not in sys.path:
        sys.path.insert(0, "")
    found = class_graph.of_module(module, _tell)
    if not found.nodes:
        typer.secho(f"{module} defines no Furu class", err=True, fg="yellow")
    if as_json:
        counts = _counts(root)
        nodes = [asdict(node) | {"artifacts": counts.get(node.name, 0)} for node in found.nodes]
        output.print_json({"nodes": nodes, "edges": [asdict(edge) for edge in found.edges]})
        return
    match language:
        case Language.TEXT:
            output.console().print(drawing.tree(found, _counts(root)))
        case Language.MERMAID:
            typer.echo(drawing.mermaid(found), nl=False)
        case Language.DOT:
            typer.echo(drawing.dot(found), nl=False)


def _tell(module: str, error: Exception) -> None:
    typer.secho(f"{module} was left out: {type(error).__name__}: {error}", err=True, fg="yellow")


def _counts(root: options.Root) -> dict[str, int]:
    """Return how many artifacts the store has of each class."""
    found: dict[str, int] = {}
    for kind, top in options.store(root).roots:
        for folder in scan.folders(kind, top):
            if isinstance(folder, scan.Folder):
                found[folder.namespace] = found.get(folder.namespace, 0) + len(folder.hashes)
    return found
