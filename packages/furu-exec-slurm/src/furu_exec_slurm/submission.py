"""``Submission``: submitit's Slurm executor, without its pauses, and patient with a controller that is busy."""

from __future__ import annotations

import shlex
import sys
import uuid
from typing import TYPE_CHECKING, Any

import submitit
from submitit.core.utils import DelayedSubmission, JobPaths
from submitit.slurm.slurm import SlurmJob

from furu import config
from furu._sys.clock import SYSTEM_CLOCK
from furu_exec_slurm import commands
from furu_exec_slurm.commands import SlurmError, SlurmLimit
from furu_exec_slurm.requeue import shielded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from furu._sys.clock import Clock

#: Pauses between attempts at ``sbatch`` while the controller does not answer (seconds): ten minutes in all.
PAUSES_SEC = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, *[60.0] * 9)


class Submission(submitit.SlurmExecutor):
    """One call of ``sbatch``, for one job or for an array, with files as submitit writes and reads them.

    It carries a mark of its own in the job's comment.  So when ``sbatch`` fails in a way that leaves open whether the job
    was accepted, the job is looked for before it is submitted again.
    """

    def __init__(
        self,
        folder: str | Path,
        parameters: Mapping[str, Any],
        *,
        clock: Clock = SYSTEM_CLOCK,
        pauses_sec: Sequence[float] = PAUSES_SEC,
    ) -> None:
        super().__init__(folder, python=shielded(shlex.quote(sys.executable)))
        self._clock = clock
        self._pauses_sec = pauses_sec
        self._mark = f"furu:{uuid.uuid4().hex}"
        comment = parameters.get("comment")
        self.update_parameters(**{**parameters, "comment": f"{comment} {self._mark}" if comment else self._mark})

    def send(self, function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> list[str]:
        """Submit ``function`` with each of these arguments; return the ids: ``123``, or ``123_0``, ``123_1`` of an array.

        Raises ``SlurmLimit`` when Slurm takes no more jobs of this user for now, and ``SlurmError`` when it refuses or does
        not answer for minutes; then nothing was submitted, as far as can be told.
        """
        calls_delayed = [DelayedSubmission(function, *arguments) for arguments in calls]
        return [str(job.job_id) for job in self._internal_process_submissions(calls_delayed)]

    def _internal_process_submissions(self, delayed_submissions: list[Any]) -> list[Any]:
        """Submit as submitit does; an array, too, by ``_submit_command`` of this class."""
        folder = JobPaths.get_first_id_independent_folder(self.folder)
        folder.mkdir(parents=True, exist_ok=True)
        count = len(delayed_submissions)
        pickles = [folder / f"{uuid.uuid4().hex}.pkl" for _ in delayed_submissions]
        try:
            for delayed, pickle in zip(delayed_submissions, pickles, strict=True):
                delayed.set_timeout(self.parameters["time"], self.max_num_timeout)
                delayed.dump(pickle)
            if count > 1:
                self.parameters["map_count"] = count
            first = self._submit_command(self._submitit_command_str)
        except BaseException:
            for pickle in pickles:
                pickle.unlink(missing_ok=True)
            raise
        jobs = [first] if count == 1 else [self._job(f"{first.job_id}_{index}") for index in range(count)]
        for job, pickle in zip(jobs, pickles, strict=True):
            job.paths.move_temporary_file(pickle, "submitted_pickle")
        return jobs

    def _submit_command(self, command: str) -> Any:
        """Write the batch script and call ``sbatch`` until it accepts or refuses it."""
        script = JobPaths.get_first_id_independent_folder(self.folder) / f".submission_file_{uuid.uuid4().hex}.sh"
        script.write_text(self._make_submission_file_text(command, ""))
        try:
            job = self._job(self._accepted_id(script))
        except BaseException:
            script.unlink(missing_ok=True)
            raise
        job.paths.move_temporary_file(script, "submission_file", keep_as_symlink=True)
        return job

    def _accepted_id(self, script: Path) -> str:
        last: SlurmError | None = None
        for pause_sec in (0.0, *self._pauses_sec):
            self._clock.sleep(pause_sec)
            try:
                if last is not None and (found := self._found()) is not None:
                    return found
                # What Slurm tells a job about itself is not for the jobs it submits.
                said = commands.run("sbatch", str(script), env=config.environment_outside_slurm())
            except SlurmError as error:
                if isinstance(error, SlurmLimit) or not commands.is_transient(error):
                    raise
                last = error  # as long as nobody can say whether it was accepted, it is not submitted again
            else:
                return str(self._get_job_id_from_submission_command(said))
        assert last is not None
        raise last

    def _found(self) -> str | None:
        """Return the id of the job that carries our mark, when there is one."""
        for line in commands.run("squeue", "--noheader", "--me", "--states=all", "--format=%F|%k").splitlines():
            job_id, _, comment = line.partition("|")
            if self._mark in comment:
                return job_id
        return None

    def _job(self, job_id: str) -> Any:
        return SlurmJob(folder=self.folder, job_id=job_id, tasks=list(range(self._num_tasks())))
