"""Jobs that are interrupted by the scheduler: what is recorded, and whether they are run again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest
import submitit
from checkpointed import Cleaned, Counting, Forgetful, noted

import furu
from furu_exec_slurm import requeue
from furu_exec_slurm.requeue import Cause, cause
from furu_testing.children import until

if TYPE_CHECKING:
    from pathlib import Path

    from real_slurm import Slurm

    from furu.storage.state import Attempt

NOW = 1_800_000_000.0


def shown(**fields: object) -> str:
    """Return what ``scontrol show --oneliner job`` says, as far as it matters."""
    end = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(NOW + 3600))
    said = {
        "JobId": 17,
        "JobName": "a b",
        "JobState": "RUNNING",
        "Reason": "None",
        "Restarts": 0,
        "EndTime": end,
    } | fields
    return " ".join(f"{name}={value}" for name, value in said.items())


def at(sec: float) -> str:
    """Return a time as Slurm writes it, ``sec`` from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(NOW + sec))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (shown(), "preempted"),  # somebody has sent the signal by hand
        (shown(PreemptTime="None", EndTime=at(100)), "timeout"),
        (shown(EndTime=at(-3)), "timeout"),
        (shown(JobState="SIGNALING", EndTime=at(100)), "timeout"),  # while the signal is on its way
        (shown(JobState="SIGNALING"), "preempted"),
        (shown(JobState="CANCELLED"), "cancelled"),
        (shown(EndTime="Unknown"), "preempted"),
        (shown(PreemptTime=at(-1), EndTime=at(4)), "preempted"),
        (shown(JobState="COMPLETING", Restarts=1), "requeued"),
        (shown(JobState="COMPLETING", Restarts=0), "cancelled"),
        (shown(JobState="COMPLETING", Reason="TimeLimit"), "timeout"),
        ("", "preempted"),
        ("slurm_load_jobs error: Unable to contact slurm controller", "preempted"),
    ],
)
def test_why_a_signal_came(said: str, meant: str) -> None:
    """What the controller says of a job tells what its signal means; where it says nothing, the machine is wanted back."""
    assert cause(said, restarts=0, now=NOW, warned_sec=150) == meant


def test_a_requeue_is_one_more_restart_than_before() -> None:
    """A job that was restarted before knows a new requeue from its old ones."""
    assert cause(shown(JobState="COMPLETING", Restarts=2), restarts=2, now=NOW, warned_sec=150) == "cancelled"
    assert cause(shown(JobState="COMPLETING", Restarts=3), restarts=2, now=NOW, warned_sec=150) == "requeued"


def test_outside_of_a_job_nothing_is_different(furu_tmp_root: Path) -> None:
    """The same code runs on a laptop."""
    assert requeue.run(Counting(steps=2).get, Counting(steps=2)) == 2


def job_of(task: furu.Furu[int]) -> int:
    """Return the result of ``task``; runs as a job."""
    return requeue.run(task.get, task)


def executor(slurm: Slurm, **parameters: object) -> Any:
    """Return an executor whose jobs take one CPU, and are not preempted: other tests preempt at the same time."""
    executor = submitit.SlurmExecutor(folder=slurm.folder)
    executor.update_parameters(**{"time": 30, "cpus_per_task": 1, "mem": "500MB", "partition": "cpu"} | parameters)
    return executor


def attempt(task: furu.Furu[int]) -> Attempt:
    """Return the last attempt."""
    found = task.get_state().attempt
    assert found is not None
    return found


def kind(task: furu.Furu[int]) -> str:
    """Return the kind of the last attempt's error."""
    error = attempt(task).error
    assert error is not None
    return error.kind


def events(task: furu.Furu[int]) -> list[str]:
    """Return what became of the artifact, one attempt status after the other."""
    lines = (task.furu_dir / ".furu" / "events.jsonl").read_text().splitlines()
    return [json.loads(line)["attempt"] for line in lines]


def began(task: furu.Furu[int], restart: int = 0) -> None:
    """Wait until a run of the job has done a step."""
    places = (task.furu_dir, task.furu_dir.with_name(f"{task.furu_hash}.steps"))
    until(
        lambda: any(line.startswith(f"{restart} ") for line in noted(places[0])) or places[1].exists(),
        timeout_sec=240,  # others may use the cluster
    )


def test_a_preempted_job_goes_on_where_it_was(slurm: Slurm, furu_tmp_root: Path) -> None:
    """A job of a higher tier takes the machine; the attempt is preempted, the job run again, no step is done twice."""
    task = Counting(steps=10_000, told=str(furu_tmp_root / "told"))
    job = executor(slurm, partition="preempt", cpus_per_task=5, nodelist="furu1").submit(job_of, task)
    began(task)

    executor(slurm, cpus_per_task=5, nodelist="furu1").submit(os.getpid).result()
    assert attempt(task).status == "preempted"
    began(task, restart=1)
    (furu_tmp_root / "told").touch()

    assert job.result() == task.get()
    assert events(task) == ["running", "preempted", "running", "success"]
    assert [int(line.split()[1]) for line in noted(task.furu_dir)] == list(range(task.get()))
    assert slurm.accounted(job.job_id)[0] == "REQUEUED"


def test_a_cancelled_job_stays_cancelled(slurm: Slurm, furu_tmp_root: Path) -> None:
    """After scancel the attempt is cancelled within a second, the claim is gone, and the job does not come back."""
    task = Counting(steps=10_000)
    job = executor(slurm).submit(job_of, task)
    began(task)

    slurm.cancel(job.job_id)

    until(lambda: attempt(task).status == "cancelled", timeout_sec=5)
    with pytest.raises(submitit.core.utils.UncompletedJobError):
        job.result()
    assert kind(task) == "cancelled"
    assert not (task.furu_dir / ".furu" / "compute.lock").exists()
    until(lambda: set(slurm.jobs().values()) == {"CANCELLED"})


def test_a_cancellation_may_mean_a_preemption(
    slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With FURU_CANCELLED_IS_PREEMPTED a job that the scheduler cancels is run again."""
    monkeypatch.setenv("FURU_CANCELLED_IS_PREEMPTED", "1")
    task = Counting(steps=10_000, told=str(furu_tmp_root / "told"))
    job = executor(slurm).submit(job_of, task)
    began(task)

    slurm.cancel(job.job_id)

    began(task, restart=1)
    (furu_tmp_root / "told").touch()
    job.result()
    assert events(task) == ["running", "preempted", "running", "success"]


def test_requeues_are_bounded(slurm: Slurm, furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After FURU_PREEMPT_MAX requeues the next preemption is a failure that says so."""
    monkeypatch.setenv("FURU_PREEMPT_MAX", "1")
    task = Counting(steps=10_000)
    job = executor(slurm).submit(job_of, task)
    for restart in (0, 1):
        began(task, restart=restart)
        slurm.warn(job.job_id)

    with pytest.raises(submitit.core.utils.FailedJobError, match="interrupted 2 times, and FURU_PREEMPT_MAX=1 allows"):
        job.result()
    assert events(task) == ["running", "preempted", "running", "failed"]
    assert kind(task) == "preempted"


@pytest.mark.slow
def test_a_time_limit_is_no_reason_to_begin_anew(slurm: Slurm, furu_tmp_root: Path) -> None:
    """Before the limit a job with something to go on from is run again; one without fails, and says what to do."""
    going_on = Counting(steps=10_000, told=str(furu_tmp_root / "told"))
    anew = Forgetful(steps=10_000)
    jobs = {task: executor(slurm).submit(job_of, task) for task in (going_on, anew)}
    for task, job in jobs.items():
        began(task)
        until(lambda: slurm.jobs("RUNNING").get(job.job_id))  # noqa: B023 - called here and now
        # Limits are whole minutes, looked at each 30 s.
        subprocess.run(["scontrol", "update", f"jobid={job.job_id}", "EndTime=now+60"], check=True)

    with pytest.raises(submitit.core.utils.FailedJobError, match=r"nothing in .* to go on from"):
        jobs[anew].result()
    assert kind(anew) == "timeout"
    began(going_on, restart=1)
    (furu_tmp_root / "told").touch()
    jobs[going_on].result()
    assert events(going_on) == ["running", "preempted", "running", "success"]


@pytest.mark.parametrize(
    ("cause", "most", "said"),
    [
        ("preempted", 1, None),
        ("preempted", 0, "was interrupted once, and FURU_PREEMPT_MAX=0"),
        ("requeued", 0, None),  # that is done already
        ("cancelled", 0, None),  # and stays so
        ("timeout", 1, "nothing in"),
    ],
)
def test_who_is_run_again(cause: Cause, most: int, said: str | None, furu_tmp_root: Path) -> None:
    """A job is run again within the bound; after its time limit only with something to go on from."""
    furu.FURU_CONFIG.max_requeues = most

    refused = requeue.refusal(cause, Counting(steps=2))

    assert (refused is None) == (said is None)
    assert said is None or said in str(refused)


def test_a_cancellation_that_means_a_preemption_is_bounded(furu_tmp_root: Path) -> None:
    """Nor does a job come back for ever that somebody cancels."""
    furu.FURU_CONFIG.max_requeues = 0
    furu.FURU_CONFIG.cancelled_is_preempted = True

    assert "FURU_PREEMPT_MAX=0" in str(requeue.refusal("cancelled", Counting(steps=2)))


def test_a_directory_that_is_emptied_is_nothing_to_go_on_from(furu_tmp_root: Path) -> None:
    """What on_retry="clean" would remove does not count."""
    for task in (Counting(steps=2), Cleaned(steps=2)):
        task.furu_dir.mkdir(parents=True)
        (task.furu_dir / "steps").write_text("0 0\n")

    assert requeue.refusal("timeout", Counting(steps=2)) is None
    assert "nothing in" in str(requeue.refusal("timeout", Cleaned(steps=2)))


def test_a_job_that_may_not_be_requeued_says_so(slurm: Slurm, furu_tmp_root: Path) -> None:
    """Where the cluster refuses a requeue the job fails with Slurm's words; the attempt was preempted all the same."""
    task = Counting(steps=10_000)
    job = executor(slurm, additional_parameters={"no-requeue": True}).submit(job_of, task)
    began(task)

    slurm.warn(job.job_id)

    with pytest.raises(submitit.core.utils.FailedJobError, match=r"cannot be requeued: .*disabled"):
        job.result()
    assert attempt(task).status == "preempted"


def test_submitits_own_processes_are_run_again_as_well(tmp_path: Path, furu_tmp_root: Path) -> None:
    """A job of submitit's local executor that is warned of its limit goes on where it was."""
    task = Counting(steps=10_000, told=str(furu_tmp_root / "told"))
    local = submitit.LocalExecutor(folder=tmp_path / "submitit")
    local.update_parameters(timeout_min=10)
    job = local.submit(job_of, task)
    until(lambda: noted(task.furu_dir))

    os.kill(attempt(task).owner.pid, signal.SIGUSR2)
    until(lambda: events(task)[-2:] == ["preempted", "running"])
    (furu_tmp_root / "told").touch()

    assert job.result() == task.get()
    assert events(task) == ["running", "preempted", "running", "success"]
