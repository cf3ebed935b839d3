"""The failure scenarios of run_local, with real processes and signals."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is below this directory as scenarios."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.scenario)
