"""``submit_slurm_dag`` on the real Slurm: what is submitted, what comes out, and what goes where."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

import dag_pipelines as p
import pytest

import furu
from furu.execution import submit_slurm_dag
from furu_exec_slurm import dag
from furu_exec_slurm.client import SlurmClient
from furu_testing.overrides import override_results

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm

    from furu.storage.state import Attempt
    from furu_exec_slurm import SlurmDagSubmission


def submitted(slurm: Slurm, *roots: furu.Furu[Any]) -> SlurmDagSubmission:
    """Submit, with the folder of this test."""
    return submit_slurm_dag(roots, submitit_root=slurm.folder)


def finished(slurm: Slurm, *roots: furu.Furu[Any]) -> SlurmDagSubmission:
    """Submit, and wait for the results."""
    submission = submitted(slurm, *roots)
    submission.wait(poll_interval_sec=0.2)
    return submission


def attempt(task: furu.Furu[Any]) -> Attempt:
    """Return the last attempt."""
    found = task.get_state().attempt
    assert found is not None
    return found


def test_three_levels_are_built_in_order(slurm: Slurm, furu_tmp_root: Path) -> None:
    """Ten, ten and one artifacts are three jobs for Slurm, two of them arrays, and depend on each other."""
    root = p.levels(10)

    submission = submitted(slurm, root)

    shown = dict(line.split("|") for line in slurm.shown("%i|%E"))
    assert shown.keys() == set(submission.job_id_by_hash.values())
    leaves = submission.job_id_by_hash[p.Leaf(n=0).furu_hash].partition("_")[0]
    twice = submission.job_id_by_hash[p.Twice(leaf=p.Leaf(n=0)).furu_hash].partition("_")[0]
    for n in range(10):
        own = (
            submission.job_id_by_hash[p.Leaf(n=n).furu_hash],
            submission.job_id_by_hash[p.Twice(leaf=p.Leaf(n=n)).furu_hash],
        )
        assert own[0].replace(leaves, twice) == own[1]
        assert f"aftercorr:{leaves}_*" in shown[own[1]]
    assert f"afterok:{twice}_*" in shown[submission.root_job_ids[root.furu_hash]]
    submission.wait(poll_interval_sec=0.2)
    assert root.load_existing() == 90
    assert Counter(p.noted()).most_common(1)[0][1] == 1
    assert len(p.noted()) == 21
    assert (slurm.folder / submission.run_id).is_dir()


def test_what_is_built_is_not_submitted(slurm: Slurm, furu_tmp_root: Path) -> None:
    """Nor is anything below it; with everything built there is no job, and nothing to wait for."""
    below = p.Twice(leaf=p.Leaf(n=4))
    below.get()

    submission = finished(slurm, p.Sum(parts=[below]))

    assert len(submission.job_id_by_hash) == 1
    again = finished(slurm, p.Sum(parts=[below]))
    assert (again.job_id_by_hash, again.root_job_ids) == ({}, {})


def test_jobs_are_found_from_their_artifact(slurm: Slurm, furu_tmp_root: Path) -> None:
    """``state.json`` names the job, and ``.furu`` links to what it wrote."""
    leaf = p.Leaf(n=5)

    submission = submitted(slurm, leaf)
    named = dict(line.split("|") for line in slurm.shown("%i|%j"))
    submission.wait(poll_interval_sec=0.2)

    done = attempt(leaf)
    job_id = submission.job_id_by_hash[leaf.furu_hash]
    assert (done.status, done.backend, done.number) == ("success", "submitit", 1)
    assert (done.scheduler["name"], done.scheduler["job_id"]) == ("slurm", job_id)
    assert done.scheduler["node"].startswith("furu")
    assert done.scheduler["run_id"] == submission.run_id
    link = leaf.furu_dir / ".furu" / "submitit" / f"{job_id}.out"
    assert link.read_text() == (slurm.folder / submission.run_id / f"{job_id}_0_log.out").read_text()
    assert named == {job_id: f"Leaf-{leaf.furu_hash[:8]}"}


def test_settings_travel(slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was set in Python counts in the job, and so does a result that stands in for another."""
    monkeypatch.setattr(furu.FURU_CONFIG, "wait_log_every_sec", 12.5)
    leaf = p.Leaf(n=3)

    with override_results({leaf: 100}):
        finished(slurm, p.Twice(leaf=leaf))

    assert p.Twice(leaf=leaf).load_existing() == 200
    assert not leaf.exists()


def test_compute_failures_are_tried_again(slurm: Slurm, furu_tmp_root: Path) -> None:
    """In the same job, up to FURU_MAX_COMPUTE_RETRIES times."""
    task = p.Failing(n=2)

    finished(slurm, p.After(below=task))

    assert (attempt(task).status, attempt(task).number) == ("success", 3)


def test_a_failure_is_told_with_its_traceback(
    slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting raises it as ``get()`` would have; with retries off it is tried once, and stops the next submission."""
    monkeypatch.setattr(furu.FURU_CONFIG, "retry_failed", False)
    task = p.Broken()

    with pytest.raises(ValueError, match="broken") as caught:
        finished(slurm, p.After(below=task), p.Leaf(n=7))

    assert isinstance(caught.value, furu.FuruComputeError)
    assert p.Leaf(n=7).load_existing() == 7
    assert attempt(task).number == 1
    before = slurm.jobs()
    with pytest.raises(furu.FuruComputeError, match="broken"):
        submitted(slurm, p.After(below=task))
    assert slurm.jobs() == before


def test_what_is_not_declared_is_built_on_the_way(
    slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the job that needs it, which is told how to avoid that; in strict mode it is an error."""
    task = p.Undeclared(n=6)

    submission = finished(slurm, task)

    assert task.load_existing() == 13
    log = task.furu_dir / ".furu" / "submitit" / f"{submission.job_id_by_hash[task.furu_hash]}.err"
    assert "declare it as a field or with @furu_dep" in log.read_text()

    monkeypatch.setattr(furu.FURU_CONFIG, "strict_deps", True)
    monkeypatch.setattr(furu.FURU_CONFIG, "max_compute_retries", 0)
    with pytest.raises(furu.FuruComputeError, match="without being declared"):
        finished(slurm, p.Undeclared(n=8))


def test_a_rerun_happens_once(slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FURU_ALWAYS_RERUN computes a shared dependency anew once per submission, and what is not named not at all."""
    leaf = p.Leaf(n=1)
    roots = p.After(below=leaf), p.Twice(leaf=leaf)
    finished(slurm, *roots)
    monkeypatch.setattr(furu.FURU_CONFIG, "always_rerun", {"dag_pipelines.Leaf", "dag_pipelines.After"})

    finished(slurm, *roots, leaf)

    counts = Counter(line.partition("-")[0] for line in p.noted())
    assert counts == {"Leaf": 2, "Twice": 1, "After": 2}


def test_arguments_are_checked_first(furu_tmp_root: Path) -> None:
    """What is no Furu object is refused by name."""
    with pytest.raises(TypeError, match=r"roots\[1\]"):
        submit_slurm_dag([p.Leaf(), 3])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="roots"):
        submit_slurm_dag(p.Leaf())  # type: ignore[arg-type]


def test_nobody_submits_from_within_a_job(slurm: Slurm, furu_tmp_root: Path) -> None:
    """Inside the ``_create`` of an artifact that an executor runs it is refused."""
    from furu.runtime import context

    with context.working_on("0" * 20), pytest.raises(furu.FuruError, match="submit_slurm_dag was called inside"):
        submitted(slurm, p.Leaf())


def test_a_refused_job_leaves_nothing_queued(
    slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slurm's words are the error; the artifact is as it was, and can be submitted after all."""
    nowhere = furu.SlurmSpec(partition="nowhere", cpus=1, mem_gb=1, time_min=5)
    with monkeypatch.context() as patched:
        patched.setattr(p.Leaf, "_executor", lambda _: nowhere)
        with pytest.raises(furu.FuruError, match="nvalid partition"):
            submitted(slurm, p.Leaf(n=9))
    assert p.Leaf(n=9).get_state().result == "absent"

    finished(slurm, p.Leaf(n=9))


def test_a_submitted_object_has_a_job(slurm: Slurm, furu_tmp_root: Path) -> None:
    """``furu.submit`` of something in the graph returns the job that it has, and its value."""
    import submitit

    leaf = p.Leaf(n=11)
    submission = submitted(slurm, p.Twice(leaf=leaf))

    job = furu.submit(leaf, executor=submitit.SlurmExecutor(slurm.folder))

    assert job.job_id == submission.job_id_by_hash[leaf.furu_hash]
    assert job.result() == 11


def test_more_nodes_than_an_array_holds(slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are split, and what needs them waits for all parts."""
    monkeypatch.setattr(SlurmClient, "max_array_size", lambda _: 3)

    submission = finished(slurm, p.levels(7))

    arrays = Counter(job_id.partition("_")[0] for job_id in submission.job_id_by_hash.values())
    assert sorted(arrays.values()) == [1, 1, 1, 3, 3, 3, 3]
    assert p.levels(7).load_existing() == 42


def test_waiting_says_what_it_is_about(
    slurm: Slurm, furu_tmp_root: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Slurm takes no more jobs the submission goes on trying, and says so."""
    from furu_exec_slurm.commands import SlurmLimit

    monkeypatch.setattr(dag, "FIRST_PAUSE_SEC", 0.05)
    refused: list[int] = []
    real = SlurmClient.submit

    def submit(client: SlurmClient, function: Any, calls: Any, **arguments: Any) -> list[str]:
        if len(calls) > 2 or len(refused) < 5:
            refused.append(len(calls))
            raise SlurmLimit("sbatch failed: AssocMaxSubmitJobLimit")
        return real(client, function, calls, **arguments)

    monkeypatch.setattr(SlurmClient, "submit", submit)
    with caplog.at_level(logging.INFO, "furu"):
        finished(slurm, p.levels(4))

    assert "AssocMaxSubmitJobLimit; trying again in" in caplog.text
    assert len(p.noted()) == 9
