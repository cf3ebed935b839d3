"""Figures over the whole store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dashboard_pipelines import Broken, Numbers, Study
from test_listing import soon

if TYPE_CHECKING:
    from conftest import Client


def test_figures_are_those_of_the_store(client: Client) -> None:
    """States, classes and days add up to what was computed."""
    Study().get()
    Numbers(count=9).get()
    with pytest.raises(RuntimeError):
        Broken().get()

    shown = soon(lambda: client.get("/api/stats").json, lambda stats: stats["total"] == 4)

    assert shown["by_result"] == {"success": 3, "failed": 1}
    assert shown["by_attempt"] == {"success": 3, "failed": 1}
    classes = {one["class_name"]: one for one in shown["classes"]}
    assert {name: (one["count"], one["failed"]) for name, one in classes.items()} == {
        "Numbers": (2, 0),
        "Study": (1, 0),
        "Broken": (1, 1),
    }
    assert classes["Numbers"]["usual_duration_sec"] > 0
    assert classes["Broken"]["usual_duration_sec"] is None
    assert shown["size_bytes"] == sum(one["size_bytes"] for one in classes.values()) > 0
    assert (sum(day["success"] for day in shown["days"]), sum(day["failed"] for day in shown["days"])) == (3, 1)


def test_an_empty_store_has_figures_too(client: Client) -> None:
    """All of them are nothing."""
    shown = client.get("/api/stats").json

    assert (shown["total"], shown["classes"], shown["days"]) == (0, [], [])
    assert client.get("/api/stats?days=0").status == 422
