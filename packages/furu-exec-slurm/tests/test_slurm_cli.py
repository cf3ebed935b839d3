"""``furu slurm`` and ``furu run --slurm-pool``: what they show and do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pool_pipelines as p
import pytest
from typer.testing import CliRunner

import furu
from furu.execution import run_slurm_pool
from furu_exec_slurm.cli import app
from furu_exec_slurm.run_directory import runs
from furu_exec_slurm.spec_keys import spec_key
from furu_testing.children import until
from furu_testing.slurm import fake_slurm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from furu_testing.slurm import FakeCluster


#: The command beside the Python that runs this.
FURU = str(Path(sys.executable).with_name("furu"))


@pytest.fixture
def cluster(furu_tmp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    """Give a fake cluster, and a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    with fake_slurm(tmp_path / "cluster") as cluster:
        yield cluster
        p.spool("go").touch()


@pytest.fixture
def going(cluster: FakeCluster) -> Iterator[list[BaseException]]:
    """Give a run with two workers at work and three more tasks; what it raises is in the list when the test is over."""
    raised: list[BaseException] = []

    def pool() -> None:
        try:
            roots = [p.Held(n=n) for n in range(4)] + [p.Either(n=1)]
            quick = {"worker_health_check_interval_sec": 0.2, "poll_interval_sec": 0.1}
            run_slurm_pool(roots, max_workers_total={p.CPU: 2, p.GPU: 0}, **quick)  # type: ignore[arg-type]
        except furu.FuruError as error:
            raised.append(error)

    thread = threading.Thread(target=pool)
    thread.start()
    until(lambda: len(p.noted("held")) == 2, 30)
    yield raised
    p.spool("go").touch()
    thread.join()


def ran(*arguments: str) -> str:
    """Return what ``furu slurm`` prints."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: str) -> str:
    """Return what ``furu slurm`` says of what it cannot do."""
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    return result.output


def told(*arguments: str) -> Any:
    """Return what ``furu slurm`` prints as JSON."""
    return json.loads(ran(*arguments, "--json"))


def test_status_of_a_run_that_goes_on(going: Any, cluster: FakeCluster) -> None:
    """It shows runs, counts, the backlog and crew of each spec, workers with their jobs and tasks, and where logs are."""
    (run,) = runs(furu.FURU_CONFIG.base_root / "runs")

    text = ran("status")

    assert f"{run.run_id} running" in text
    assert "0 done, 2 running, 3 queued, 0 without result" in text
    assert "2 of at most 2 workers" in text
    for job in cluster.jobs:
        assert job.id in text
    assert p.Held(n=0).furu_ref.label in text or p.Held(n=1).furu_ref.label in text
    assert f"{run.path}/queue/running/SPEC/WORKER/stdout.log" in text
    paths = ("  directory:", "  logs:")
    assert max(len(line) for line in text.splitlines() if not line.startswith(paths)) <= 80


def test_status_as_json(going: Any, cluster: FakeCluster) -> None:
    """The same as data: jobs with their logs, tasks, and the backlog by group."""
    (run,) = told("status")

    assert (run["state"], run["done"], run["running"], run["todo"], run["total"]) == ("running", 0, 2, 3, 2)
    assert run["backlog"] == {spec_key(p.CPU): 2, f"{spec_key(p.GPU)}+{spec_key(p.CPU)}": 1}
    assert {worker["job_id"] for worker in run["workers"]} == {job.id for job in cluster.jobs}
    for worker in run["workers"]:
        assert worker["doing"] == "busy"
        assert worker["slurm"] == "RUNNING"
        assert (Path(worker["logs"]) / "stdout.log").exists()
        assert len(worker["tasks"]) == 1
    for name in (run["run_id"][:10], run["path"]):
        assert [one["run_id"] for one in told("status", name)] == [run["run_id"]]


def test_status_after_the_end(cluster: FakeCluster) -> None:
    """A run that has ended is shown when it is asked for."""
    run = run_slurm_pool([p.chain(3)], max_workers_total=1)

    assert "--all shows those that have ended" in ran("status")
    assert f"{run.run_dir.name} done" in ran("status", "--all")
    assert "3 done, 0 running, 0 queued" in ran("status", run.run_dir.name)


def test_status_without_slurm(going: Any, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Slurm does not answer, or is not there, it shows what the directory says."""
    monkeypatch.setenv("PATH", os.defpath.replace("/usr/bin", "/nowhere"))

    assert "2 running, 3 queued" in ran("status")


def test_status_of_a_damaged_run(cluster: FakeCluster) -> None:
    """A run whose record cannot be read is named, and the others are shown."""
    run = run_slurm_pool([p.chain(2)], max_workers_total=1)
    torn = run.run_dir.parent / "torn"
    torn.mkdir()
    (torn / "run.json").write_text('{"run_')

    text = ran("status", "--all")

    assert "torn/run.json cannot be read" in text
    assert run.run_dir.name in text


def test_logs(going: Any) -> None:
    """The last lines of what each worker has written, or of one, with the path."""
    assert "Held" in ran("logs")
    assert "/w0001/stderr.log" in ran("logs", "-w", "w0001")
    assert "/w0000/" not in ran("logs", "-w", "w0001")
    assert set(map(os.path.basename, told("logs"))) == {"stdout.log", "stderr.log"}
    assert "has no worker w99" in refused("logs", "-w", "w99")


def test_cancel(going: list[BaseException], cluster: FakeCluster) -> None:
    """The workers end, and the controller stops with an error that says so."""
    assert "cancelled 2 workers" in ran("cancel")

    until(lambda: all(job.over for job in cluster.jobs), 30)
    until(lambda: going, 30)
    assert "the run was ended by somebody else" in str(going[0])
    assert "has ended already" in refused("cancel")


def test_runs_have_to_exist(cluster: FakeCluster) -> None:
    """An unknown run is refused with the place that was searched."""
    assert "there is no pool run nix in" in refused("status", "nix")
    assert "FURU_PATH or --run-root" in refused("logs")


def test_furu_run_uses_the_pool(cluster: FakeCluster) -> None:
    """``furu run --slurm-pool`` builds on the cluster; ``furu slurm`` is a verb of ``furu``."""
    command = [FURU, "run", "pool_pipelines:chain(3)", "--slurm-pool", "-j", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    shown = subprocess.run([FURU, "slurm", "status", "--all", "--json"], capture_output=True, text=True, check=True)
    assert [run["done"] for run in json.loads(shown.stdout)] == [3]
    assert p.chain(3).exists()
