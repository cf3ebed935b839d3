"""Fixtures of the core's own tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from furu import config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def furu_tmp_root(tmp_path: Path) -> Iterator[Path]:
    """Isolate every root in a temporary directory and put all settings back afterwards."""
    settings = config.current()
    before = settings.snapshot()
    settings.base_root = tmp_path
    settings.version_controlled_root_override = tmp_path / "artifacts"
    settings.record_git = "ignore"
    settings.poll_interval = 0.02
    settings.wait_log_every_sec = 60.0
    yield tmp_path
    settings.restore(before)
