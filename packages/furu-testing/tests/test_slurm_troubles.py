"""Commands fail, lag and refuse the way the real ones do."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from furu_testing.slurm import (
    ACCOUNTING_DISABLED,
    CONTROLLER_DOWN,
    SACCT_DOWN,
    SOCKET_TIMED_OUT,
    SUBMIT_LIMIT,
    TIMED_OUT_BUT_DONE,
    Completed,
    Failed,
    Running,
    Trouble,
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


def run(*command: str) -> tuple[int, str, str]:
    """Return exit code, output and errors of a command."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def submit(*options: str) -> tuple[int, str, str]:
    """Submit a job."""
    return run("sbatch", "--parsable", *options, "--wrap", "true")


def states(*options: str) -> list[str]:
    """Return ids and states as `sacct` has them."""
    return run("sacct", "-n", "-X", "-P", "-o", "JobID,State", *options)[1].splitlines()


def test_sbatch_fails_now_and_then(cluster: FakeCluster) -> None:
    """After one submission two fail, then it works again; what failed left no job."""
    cluster.fail("sbatch", SOCKET_TIMED_OUT, times=2, skip=1)
    seen = [submit() for _ in range(4)]

    error = "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation"
    assert seen == [(0, "1000", ""), (1, "", error), (1, "", error), (0, "1001", "")]
    assert [call.exit_code for call in cluster.calls("sbatch")] == [0, 1, 1, 0]


def test_a_submission_that_failed_may_have_been_carried_out(cluster: FakeCluster) -> None:
    """A controller that answers too late says nothing of the job that it has taken."""
    cluster.fail("sbatch", TIMED_OUT_BUT_DONE, times=1)
    code, printed, _ = submit("-J", "there")

    assert (code, printed) == (1, "")
    assert cluster.job("there").state == "RUNNING"


def test_limits_of_a_user(tmp_path: Path) -> None:
    """More jobs than may be in the queue, more elements than an array may have, no such partition."""
    with fake_slurm(tmp_path, max_submit=3, max_array_size=4, partitions=["cpu"], run_jobs=False) as cluster:
        too_long, two, too_many = submit("--array=0-4"), submit("--array=0-1"), submit("--array=0-1")
        nowhere = submit("-p", "gpu")
        cluster.heal()
        cluster.fail("sbatch", SUBMIT_LIMIT, times=1)
        told = submit()

    assert too_long[2] == "sbatch: error: Batch job submission failed: Invalid job array specification"
    assert (two[0], too_many[0], told[0], nowhere[0]) == (0, 1, 1, 1)
    assert too_many[2] == told[2]
    assert too_many[2].splitlines() == [
        "sbatch: error: QOSMaxSubmitJobPerUserLimit",
        "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy "
        "(job submit limit, user's size and/or time limits)",
    ]
    assert nowhere[2].splitlines()[0] == "sbatch: error: invalid partition specified: gpu"


def test_sacct_is_down_until_it_is_healed(cluster: FakeCluster) -> None:
    """Without its database sacct says so and fails; squeue still works."""
    _, job, _ = submit()
    cluster.fail("sacct", SACCT_DOWN)
    down = [run("sacct", "-j", job) for _ in range(2)]
    queue = run("squeue", "-h", "-j", job, "-o", "%T")
    cluster.heal("sacct")

    assert {code for code, _, _ in down} == {1}
    assert down[0][2].endswith("sacct: error: Problem talking to the database: Connection refused")
    assert queue == (0, "RUNNING", "")
    assert states() == [f"{job}|RUNNING"]


def test_there_may_be_no_accounting(cluster: FakeCluster) -> None:
    """Without accounting sacct fails with one line."""
    cluster.fail("sacct", ACCOUNTING_DISABLED)

    assert run("sacct") == (1, "", "Slurm accounting storage is disabled")


def test_every_command_words_a_dead_controller_in_its_way(cluster: FakeCluster) -> None:
    """What the real commands print when slurmctld is away; sacct does not ask it."""
    why = CONTROLLER_DOWN.why
    cluster.controller_down(times=2)

    assert run("sbatch", "--wrap", "true") == (1, "", f"sbatch: error: Batch job submission failed: {why}")
    assert run("squeue") == (1, "", f"slurm_load_jobs error: {why}")
    assert run("scancel", "12") == (8, "", f"scancel: error: Kill job error on job id 12: {why}")
    assert run("scontrol", "show", "job", "12") == (1, "", f"slurm_load_jobs error: {why}")
    assert run("scontrol", "requeue", "12") == (1, "", "Unexpected message received for job 12")
    assert run("sinfo") == (1, "", f"slurm_load_partitions: {why}")
    assert run("sacct", "-n") == (0, "", "")


def test_a_command_can_be_slow(cluster: FakeCluster) -> None:
    """A slow command answers as ever, later; one that is not waited for has no exit code."""
    cluster.slow("squeue", 0.03, times=1)
    began = time.monotonic()
    answer = run("squeue", "-h")
    took = time.monotonic() - began
    cluster.slow("squeue", 60)
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["squeue"], timeout=0.05, check=True)

    assert (answer, took > 0.03) == ((0, "", ""), True)
    assert [call.exit_code for call in cluster.calls("squeue")] in ([0, None], [0])


def test_any_output_can_be_made_up(cluster: FakeCluster) -> None:
    """A trouble of one's own prints what it likes."""
    cluster.fail("squeue", Trouble(stdout="half a li", stderr="oops\n", exit_code=0))

    assert run("squeue") == (0, "half a li", "oops")


def test_an_unknown_command_is_a_mistake(cluster: FakeCluster) -> None:
    """A trouble for a command that there is not is refused, with those that there are."""
    with pytest.raises(ValueError, match="no such command: 'qstat'; there are sacct"):
        cluster.fail("qstat", SACCT_DOWN)


def test_sacct_lags(cluster: FakeCluster) -> None:
    """A new job has no row at first, and a running one is said to be pending; squeue is exact."""
    cluster.lag("slow", no_row=2, false_pending=3)
    _, job, _ = submit("-J", "slow")
    submit("-J", "quick")

    queue = run("squeue", "-h", "-j", job, "-o", "%T")[1]
    seen = [states("-j", job) for _ in range(5)]

    assert queue == "RUNNING"
    assert seen == [[], [], [f"{job}|PENDING"], [f"{job}|RUNNING"], [f"{job}|RUNNING"]]
    assert [row for row in states() if "1001" in row] == ["1001|RUNNING"]


def test_old_jobs_are_forgotten(tmp_path: Path) -> None:
    """Some minutes after its end a job is unknown to squeue and scontrol, and known to sacct."""
    with fake_slurm(tmp_path, run_jobs=False, min_job_age_sec=60) as cluster:
        cluster.script("*", Running(polls=0), Failed())
        _, job, _ = submit()
        before = run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T")
        cluster.advance(sec=61)

        assert before == (0, "FAILED", "")
        assert run("squeue", "-j", job) == (1, "", "slurm_load_jobs error: Invalid job id specified")
        assert run("scontrol", "show", "job", job)[0] == 1
        assert states("-j", job) == [f"{job}|FAILED"]


def test_a_dependency_on_a_forgotten_job_holds_nobody_up(cluster: FakeCluster) -> None:
    """Afterok counts as satisfied for a job that failed and was forgotten, never for one that is still known."""
    cluster.script("failing", Running(polls=0), Failed())
    _, failed, _ = submit("-J", "failing")
    early = submit(f"--dependency=afterok:{failed}")[1]
    reasons = [cluster.job(early).reason]
    cluster.purge()
    late = submit(f"--dependency=afterok:{failed}")[1]

    assert reasons == ["DependencyNeverSatisfied"]
    assert cluster.job(late).state == "RUNNING"


def test_a_dependent_starts_or_waits_in_vain(cluster: FakeCluster) -> None:
    """By how the other job ends, and by what the dependent wants of it."""
    cluster.script("good", Running(), Completed())
    cluster.script("bad", Running(), Failed())
    upstream = {name: submit("-J", name)[1] for name in ("good", "bad")}
    found = {}
    for kind, name in (("afterok", "good"), ("afterok", "bad"), ("afternotok", "good"), ("afternotok", "bad")):
        found[kind, name] = submit(f"--dependency={kind}:{upstream[name]}")[1]
    waiting = {(cluster.job(job).state, cluster.job(job).reason) for job in found.values()}
    cluster.advance()

    assert waiting == {("PENDING", "Dependency")}
    assert {key: (cluster.job(job).state, cluster.job(job).reason) for key, job in found.items()} == {
        ("afterok", "good"): ("RUNNING", "None"),
        ("afterok", "bad"): ("PENDING", "DependencyNeverSatisfied"),
        ("afternotok", "good"): ("PENDING", "DependencyNeverSatisfied"),
        ("afternotok", "bad"): ("RUNNING", "None"),
    }
    assert cluster.job(found["afterok", "bad"]).dependency == f"afterok:{upstream['bad']}(failed)"


def test_a_dependency_on_an_array_waits_for_all_of_it(cluster: FakeCluster) -> None:
    """Elements are waited for together by the id of the array, alone by their own, and pairwise with aftercorr."""
    _, array, _ = submit("-J", "array", "--array=0-1")
    _, whole, _ = submit(f"--dependency=afterok:{array}")
    _, single, _ = submit(f"--dependency=afterok:{array}_0")
    _, pairs, _ = submit("--array=0-1", f"--dependency=aftercorr:{array}")
    cluster.script(f"{array}_0", Completed())
    half = {job.id for job in cluster.jobs if job.state == "PENDING"}
    cluster.script(f"{array}_1", Completed())

    assert half == {whole, f"{pairs}_1"}
    assert {job.state for job in cluster.jobs if job.array_id != array} == {"RUNNING"}
    assert cluster.job(single).state == "RUNNING"
