"""What Slurm says of jobs that hold claims, for whoever looks at those: registered as ``slurm`` in ``furu.schedulers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu.runtime.schedulers import News
from furu_exec_slurm.client import SlurmClient

if TYPE_CHECKING:
    from collections.abc import Sequence


def of(job_ids: Sequence[str]) -> dict[str, News]:
    """Return what is known of jobs.

    Raises ``SlurmError`` when neither answers.
    """
    return {job_id: News(status.gone, status.words) for job_id, status in SlurmClient().latest(job_ids).items()}
