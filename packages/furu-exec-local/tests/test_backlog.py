"""What is handed out of a bounded machine, in which order, and that it comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import local_pipelines as p
import pytest

import furu
from furu.execution import Job, SlurmSpec, run_local
from furu_exec_local.backlog import OVERTAKES, Backlog, Machine, gpu_ids

if TYPE_CHECKING:
    from pathlib import Path


def job(n: int, **spec: int) -> Job:
    """Return a job that asks for ``spec``."""
    return Job(p.Leaf(n=n), (SlurmSpec(**{"cpus": 1, "mem_gb": 1, **spec}),))  # type: ignore[arg-type]


def test_small_jobs_overtake_a_big_one_but_not_for_ever() -> None:
    """While 4 cpus are never free at once the big one is passed, at most so often; then it is the next."""
    backlog = Backlog(Machine({"cpus": 4}))
    for n in range(2):
        backlog.push(job(n))
    running = [backlog.pop(), backlog.pop()]
    big = job(100, cpus=4)
    backlog.push(big)
    for n in range(2, 60):
        backlog.push(job(n))
    passed = 0
    while True:
        first = running.pop(0)
        assert first is not None
        backlog.machine.give_back(first)
        grant = backlog.pop()
        if grant is None:
            if not running:
                break
            continue
        if grant.job is big:
            break
        running.append(grant)
        passed += 1
    assert grant is not None
    assert grant.job is big
    assert passed == OVERTAKES


def test_what_takes_nothing_the_big_one_lacks_goes_on() -> None:
    """Jobs without GPUs run on while one that needs two GPUs waits for them."""
    backlog = Backlog(Machine({"gpus": 2}))
    backlog.push(job(0, gpus=1))
    assert backlog.pop() is not None
    backlog.push(job(1, gpus=2))
    for n in range(2, 2 + 3 * OVERTAKES):
        backlog.push(job(n))
    taken = [backlog.pop() for _ in range(3 * OVERTAKES)]
    assert all(taken)
    assert backlog.pop() is None
    assert backlog.size == 1


def test_memory_and_cpus_are_bounded_together() -> None:
    """A job begins when all it asks for is free; what is not named is not bounded."""
    backlog = Backlog(Machine({"cpus": 8, "mem_gb": 10}))
    for n in range(3):
        backlog.push(job(n, mem_gb=4, gpus=7))
    assert [backlog.pop() is not None for _ in range(3)] == [True, True, False]


def test_gpus_have_the_ids_that_are_visible() -> None:
    """An inherited list is respected, in its order; too short a list is named."""
    assert gpu_ids(2, None) == ["0", "1"]
    assert gpu_ids(2, "3,GPU-abc,5") == ["3", "GPU-abc"]
    with pytest.raises(ValueError, match="CUDA_VISIBLE_DEVICES='7' has only 1"):
        gpu_ids(2, "7")


def overlaps(lines: list[str]) -> int:
    """Return how often a GPU was given to two jobs at once, from the lines of ``Gpu``."""
    held: set[str] = set()
    twice = 0
    for line in lines:
        word, ids = line.split()
        for one in ids.split(","):
            if word == "begin":
                twice += one in held
                held.add(one)
            else:
                held.discard(one)
    return twice


def test_each_child_has_gpus_of_its_own(furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids come from the inherited list, no two jobs share one, and they are given back; without a GPU none is visible."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6,7")
    roots = [*(p.Gpu(n=n) for n in range(5)), p.Gpu(n=9, gpus=2), *(p.Gpu(n=n, gpus=0) for n in range(2))]
    run_local(roots, max_workers=4, resources={"gpus": 2}, backend="process")
    found = [root.load_existing() for root in roots]
    assert set(found[:5]) <= {"4", "6"}
    assert found[5:] == ["4,6", "", ""] or found[5:] == ["6,4", "", ""]
    assert overlaps([line for line in p.noted("gpu") if len(line.split()) == 2]) == 0


def test_what_asks_for_more_than_there_is(furu_tmp_root: Path) -> None:
    """It is an error before anything begins; GPUs need processes."""
    with pytest.raises(ValueError, match=r"Gpu \w+ asks for gpus=3 of 2.*resources=.*Gpu\._executor"):
        run_local([p.Leaf(), p.Gpu(gpus=3)], resources={"gpus": 2})
    with pytest.raises(ValueError, match="backend='process'"):
        run_local([p.Leaf()], resources={"gpus": 1}, backend="thread")
    assert p.noted("created") == []


def test_cpus_bound_what_runs_side_by_side(furu_tmp_root: Path, backend: str) -> None:
    """With room for one at a time, jobs do not overlap."""
    furu.FURU_CONFIG.max_compute_retries = 0
    roots = [p.Gpu(n=n, gpus=0) for n in range(4)]
    run_local(roots, max_workers=4, resources={"cpus": 1}, backend=backend)  # type: ignore[arg-type]
    assert [line.split()[0] for line in p.noted("gpu")] == ["begin", "end"] * 4


@pytest.mark.filterwarnings("ignore:Needs")
def test_what_was_not_planned_asks_for_more_than_there_is(furu_tmp_root: Path, backend: str) -> None:
    """It fails, instead of waiting for what will never be free; the rest is built."""
    with pytest.raises(furu.FuruComputeError, match=r"AsksFor \w+ asks for cpus=9 of 4") as caught:
        run_local(
            [p.Needs(cpus=9), p.Needs(cpus=2)],
            resources={"cpus": 4},
            backend=backend,  # type: ignore[arg-type]
            max_workers=2,
            keep_going=True,
        )
    assert "AsksFor._executor" in str(caught.value)
    assert p.Needs(cpus=2).load_existing() == "built"
