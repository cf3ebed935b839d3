"""``furu rm``: remove artifacts, with a look at what needs them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from furu.catalog import dependents, reading, removal
from furu.cli import options, output
from furu.errors import FuruError

if TYPE_CHECKING:
    from rich.console import Console

    from furu.catalog.dependents import Dependent
    from furu.storage.artifact import Artifact

MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """One artifact that is to go: what it takes on disk, how long it took, why it stays, and what needs it."""

    artifact: Artifact
    result: str
    size: int
    files: int
    took_sec: float | None
    kept: str | None
    needed_by: tuple[Dependent, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the candidate as JSON-ready data."""
        ref = self.artifact.ref
        return {
            "namespace": ref.namespace,
            "furu_hash": ref.furu_hash,
            "directory": self.artifact.directory,
            "result": self.result,
            "size": self.size,
            "files": self.files,
            "took_sec": self.took_sec,
            "kept": self.kept,
            "needed_by": [f"{one.artifact.ref.namespace}/{one.artifact.ref.furu_hash}" for one in self.needed_by],
        }


def rm(
    refs: options.Refs,
    yes: options.Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only list what would be removed.")] = False,
    pinned: Annotated[bool, typer.Option("--pinned", help="Remove pinned artifacts, too.")] = False,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Remove artifacts: results, records, logs and labels. Lists what needs them first, and asks.

    What is being computed, or waits in a queue, stays. Dependents keep their own results; only what they would need to be
    computed again is gone.

    Example:  furu rm Train-1a2b3c4d 99aabbccdd --dry-run
    """
    found = _candidates(options.artifacts(refs, root), root, pinned=pinned)
    if as_json:
        output.print_json([one.to_json() for one in found])
    else:
        _show(output.console(), found)
    going = [one for one in found if one.kept is None]
    if not going:
        raise typer.Exit(1)
    if dry_run:
        return
    if not output.agreed(f"Remove {output.counted(len(going), 'artifact')}?", yes=yes):
        raise typer.Exit(1)
    failed = len(found) - len(going) + _removed(going, pinned=pinned)
    raise typer.Exit(1 if failed else 0)


def _candidates(artifacts: list[Artifact], root: options.Root, *, pinned: bool) -> list[Candidate]:
    needing = dependents.of([one.ref for one in artifacts], options.store(root))
    found = []
    for artifact in artifacts:
        size, files = reading.disk_use(artifact.directory)
        recorded = artifact.recorded_state()
        attempt = recorded.attempt if recorded else None
        found.append(
            Candidate(
                artifact,
                "success" if artifact.published() else recorded.result if recorded else "absent",
                size,
                files,
                attempt.duration_sec if attempt else None,
                removal.kept_because(artifact, pinned=pinned),
                tuple(one for one in needing if one.on == artifact.ref),
            )
        )
    return found


def _show(console: Console, found: list[Candidate]) -> None:
    table = output.table("artifact", "result", "size", "files", "took", "", right=("size", "files", "took"))
    for one in found:
        took = "" if one.took_sec is None else output.span(one.took_sec)
        kept = "" if one.kept is None else f"[yellow]stays: {one.kept}[/]"
        table.add_row(one.artifact.ref.label, one.result, output.size(one.size), str(one.files), took, kept)
    console.print(table)
    for one in found:
        if one.needed_by:
            console.print(f"\n{one.artifact.ref.label} is needed by", style="bold", markup=False)
            for dependent in one.needed_by[:MOST_SHOWN]:
                console.print(f"  {dependent.artifact.ref.label}  as {dependent.path}", markup=False)
            if len(one.needed_by) > MOST_SHOWN:
                console.print(f"  and {len(one.needed_by) - MOST_SHOWN} more", style="dim")
    going = [one for one in found if one.kept is None]
    console.print(f"\nto be removed: {_sum(going)}", markup=False)


def _sum(candidates: list[Candidate]) -> str:
    took = sum(one.took_sec or 0.0 for one in candidates)
    parts = [
        output.counted(len(candidates), "artifact"),
        output.size(sum(one.size for one in candidates)),
        output.counted(sum(one.files for one in candidates), "file"),
    ]
    return f"{', '.join(parts)}; {output.span(took)} to compute again"


def _removed(going: list[Candidate], *, pinned: bool) -> int:
    """Remove the candidates and clear up beside them; say what became of it, and return how many stayed."""
    gone = []
    for one in going:
        try:
            removal.remove(one.artifact, pinned=pinned)
            gone.append(one)
        except (FuruError, OSError) as error:
            typer.secho(str(error), err=True, fg="red")
    folders = {os.path.dirname(one.artifact.directory) for one in going}
    removal.sweep(path for folder in sorted(folders) for path in removal.leftovers(folder))
    typer.echo(f"removed: {_sum(gone)}", err=True)
    return len(going) - len(gone)
