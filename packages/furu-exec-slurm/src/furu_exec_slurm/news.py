"""What Slurm says of jobs that hold claims, for whoever looks at those: registered as ``slurm`` in ``furu.schedulers``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu.runtime.schedulers import News
from furu_exec_slurm.client import SlurmClient
from furu_exec_slurm.commands import SlurmError

if TYPE_CHECKING:
    from collections.abc import Sequence


def of(job_ids: Sequence[str]) -> dict[str, News]:
    """Return what is known of jobs: from ``squeue``, which is exact and tells why they wait, and from ``sacct`` of the rest.

    Raises ``SlurmError`` when neither answers.
    """
    client = SlurmClient()
    try:
        found = client.queued(job_ids)
    except SlurmError:
        found = {}
    rest = [job_id for job_id in job_ids if job_id not in found]
    if rest:
        found |= client.statuses(rest)
    return {job_id: News(status.gone, status.words) for job_id, status in found.items()}
