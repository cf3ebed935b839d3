"""The pytest fixture `fake_slurm`; the only module here that needs pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from furu_testing.slurm.cluster import fake_slurm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from furu_testing.slurm.cluster import FakeCluster


@pytest.fixture(name="fake_slurm")
def fake_slurm_fixture(tmp_path: Path) -> Iterator[FakeCluster]:
    """A fake Slurm cluster whose commands are on ``PATH`` during the test."""
    with fake_slurm(tmp_path) as cluster:
        yield cluster
