"""The edge to Slurm, on a cluster whose commands fail in the ways that real ones do now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from furu.resources import SlurmSpec
from furu_exec_slurm import script
from furu_exec_slurm.client import SlurmClient
from furu_exec_slurm.commands import SlurmError, SlurmLimit
from furu_exec_slurm.states import Phase
from furu_exec_slurm.watcher import SETTLING_SEC, Watcher
from furu_testing.fakes import ManualClock
from furu_testing.slurm import (
    ACCOUNT_SUBMIT_LIMIT,
    CONTROLLER_DOWN,
    SACCT_DOWN,
    SOCKET_TIMED_OUT,
    SUBMIT_LIMIT,
    TIMED_OUT_BUT_DONE,
    TRY_AGAIN,
    Cancelled,
    Completed,
    NodeFail,
    OutOfMemory,
    Pending,
    Preempted,
    Running,
    fake_slurm,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from furu_testing.slurm import FakeCluster, Trouble


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeCluster]:
    """A cluster that runs nothing."""
    with fake_slurm(tmp_path / "cluster", run_jobs=False) as cluster:
        yield cluster


@pytest.fixture
def client() -> SlurmClient:
    """A client that does not wait long between two attempts."""
    return SlurmClient(pauses_sec=[0.0] * 5)


def submit(client: SlurmClient, folder: Path, count: int = 1, **extra: Any) -> list[str]:
    """Submit so many calls; return the job ids."""
    parameters = script.parameters(SlurmSpec(cpus=1, extra=extra), name="a-job")
    return client.submit(print, [(number,) for number in range(count)], folder=folder, parameters=parameters)


def test_one_call_is_a_job_and_many_are_an_array(cluster: FakeCluster, client: SlurmClient, tmp_path: Path) -> None:
    """With one sbatch either way; scripts and pickles lie where submitit looks for them."""
    (job,) = submit(client, tmp_path / "jobs")
    array = submit(client, tmp_path / "jobs", count=3)

    assert [one.id for one in cluster.jobs] == [job, *array]
    assert array == [f"{array[0].partition('_')[0]}_{index}" for index in range(3)]
    assert len(cluster.calls("sbatch")) == 2
    names = {path.name for path in (tmp_path / "jobs").iterdir() if not path.name.startswith(".")}
    main = array[0].partition("_")[0]
    pickles = {f"{job_id}_submitted.pkl" for job_id in (job, *array)}
    assert names >= pickles | {f"{job}_submission.sh", f"{main}_submission.sh"}


@pytest.mark.parametrize("trouble", [SOCKET_TIMED_OUT, TRY_AGAIN, CONTROLLER_DOWN])
def test_a_failing_sbatch_is_called_again(
    cluster: FakeCluster, client: SlurmClient, tmp_path: Path, trouble: Trouble
) -> None:
    """Until the controller answers; there is one job then."""
    cluster.fail("sbatch", trouble, times=3)

    ids = submit(client, tmp_path, count=2)

    assert [one.id for one in cluster.jobs] == ids
    assert len(cluster.calls("sbatch")) == 4


@pytest.mark.parametrize("count", [1, 3])
def test_a_job_that_was_accepted_is_not_submitted_again(
    cluster: FakeCluster, client: SlurmClient, tmp_path: Path, count: int
) -> None:
    """The answer was lost, the job is there: it is found by its mark, among others, and by nobody else's comment."""
    submit(client, tmp_path / "other", comment="somebody's")
    cluster.fail("sbatch", TIMED_OUT_BUT_DONE, times=1)

    ids = submit(client, tmp_path / "jobs", count=count, comment="mine")

    assert [one.id for one in cluster.jobs][1:] == ids
    assert len(ids) == count
    assert all((tmp_path / "jobs" / f"{job_id}_submitted.pkl").exists() for job_id in ids)


def test_what_nobody_can_look_up_is_not_submitted_again(
    cluster: FakeCluster, client: SlurmClient, tmp_path: Path
) -> None:
    """While squeue fails as well it stays open whether the job was accepted."""
    cluster.fail("sbatch", TIMED_OUT_BUT_DONE, times=1)
    cluster.fail("squeue", CONTROLLER_DOWN, times=3)

    (job,) = submit(client, tmp_path)

    assert [one.id for one in cluster.jobs] == [job]
    assert len(cluster.calls("sbatch")) == 1


def test_patience_has_an_end(cluster: FakeCluster, client: SlurmClient, tmp_path: Path) -> None:
    """A controller that stays away is an error with its own words, and nothing is left lying about."""
    cluster.controller_down()

    with pytest.raises(SlurmError, match="Unable to contact slurm controller"):
        submit(client, tmp_path / "jobs")

    assert list((tmp_path / "jobs").iterdir()) == []


@pytest.mark.parametrize("trouble", [SUBMIT_LIMIT, ACCOUNT_SUBMIT_LIMIT])
def test_a_limit_is_told_at_once(cluster: FakeCluster, client: SlurmClient, tmp_path: Path, trouble: Trouble) -> None:
    """It lasts until jobs of this user have ended: what to do meanwhile is the caller's to decide."""
    cluster.fail("sbatch", trouble)

    with pytest.raises(SlurmLimit):
        submit(client, tmp_path)

    assert len(cluster.calls("sbatch")) == 1


def test_a_refused_job_is_not_submitted_again(client: SlurmClient, tmp_path: Path) -> None:
    """A partition that does not exist will not exist a second later."""
    with (
        fake_slurm(tmp_path / "cluster", partitions=["cpu"], run_jobs=False) as cluster,
        pytest.raises(SlurmError, match="partition"),
    ):
        submit(client, tmp_path / "jobs", partition="nowhere")
    assert len(cluster.calls("sbatch")) == 1


def test_all_jobs_are_asked_about_at_once(cluster: FakeCluster, client: SlurmClient, tmp_path: Path) -> None:
    """One sacct for jobs and arrays; what was not asked for is not in the answer."""
    ids = [*submit(client, tmp_path, count=40), *submit(client, tmp_path)]
    other = submit(client, tmp_path)

    found = client.statuses(ids)

    assert set(found) == set(ids)
    assert set(client.statuses([ids[0].partition("_")[0]])) == set(ids[:40])
    assert not set(other) & set(found)
    assert len(cluster.calls("sacct")) == 2
    assert not cluster.calls("squeue")


def test_squeue_is_asked_where_sacct_fails(cluster: FakeCluster, client: SlurmClient, tmp_path: Path) -> None:
    """Without accounting the controller still knows; when it does not answer either, that is an error."""
    ids = submit(client, tmp_path, count=2)
    cluster.fail("sacct", SACCT_DOWN)

    assert {one.phase for one in client.statuses(ids).values()} == {Phase.RUNNING}

    cluster.fail("squeue", CONTROLLER_DOWN)
    with pytest.raises(SlurmError, match="database"):
        client.statuses(ids)


def test_what_sacct_does_not_show_yet_is_not_gone(cluster: FakeCluster, client: SlurmClient, tmp_path: Path) -> None:
    """It lags: a job has no row at first, and is said to be pending while it runs."""
    cluster.lag(no_row=1, false_pending=2)
    (job,) = submit(client, tmp_path)

    assert client.statuses([job]) == {}
    assert client.queued([job])[job].phase is Phase.RUNNING
    assert client.statuses([job])[job].phase is Phase.PENDING


def test_what_squeue_has_forgotten_is_unknown(cluster: FakeCluster, client: SlurmClient, tmp_path: Path) -> None:
    """Neither one nor several ids that it does not know any more are an error."""
    cluster.script("*", Completed())
    ids = submit(client, tmp_path, count=2)
    client.statuses(ids)
    cluster.purge()

    assert client.queued(ids) == {}
    assert client.queued(ids[:1]) == {}
    assert all(one.gone for one in client.statuses(ids).values())


def test_cancelling_is_for_all_at_once(cluster: FakeCluster, client: SlurmClient, tmp_path: Path) -> None:
    """Jobs that are over, or were never there, do not matter."""
    ids = submit(client, tmp_path, count=3)

    client.begin_to_cancel([*ids[1:], "1"], patience_sec=60)
    client.begin_to_cancel([])

    assert [one.state for one in cluster.jobs] == ["RUNNING", "CANCELLED", "CANCELLED"]
    assert len(cluster.calls("scancel")) == 1


def test_the_size_of_arrays_is_the_cluster_s(tmp_path: Path, client: SlurmClient) -> None:
    """It is asked for; where that fails Slurm's default counts."""
    with fake_slurm(tmp_path, max_array_size=50, run_jobs=False) as cluster:
        assert client.max_array_size() == 50
        cluster.controller_down()
        assert client.max_array_size() == 1001


def watched(cluster: FakeCluster, client: SlurmClient, folder: Path, *steps: Any) -> tuple[Watcher, ManualClock, str]:
    """Return a watcher with an interval of 10 s, its clock, and a job that goes through ``steps``."""
    cluster.script("*", *steps)
    (job,) = submit(client, folder)
    clock = ManualClock()
    watcher = Watcher(client, 10.0, clock=clock)
    watcher.watch([job])
    return watcher, clock, job


def test_the_watcher_asks_once_per_interval(cluster: FakeCluster, client: SlurmClient, tmp_path: Path) -> None:
    """However often it is asked itself; what is over is not asked about again."""
    watcher, clock, job = watched(cluster, client, tmp_path, Pending(), OutOfMemory())
    for _ in range(5):
        watcher.statuses()
    assert (len(cluster.calls("sacct")), watcher.is_over(job)) == (1, False)

    clock.advance(10.0)
    kind = watcher.statuses()[job].condition.kind
    assert (kind, watcher.is_over(job)) == ("oom", True)

    clock.advance(10.0)
    watcher.statuses()
    assert len(cluster.calls("sacct")) == watcher.queries == 2


def test_the_watcher_bears_with_a_slurm_that_does_not_answer(
    cluster: FakeCluster, client: SlurmClient, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What was known stands, nothing is gone, it asks less and less often, and says so once."""
    watcher, clock, job = watched(cluster, client, tmp_path, Running(polls=None))
    watcher.statuses()
    cluster.fail("sacct", SACCT_DOWN)
    cluster.controller_down()

    for _ in range(60):
        clock.advance(10.0)
        assert watcher.statuses()[job].phase is Phase.RUNNING

    assert watcher.queries < 12
    assert caplog.text.count("not known") == 1
    cluster.heal()
    clock.advance(161.0)
    watcher.statuses()
    asked = watcher.queries
    clock.advance(10.0)
    watcher.statuses()
    assert watcher.queries == asked + 1


@pytest.mark.parametrize("end", [NodeFail(requeue=True), Preempted(requeue=True)])
def test_an_end_that_slurm_takes_back_is_none(
    cluster: FakeCluster, client: SlurmClient, tmp_path: Path, end: Any
) -> None:
    """A job that is requeued shows as NODE_FAIL or PREEMPTED for some seconds, and runs again."""
    watcher, clock, job = watched(cluster, client, tmp_path, end, Pending(), Running(polls=None))

    words = []
    for _ in range(4):
        words.append(watcher.statuses()[job].word)
        assert not watcher.is_over(job)
        clock.advance(10.0)

    assert words[0] in ("NODE_FAIL", "PREEMPTED")
    assert words[-1] == "RUNNING"


def test_an_end_that_stands_is_one(cluster: FakeCluster, client: SlurmClient, tmp_path: Path) -> None:
    """Without requeue the same word is for good, which only time tells."""
    watcher, clock, job = watched(cluster, client, tmp_path, NodeFail())
    watcher.statuses()
    assert not watcher.is_over(job)

    clock.advance(SETTLING_SEC)

    assert watcher.is_over(job)
    assert watcher.statuses()[job].condition.kind == "node_failure"


@pytest.mark.parametrize(("said", "kind"), [(False, "cancelled"), (True, "preempted")])
def test_what_a_cancellation_means_is_set(cluster: FakeCluster, tmp_path: Path, kind: str, *, said: bool) -> None:
    """``FURU_CANCELLED_IS_PREEMPTED`` says whether CANCELLED counts as preempted, in either command's words."""
    client = SlurmClient(cancelled_is_preempted=said)
    cluster.script("*", Cancelled())
    (job,) = submit(client, tmp_path)

    assert client.statuses([job])[job].condition.kind == kind
    assert client.queued([job])[job].condition.kind == kind
