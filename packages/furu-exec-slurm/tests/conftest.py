"""A real Slurm for the tests that ask for it, shared by all of them and with whoever uses it by hand.

Each test tells its jobs by a key that every ``sbatch`` of it and of its child processes carries, sees and ends only those,
and has a submitit folder of its own, because submitit finds results by job number alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from real_slurm import Slurm

HERE = Path(__file__).parent
SCRIPTS = HERE.parents[2] / "tests-e2e" / "slurm"
COMMANDS = ("munged", "slurmctld", "slurmd", "sbatch", "slurmdbd", "mariadbd")

sys.path.insert(0, str(HERE))  # modules with pipelines


@pytest.fixture(scope="session")
def slurm_cluster() -> None:
    """Start the cluster of ``make slurm-up`` if it does not run; several processes may do so at once.

    Where that is impossible the test is skipped with the reason, or fails when ``FURU_CI`` is set.  The cluster is left
    running: it takes seconds to start, and somebody else may be using it.
    """
    if os.geteuid() != 0:
        if (
            shutil.which("scontrol") is None
            or subprocess.run(["scontrol", "ping"], env=on_cluster(), check=False).returncode != 0
        ):
            unavailable("no Slurm answers, and starting one needs root: `sudo make slurm-up`")
        return
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in COMMANDS if shutil.which(name, path=path) is None]
    if missing and "FURU_CI" not in os.environ:
        unavailable(f"there is no {', '.join(missing)}; `make slurm-up` installs what is missing")
    started = subprocess.run([SCRIPTS / "start-slurm"], capture_output=True, text=True, check=False)
    if started.returncode != 0:
        unavailable(f"tests-e2e/slurm/start-slurm failed:\n{started.stderr}")


def on_cluster() -> dict[str, str]:
    """Return the environment in which Slurm's commands mean this cluster."""
    return {**os.environ, "SLURM_CONF": f"{os.environ.get('SLURM_HOME', '/tmp/furu-slurm')}/etc/slurm.conf"}


def unavailable(reason: str) -> None:
    """Skip the test with the reason, or fail it in CI."""
    if "FURU_CI" in os.environ:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let jobs and child processes import what tests import."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")])))


@pytest.fixture
def slurm(slurm_cluster: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Slurm]:
    """Give the test a running Slurm, real and shared; its jobs are ended when the test is over.

    submitit looks more often than it does for users: a result is there 0.05 s after the job wrote it, and a death without
    result is noticed after a second.
    """
    monkeypatch.setenv("SLURM_CONF", on_cluster()["SLURM_CONF"])
    from real_slurm import Slurm, quicken

    cluster = Slurm(tmp_path / "submitit", f"furu-{uuid.uuid4().hex[:12]}")
    monkeypatch.setenv("SBATCH_WCKEY", cluster.key)
    quicken(monkeypatch)
    yield cluster
    cluster.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test that stands on the cluster, for ``-m slurm`` and ``-m 'not slurm'``."""
    for item in items:
        if "slurm_cluster" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slurm)
