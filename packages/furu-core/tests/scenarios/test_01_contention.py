"""Scenario 1: many processes want many fresh objects at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

PROCESSES = 8
OBJECTS = 150


@pytest.mark.parametrize("kind", ["Filed", "Kept"])
def test_each_of_150_objects_is_created_once_by_eight_processes(stage: Stage, kind: str) -> None:
    """All processes get all values, half of them in one order and half in orders of their own; nothing is left behind."""
    children = [
        stage.start(f"""
            import random
            keys = list(range({OBJECTS}))
            if {number} % 2:
                random.Random({number}).shuffle(keys)
            say("ready")
            hold("go")
            say(sum({kind}(key=key).get() in (key**2, {{"square": key**2}}) for key in keys))
        """)
        for number in range(PROCESSES)
    ]
    for child in children:
        child.wait_for("ready")
    stage.touch("go")
    assert [child.end().ok() for child in children] == [["ready", str(OBJECTS)]] * PROCESSES
    assert sorted(what for _, what, *_ in stage.notes()) == sorted(f"{kind}-{key}" for key in range(OBJECTS))
    assert len(stage.records("SUCCESS.json")) == OBJECTS
    assert stage.debris() == []
