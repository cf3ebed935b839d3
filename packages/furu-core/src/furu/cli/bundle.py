"""``furu export``, ``furu import`` and ``furu snapshot``: artifacts on a journey."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import Progress

from furu.catalog import bundle, exporting, importing, reference
from furu.cli import options, output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from furu.catalog.exporting import Exported
    from furu.catalog.importing import Step
    from furu.storage.artifact import Artifact

MOST_SHOWN = 30
STYLES = {"import": "green", "there": "dim", "in use": "yellow", "no result": "dim"}

Path = Annotated[str, typer.Argument(metavar="PATH", help="A .zip file, or a directory.")]


def export(
    refs: options.Refs,
    to: Annotated[str, typer.Option("--to", metavar="PATH", help="The bundle: a .zip file, or else a directory.")],
    outputs: Annotated[bool, typer.Option("--outputs", help="With results and all other files.")] = False,
    dependencies: Annotated[
        bool, typer.Option("--dependencies/--no-dependencies", help="With everything that they need.")
    ] = True,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Put artifacts and what they need into one file: configs, records and labels, and with --outputs the results.

    Records name the host, the user and the command that computed them, and hold uncommitted changes of the code.

    Example:  furu export Train-1a2b3c4d --outputs --to best.zip
    """
    artifacts = options.artifacts(refs, root)
    missing: list[str] = []
    if dependencies:
        artifacts, missing = exporting.with_dependencies(artifacts, options.store(root))
    _write(artifacts, to, missing, as_json=as_json, outputs=outputs)


def snapshot(
    to: Annotated[str, typer.Argument(metavar="PATH", help="The bundle: a .zip file, or else a directory.")],
    largest: Annotated[
        int, typer.Option("--largest", metavar="BYTES", min=0, help="Leave out files of more bytes.")
    ] = exporting.SNAPSHOT_BYTES,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Put what is known of all artifacts into one file, without large files, for the dashboard to open elsewhere.

    Example:  furu snapshot monday.zip
    """
    artifacts = [one for one in reference.stored(options.store(root)) if os.path.isdir(one.meta_dir)]
    _write(artifacts, to, [], as_json=as_json, outputs=True, largest=largest)


def _write(
    artifacts: Sequence[Artifact],
    to: str,
    missing: list[str],
    *,
    as_json: bool,
    outputs: bool,
    largest: int | None = None,
) -> None:
    with Progress(console=output.console(stderr=True), transient=True) as shown:
        task = shown.add_task("writing", total=len(artifacts))
        made = exporting.export(artifacts, to, outputs=outputs, largest=largest, progress=lambda _: shown.advance(task))
    missing = [*missing, *made.missing]
    if as_json:
        output.print_json({"path": os.path.abspath(to), "missing": missing} | _figures(made))
        return
    for one in missing:
        typer.secho(f"not in it: {one}", err=True, fg="yellow")
    left_out = sum(len(one.left_out) for one in made.entries)
    typer.echo(
        f"{output.counted(len(made.entries), 'artifact')}, {sum(one.complete for one in made.entries):,} with all files "
        f"({output.counted(left_out, 'file')} left out): {output.size(_bytes(to))} in {to}"
    )


def _figures(made: Exported) -> dict[str, Any]:
    return {
        "artifacts": [
            {"namespace": one.ref.namespace, "furu_hash": one.ref.furu_hash, "complete": one.complete, "size": one.size}
            for one in made.entries
        ]
    }


def _bytes(path: str) -> int:
    if os.path.isfile(path):
        return os.path.getsize(path)
    return sum(os.path.getsize(f"{folder}/{name}") for folder, _, names in os.walk(path) for name in names)


def import_(
    path: Path,
    yes: options.Yes = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Only list what would be done.")] = False,
    records: Annotated[
        bool, typer.Option("--records", help="Import configs and logs of artifacts without a result, too.")
    ] = False,
    any_size: Annotated[bool, typer.Option("--any-size", help="Trust a bundle that unpacks to very much.")] = False,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Bring the artifacts of a bundle into the store: those that it does not have. Lists them first, and asks.

    Every file is checked against the bundle's list. Only import what you trust: loading a pickled result runs its code.

    Example:  furu import best.zip
    """
    where = options.store(root)
    with bundle.source(path) as source:
        steps = importing.plan(bundle.entries(source), where, records=records)
        if as_json:
            output.print_json([_described(step) for step in steps])
        else:
            _show(steps)
        importing.check_size(steps, source, where, any_size=any_size)
        wanted = [step for step in steps if step.action == "import"]
        if dry_run or not wanted:
            return
        if not output.agreed(f"Import {output.counted(len(wanted), 'artifact')} into {where.base}?", yes=yes):
            raise typer.Exit(1)
        with Progress(console=output.console(stderr=True), transient=True) as shown:
            task = shown.add_task("importing", total=len(wanted))
            failed = _imported(steps, source, lambda _: shown.advance(task))
    typer.echo(f"imported: {output.counted(len(wanted) - failed, 'artifact')}", err=True)
    raise typer.Exit(1 if failed else 0)


def _imported(steps: list[Step], source: bundle.Source, progress: Callable[[Step], None]) -> int:
    failed = 0
    for step, error in importing.all_of(steps, source, progress=progress):
        if error is not None:
            failed += 1
            typer.secho(f"{step.entry.ref.label} was not imported: {error}", err=True, fg="red")
    return failed


def _described(step: Step) -> dict[str, Any]:
    entry = step.entry
    return {
        "namespace": entry.ref.namespace,
        "furu_hash": entry.ref.furu_hash,
        "action": step.action,
        "complete": entry.complete,
        "pickled": entry.pickled,
        "size": entry.size,
        "files": len(entry.members),
    }


def _show(steps: list[Step]) -> None:
    console = output.console()
    table = output.table("artifact", "size", "files", "action", "", right=("size", "files"))
    for step in steps[:MOST_SHOWN]:
        entry = step.entry
        action = f"[{STYLES[step.action]}]{step.action}[/]"
        pickled = "[yellow]pickled[/]" if entry.pickled and step.action == "import" else ""
        table.add_row(entry.ref.label, output.size(entry.size), str(len(entry.members)), action, pickled)
    console.print(table)
    if len(steps) > MOST_SHOWN:
        console.print(f"and {len(steps) - MOST_SHOWN:,} more; --json lists them", style="dim")
    counts = Counter(step.action for step in steps)
    whole = sum(step.entry.size for step in steps if step.action == "import")
    words = ", ".join(f"{number:,} {action}" for action, number in counts.items())
    console.print(f"\n{words or 'nothing is in it'}; {output.size(whole)} to unpack", markup=False)
    if counts["no result"]:
        console.print("without results in the bundle there is nothing to load; --records imports the rest", style="dim")
