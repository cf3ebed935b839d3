"""``furu slurm``: what pool runs do, their logs, and how to end one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from furu import config
from furu.execution.failures import last_lines
from furu_exec_slurm import run_directory, tables
from furu_exec_slurm.client import SlurmClient
from furu_exec_slurm.commands import SlurmError
from furu_exec_slurm.overview import Overview, overview
from furu_exec_slurm.run_directory import RunDirectory

app = typer.Typer(help="Look at pool runs on a Slurm cluster, read their logs, end them.", no_args_is_help=True)

_ROOT = typer.Option("--run-root", help="The directory of all runs, <FURU_PATH>/runs unless given.")
_RUN = typer.Argument(
    metavar="[RUN]", help="A run: its id, the beginning of it, or its directory; the last one unless given."
)
_JSON = typer.Option("--json", help="Print JSON.")


@app.command()
def status(
    run: Annotated[str | None, _RUN] = None,
    run_root: Annotated[Path | None, _ROOT] = None,
    every: Annotated[bool, typer.Option("--all", "-a", help="All runs, those that have ended as well.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show runs with their workers and queues: those that go on, or RUN.

    Example:  furu slurm status
    """
    if run is not None:
        listed = [_found(run, run_root)]
    else:
        listed = [one for one in _runs(run_root) if every or one.outcome() is None]
    shown = [found for one in listed if (found := _looked(one)) is not None]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in shown], indent=2))
        return
    console = Console()
    if not shown:
        console.print(f"No pool run goes on in {_root(run_root)}; --all shows those that have ended.", soft_wrap=True)
    for number, one in enumerate(shown):
        if number:
            console.print()
        console.print(tables.run(one, brief=run is None and len(shown) > 3), crop=False)


@app.command()
def cancel(run: Annotated[str | None, _RUN] = None, run_root: Annotated[Path | None, _ROOT] = None) -> None:
    """End a run: its workers are cancelled, and its controller stops.

    Example:  furu slurm cancel 20260131-0900
    """
    found = _found(run, run_root)
    if found.outcome() is not None:
        _fail(f"{found.run_id} has ended already: {found.outcome()}")
    found.end("cancelled")
    seats = [recruit for recruit in found.recruits() if not Path(found.queue.seat(recruit.seat), "left").exists()]
    client = SlurmClient()
    try:
        client.cancel([recruit.job_id for recruit in seats])
    except SlurmError as error:
        _fail(str(error))
    workers = "1 worker" if len(seats) == 1 else f"{len(seats)} workers"
    typer.echo(f"{found.run_id}: cancelled {workers}")


@app.command()
def logs(
    run: Annotated[str | None, _RUN] = None,
    worker: Annotated[str | None, typer.Option("--worker", "-w", help="One worker, such as w0003.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines of each file.")] = 20,
    run_root: Annotated[Path | None, _ROOT] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show where the workers of a run write to, and the last lines of each file.

    Example:  furu slurm logs -w w0003
    """
    found = _found(run, run_root)
    seats = [seat for seat in found.queue.seats() if worker in (None, seat.worker_id)]
    if worker is not None and not seats:
        _fail(f"{found.run_id} has no worker {worker}; furu slurm status {found.run_id} lists them")
    paths = [Path(found.queue.seat(seat), name) for seat in seats for name in ("stdout.log", "stderr.log")]
    shown = {str(path): last_lines(str(path), lines) for path in paths if path.exists()}
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
        return
    for path, text in shown.items():
        typer.secho(path, bold=True)
        for line in text:
            typer.echo(f"  {line}")
    if not shown:
        typer.echo(f"No worker of {found.run_id} has written anything yet.")


def _looked(run: RunDirectory) -> Overview | None:
    """Return how a run stands, with what Slurm says of its workers while it goes on; None, told, where nothing can be read."""
    try:
        first = overview(run)
    except ValueError as error:
        typer.secho(str(error), err=True, fg="red")
        return None
    open_jobs = [line.job_id for line in first.workers if line.doing != "left"]
    if not open_jobs:
        return first
    try:
        return overview(run, SlurmClient().statuses(open_jobs))
    except SlurmError:  # what the directory says is worth showing without Slurm, too
        return first


def _runs(root: Path | None) -> list[RunDirectory]:
    return run_directory.runs(_root(root))


def _root(root: Path | None) -> Path:
    return root if root is not None else config.current().base_root / "runs"


def _found(name: str | None, root: Path | None) -> RunDirectory:
    """Return the run that is meant."""
    if name is not None and (Path(name) / "run.json").exists():
        return RunDirectory(Path(name).absolute())
    runs = _runs(root)
    meant = [run for run in runs if name is None or run.run_id.startswith(name)]
    if not meant:
        _fail(f"there is no pool run {name or ''} in {_root(root)}; FURU_PATH or --run-root say where to look")
    if name is not None and len(meant) > 1:
        _fail(f"{name!r} is the beginning of {len(meant)} runs: {', '.join(run.run_id for run in meant[:5])}")
    return next((run for run in meant if run.outcome() is None), meant[0])


def _fail(message: str) -> NoReturn:
    typer.secho(message, err=True, fg="red")
    raise typer.Exit(1)
