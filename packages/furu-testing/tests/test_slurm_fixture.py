"""The plugin's fixture is a fake cluster."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from furu_testing.slurm import FakeCluster


def test_the_fixture_puts_a_cluster_on_the_path(fake_slurm: FakeCluster) -> None:
    """A test that asks for it submits to a cluster of its own."""
    done = subprocess.run(["sbatch", "--hold", "--wrap", "true"], capture_output=True, text=True, check=True)

    assert done.stdout == "Submitted batch job 1000\n"
    assert [job.reason for job in fake_slurm.jobs] == ["JobHeldUser"]
