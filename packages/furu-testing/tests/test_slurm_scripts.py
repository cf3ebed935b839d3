"""Jobs do what a test wrote down for them, as often as somebody asks."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from furu_testing.slurm import (
    BootFail,
    Cancelled,
    Completed,
    Deadline,
    Failed,
    Jobs,
    JobStep,
    NodeFail,
    OutOfMemory,
    Pending,
    Preempted,
    Requeued,
    Running,
    Suspended,
    Timeout,
    Vanished,
    fake_slurm,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from furu_testing.slurm import FakeCluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeCluster]:
    """A cluster on which nothing is really run."""
    with fake_slurm(tmp_path, run_jobs=False) as cluster:
        yield cluster


def run(*command: str) -> str:
    """Return what a command that works prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def submit(*options: str) -> str:
    """Submit a job and return its id."""
    return run("sbatch", "--parsable", *options, "--wrap", "true")


def squeue(job: str) -> str:
    """Return state and reason of a job as `squeue` has them."""
    return run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T %r")


def sacct(job: str, *options: str) -> list[str]:
    """Return states and exit codes of a job as `sacct` has them."""
    return run("sacct", "-n", "-X", "-P", "-j", job, "-o", "State,ExitCode", *options).splitlines()


def test_a_state_is_shown_to_as_many_questions_as_it_says(cluster: FakeCluster) -> None:
    """Pending for three questions, running for two, whichever command asks; then the end, for good."""
    cluster.script("train*", Pending(polls=3), Running(polls=2), OutOfMemory())
    job = submit("-J", "train-1")

    seen = [squeue(job), *sacct(job), squeue(job), squeue(job), *sacct(job), squeue(job), *sacct(job), squeue(job)]

    assert seen == [
        "PENDING Priority",
        "PENDING|0:0",
        "PENDING Priority",
        "RUNNING None",
        "RUNNING|0:0",
        "OUT_OF_MEMORY OutOfMemory",
        "OUT_OF_MEMORY|0:125",
        "OUT_OF_MEMORY OutOfMemory",
    ]


#: How a job can end, and how `squeue` and `sacct` say so.
ENDS: list[tuple[JobStep, str, str]] = [
    (Completed(), "COMPLETED None", "COMPLETED|0:0"),
    (Failed(exit_code=3), "FAILED NonZeroExitCode", "FAILED|3:0"),
    (Failed(exit_code=0, signal=9), "FAILED JobLaunchFailure", "FAILED|0:9"),
    (Cancelled(by=1234), "CANCELLED None", "CANCELLED by 1234|0:0"),
    (Cancelled(by=None), "CANCELLED None", "CANCELLED|0:0"),
    (Timeout(), "TIMEOUT TimeLimit", "TIMEOUT|0:0"),
    (OutOfMemory(), "OUT_OF_MEMORY OutOfMemory", "OUT_OF_MEMORY|0:125"),
    (NodeFail(), "NODE_FAIL NodeDown", "NODE_FAIL|0:0"),
    (Preempted(requeue=False), "PREEMPTED None", "PREEMPTED|0:0"),
    (BootFail(), "BOOT_FAIL NodeDown", "BOOT_FAIL|0:0"),
    (Deadline(), "DEADLINE DeadLine", "DEADLINE|1:0"),
]


def test_every_end_has_its_words(cluster: FakeCluster) -> None:
    """What a job ends with is told in the words of squeue and of sacct."""
    for task, (step, _, _) in enumerate(ENDS):
        cluster.script(Jobs(task=task), Running(polls=0), step)
    job = submit(f"--array=0-{len(ENDS) - 1}")

    assert sorted(squeue(job).splitlines()) == sorted(queue for _, queue, _ in ENDS)
    assert sacct(job) == [row for _, _, row in ENDS]
    assert all(found.over for found in cluster.jobs)


def test_a_job_can_end_before_it_starts(cluster: FakeCluster) -> None:
    """A pending job that is cancelled never had a node."""
    cluster.script("*", Pending(), Cancelled(by=0))
    job = submit()
    cluster.advance()

    assert run("sacct", "-n", "-X", "-P", "-j", job, "-o", "State,NodeList") == "CANCELLED by 0|None assigned"
    assert cluster.job().attempts == ()


def test_a_requeued_job_keeps_its_id_and_starts_elsewhere(cluster: FakeCluster) -> None:
    """After the end of an attempt the job is pending again, and its next attempt is on another node."""
    steps = {"PREEMPTED": Preempted(), "NODE_FAIL": NodeFail(requeue=True), "REQUEUED": Requeued()}
    for task, step in enumerate(steps.values()):
        cluster.script(Jobs(task=task), Running(), step, Pending(reason="Resources"), Running(), Completed())
    job = submit("--array=0-2")
    cluster.advance()

    assert sacct(job) == [f"{word}|0:0" for word in steps]
    assert set(squeue(job).splitlines()) == {"PENDING Resources"}
    assert sacct(job) == ["RUNNING|0:0"] * 3
    assert sacct(job, "-D") == [row for word in steps for row in (f"{word}|0:0", "COMPLETED|0:0")]
    assert [found.attempts for found in cluster.jobs] == [(word, "COMPLETED") for word in steps]
    assert {(found.restarts, found.nodes) for found in cluster.jobs} == {(1, ("node2",))}


def test_a_vanished_job_is_unknown_to_the_controller(cluster: FakeCluster) -> None:
    """Squeue refuses the id, sacct still shows the last state it heard of; or nothing at all."""
    cluster.script(0, Running(polls=0), Vanished())
    cluster.script(1, Running(polls=0), Vanished(in_sacct=False))
    kept, lost = submit(), submit()
    asked = subprocess.run(["squeue", "-j", kept], capture_output=True, text=True, check=False)

    assert (asked.returncode, asked.stderr) == (1, "slurm_load_jobs error: Invalid job id specified\n")
    assert run("squeue", "-h", "-t", "all") == ""
    assert sacct(kept) == ["RUNNING|0:0"]
    assert sacct(lost) == []


def test_a_job_can_be_suspended(cluster: FakeCluster) -> None:
    """A suspended job says so in both commands, then goes on."""
    cluster.script("*", Running(polls=0), Suspended(polls=2), Running(polls=1), Completed())
    job = submit()

    assert (squeue(job), *sacct(job)) == ("SUSPENDED None", "SUSPENDED|0:0")
    assert (squeue(job), *sacct(job)) == ("RUNNING None", "COMPLETED|0:0")


def test_which_jobs_are_meant(cluster: FakeCluster) -> None:
    """Jobs are meant by name, index, id, partition and task; of several scripts the first that fits counts."""
    cluster.script("one", Running(polls=0), Failed(), times=1)
    cluster.script(Jobs(partition="gpu", task=1), Running(polls=0), Timeout())
    cluster.script(Jobs(index=3), Running(polls=0), NodeFail())
    cluster.script("1004", Running(polls=0), Deadline())
    cluster.script("o?e", Running(polls=0), Completed())
    submit("-J", "one")
    submit("-J", "one")
    submit("-J", "array", "-p", "gpu", "--array=0-2")
    submit("-J", "other")
    submit("-J", "last")

    states = {job.id: job.state for job in cluster.jobs}

    assert states == {
        "1000": "FAILED",
        "1001": "COMPLETED",
        "1002_0": "RUNNING",
        "1002_1": "TIMEOUT",
        "1002_2": "RUNNING",
        "1005": "NODE_FAIL",
        "1006": "RUNNING",
    }


def test_a_script_can_be_written_for_a_job_that_runs(cluster: FakeCluster) -> None:
    """What happens to a job can be decided when it is there."""
    job = submit("-J", "late")
    assert squeue(job) == "RUNNING None"

    cluster.script(cluster.job("late"), Failed(exit_code=7))

    assert sacct(job) == ["FAILED|7:0"]


def test_a_script_begins_when_its_job_may_start(cluster: FakeCluster) -> None:
    """Dependencies, holds and limits of arrays come first."""
    cluster.script("second", Running(), Completed())
    first = submit("-J", "first")
    second = submit("-J", "second", f"--dependency=afterok:{first}")
    cluster.advance(polls=5)
    waiting = squeue(second)
    cluster.script(first, Completed())

    assert [waiting, squeue(second), squeue(second)] == ["PENDING Dependency", "RUNNING None", "COMPLETED None"]


def test_cancelling_outranks_a_script(cluster: FakeCluster) -> None:
    """A job that is cancelled stays cancelled, whatever was to come."""
    cluster.script("*", Running(polls=3), Completed())
    job = submit()
    run("scancel", job)
    cluster.advance(polls=5)

    assert cluster.job(job).state == "CANCELLED"


def test_nothing_comes_after_an_end(cluster: FakeCluster) -> None:
    """A script that goes on after an end is a mistake, unless the job is only forgotten."""
    with pytest.raises(ValueError, match="nothing comes after Timeout"):
        cluster.script("*", Timeout(), Running())
    cluster.script("*", Running(polls=0), Timeout(), Vanished())
    job = submit()

    assert (squeue(job), cluster.job(job).state) == ("TIMEOUT TimeLimit", "TIMEOUT")
    assert run("squeue", "-h", "-t", "all") == ""


def test_a_job_that_is_not_the_only_one_is_an_error(cluster: FakeCluster) -> None:
    """Asking for one job says which ones there are if it is not one."""
    submit("-J", "a")
    submit("-J", "b")

    with pytest.raises(LookupError, match=r"'\*' means \['1000', '1001'\]"):
        cluster.job()
    assert cluster.job("b").id == cluster.job(1).id == "1001"


def test_calls_are_counted(cluster: FakeCluster) -> None:
    """Each run of a command is on record with its arguments, directory and exit code."""
    job = submit()
    sacct(job)
    subprocess.run(["squeue", "--nonsense"], capture_output=True, check=False)

    assert [(call.command, call.exit_code) for call in cluster.calls()] == [("sbatch", 0), ("sacct", 0), ("squeue", 1)]
    (call,) = cluster.calls("sacct")
    assert call.argv == ("-n", "-X", "-P", "-j", job, "-o", "State,ExitCode")
    assert call.directory.samefile(".")


def test_looking_counts_as_no_question(cluster: FakeCluster) -> None:
    """A test may look at jobs as often as it likes; time passes when it says so."""
    cluster.script("*", Pending(polls=2), Running())
    submit()
    looked = {job.state for _ in range(5) for job in cluster.jobs}
    cluster.advance(polls=2)

    assert (looked, cluster.job().state) == ({"PENDING"}, "RUNNING")
