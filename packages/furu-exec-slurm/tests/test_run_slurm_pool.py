"""``run_slurm_pool``: what it builds, with which workers, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import pool_pipelines as p
import pytest

import furu
from furu.execution import SlurmSpec, run_slurm_pool
from furu_exec_slurm import PoolProtocolError
from furu_exec_slurm.queue import Queue, Seat
from furu_exec_slurm.run_directory import RunDirectory, runs
from furu_exec_slurm.spec_keys import spec_key
from furu_testing import override_results
from furu_testing.children import Child, until
from furu_testing.observed import computed

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm

    from furu_exec_slurm import SlurmPoolRun


@pytest.fixture
def pool(furu_tmp_root: Path, slurm: Slurm) -> Any:
    """Give a function that runs a pool with submitit's files where the test has them."""

    def run(*roots: Any, **arguments: Any) -> SlurmPoolRun:
        return run_slurm_pool(roots, submitit_root=slurm.folder, **arguments)

    return run


def crew(run: SlurmPoolRun) -> Counter[str]:
    """Return how many workers of each spec a run has submitted."""
    return Counter(recruit.seat.spec_key for recruit in RunDirectory(run.run_dir).recruits())


def test_a_graph_over_two_partitions(pool: Any, slurm: Slurm) -> None:
    """Thirty nodes in three levels: each runs once, in the partition its level asks for, within the limits."""
    roots = p.graph(10, 3)

    run = pool(*roots, max_workers_total={p.CPU: 3, p.GPU: 2, "total": 4})

    ran = [line.split() for line in p.noted("ran")]
    assert Counter(level for level, _, _ in ran) == {"0": 10, "1": 10, "2": 10}
    assert {(level, partition) for level, partition, _ in ran} == {("0", "cpu"), ("1", "gpu"), ("2", "cpu")}
    assert roots[0].load_existing() == 13
    assert crew(run)[spec_key(p.CPU)] >= 1
    assert crew(run)[spec_key(p.GPU)] >= 1
    assert {row.split()[0] for row in slurm.shown("%P %j")} == {"cpu", "gpu"}


def test_workers_take_tasks_that_list_their_spec(pool: Any) -> None:
    """Where the preferred spec is not allowed, the alternative is started; where it is, it is preferred."""
    tasks = [p.Either(n=n) for n in range(4)]
    run = pool(*tasks[:3], max_workers_total={p.GPU: 0, p.CPU: 2})
    assert {task.load_existing() for task in tasks[:3]} == {"cpu"}
    assert crew(run) == {spec_key(p.CPU): 2}

    run = pool(tasks[3], max_workers_total=2)
    assert tasks[3].load_existing() == "gpu"
    assert crew(run) == {spec_key(p.GPU): 1}


def test_a_worker_of_another_spec_helps(pool: Any) -> None:
    """A worker that is there for its own tasks takes those that list its spec as an alternative, and no other is started."""
    run = pool(*(p.Either(n=n) for n in range(5)), p.Link(n=0), max_workers_total={p.GPU: 0, p.CPU: 1})

    assert crew(run) == {spec_key(p.CPU): 1}


def test_many_tasks_and_few_workers(pool: Any) -> None:
    """Two hundred tasks through two workers take one sbatch, and each is computed once."""
    run = pool(*(p.Link(n=n) for n in range(200)), max_workers_total=2)

    assert computed(p.Link) == 200
    assert crew(run).total() == 2
    assert len({recruit.job_id.partition("_")[0] for recruit in RunDirectory(run.run_dir).recruits()}) == 1


def test_what_is_published_needs_no_worker(pool: Any, slurm: Slurm) -> None:
    """A run that has nothing to build submits nothing."""
    p.chain(2).get()

    run = pool(p.chain(2))

    assert slurm.jobs() == {}
    assert run.plan.nodes == {}


def test_undeclared_dependencies_are_built(pool: Any) -> None:
    """What ``_create`` turns out to need is built, then the node runs again; a warning says what to declare."""
    with pytest.warns(UserWarning, match="Undeclared._create uses Link without declaring it"):
        pool(p.Undeclared())

    assert p.Undeclared().load_existing() == 1
    assert computed(p.Link) == 2


def test_overrides_and_settings_reach_the_workers(pool: Any) -> None:
    """A result that stands in for a dependency is what workers load."""
    below, top = p.Link(n=1), p.Link(n=2, below=p.Link(n=1))
    with override_results({below: 100}):
        pool(top)

    assert top.load_existing() == 102
    assert computed(below) == 0


def test_a_script_without_a_guard(furu_tmp_root: Path, slurm: Slurm, tmp_path: Path) -> None:
    """Classes of the program itself are built; workers import it up to the call, and do not run it."""
    package = tmp_path / "study"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "main.py").write_text(SCRIPT.format(folder=str(slurm.folder)))

    command = [sys.executable, "-m", "study.main"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["ran", "42"]


SCRIPT = """
import furu
from furu.execution import SlurmSpec, run_slurm_pool

class Answer(furu.Furu[int]):
    def _create(self):
        return 42

    def _executor(self):
        return SlurmSpec(partition="cpu", cpus=1, mem_gb=1, time_min=5)

run_slurm_pool([Answer()], submitit_root={folder!r})
print("ran")
print(Answer().load_existing())
"""


def test_always_rerun_is_once_per_run(pool: Any) -> None:
    """A class that FURU_ALWAYS_RERUN names is computed once in each run, though several need it and it is there."""
    p.Rerun().get()
    furu.FURU_CONFIG.always_rerun = {"pool_pipelines.Rerun"}

    for times in (2, 3):
        pool(*(p.UsesRerun(n=n + 10 * times, shared=p.Rerun()) for n in range(3)))
        assert len(p.noted("rerun")) == times


def test_always_rerun_is_once_for_two_controllers_of_one_run(
    furu_tmp_root: Path, slurm: Slurm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A controller that goes on with the run of one that died does not compute it again."""
    monkeypatch.setenv("FURU_ALWAYS_RERUN", "pool_pipelines.Rerun")
    code = f"""
    import pool_pipelines as p
    from furu.execution import run_slurm_pool
    run_slurm_pool([p.UsesRerun(n=1, shared=p.Rerun()), p.Held()], submitit_root={str(slurm.folder)!r})
    """
    with Child.python(code, report=tmp_path / "one") as one:
        until(lambda: p.UsesRerun(n=1, shared=p.Rerun()).exists() and p.noted("held"), 60)
        one.send(signal.SIGKILL)
        one.end()
    with Child.python(code, report=tmp_path / "two") as two:
        until(lambda: runs(furu.FURU_CONFIG.base_root / "runs")[0].record().epoch == 1, 30)
        p.spool("go").touch()
        two.end(60).ok()

    assert len(p.noted("rerun")) == 1
    assert len(p.noted("held")) == 1


def test_workers_write_to_their_own_files(pool: Any) -> None:
    """Each worker has stdout.log and stderr.log in its directory of the queue; the run says what it was."""
    run = pool(p.chain(2), max_workers_total=1)

    directory = run.run_dir / "queue" / "running" / spec_key(p.CPU) / "w0000"
    assert "Link" in (directory / "stdout.log").read_text() + (directory / "stderr.log").read_text()
    record = json.loads((run.run_dir / "run.json").read_text())
    assert record["specs"][spec_key(p.CPU)]["partition"] == "cpu"
    assert run.run_dir.parent == furu.FURU_CONFIG.base_root / "runs"


def test_jobs_are_named_after_run_and_spec(pool: Any, slurm: Slurm) -> None:
    """The list of jobs shows which run a worker is of, and what it asks for."""
    run = pool(p.Link(n=1))

    (name,) = slurm.shown("%j")
    assert name == f"furu-{run.run_dir.name[-8:]}-{spec_key(p.CPU)}"


@pytest.mark.parametrize(
    ("tampered", "why"),
    [
        ({"specs": ["other"]}, r"it is for \['other'\], and this worker is cpu-"),
        ({"key": "0" * 20}, "Link has another key here"),
        ({"number": 77}, "has no object 77"),
        ({"number": None, "specs": None}, "TypeError"),
    ],
)
def test_what_a_ticket_says_has_to_be_right(
    pool: Any, monkeypatch: pytest.MonkeyPatch, tampered: Any, why: str
) -> None:
    """A ticket that its worker cannot use ends the run, although failures are retried."""
    put = Queue.put
    monkeypatch.setattr(Queue, "put", lambda self, group, ticket, said: put(self, group, ticket, {**said, **tampered}))

    with pytest.raises(PoolProtocolError, match=rf"cannot use the ticket for Link .*{why}"):
        pool(p.Link(n=1))


def test_done_means_published(pool: Any) -> None:
    """A task that is reported as done and has no result ends the run, although failures are retried."""

    def lie() -> None:
        until(lambda: any(run.queue.waiting(g) for run in runs(root) for g in run.queue.groups()), 30)
        queue = runs(root)[0].queue
        (group,) = queue.groups()
        (ticket,) = queue.waiting(group)
        os.makedirs(queue.seat(liar))
        queue.claim(group, ticket, liar)
        queue.finish(liar, ticket)

    root, liar = furu.FURU_CONFIG.base_root / "runs", Seat("cpu", "liar")
    thread = threading.Thread(target=lie)
    thread.start()
    with pytest.raises(PoolProtocolError, match=r"(?s)reported Asks .* as done, and there is no result in .*FURU_PATH"):
        pool(p.Asks(spec="late"), heartbeat_grace_sec=0.5)
    thread.join()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"max_workers_total": 0}, "max_workers_total=0"),
        ({"max_workers_total": True}, "max_workers_total=True"),
        ({"max_workers_total": {}}, "max_workers_total names no SlurmSpec"),
        ({"max_workers_total": {"gpu": 3}}, "max_workers_total has the key 'gpu'"),
        ({"max_workers_total": {p.CPU: -1}}, r"max_workers_total\[SlurmSpec\(partition='cpu'.*=-1"),
        ({"max_workers_total": {p.CPU: 2, "total": 0}}, r"max_workers_total\['total'\]=0"),
        ({"max_workers_total": {p.GPU: 2}}, r"max_workers_total says nothing about SlurmSpec\(partition='cpu'"),
        ({"window_size": "all"}, "window_size='all'"),
        ({"poll_interval_sec": 0}, "poll_interval_sec=0"),
        ({"done_scan_interval_sec": -1}, "done_scan_interval_sec=-1"),
        ({"stale_running_sec": float("nan")}, "stale_running_sec=nan"),
        ({"idle_timeout_sec": None}, "idle_timeout_sec=None"),
        ({"run_root": 3}, "run_root=3"),
        ([1], r"roots\[0\] is 1"),
    ],
)
def test_arguments_are_checked_before_anything_starts(furu_tmp_root: Path, arguments: Any, why: str) -> None:
    """The error names the argument; no run is begun."""
    roots: Any = [p.Link(n=1)] if isinstance(arguments, dict) else arguments
    given: Any = arguments if isinstance(arguments, dict) else {}
    with pytest.raises((ValueError, TypeError), match=why):
        run_slurm_pool(roots, **given)

    assert runs(furu.FURU_CONFIG.base_root / "runs") == []


def test_a_limit_of_nothing_is_told(furu_tmp_root: Path, slurm: Slurm) -> None:
    """A task that no worker may take does not wait for ever."""
    other = SlurmSpec(partition="other")
    with pytest.raises(ValueError, match="max_workers_total allows no worker that could take Link"):
        run_slurm_pool([p.Link(n=1)], submitit_root=slurm.folder, max_workers_total={p.CPU: 0, other: 5})
