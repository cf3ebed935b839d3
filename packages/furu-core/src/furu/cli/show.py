"""``furu show``: everything about one artifact."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rich.text import Text
from rich.tree import Tree

from furu.catalog import reading
from furu.catalog.configs import CLASS
from furu.cli import cells, options, output, shelf
from furu.errors import FuruRecordError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from furu.catalog.row import Need, Row
    from furu.storage.artifact import Artifact
    from furu.storage.state import Attempt

MOST_FILES, MOST_RELATIVES, MOST_LINES, MOST_ITEMS = 12, 8, 12, 8


def show(ref: options.Ref, as_json: options.AsJson = False, root: options.Root = None) -> None:
    """Show everything about one artifact: state, config, files, what it needs and what needs it.

    Example:  furu show Train-1a2b3c4d
    """
    (artifact,) = options.artifacts([ref], root)
    row = reading.read(artifact.ref.root, artifact.ref.namespace, artifact.ref.furu_hash, artifact.directory)
    catalog = shelf.opened(root)
    needing = catalog.needing(row.hash)
    attempt = _attempt(artifact)
    if as_json:
        recorded = {"attempt_record": attempt and attempt.to_json(), "files_listed": list(_files(artifact.directory))}
        related = {"needed_by": [f"{one.namespace}/{one.hash}" for one in needing]}
        output.print_json(cells.row_json(row, artifact.directory) | recorded | related)
        return
    console = output.console()
    console.print(Text.assemble((row.label, "bold"), "  ", cells.status_text(row), "  ", (row.namespace, "dim")))
    for name, value in _facts(row, artifact.directory, attempt):
        if value:
            console.print(Text.assemble((f"{name:>9}  ", "dim"), value), soft_wrap=name == "directory")
    _print_config(console, row)
    _print_relatives(console, row, needing)
    _print_files(console, artifact.directory)
    if attempt is not None and attempt.error is not None and row.result != "success":
        _print_error(console, attempt.error.traceback)


def _attempt(artifact: Artifact) -> Attempt | None:
    try:
        return artifact.observed_state().attempt
    except FuruRecordError:
        return None


def _facts(row: Row, directory: str, attempt: Attempt | None) -> Iterator[tuple[str, str]]:
    yield "name", row.name or ""
    yield "tags", " ".join(f"#{tag}" for tag in row.tags) + (" (pinned)" if row.pinned else "")
    yield "note", row.note or ""
    yield "directory", directory
    yield "alias of", row.original or ""
    if row.attempts is not None:
        where = f"{row.backend} on {row.host} by {row.user}"
        yield "attempt", f"{row.attempts}, {row.attempt}, {where}"
    if attempt is not None and attempt.scheduler:
        yield "scheduler", ", ".join(f"{key} {value}" for key, value in attempt.scheduler.items() if value is not None)
    took = f", took {cells.duration(row.duration)}" if row.duration is not None else ""
    memory = f", peak memory {cells.size(row.memory)}" if row.memory else ""
    yield "started", f"{cells.moment(row.started)}{took}{memory}" if row.started else ""
    yield "size", f"{cells.size(row.size)} in {output.counted(row.files, 'file')}"
    yield "commit", (row.commit or "")[:12]
    yield "damaged", row.trouble or ""


def _print_config(console: Console, row: Row) -> None:
    if row.config:
        needs = {need.path: need for need in row.needs}
        tree = Tree(Text("config", style="bold"), guide_style="dim")
        _grow(tree, row.config, "", needs)
        console.print()
        console.print(tree)


def _grow(tree: Tree, value: Any, path: str, needs: dict[str, Need]) -> None:
    members = value.items() if isinstance(value, dict) else enumerate(value)
    for count, (key, one) in enumerate(members):
        if key == CLASS:
            continue
        if isinstance(value, list) and count >= MOST_ITEMS:
            tree.add(Text(f"and {len(value) - count} more", style="dim"))
            return
        at = f"{path}.{key}" if path else str(key)
        name = Text.assemble((str(key), "cyan"), " = ")
        if isinstance(one, dict):
            need = needs.get(at)
            label = str(one.get(CLASS, "")).rpartition(".")[2] + (f"-{need.furu_hash[:8]}" if need else "")
            _grow(tree.add(name + Text(label, style="bold" if need else "")), one, at, needs)
        elif isinstance(one, list) and any(isinstance(item, (dict, list)) for item in one):
            _grow(tree.add(name), one, at, needs)
        else:
            tree.add(name + Text(_plain(one)))


def _plain(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(_plain(one) for one in value[:MOST_ITEMS])
        return f"[{shown}{f', … {len(value)} in all' if len(value) > MOST_ITEMS else ''}]"
    words = {True: "true", False: "false", None: "null"}
    return words[value] if value is None or isinstance(value, bool) else repr(value)


def _print_relatives(console: Console, row: Row, needing: list[Row]) -> None:
    up = [f"{one.path:<16} {one.namespace.rpartition('.')[2]}-{one.furu_hash[:8]}" for one in row.needs]
    down = [f"{one.label}  {cells.status(one)}" for one in needing]
    for title, found in (("needs", up), ("needed by", down)):
        if found:
            console.print(Text(f"\n{title}", style="bold"))
            for line in found[:MOST_RELATIVES]:
                console.print(Text(f"  {line}"))
            if len(found) > MOST_RELATIVES:
                console.print(Text(f"  and {len(found) - MOST_RELATIVES} more; furu tree {row.label}", style="dim"))


def _files(directory: str) -> Iterator[tuple[str, int]]:
    """Yield (path, bytes) of the files the artifact's code wrote, as they are found."""
    for folder, folders, names in os.walk(directory):
        folders[:] = sorted(name for name in folders if name != ".furu")
        for name in sorted(names):
            path = os.path.join(folder, name)
            try:
                yield os.path.relpath(path, directory), os.lstat(path).st_size
            except OSError:  # it vanished
                continue


def _print_files(console: Console, directory: str) -> None:
    files = list(_files(directory))
    if not files:
        return
    console.print(Text("\nfiles", style="bold"))
    for path, size in files[:MOST_FILES]:
        console.print(Text(f"  {cells.size(size):>9}  {path}"))
    if len(files) > MOST_FILES:
        console.print(Text(f"  and {len(files) - MOST_FILES} more", style="dim"))


def _print_error(console: Console, traceback: str) -> None:
    lines = traceback.rstrip().splitlines()
    console.print(Text("\nerror", style="bold red"))
    if len(lines) > MOST_LINES:
        console.print(Text("  …", style="dim"))
    for line in lines[-MOST_LINES:]:
        console.print(Text(f"  {line}"), soft_wrap=True)
