"""``furu tree``: what an artifact needs, and what needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text
from rich.tree import Tree

from furu.cli import cells, options, output, shelf
from furu.errors import FuruMissingArtifact

if TYPE_CHECKING:
    from furu.catalog.catalog import Catalog
    from furu.catalog.row import Row

MOST_SHOWN = 200
MOST_BELOW_ONE = 20

#: A branch: where the config names it, which artifact it is, its row where the store has it, what is below, what is left out.
Branch = dict[str, Any]


def tree(
    ref: options.Ref,
    up: Annotated[bool, typer.Option("--up", "-u", help="Only what needs it.")] = False,
    down: Annotated[bool, typer.Option("--down", "-d", help="Only what it needs.")] = False,
    depth: Annotated[int, typer.Option("--depth", min=1, help="How many steps to follow.")] = 8,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Draw what an artifact needs, and what needs it, through all steps.

    Example:  furu tree Train-1a2b3c4d --up
    """
    (artifact,) = options.artifacts([ref], root)
    catalog = shelf.opened(root)
    row = catalog.get(artifact.ref.root, artifact.ref.namespace, artifact.ref.furu_hash)
    if row is None:
        raise FuruMissingArtifact(f"{artifact.ref.label} was removed meanwhile")
    found: Branch = {}
    if down or not up:
        found["needs"] = _needs(catalog, row, depth, {row.hash})
    if up or not down:
        found["needed_by"] = _needed_by(catalog, row, depth, {row.hash})
    if as_json:
        output.print_json(
            {"label": row.label, "namespace": row.namespace, "hash": row.hash, "status": cells.status(row), **found}
        )
        return
    console = output.console()
    for title, branches in found.items():
        top = Tree(_label("", row.label, cells.status_text(row)), guide_style="dim")
        _grow(top, branches)
        console.print(Text(title.replace("_", " "), style="bold"))
        console.print(top if branches else Text("  nothing", style="dim"))


def _needs(catalog: Catalog, row: Row, depth: int, seen: set[str]) -> list[Branch]:
    """Return what an artifact needs; each artifact is followed once."""
    found = []
    for need in row.needs[:MOST_BELOW_ONE]:
        below = catalog.get(need.root, need.namespace, need.furu_hash)
        branch = _branch(need.path, need.namespace, need.furu_hash, below)
        found.append(branch)
        if need.furu_hash in seen:
            branch["again"] = True
        elif below is not None and depth > 1 and len(seen) < MOST_SHOWN:
            seen.add(need.furu_hash)
            branch["below"] = _needs(catalog, below, depth - 1, seen)
    return found + _left_out(len(row.needs))


def _needed_by(catalog: Catalog, row: Row, depth: int, seen: set[str]) -> list[Branch]:
    needing = catalog.needing(row.hash)
    found = []
    for above in needing[:MOST_BELOW_ONE]:
        path = next((need.path for need in above.needs if need.furu_hash == row.hash), "")
        branch = _branch(path, above.namespace, above.hash, above)
        found.append(branch)
        if above.hash in seen:
            branch["again"] = True
        elif depth > 1 and len(seen) < MOST_SHOWN:
            seen.add(above.hash)
            branch["below"] = _needed_by(catalog, above, depth - 1, seen)
    return found + _left_out(len(needing))


def _branch(path: str, namespace: str, furu_hash: str, row: Row | None) -> Branch:
    return {
        "path": path,
        "namespace": namespace,
        "hash": furu_hash,
        "status": None if row is None else cells.status(row),
        "below": [],
    }


def _left_out(count: int) -> list[Branch]:
    return [{"more": count - MOST_BELOW_ONE}] if count > MOST_BELOW_ONE else []


def _grow(top: Tree, branches: list[Branch]) -> None:
    for one in branches:
        if "more" in one:
            top.add(Text(f"and {one['more']} more", style="dim"))
            continue
        word = Text("not in the store", style="dim") if one["status"] is None else cells.word(one["status"])
        if one.get("again"):
            word = Text("(see above)", style="dim")
        name = f"{one['namespace'].rpartition('.')[2]}-{one['hash'][:8]}"
        _grow(top.add(_label(one["path"], name, word)), one["below"])


def _label(path: str, name: str, word: Text) -> Text:
    return Text.assemble((f"{path} = " if path else "", "cyan"), name, "  ", word)
