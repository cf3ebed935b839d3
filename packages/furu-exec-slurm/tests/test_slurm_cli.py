"""``furu slurm`` and ``furu run --slurm-pool``: what they show and do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dag_pipelines as d
import pool_pipelines as p
import pytest
from typer.testing import CliRunner

import furu
from furu.execution import run_slurm_pool, submit_slurm_dag
from furu_exec_slurm.cli import app
from furu_exec_slurm.run_directory import runs
from furu_exec_slurm.spec_keys import spec_key
from furu_testing.children import until
from furu_testing.slurm import fake_slurm

if TYPE_CHECKING:
    from collections.abc import Iterator

    from real_slurm import Slurm

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
    with monkeypatch.context() as alone:  # undone before the cluster's own change of PATH is
        alone.setenv("PATH", os.defpath.replace("/usr/bin", "/nowhere"))

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
    assert "has no worker or job w99" in refused("logs", "-w", "w99")


def test_cancel(going: list[BaseException], cluster: FakeCluster) -> None:
    """The workers end, and the controller stops with an error that says so."""
    assert "cancelled 2 workers" in ran("cancel")

    until(lambda: all(job.over for job in cluster.jobs), 30)
    until(lambda: going, 30)
    assert "the run was ended by somebody else" in str(going[0])
    assert "has ended already" in refused("cancel")


def test_runs_have_to_exist(cluster: FakeCluster) -> None:
    """An unknown run is refused with the place that was searched."""
    assert "there is no run nix in" in refused("status", "nix")
    assert "FURU_PATH or --run-root" in refused("logs")


def job_ids(cluster: FakeCluster, *states: str) -> set[str]:
    """Return the jobs that are in one of these states."""
    return {job.id for job in cluster.jobs if job.state in states}


def test_status_of_a_graph(cluster: FakeCluster) -> None:
    """A run of ``submit_slurm_dag`` is shown with its artifacts by state, their jobs, and Slurm's word on them."""
    leaf = p.Held(n=0)
    submission = submit_slurm_dag([d.After(below=leaf), d.Leaf(n=1)])
    until(lambda: d.Leaf(n=1).exists() and p.noted("held"), 30)
    asked = len(cluster.calls("squeue")), len(cluster.calls("sacct"))

    (run,) = told("status")

    assert (len(cluster.calls("squeue")), len(cluster.calls("sacct"))) == (asked[0] + 1, asked[1])
    assert (run["run_id"], run["state"]) == (submission.run_id, "running")
    assert run["counts"] == {"running": 1, "queued": 1, "success": 1}
    assert {node["key"]: node["job_id"] for node in run["nodes"]} == submission.job_id_by_hash
    by_key = {node["key"]: node for node in run["nodes"]}
    assert by_key[leaf.furu_hash]["slurm"] == "RUNNING"
    assert by_key[leaf.furu_hash]["directory"] == str(leaf.furu_dir)
    assert by_key[d.After(below=leaf).furu_hash]["slurm"].startswith("PENDING (Dependency")
    text = ran("status")
    assert f"{submission.run_id} running" in text
    assert leaf.furu_ref.label in text
    assert submission.job_id_by_hash[leaf.furu_hash] in text

    p.spool("go").touch()
    until(lambda: d.After(below=leaf).exists(), 30)
    assert "No run goes on" in ran("status")
    assert f"{submission.run_id} done" in ran("status", submission.run_id)
    assert [one["counts"] for one in told("status", "--all")] == [{"success": 3}]


def test_a_graph_whose_jobs_were_killed(cluster: FakeCluster) -> None:
    """What could not say that it is over does not go on, as Slurm knows."""
    leaf = p.Held(n=0)
    submission = submit_slurm_dag([d.After(below=leaf)])
    until(lambda: bool(p.noted("held")), 30)

    subprocess.run(["scancel", submission.job_id_by_hash[d.After(below=leaf).furu_hash]], check=True)

    (run,) = told("status")
    assert run["counts"] == {"running": 1, "crashed": 1}
    assert any(node["slurm"].startswith("CANCELLED") for node in run["nodes"])


def test_cancel_a_graph(cluster: FakeCluster) -> None:
    """Its jobs that wait or run are cancelled, and nobody else's, nor those that it has found in the queue."""
    found, other = p.Held(n=0), submit_slurm_dag([p.Held(n=0)])
    submission = submit_slurm_dag([d.After(below=d.After(below=found)), p.Held(n=1), d.Leaf(n=7)])
    until(lambda: d.Leaf(n=7).exists() and len(p.noted("held")) == 2, 30)

    assert "cancelled 3 jobs" in ran("cancel", submission.run_id)

    until(lambda: len(job_ids(cluster, "CANCELLED")) == 3, 30)
    assert job_ids(cluster, "RUNNING") == set(other.job_id_by_hash.values())
    until(lambda: told("status", submission.run_id)[0]["state"] == "incomplete", 30)
    assert [run["run_id"] for run in told("status")] == [other.run_id]
    assert "has no job that waits or runs" in refused("cancel", submission.run_id)


def test_a_graph_that_was_submitted_again(cluster: FakeCluster) -> None:
    """An artifact that has another job since then is that other run's: the first does not go on, and ends nothing."""
    first = submit_slurm_dag([p.Held(n=0)])
    until(lambda: bool(p.noted("held")), 30)
    ran("cancel", first.run_id)
    until(lambda: told("status") == [], 30)

    second = submit_slurm_dag([p.Held(n=0)])
    until(lambda: len(p.noted("held")) == 2, 30)

    assert [run["run_id"] for run in told("status")] == [second.run_id]
    assert told("status", first.run_id)[0]["counts"] == {"another job": 1}
    assert "has no job that waits or runs" in refused("cancel", first.run_id)
    assert len(job_ids(cluster, "RUNNING")) == 1


def test_a_graph_that_creates_anew(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """An artifact that is published and created anew runs until that is done."""
    p.spool("go").touch()
    p.Held(n=0).get()
    p.spool("go").unlink()
    monkeypatch.setattr(furu.FURU_CONFIG, "always_rerun", {"pool_pipelines.Held"})

    submission = submit_slurm_dag([p.Held(n=0)])
    until(lambda: len(p.noted("held")) == 2, 30)

    (run,) = told("status")
    assert (run["run_id"], run["counts"]) == (submission.run_id, {"running": 1})
    p.spool("go").touch()
    until(lambda: told("status", submission.run_id)[0]["state"] == "done", 30)


def test_cancel_a_graph_on_a_cluster(slurm: Slurm, furu_tmp_root: Path) -> None:
    """A real Slurm ends the job that runs, and the one that waits for it; the artifacts do not count as at work then."""
    leaf = p.Held(n=0)
    submission = submit_slurm_dag([d.After(below=leaf)], submitit_root=slurm.folder)
    until(lambda: bool(p.noted("held")), 60)
    (run,) = told("status")
    assert sorted(node["slurm"] for node in run["nodes"]) == ["PENDING (Dependency)", "RUNNING"]

    assert "cancelled 2 jobs" in ran("cancel", submission.run_id)

    until(lambda: set(slurm.jobs().values()) == {"CANCELLED"}, 60)
    assert told("status") == []
    assert told("status", submission.run_id)[0]["state"] == "incomplete"


def test_logs_of_a_graph(cluster: FakeCluster) -> None:
    """The files of each artifact's job are named, those that are not there yet as well, with their last lines."""
    leaf = p.Held(n=0)
    submission = submit_slurm_dag([d.After(below=leaf)])
    until(lambda: bool(p.noted("held")), 30)
    mine, waiting = submission.job_id_by_hash[leaf.furu_hash], submission.job_id_by_hash[d.After(below=leaf).furu_hash]
    folder = furu.FURU_CONFIG.submitit_root / submission.run_id

    text = ran("logs", submission.run_id)

    assert f"{leaf.furu_ref.label}, job {mine}: {folder / f'{mine}_0_log.out'}" in text
    assert f"job {waiting}: {folder / f'{waiting}_0_log.err'}" in text
    assert set(told("logs", "-w", mine)) == {str(folder / f"{mine}_0_log.{end}") for end in ("out", "err")}
    assert told("logs", "-w", waiting) == {}


def test_furu_run_uses_the_pool(cluster: FakeCluster) -> None:
    """``furu run --slurm-pool`` builds on the cluster; ``furu slurm`` is a verb of ``furu``."""
    command = [FURU, "run", "pool_pipelines:chain(3)", "--slurm-pool", "-j", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

    shown = subprocess.run([FURU, "slurm", "status", "--all", "--json"], capture_output=True, text=True, check=True)
    assert [run["done"] for run in json.loads(shown.stdout)] == [3]
    assert p.chain(3).exists()
