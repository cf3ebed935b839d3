"""Scenario 17: one store under several names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage


def test_one_create_however_the_store_is_spelled(stage: Stage) -> None:
    """A symlink, a slash at the end, a relative path and detours name the same store, where one process computes."""
    stage.store.mkdir()
    (stage.directory / "link").symlink_to(stage.store)
    spellings = [
        str(stage.store),
        f"{stage.store}/",
        str(stage.directory / "link"),
        f"{stage.directory}/link/",
        "store",
        "./link/../store/.",
        os.path.relpath(stage.store, "/").join(("//", "//")),
    ]
    children = [
        stage.start(
            """
            pipelines.during = lambda task: (note("begun"), hold("publish"))
            say("ready")
            hold("go")
            say(Filed(key=8).get())
            """,
            env={"FURU_PATH": spelling},
        )
        for spelling in spellings
    ]
    for child in children:
        child.wait_for("ready")
    stage.touch("go")
    stage.until(lambda: stage.notes("begun"))
    stage.until(lambda: sum("(running->wait)" in child.err for child in children) == len(spellings) - 1)
    stage.touch("publish")
    assert [child.end().ok() for child in children] == [["ready", "64"]] * len(spellings)
    assert len(stage.notes()) == 1
    assert len(list(stage.directory.glob("**/SUCCESS.json"))) == 1
    assert stage.debris() == []
