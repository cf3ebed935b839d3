"""The fake commands print what the commands of a real Slurm print.

`test_slurm_recorded.txt` is what one session of commands printed on a real Slurm 22.05 with the partitions below; run
this file as a program on such a machine to record it again.  Ids, times, names of nodes and users are evened out, with
the width of columns kept.
"""

from __future__ import annotations

import difflib
import os
import pwd
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

import pytest

from furu_testing.slurm import fake_slurm

if TYPE_CHECKING:
    from furu_testing.slurm import FakeCluster

RECORDED = Path(__file__).with_suffix(".txt")
PARTITIONS = ("cpu", "gpu", "preempt")

#: `NAME: command` keeps the output of a command under a name; `until STATES: $NAME` waits and is not recorded.
SESSION = r"""
# Submissions that are refused, in any order
sbatch --nonsense
sbatch -z
sbatch --time
sbatch --time=abc --wrap true
sbatch nofile.sh
printf 'echo hi\n' > noshebang.sh; sbatch noshebang.sh
printf '#!/bin/bash\n#SBATCH --job-name=my job\n' > directive.sh; sbatch directive.sh
sbatch < /dev/null
sbatch -p nope --wrap true
sbatch --array=abc --wrap true
sbatch --array=5-3 --wrap true
sbatch --array=0-20000 --wrap true
sbatch --dependency=afterok:abc --wrap true
sbatch --dependency=foo:12 --wrap true
sbatch --mem=abc --wrap true

# A job that waits
HELD: sbatch --parsable --hold --job-name=waiting -o /dev/null --time=90 --comment=why --wrap true
until PENDING: $HELD
squeue -j $HELD
squeue --Format=jobid,name,state,reason,dependency,arrayjobid,arraytaskid,statecompact,timelimit -j $HELD
squeue -h -j $HELD -o '%i|%T|%r|%R|%M|%l|%L|%D|%C|%A|%F|%K|%a|%E|%k|%P|%S|%e|%N|%q|%u|%t'
squeue -h -j $HELD -o '[%10i][%.10i][%-10i][%.3T]'
sacct-until 1: $HELD
sacct -X -P -j $HELD -o JobID,JobName,State,ExitCode,NodeList,Timelimit,TimelimitRaw,Start,End,AllocCPUS
scontrol show job $HELD | grep -oE 'JobState=.*|Requeue=.*|TimeLimit=[^ ]*|NumTasks=[^ ]*|Restarts=[^ ]*|Comment=.*'
scontrol release $HELD
until COMPLETED: $HELD
scontrol release $HELD
scontrol hold $HELD
scontrol show job $HELD | grep -oE 'JobState=.*|ExitCode=.*'

# Questions about nothing, in any order
squeue -j 1
squeue -j 1,2
squeue -j abc
squeue -t foo
squeue --foo
squeue -O foo
sacct -j 1
sacct -j 1 -P -n
sacct -j abc
sacct -o bogus
sacct -s XX
sacct --foo
scancel 1
scancel -v 1
scancel abc
scancel
scancel --foo
scancel --signal=FOO 1
scontrol show job 1
scontrol requeue 1
scontrol hold 1
scontrol frobnicate
scontrol show hostnames 'a[1-3,5],b,c[08-10]'
sbatch --version

# How jobs end
GOOD: sbatch --parsable -J good -o good.txt --wrap 'srun -n1 true; srun -n1 sh -c "exit 3"; srun nosuchcommand; echo said $?'
BAD: sbatch --parsable -J bad -o /dev/null --wrap 'exit 3'
HIGH: sbatch --parsable -o /dev/null --wrap 'exit 255'
KILLED: sbatch --parsable -o /dev/null --wrap 'kill -9 $$'
NOWHERE: sbatch --parsable -o /nonexistent/x.txt --wrap true
STEP: sbatch --parsable -n2 -o step.txt --wrap 'srun sh -c "kill -9 \$\$"'
until COMPLETED: $GOOD
until FAILED: $BAD $HIGH $KILLED $NOWHERE $STEP

# How they ended, in any order
squeue -t all -j $GOOD,$BAD
squeue -t all -h -j $KILLED -o '%T %r %R'
squeue -t all -h -j $NOWHERE -o '%T %r'
sacct -j $GOOD,$BAD
sacct -n -j $GOOD -o JobID%30,JobName,State%-12,NTasks
sacct -b -j $BAD
sacct -p -j $BAD --delimiter=';' -o jobid,STATE
sacct -n -P -j $GOOD -o JobID,JobName,State,ExitCode,NTasks,Partition,User
sacct -n -X -P -j $HIGH -o State,ExitCode
sacct -n -P -j $KILLED -o State,ExitCode
sacct -n -P -j $NOWHERE -o State,ExitCode
sacct -n -P -j $STEP -o JobName,State,ExitCode
sacct -X -n -P -j $GOOD,$BAD -s F -o JobName,State
scontrol show job $HIGH | grep -oE 'JobState=.*|ExitCode=.*'
cat good.txt | grep -v 'error: execve'

# What a job finds
printf '#!/bin/bash\n#SBATCH --job-name="my job"  -p gpu\n#SBATCH --output=env_%%A_%%a_%%x_%%u_%%%%.txt # why\n#SBATCH -n2 -c 2\n\n#SBATCH --array=3,5-6\necho $@ $SLURM_JOB_NAME\n#SBATCH --job-name=late\n' > env.sh
printf 'env | grep -E "^(SLURM_(ARRAY|CPUS|GTIDS|JOB_(CPUS|NAME|NODELIST|NUM|PARTITION)|LOCALID|NNODES|NODEID|NODELIST|NPROCS|NTASKS|PROCID|TASKS|STEP_ID|STEPID|STEP_NUM|STEP_TASKS)|SLURMD_NODENAME)" | sort\n' >> env.sh
printf 'srun -o env_%%t_%%s.txt env\n' >> env.sh
ENV: sbatch --parsable -J 'other name' --array=5 env.sh one two
until COMPLETED: $ENV
cat "env_${ENV}_5_other name_${USER}_%.txt"
grep -E '^SLURM_(PROCID|LOCALID|NTASKS|STEP_ID|STEP_NUM_TASKS|GTIDS)' env_1_0.txt | sort

# An array
ARRAY: sbatch --parsable --array=0-9%2 -J arr -o /dev/null --wrap 'exec sleep 60'
until RUNNING: ${ARRAY}_1
squeue -j $ARRAY | sort
squeue -r -h -j $ARRAY -o '%i %F %K %T' | sort
squeue -h -j ${ARRAY}_7 -o '%i %T %r'
sacct-until 3: $ARRAY
sacct -X -n -P -j $ARRAY -o JobID,State,NodeList
scancel ${ARRAY}_3 ${ARRAY}_[4-5]
squeue -h -t all -j $ARRAY -o '%i %T' | sort
scontrol show job ${ARRAY}_3
sacct -X -n -P -j ${ARRAY}_4 -o JobID,State
scontrol show job ${ARRAY}_7 | head -1 | grep -oE 'Array.*'
scancel $ARRAY
until CANCELLED: $ARRAY
squeue -h -t all -j $ARRAY -o '%i %T' | sort
sacct -X -n -P -j $ARRAY -o JobID,State,NodeList,ExitCode | head -2
LONG: sbatch --parsable --hold --array=0-30:3,40-42,44,46,50 -o /dev/null --wrap true
squeue -h -j $LONG -o '%i %K'
squeue -j $LONG
scancel $LONG

# Dependencies
FIRST: sbatch --parsable -o /dev/null --wrap 'until test -e first; do sleep 0.05; done; exit 3'
OK: sbatch --parsable -o /dev/null --dependency=afterok:$FIRST --wrap true
KILL: sbatch --parsable -o /dev/null --kill-on-invalid-dep=yes --dependency=afterok:$FIRST --wrap true
NOT: sbatch --parsable -J not -o /dev/null --dependency=afternotok:$FIRST --wrap true
ANY: sbatch --parsable -J any -o /dev/null --dependency=afterok:$FIRST?afterany:$FIRST --wrap true
UNKNOWN: sbatch --parsable -o /dev/null --dependency=afterok:17 --wrap true
squeue -h -j $OK -o '%T %r %E'
squeue -h -j $ANY -o '%T %E'
touch first
until FAILED: $FIRST
until COMPLETED: $NOT $ANY $UNKNOWN
until CANCELLED: $KILL
squeue -h -j $OK -o '%T %r %E %R'
squeue -h -t all -j $KILL -o '%T %r %R'
sacct -X -n -P -j $KILL -o State,ExitCode
scancel $OK
ONE: sbatch --parsable -J single -o /dev/null --wrap 'until test -e one; do sleep 0.05; done'
TWO: sbatch --parsable -J single --dependency=singleton -o /dev/null --wrap true
squeue -h -j $TWO -o '%T %E'
touch one
until COMPLETED: $ONE $TWO

# Cancelled and requeued
RUNS: sbatch --parsable -o /dev/null --wrap 'exec sleep 60'
until RUNNING: $RUNS
sacct-until 1: $RUNS
scancel $RUNS
until CANCELLED: $RUNS
scancel $RUNS
squeue -h -t all -j $RUNS -o '%T %r %R'
sacct -n -P -j $RUNS -o JobID,State,ExitCode,NodeList
scontrol show job $RUNS | grep -oE 'JobState=.*|ExitCode=.*'
HOLD: sbatch --parsable --hold -o /dev/null --wrap true
sacct-until 1: $HOLD
scancel $HOLD
until CANCELLED: $HOLD
squeue -h -t all -j $HOLD -o '%T %r %R'
sacct -n -P -j $HOLD -o State,ExitCode,NodeList
scontrol requeue $HOLD
scancel $HOLD
AGAIN: sbatch --parsable -o again.txt --wrap 'echo restart $SLURM_RESTART_COUNT; test -n "$SLURM_RESTART_COUNT" || exec sleep 60'
until RUNNING: $AGAIN
sacct-until 1: $AGAIN
scontrol requeue $AGAIN
until COMPLETED: $AGAIN
cat again.txt
sacct -X -D -n -P -j $AGAIN -o State,ExitCode
sacct -X -n -P -j $AGAIN -o State,ExitCode
scontrol show job $AGAIN | grep -oE 'JobState=.*|Restarts=[0-9]*'
FIXED: sbatch --parsable --no-requeue -o /dev/null --wrap 'exec sleep 60'
until RUNNING: $FIXED
scontrol requeue $FIXED
scancel $FIXED
WAITED: sbatch --parsable --wait -o /dev/null --wrap 'exit 4'
sinfo
sinfo -h -o '%P %a %D'
sinfo -p nope
"""


class Session:
    """One run of the session in a directory, with what it printed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.kept = {"USER": pwd.getpwuid(os.getuid()).pw_name}
        self.printed: list[str] = []

    def run(self) -> str:
        """Return what all commands print, evened out."""
        for section in SESSION.strip().split("\n\n"):
            heading, *lines = section.splitlines()
            self.printed.append(f"\n{heading}\n")
            if heading.endswith("in any order"):
                with ThreadPoolExecutor(4) as pool:
                    self.printed += pool.map(self._command, lines)
            else:
                for line in lines:
                    self._line(line)
        return "".join(self.printed).lstrip()

    def _line(self, line: str) -> None:
        name, colon, command = line.partition(": ")
        words = name.split()
        if colon and words[0] in ("until", "sacct-until"):
            self._wait(words[0], words[1], command.split())
        elif colon and name.isupper():
            self._keep(name, command)
        else:
            self.printed.append(self._command(line))

    def _command(self, line: str) -> str:
        return self._even(f"$ {line}\n{self._shell(line)}")

    def _shell(self, command: str) -> str:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.directory,
            env=os.environ | self.kept,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        errors = "".join(f"! {line}\n" for line in done.stderr.splitlines())
        return done.stdout + errors + (f"[{done.returncode}]\n" if done.returncode else "")

    def _keep(self, name: str, command: str) -> None:
        answer = self._shell(command)
        self.kept[name] = answer.split()[0]
        rest = answer.partition("\n")[2]
        self.printed.append(self._even(f"$ {name}={command}\n{rest}"))

    def _wait(self, how: str, wanted: str, ids: list[str]) -> None:
        """Wait until jobs have a state, for `squeue` and for `sacct`, or until `sacct` has enough rows for them."""
        until = time.monotonic() + 60
        for one in ids:
            job = Template(one).substitute(self.kept)
            while not self.is_enough(how, wanted, job):
                assert time.monotonic() < until, f"{one} is not {wanted}"
                time.sleep(0.01)

    def is_enough(self, how: str, wanted: str, one: str) -> bool:
        """Tell whether the wait is over."""
        queue = set(self._shell(f"squeue -h -t all -j {one} -o %T").splitlines())
        if how == "until" and wanted in ("PENDING", "RUNNING"):
            return queue == {wanted}
        rows = self._shell(f"sacct -X -n -P -j {one} -o State,JobName").splitlines()
        if how == "until":  # a row whose job has no name yet is behind
            return (
                rows != []
                and queue == {wanted}
                and all(row.startswith(wanted) for row in rows)
                and "allocation" not in str(rows)
            )
        return len(rows) >= int(wanted) and (any(row.startswith("RUNNING") for row in rows) or queue == {"PENDING"})

    def _even(self, text: str) -> str:
        """Replace what differs between two runs by something of the same width."""
        for name, value in sorted(self.kept.items()):
            if name != "USER":
                text = text.replace(value, (name * 8)[: len(value)])
        text = re.sub(r"\b\d{8}\b", "########", text)
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "<time>", text)
        text = re.sub(r"\b(furu|node)1\b", "NODE1", text)
        text = re.sub(r"\b0:0\d\b", "0:0#", text)
        text = re.sub(r"by \d+\b", "by UID", text)
        return re.sub(rf"\b{self.kept['USER']}\b", "root", text)


class FakeSession(Session):
    """The same on a fake cluster, whose jobs can be seen without asking its commands."""

    def __init__(self, directory: Path, cluster: FakeCluster) -> None:
        super().__init__(directory)
        self.cluster = cluster

    def is_enough(self, how: str, wanted: str, one: str) -> bool:
        """Tell whether the wait is over."""
        jobs = [job for job in self.cluster.jobs if one in (job.id, job.array_id)]
        runs_on = wanted in ("PENDING", "RUNNING")
        return how != "until" or all(job.state == wanted and (job.over or runs_on) for job in jobs)


def test_the_fake_prints_what_a_real_slurm_prints(tmp_path: Path) -> None:
    """A session of more than a hundred commands has the same output, exit codes and messages on both."""
    with fake_slurm(tmp_path / "cluster", partitions=PARTITIONS, nodes=1, cpus=8, first_id=55_000_000) as cluster:
        printed = FakeSession(tmp_path, cluster).run()

    recorded = RECORDED.read_text()
    if pwd.getpwuid(os.getuid()).pw_name != "root":  # the width of the user's name moves columns
        printed, recorded = (re.sub(" +", " ", text) for text in (printed, recorded))
    differences = difflib.unified_diff(recorded.splitlines(), printed.splitlines(), "real", "fake", lineterm="", n=2)
    if text := "\n".join(differences):
        pytest.fail(text, pytrace=False)


if __name__ == "__main__":
    work = Path(sys.argv[1])
    work.mkdir()
    RECORDED.write_text(Session(work).run())
