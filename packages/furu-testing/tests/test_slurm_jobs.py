"""Jobs are processes: they get an environment and output files, signals and an end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from furu_testing.slurm import Cancelled, NodeFail, Preempted, Requeued, Running, Suspended, fake_slurm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from furu_testing.slurm import FakeCluster

#: A job that says when it is there, and stays until it is killed.
STAYS = "echo $$ >> started; exec sleep 60"

#: The same for one that takes no notice of SIGTERM.
STUBBORN = "trap '' TERM; echo $$ >> started; while :; do sleep 0.05; done"

#: The same for a step, which says what signals it gets.
LISTENS = "srun sh -c 'trap \"echo USR2 >> heard\" USR2; echo $$ >> started; while :; do sleep 0.02; done'"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCluster]:
    """A cluster whose jobs run in the test's directory."""
    monkeypatch.chdir(tmp_path)
    with fake_slurm(tmp_path / "cluster") as cluster:
        yield cluster


def run(*command: str) -> str:
    """Return what a command that works prints."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def submit(script: str, *options: str) -> str:
    """Submit a job and return its id."""
    return run("sbatch", "--parsable", *options, "--wrap", script)


def until(true: Callable[[], object]) -> None:
    """Wait for something that is about to happen."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def pids(count: int = 1) -> list[int]:
    """Wait until jobs have started and return their process ids."""
    started = Path("started")
    until(lambda: started.exists() and len(started.read_text().splitlines()) >= count)
    return [int(line) for line in started.read_text().splitlines()]


def lives(pid: int) -> bool:
    """Tell whether a process runs."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_job_runs_with_its_options(cluster: FakeCluster, tmp_path: Path) -> None:
    """Options of the command line count before those in the script; output goes where they say."""
    script = Path("job.sh")
    script.write_text(
        "#!/bin/bash\n#SBATCH --job-name='my job' --time=5  # why\n#SBATCH -o out-%x-%j.txt --error=err.txt\n"
        "#SBATCH --export=ALL,EXTRA=1\n\n"
        "echo $SLURM_JOB_NAME $SLURM_JOB_ID $EXTRA $PWD $1 $SLURM_NTASKS; echo oops >&2; exit 3\n"
    )
    (tmp_path / "work").mkdir()
    job = run("sbatch", "--parsable", "-J", "named", "-n", "2", "-D", "work", str(script), "argument")
    (found,) = cluster.wait(job)

    assert (tmp_path / "work/out-named-1000.txt").read_text() == f"named 1000 1 {tmp_path}/work argument 2\n"
    assert (tmp_path / "work/err.txt").read_text() == "oops\n"
    assert (found.state, found.exit_code, found.options["time"]) == ("FAILED", 3, "5")
    assert (found.script, found.arguments) == (script.read_text(), ("argument",))


def test_an_array_runs_a_few_at_a_time(cluster: FakeCluster) -> None:
    """Every element runs once, in a file and with an id of its own, no more of them at once than the limit says."""
    job = submit(
        "ls running* 2>/dev/null | wc -l; touch running.$SLURM_JOB_ID; sleep 0.03; rm running.$SLURM_JOB_ID",
        "--array=1-7:2%2",
    )
    found = cluster.wait(job)

    assert [one.task for one in found] == [1, 3, 5, 7]
    assert {one.raw_id for one in found} == {1000, 1001, 1002, 1003}
    assert max(int(Path(f"slurm-1000_{task}.out").read_text()) for task in (1, 3, 5, 7)) <= 1


def test_no_more_jobs_run_than_there_are_cpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs wait for Resources; the next one starts when one has ended, without anybody asking."""
    monkeypatch.chdir(tmp_path)
    with fake_slurm(tmp_path, cpus=2) as cluster:
        submit("until test -e go; do sleep 0.01; done", "-c", "2")
        second = submit("touch second")
        waiting = cluster.job(second).reason
        Path("go").touch()
        until(Path("second").exists)

    assert waiting == "Resources"


def test_dependents_start_by_themselves(cluster: FakeCluster) -> None:
    """A chain of jobs runs to its end while nobody looks; a job may submit jobs."""
    first = submit("sbatch --parsable --wrap 'touch nested' > nested-id; touch first")
    submit("test -e first && touch second", f"--dependency=afterok:{first}")
    until(lambda: Path("second").exists() and Path("nested").exists())

    assert Path("nested-id").read_text().strip() in {job.id for job in cluster.jobs}
    assert cluster.calls("squeue") == []


def test_srun_runs_tasks(cluster: FakeCluster) -> None:
    """A step has a task per rank with an environment of its own, and the highest exit code of them."""
    script = "srun -o %t-of-%j.txt sh -c 'echo $SLURM_PROCID/$SLURM_NTASKS on $SLURMD_NODENAME; exit $SLURM_PROCID'"
    cluster.wait(submit(script, "--nodes=2", "--ntasks=4"))

    texts = [Path(f"{rank}-of-1000.txt").read_text() for rank in range(4)]
    assert texts == ["0/4 on node1\n", "1/4 on node1\n", "2/4 on node2\n", "3/4 on node2\n"]
    assert cluster.job().exit_code == 3
    assert run("sacct", "-n", "-P", "-o", "JobID,State,ExitCode,NTasks").splitlines() == [
        "1000|FAILED|3:0|",
        "1000.batch|FAILED|3:0|2",
        "1000.0|FAILED|3:0|4",
    ]


def test_scancel_ends_the_processes(cluster: FakeCluster) -> None:
    """A cancelled job says so at once, and is over when its processes are."""
    job = submit(STAYS)
    (pid,) = pids()
    run("scancel", job)
    row = run("sacct", "-n", "-X", "-P", "-j", job, "-o", "State")
    (found,) = cluster.wait(job)

    assert row == f"CANCELLED by {os.getuid()}"
    assert (found.state, found.attempts, lives(pid)) == ("CANCELLED", ("CANCELLED",), False)


def test_sigkill_comes_some_time_after_sigterm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that takes no notice of SIGTERM is COMPLETING until it is killed."""
    monkeypatch.chdir(tmp_path)
    with fake_slurm(tmp_path, kill_wait_sec=30) as cluster:
        job = submit(STUBBORN)
        (pid,) = pids()
        run("scancel", job)
        meanwhile = run("squeue", "-h", "-j", job, "-o", "%T"), cluster.job(job).over, lives(pid)
        cluster.advance(sec=31)
        (found,) = cluster.wait(job)

    assert meanwhile == ("COMPLETING", False, True)
    assert (found.state, lives(pid)) == ("CANCELLED", False)


def test_a_zombie_lives_on(cluster: FakeCluster) -> None:
    """A job that Slurm has given up can run for a while and write; nothing tells it."""
    cluster.script("*", Running(), lives_on=2)
    job = submit("echo $$ >> started; until test -e go; do sleep 0.01; done; touch written; exec sleep 60")
    (pid,) = pids()
    run("scancel", job)
    cluster.advance()
    Path("go").touch()
    until(Path("written").exists)
    state, alive = cluster.job(job).state, lives(pid)
    cluster.advance()
    cluster.wait(job)

    assert (state, alive, lives(pid)) == ("CANCELLED", True, False)


def test_a_lost_node_goes_on_beside_the_next_attempt(cluster: FakeCluster) -> None:
    """After a node failure with requeue two attempts of one job run at the same time."""
    cluster.script("*", Running(), NodeFail(requeue=True), Running(polls=None), lives_on=3)
    submit(STAYS)
    (first,) = pids()
    cluster.advance(polls=2)
    _, second = pids(2)
    both = lives(first), lives(second)
    cluster.advance(polls=3)
    until(lambda: not lives(first))

    assert both == (True, True)
    assert lives(second)
    assert cluster.job().attempts == ("NODE_FAIL", "RUNNING")


def test_what_a_job_leaves_behind_is_killed(cluster: FakeCluster) -> None:
    """Background processes end with their job, in a session of their own too."""
    job = submit("setsid sh -c 'echo $$ >> started; exec sleep 60' & until test -s started; do sleep 0.01; done")
    (found,) = cluster.wait(job)
    (pid,) = pids()

    assert (found.state, lives(pid)) == ("COMPLETED", False)


def test_nothing_runs_after_leaving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaving the context restores the path and kills every job, whatever it does with signals and sessions."""
    monkeypatch.chdir(tmp_path)
    before = os.environ["PATH"]
    with fake_slurm(tmp_path) as cluster:
        submit(STUBBORN)
        submit(f'setsid sh -c "{STAYS}" & wait')
        running = pids(2)
        squeue = str(cluster.bin / "squeue")

    left = subprocess.run([squeue], capture_output=True, text=True, check=False)
    assert os.environ["PATH"] == before
    assert [lives(pid) for pid in running] == [False, False]
    assert (left.returncode, left.stderr.split(":")[0]) == (1, "slurm_load_jobs error")


def test_jobs_end_with_a_test_process_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test run that is killed leaves no job behind."""
    monkeypatch.chdir(tmp_path)
    program = (
        "import subprocess, time\nfrom furu_testing.slurm import fake_slurm\n"
        f"with fake_slurm('.'):\n    subprocess.run(['sbatch', '--wrap', {STAYS!r}])\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.DEVNULL) as process:
        (pid,) = pids()
        process.kill()
    until(lambda: not lives(pid))


def test_signals_go_to_steps(cluster: FakeCluster) -> None:
    """A signal reaches the tasks of srun; with --batch the batch shell; a pending job cannot have one."""
    listening = submit(LISTENS)
    shell = submit(f"trap 'echo shell >> heard; exit 4' USR2; {STAYS.replace('exec ', '')} & wait")
    held = submit("true", "--hold")
    pids(2)
    run("scancel", "--signal=USR2", listening, shell)
    until(lambda: Path("heard").exists() and Path("heard").read_text() == "USR2\n")
    run("scancel", "--batch", "-s", "SIGUSR2", shell)
    (found,) = cluster.wait(shell)
    refused = subprocess.run(["scancel", "-s", "USR2", held], capture_output=True, text=True, check=False)

    assert (found.exit_code, Path("heard").read_text()) == (4, "USR2\nshell\n")
    assert (refused.returncode, "can not be altered now" in refused.stderr) == (228, True)


def test_a_time_limit_warns_and_ends(cluster: FakeCluster) -> None:
    """The signal that a job asked for comes ahead of its limit; at the limit it times out."""
    job = submit(LISTENS, "--time=5", "--signal=USR2@90")
    pids()
    cluster.advance(sec=4 * 60)
    until(Path("heard").exists)
    warned = cluster.job(job).state
    cluster.advance(sec=60)
    (found,) = cluster.wait(job)

    assert (warned, found.state, found.reason) == ("RUNNING", "TIMEOUT", "TimeLimit")


def test_a_requeued_job_runs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scontrol requeue ends the attempt; after the delay the job runs again, and knows it."""
    monkeypatch.chdir(tmp_path)
    with fake_slurm(tmp_path, requeue_delay_sec=120) as cluster:
        job = submit(f"test -z $SLURM_RESTART_COUNT || exit 0; {STAYS}")
        fixed = submit("true", "--no-requeue", "--hold")
        pids()
        run("scontrol", "requeue", job)
        until(lambda: run("squeue", "-h", "-j", job, "-o", "%T %r") == "PENDING BeginTime")
        cluster.advance(sec=121)
        (found,) = cluster.wait(job)
        refused = subprocess.run(["scontrol", "requeue", fixed], capture_output=True, text=True, check=False)

    assert (found.state, found.restarts, found.attempts) == ("COMPLETED", 1, ("REQUEUED", "COMPLETED"))
    assert (refused.returncode, refused.stderr) == (1, f"Job is pending execution for job {fixed}\n")


def test_a_preempted_job_is_told(cluster: FakeCluster) -> None:
    """Preemption sends the signal that a job asked for, gives it time, then takes the node away."""
    cluster.script("*", Running(), Preempted(grace_sec=60))
    job = submit(LISTENS, "--signal=USR2@30")
    pids()
    cluster.advance()
    until(Path("heard").exists)
    warned = cluster.job(job)
    cluster.advance(polls=1, sec=61)
    pids(2)

    assert (warned.state, warned.restarts) == ("RUNNING", 0)
    assert cluster.job(job).attempts == ("PREEMPTED", "RUNNING")


def test_a_suspended_job_stands_still(cluster: FakeCluster) -> None:
    """Suspended processes are stopped, and go on afterwards."""
    cluster.script("*", Running(), Suspended(), Running(polls=None))
    submit(STAYS)
    (pid,) = pids()
    cluster.advance()
    until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    cluster.advance()
    until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "S")


def test_a_suspended_job_does_not_stop_the_cluster(cluster: FakeCluster) -> None:
    """Commands that a job has called are not stopped with it: one might hold what all commands wait for."""
    cluster.script("*", Running(polls=None))
    cluster.slow("sinfo", 0.2)
    job = submit("echo $$ >> started; sinfo > nodes; exec sleep 60")
    pids()
    until(lambda: cluster.calls("sinfo"))
    cluster.script(job, Suspended(polls=None))

    until(lambda: "node" in Path("nodes").read_text())
    assert cluster.job(job).state == "SUSPENDED"


def test_the_end_of_a_job_can_be_made_up(cluster: FakeCluster) -> None:
    """A script with polls=None lets the process end by itself and says what became of it."""
    cluster.script("*", Running(polls=None), Cancelled(by=7))
    (found,) = cluster.wait(submit("touch ran"))

    assert (found.state, Path("ran").exists()) == ("CANCELLED", True)


def test_output_that_cannot_be_opened(cluster: FakeCluster) -> None:
    """A job whose output directory is missing fails at its start, with the exit code that Slurm has for it."""
    cluster.wait(submit("true", "--output=missing/out.txt"))

    assert run("sacct", "-n", "-X", "-P", "-o", "State,ExitCode") == "FAILED|0:53"


def test_waiting_for_a_job_that_does_not_end(cluster: FakeCluster) -> None:
    """Waiting gives up with the states of what is left."""
    cluster.script("*", Requeued(polls=5))
    submit("true")

    with pytest.raises(TimeoutError, match=r"not over after 0.02 s: 1000 PENDING \(BeginTime\)"):
        cluster.wait(timeout_sec=0.02)


def test_commands_side_by_side(cluster: FakeCluster) -> None:
    """Commands in many processes and threads see one cluster and lose nothing."""
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: submit("true", "--hold"), range(12)))

    assert sorted(ids) == [str(1000 + number) for number in range(12)]
    assert len(cluster.calls("sbatch")) == 12


def test_a_killed_command_leaves_the_cluster_whole(cluster: FakeCluster) -> None:
    """Whenever a command is killed, the next one works."""
    for delay_sec in (0.002, 0.008, 0.012, 0.016):
        with subprocess.Popen(["sbatch", "--hold", "--wrap", "true"], stdout=subprocess.DEVNULL) as process:
            time.sleep(delay_sec)
            process.send_signal(signal.SIGKILL)
    before = len(cluster.jobs)

    assert submit("true", "--hold") == str(1000 + before)


def test_clusters_can_be_nested(cluster: FakeCluster, tmp_path: Path) -> None:
    """A second cluster hides the first while it is there."""
    submit("true", "--hold")
    with fake_slurm(tmp_path / "cluster", first_id=7000) as inner:
        submit("true", "--hold")

    assert [job.id for job in inner.jobs] == ["7000"]
    assert submit("true", "--hold") == "1001"
