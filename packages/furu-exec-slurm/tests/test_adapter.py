"""Single objects on a submitit executor of the user's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import submitit
from checkpointed import Counting, Failing, Number, Sum, TimeLeft, noted
from submitit.core.utils import FailedJobError, FailedSubmissionError, UncompletedJobError

import furu
from furu_exec_slurm import adapter
from furu_testing import assert_computed, override_results
from furu_testing.children import Child, until
from furu_testing.slurm import CONTROLLER_DOWN, SACCT_DOWN, SOCKET_TIMED_OUT, Cancelled, Pending

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm

    from furu.storage.state import Attempt
    from furu_testing.slurm import FakeCluster

pytestmark = pytest.mark.usefixtures("furu_tmp_root")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The submitit folder of tests without a cluster."""
    return tmp_path / "submitit"


def on_slurm(folder: Path, **parameters: Any) -> submitit.AutoExecutor:
    """Return an executor as users have it."""
    executor = submitit.AutoExecutor(folder=folder, cluster="slurm")
    executor.update_parameters(timeout_min=5, cpus_per_task=1, mem_gb=0.5, **parameters)
    return executor


def attempt(obj: furu.Furu[Any]) -> Attempt:
    """Return the last attempt."""
    found = obj.get_state().attempt
    assert found is not None
    return found


def events(obj: furu.Furu[Any]) -> list[str]:
    """Return what became of the artifact, one attempt status after the other."""
    lines = (obj.furu_dir / ".furu" / "events.jsonl").read_text().splitlines()
    return [json.loads(line)["attempt"] for line in lines]


# On any executor


def test_a_job_on_slurm(slurm: Slurm) -> None:
    """submit() returns at once, the id is in state.json, the job is named after the artifact and returns its value."""
    task = Sum(values=[1, 2])

    job = furu.SubmititAdapter(on_slurm(slurm.folder)).submit(task)

    recorded = attempt(task)
    assert (recorded.status, recorded.backend) in {("queued", "submitit"), ("running", "submitit")}
    assert (recorded.scheduler["name"], recorded.scheduler["job_id"]) == ("slurm", job.job_id)
    assert slurm.shown("%i %j") == [f"{job.job_id} Sum-{task.furu_hash[:8]}"]
    assert isinstance(job, submitit.SlurmJob)
    assert job.result() == 3
    assert attempt(task).scheduler["job_id"] == job.job_id
    assert attempt(task).owner.pid != os.getpid()
    assert Number(value=1).exists()  # its dependencies were obtained in the job, as get() does


def test_a_job_knows_how_long_it_may_go_on(slurm: Slurm) -> None:
    """Inside a job time_left() counts down from the time limit; outside there is none."""
    left = furu.submit(TimeLeft(), executor=on_slurm(slurm.folder)).result()

    assert left is not None
    assert 240 < left <= 300
    assert furu.time_left() is None


def test_a_debug_job(folder: Path) -> None:
    """A debug job is computed here, when its result is asked for; a second call returns the same one."""
    executor = submitit.AutoExecutor(folder=folder, cluster="debug")

    job = furu.submit(Number(value=3), executor=executor)

    assert furu.submit(Number(value=3), executor=executor) is job
    assert not Number(value=3).exists()
    assert job.result() == 3
    assert_computed(Number(value=3))


def test_a_local_job(folder: Path) -> None:
    """A local job is computed in another process, in the same store, and returns the value of the artifact."""
    job = furu.submit(Number(value=3), executor=submitit.LocalExecutor(folder))

    recorded = attempt(Number(value=3))
    assert (recorded.backend, recorded.scheduler["name"], recorded.scheduler["job_id"]) == (
        "submitit",
        "local",
        job.job_id,
    )
    assert job.result() == 3
    assert attempt(Number(value=3)).owner.pid != os.getpid()
    assert events(Number(value=3)) == ["queued", "queued", "running", "success"]


def test_a_user_names_jobs_as_before(slurm: Slurm) -> None:
    """An executor that was told a name keeps it."""
    job = furu.submit(Number(value=3), executor=on_slurm(slurm.folder, name="mine"))

    assert slurm.shown("%i %j") == [f"{job.job_id} mine"]


def test_settings_travel(folder: Path, tmp_path: Path) -> None:
    """What was set from Python, and results that stand in, hold in the job."""
    furu.set_furu_root(tmp_path / "elsewhere")

    with override_results({Number(value=1): 10}):
        job = furu.submit(Sum(values=[1, 2]), executor=submitit.LocalExecutor(folder))
        assert job.result() == 12

    assert Sum(values=[1, 2]).furu_dir.is_relative_to(tmp_path / "elsewhere")
    assert Sum(values=[1, 2]).get() == 12


def test_values_that_cannot_be_pickled(folder: Path) -> None:
    """The value comes from the store, so it may be anything that _load returns."""
    import checkpointed

    job = furu.submit(checkpointed.Opened(), executor=submitit.LocalExecutor(folder))

    with job.result() as file:
        assert file.read() == "text"


# A second call


def test_a_second_call_returns_the_same_job(slurm: Slurm) -> None:
    """Queued, running or done, an artifact has one job; sbatch is called once."""
    task = Counting(steps=10_000, told=str(slurm.folder.with_name("told")))
    executor = on_slurm(slurm.folder)

    job = furu.submit(task, executor=executor)
    assert furu.submit(task, executor=executor) is job
    until(lambda: noted(task.furu_dir))
    assert furu.submit(task, executor=on_slurm(slurm.folder)) is job
    slurm.folder.with_name("told").touch()
    assert job.result() == task.get()
    assert furu.submit(task, executor=executor).job_id == job.job_id
    assert list(slurm.jobs()) == [job.job_id]


def test_another_process_finds_the_job(slurm: Slurm, tmp_path: Path) -> None:
    """The submitter's end does not end the job; another process gets the job, by its id and with its result."""
    code = f"""
        import furu, submitit
        from checkpointed import Counting

        executor = submitit.AutoExecutor(folder={str(slurm.folder)!r}, cluster="slurm")
        executor.update_parameters(timeout_min=5, cpus_per_task=1, mem_gb=0.5)
        print(furu.submit(Counting(steps=10_000, told={str(tmp_path / "told")!r}), executor=executor).job_id)
    """
    first = [Child.python(code, report=tmp_path / name).end().ok() for name in ("one", "two")]
    task = Counting(steps=10_000, told=str(tmp_path / "told"))

    job = furu.submit(task, executor=on_slurm(slurm.folder))

    assert first == [[job.job_id]] * 2
    (tmp_path / "told").touch()
    assert job.result() == task.get()


def test_another_process_finds_a_local_job(folder: Path, tmp_path: Path) -> None:
    """A local job outlives its submitter, too, and can be waited for and cancelled from elsewhere."""
    code = f"""
        import furu, submitit
        from checkpointed import Counting

        print(furu.submit(Counting(steps=10_000), executor=submitit.LocalExecutor({str(folder)!r})).job_id)
    """
    with (tmp_path / "printed").open("w") as printed:  # no pipe: the job keeps it open
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, stdout=printed)
    job_id = (tmp_path / "printed").read_text().strip()
    task = Counting(steps=10_000)
    until(lambda: noted(task.furu_dir))

    job = furu.submit(task, executor=submitit.LocalExecutor(folder))

    assert (job.job_id, job.state) == (job_id, "RUNNING")
    job.cancel()
    until(job.done)
    assert attempt(task).status == "cancelled"


def test_many_at_once_submit_one_job(slurm: Slurm) -> None:
    """Threads that submit the same object at the same moment get the same job."""
    ids: list[str] = []
    barrier = threading.Barrier(8)

    def submit() -> None:
        executor = on_slurm(slurm.folder)
        barrier.wait()
        job = furu.submit(Number(value=3), executor=executor)
        job.result()
        ids.append(job.job_id)

    threads = [threading.Thread(target=submit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(slurm.jobs()) == 1
    assert len(ids) == 8


# While the job is there


def test_get_waits_for_the_job(slurm: Slurm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A get() meanwhile computes nothing here: it waits, however long the job is queued, and loads."""
    monkeypatch.setenv("FURU_LEASE_SECS", "1")
    furu.FURU_CONFIG.lease_duration_sec = 1.0
    job = furu.submit(Number(value=3), executor=on_slurm(slurm.folder, slurm_additional_parameters={"begin": "now+5"}))

    assert Number(value=3).get() == 3
    assert attempt(Number(value=3)).scheduler["job_id"] == job.job_id
    assert events(Number(value=3)) == ["queued", "queued", "running", "success"]


def test_a_job_that_is_cancelled_in_the_queue_is_waited_for_no_more(slurm: Slurm) -> None:
    """Once the scheduler says that the job will not come, get() computes, and another submission is a new job."""
    held = on_slurm(slurm.folder, slurm_additional_parameters={"hold": True})
    job = furu.submit(Number(value=3), executor=held)
    other = furu.submit(Number(value=4), executor=held)

    slurm.cancel()

    assert Number(value=3).get() == 3
    assert attempt(Number(value=3)).backend == "local"
    until(lambda: furu.submit(Number(value=4), executor=on_slurm(slurm.folder)).job_id != other.job_id)
    with pytest.raises(UncompletedJobError):
        job.result()


def test_a_job_that_is_requeued_keeps_its_artifact(slurm: Slurm, tmp_path: Path) -> None:
    """Between two runs of its job the artifact is queued again: it has the same job, and nobody else begins it."""
    task = Counting(steps=10_000, told=str(tmp_path / "told"))
    job = furu.submit(task, executor=on_slurm(slurm.folder))
    until(lambda: noted(task.furu_dir))

    slurm.warn(job.job_id)

    until(lambda: attempt(task).status == "queued")
    assert furu.submit(task, executor=on_slurm(slurm.folder)) is job
    (tmp_path / "told").touch()
    assert task.get() == len(noted(task.furu_dir))
    assert events(task) == ["queued", "queued", "running", "preempted", "queued", "running", "success"]
    assert attempt(task).scheduler["job_id"] == job.job_id


def test_a_signal_that_comes_before_python_does(slurm: Slurm) -> None:
    """A job that is told while Python starts is not ended by that, which Slurm would take for a failure."""
    job = furu.submit(Number(value=3), executor=on_slurm(slurm.folder))
    until(lambda: slurm.jobs("RUNNING"))

    for _ in range(3):
        slurm.warn(job.job_id)

    assert job.result() == 3


def test_a_job_that_is_killed_outright(slurm: Slurm) -> None:
    """Memory, a lost node, kill -9: the attempt has crashed, the job says so as submitit's do, and a new one is submitted."""
    task = Counting(steps=10_000)
    job = furu.submit(task, executor=on_slurm(slurm.folder))
    until(lambda: noted(task.furu_dir))

    os.kill(attempt(task).owner.pid, signal.SIGKILL)

    with pytest.raises(UncompletedJobError):
        job.result()
    assert attempt(task).status == "crashed"
    assert furu.submit(task, executor=on_slurm(slurm.folder)).job_id != job.job_id


# Failures


def test_a_create_that_fails(folder: Path) -> None:
    """The job fails as submitit's jobs do, with the traceback; the artifact says so too, and is tried again."""
    task = Failing(words="no such word")
    job = furu.submit(task, executor=submitit.LocalExecutor(folder))

    with pytest.raises(FailedJobError, match="LookupError: no such word"):
        job.result()
    assert attempt(task).status == "failed"
    again = furu.submit(task, executor=submitit.LocalExecutor(folder))
    assert again.job_id != job.job_id
    assert isinstance(again.exception(), FailedJobError)
    assert attempt(task).number == 2


def test_a_failure_that_sticks_is_not_submitted(folder: Path) -> None:
    """Where failures are not tried again, submit() raises the recorded one, as get() does."""
    task = Failing(words="no such word")
    furu.submit(task, executor=submitit.LocalExecutor(folder)).exception()
    furu.FURU_CONFIG.retry_failed = False

    with pytest.raises(furu.FuruComputeError, match="no such word"):
        furu.submit(task, executor=submitit.LocalExecutor(folder))


def test_a_job_that_is_refused_leaves_nothing(slurm: Slurm) -> None:
    """What sbatch says comes out, and the artifact is as before."""
    with pytest.raises((FailedJobError, FailedSubmissionError), match="nowhere"):
        furu.submit(Number(value=3), executor=on_slurm(slurm.folder, slurm_partition="nowhere"))

    assert Number(value=3).get_state().result == "absent"
    assert Number(value=3).get() == 3


def test_batches_are_refused(folder: Path) -> None:
    """Jobs of a batch have no id yet, so there is nothing to record."""
    executor = submitit.LocalExecutor(folder)

    with pytest.raises(RuntimeError, match="outside of the block"), executor.batch():
        furu.submit(Number(value=3), executor=executor)
    assert Number(value=3).get_state().result == "absent"


# Where no job is needed


def test_a_result_that_is_there(folder: Path) -> None:
    """Nothing is submitted for it; the job that is returned is done, and has it."""
    Number(value=3).get()

    job = furu.submit(Number(value=3), executor=submitit.LocalExecutor(folder))

    assert (job.done(), job.state, job.result(), job.exception()) == (True, "COMPLETED", 3, None)
    assert list(folder.iterdir()) == []


def test_a_result_that_stands_in(folder: Path) -> None:
    """An overridden result is what the job returns."""
    with override_results({Number(value=3): 30}):
        assert furu.submit(Number(value=3), executor=submitit.LocalExecutor(folder)).result() == 30


def test_somebody_computes_it_already(folder: Path, tmp_path: Path) -> None:
    """The job stands for a computation outside of submitit, and waits for that."""
    task = Counting(steps=10_000, told=str(tmp_path / "told"))
    code = f"from checkpointed import Counting; Counting(steps=10_000, told={task.told!r}).get()"
    with Child.python(code, report=tmp_path / "other") as other:
        until(lambda: noted(task.furu_dir))
        job = furu.submit(task, executor=submitit.LocalExecutor(folder))
        assert (job.done(), job.state) == (False, "RUNNING")
        (tmp_path / "told").touch()

        assert job.result() == len(noted(task.furu_dir))
        other.end().ok()
    assert events(task) == ["running", "success"]


def test_somebody_who_computes_it_dies(folder: Path, tmp_path: Path) -> None:
    """A computation outside of submitit that brings nothing about is an error of the job that stands for it."""
    task = Counting(steps=10_000)
    with Child.python(
        "from checkpointed import Counting; Counting(steps=10_000).get()", report=tmp_path / "other"
    ) as other:
        until(lambda: noted(task.furu_dir))
        job = furu.submit(task, executor=submitit.LocalExecutor(folder))
        other.kill()

        assert isinstance(job.exception(), furu.FuruMissingArtifact)


# What a scheduler says on bad days


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings under which a lease is over, and the scheduler asked again, in no time."""
    furu.FURU_CONFIG.lease_duration_sec = 0.1
    furu.FURU_CONFIG.poll_interval = 0.02


@pytest.mark.usefixtures("hasty")
def test_a_scheduler_that_does_not_answer(fake_slurm: FakeCluster, folder: Path) -> None:
    """While neither squeue nor sacct answers the job counts as queued, for longer than a lease, and is not submitted twice."""
    fake_slurm.script("*", Pending(polls=10_000))
    job = furu.submit(Number(value=3), executor=on_slurm(folder))
    fake_slurm.controller_down()
    fake_slurm.fail("sacct", SACCT_DOWN)

    for _ in range(5):
        time.sleep(0.05)
        assert furu.submit(Number(value=3), executor=on_slurm(folder)).job_id == job.job_id
        assert attempt(Number(value=3)).status == "queued"
    assert len(fake_slurm.calls("sbatch")) == 1
    fake_slurm.heal()
    fake_slurm.script("*", Cancelled())
    fake_slurm.advance(1)
    until(lambda: furu.submit(Number(value=3), executor=on_slurm(folder)).job_id != job.job_id)


@pytest.mark.usefixtures("hasty")
def test_a_job_that_sacct_does_not_know_yet(fake_slurm: FakeCluster, folder: Path) -> None:
    """No row, or a false PENDING, is no news."""
    fake_slurm.script("*", Pending(polls=10_000))
    fake_slurm.lag(no_row=1000)
    fake_slurm.fail("squeue", CONTROLLER_DOWN)
    job = furu.submit(Number(value=3), executor=on_slurm(folder))

    for _ in range(5):
        time.sleep(0.05)
        assert furu.submit(Number(value=3), executor=on_slurm(folder)).job_id == job.job_id


def test_a_controller_that_is_busy(
    fake_slurm: FakeCluster, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """sbatch is called again, with longer pauses; what it does not say twice is no reason for another result."""
    monkeypatch.setattr(adapter, "PAUSES_SEC", (0.01, 0.02, 0.04))
    fake_slurm.fail("sbatch", SOCKET_TIMED_OUT, times=2)

    furu.submit(Number(value=3), executor=on_slurm(folder))

    assert [call.exit_code for call in fake_slurm.calls("sbatch")] == [1, 1, 0]
    assert Number(value=3).get() == 3
