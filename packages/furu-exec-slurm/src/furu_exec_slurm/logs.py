"""The logs of a job, as its artifact knows them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from submitit.core.utils import JobPaths

if TYPE_CHECKING:
    from pathlib import Path

    from furu.storage.artifact import Artifact

#: The directory in ``.furu`` with links to the logs of the artifact's jobs.
LINKS = "submitit"


def linked(artifact: Artifact, folder: Path, job_id: str) -> dict[str, str]:
    """Make links to the logs of a job in its artifact's ``.furu``, and return where they lie.

    The logs appear when the job starts.  Where links cannot be made the logs are found by the record alone.
    """
    found = written(folder, job_id)
    links = f"{artifact.meta_dir}/{LINKS}"
    try:
        os.makedirs(links, exist_ok=True)
        for stream, suffix in (("stdout", "out"), ("stderr", "err")):
            os.symlink(found[stream], f"{links}/{job_id}.{suffix}")
    except OSError:
        pass
    return found


def written(folder: str | Path, job_id: str) -> dict[str, str]:
    """Return where submitit writes what a job of ``folder`` prints."""
    paths = JobPaths(folder, job_id, 0)
    return {"stdout": str(paths.stdout), "stderr": str(paths.stderr)}
