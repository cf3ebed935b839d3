"""``furu slurm``: what runs on a cluster do, their logs, and how to end one."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, NoReturn

import typer
from rich.console import Console

from furu import config
from furu._sys.clock import SYSTEM_CLOCK
from furu.execution.failures import last_lines
from furu_exec_slurm import dag_run, run_directory, tables
from furu_exec_slurm import logs as job_logs
from furu_exec_slurm.client import SlurmClient
from furu_exec_slurm.commands import SlurmError
from furu_exec_slurm.dag_run import DagOverview, DagRecord, DagRun
from furu_exec_slurm.overview import Overview, overview
from furu_exec_slurm.run_directory import RunDirectory
from furu_exec_slurm.states import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from furu_exec_slurm.reports import JobStatus

    Run = RunDirectory | DagRun

app = typer.Typer(help="Look at runs on a Slurm cluster, read their logs, end them.", no_args_is_help=True)

_ROOT = typer.Option("--run-root", help="The directory of all runs, <FURU_PATH>/runs unless given.")
_RUN = typer.Argument(
    metavar="[RUN]", help="A run: its id, the beginning of it, or its directory; the last one unless given."
)
#: How long the end of cancelled jobs is waited for, and the pauses between looks (seconds).
_PATIENCE_SEC, _PAUSE_SEC = 5.0, 0.25

_JSON = typer.Option("--json", help="Print JSON.")


@app.command()
def status(
    run: Annotated[str | None, _RUN] = None,
    run_root: Annotated[Path | None, _ROOT] = None,
    every: Annotated[bool, typer.Option("--all", "-a", help="All runs, those that have ended as well.")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show runs, those that go on or RUN: of a pool with its workers and queues, of a graph with its jobs.

    Example:  furu slurm status
    """
    listed = [_found(run, run_root)] if run is not None else [one for one in _runs(run_root) if every or _goes_on(one)]
    statuses = _asked([one for one in listed if isinstance(one, DagRun)])
    shown = [found for one in listed if (found := _looked(one, statuses)) is not None]
    if run is None and not every:  # jobs that were killed have not said that they are over
        shown = [one for one in shown if not isinstance(one, DagOverview) or one.state == "running"]
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in shown], indent=2))
        return
    console = Console()
    if not shown:
        console.print(f"No run goes on in {_root(run_root)}; --all shows those that have ended.", soft_wrap=True)
    for number, one in enumerate(shown):
        if number:
            console.print()
        brief = run is None and len(shown) > 3
        table = tables.dag(one, brief=brief) if isinstance(one, DagOverview) else tables.run(one, brief=brief)
        console.print(table, crop=False)


@app.command()
def cancel(run: Annotated[str | None, _RUN] = None, run_root: Annotated[Path | None, _ROOT] = None) -> None:
    """End a run: its workers or jobs are cancelled, and the controller of a pool stops.

    Example:  furu slurm cancel 20260131-0900
    """
    found = _found(run, run_root)
    client = SlurmClient()
    try:
        if isinstance(found, DagRun):
            what, jobs = "job", _alive(found, client)
            if not jobs:
                _fail(f"{found.run_id} has no job that waits or runs")
        else:
            if found.outcome() is not None:
                _fail(f"{found.run_id} has ended already: {found.outcome()}")
            found.end("cancelled")
            left = {one.seat for one in found.recruits() if Path(found.queue.seat(one.seat), "left").exists()}
            what, jobs = "worker", [one.job_id for one in found.recruits() if one.seat not in left]
        client.begin_to_cancel(jobs)
        ending = _ending(jobs, client)
    except SlurmError as error:
        _fail(str(error))
    told = f"{found.run_id}: cancelled {len(jobs)} {what}{'' if len(jobs) == 1 else 's'}"
    typer.echo(told + (f", of which {ending} have not ended yet: see furu slurm status" if ending else ""))


@app.command()
def logs(
    run: Annotated[str | None, _RUN] = None,
    worker: Annotated[
        str | None, typer.Option("--worker", "-w", help="One worker, such as w0003, or one job of a graph, by its id.")
    ] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines of each file.")] = 20,
    run_root: Annotated[Path | None, _ROOT] = None,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """Show where the workers or jobs of a run write to, and the last lines of each file.

    Example:  furu slurm logs -w w0003
    """
    found = _found(run, run_root)
    outputs = [one for one in _outputs(found) if worker in (None, one.owner)]
    if worker is not None and not outputs:
        _fail(f"{found.run_id} has no worker or job {worker}; furu slurm status {found.run_id} lists them")
    shown = {one.path: last_lines(one.path, lines) for one in outputs if Path(one.path).exists()}
    if as_json:
        typer.echo(json.dumps(shown, indent=2))
        return
    for one in outputs:
        if one.path in shown or one.artifact:
            typer.secho(f"{one.artifact}{one.path}", bold=True)
        for line in shown.get(one.path, ()):
            typer.echo(f"  {line}")
    if not shown:
        typer.echo(f"Nothing of {found.run_id} has written anything yet.")


class _Output(NamedTuple):
    """A file that a worker, or the job of an artifact, writes."""

    owner: str
    artifact: str
    path: str


def _outputs(run: Run) -> list[_Output]:
    if isinstance(run, DagRun):
        folder = Path(_record(run).folder)
        return [
            _Output(job.job_id, f"{job.label}, job {job.job_id}: ", path)
            for job in run.jobs()
            for path in job_logs.written(folder, job.job_id).values()
        ]
    names = ("stdout.log", "stderr.log")
    return [
        _Output(seat.worker_id, "", f"{run.queue.seat(seat)}/{name}") for seat in run.queue.seats() for name in names
    ]


def _record(run: DagRun) -> DagRecord:
    try:
        return run.record()
    except ValueError as error:
        _fail(str(error))


def _goes_on(run: Run) -> bool:
    return any(True for _ in run.open_jobs()) if isinstance(run, DagRun) else run.outcome() is None


def _asked(listed: Sequence[DagRun]) -> dict[str, JobStatus]:
    """Return what Slurm says of the jobs that are not over, of all runs at once; nothing where it does not answer."""
    open_jobs = [job.job_id for run in listed for job in run.open_jobs()]
    try:
        return SlurmClient().latest(open_jobs)
    except SlurmError:
        return {}


def _alive(run: DagRun, client: SlurmClient) -> list[str]:
    """Return the jobs of a run that wait or run."""
    statuses = client.latest(job.job_id for job in run.open_jobs())
    return [job_id for job_id, status in statuses.items() if not status.gone]


def _ending(jobs: Sequence[str], client: SlurmClient) -> int:
    """Return how many of some jobs that are being cancelled have not ended after a few seconds."""
    deadline = SYSTEM_CLOCK.monotonic() + _PATIENCE_SEC
    while True:
        left = sum(status.phase is not Phase.ENDED for status in client.queued(jobs).values())
        if not left or SYSTEM_CLOCK.monotonic() >= deadline:
            return left
        SYSTEM_CLOCK.sleep(_PAUSE_SEC)


def _looked(run: Run, statuses: dict[str, JobStatus]) -> Overview | DagOverview | None:
    """Return how a run stands, with what Slurm says of its workers while it goes on; None, told, where nothing can be read."""
    try:
        if isinstance(run, DagRun):
            return dag_run.overview(run, statuses)
        first = overview(run)
    except ValueError as error:
        typer.secho(str(error), err=True, fg="red")
        return None
    open_jobs = [line.job_id for line in first.workers if line.doing != "left"]
    if not open_jobs:
        return first
    try:
        return overview(run, SlurmClient().latest(open_jobs))
    except SlurmError:  # what the directory says is worth showing without Slurm, too
        return first


def _runs(root: Path | None) -> list[Run]:
    """Return the runs there are, the last one first."""
    found: list[Run] = [*run_directory.runs(_root(root)), *dag_run.runs(_root(root))]
    return sorted(found, key=lambda run: run.run_id, reverse=True)


def _root(root: Path | None) -> Path:
    return root if root is not None else config.current().base_root / "runs"


def _found(name: str | None, root: Path | None) -> Run:
    """Return the run that is meant."""
    if name is not None and (Path(name) / "run.json").exists():
        return RunDirectory(Path(name).absolute())
    if name is not None and (Path(name) / "dag.json").exists():
        return DagRun(Path(name).absolute())
    runs = _runs(root)
    meant = [run for run in runs if name is None or run.run_id.startswith(name)]
    if not meant:
        _fail(f"there is no run {name or ''} in {_root(root)}; FURU_PATH or --run-root say where to look")
    if name is not None and len(meant) > 1:
        _fail(f"{name!r} is the beginning of {len(meant)} runs: {', '.join(run.run_id for run in meant[:5])}")
    return next((run for run in meant if _goes_on(run)), meant[0])


def _fail(message: str) -> NoReturn:
    typer.secho(message, err=True, fg="red")
    raise typer.Exit(1)
