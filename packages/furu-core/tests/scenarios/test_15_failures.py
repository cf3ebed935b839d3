"""Scenario 15: a ``_create`` that fails while others wait for it, and failures that stay."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

    from furu_testing.children import Child

WAITERS = 6

FAIL = """
    from pipelines_more import *

    def fail(task):
        say("creating")
        hold("fail")
        raise {error}

    pipelines.during = fail
    failing(Filed(key=3).get)
"""
GET = """
    from pipelines_more import *

    pipelines.during = lambda task: say("created again")
    try:
        say(Filed(key=3).get())
    except furu.FuruComputeError as error:
        say(isinstance(error, {cls}), "bad luck" in str(error), "in fail" in error.recorded_traceback)
        say(type(error.original_error).__name__, type(error.__cause__).__name__, error.state_path.name)
"""


def waiting(stage: Stage, cls: str, count: int) -> list[Child]:
    """Start processes that wait for the holder; every other one calls itself another host."""
    waiters = [stage.start(GET.format(cls=cls), host="elsewhere" if n % 2 else None) for n in range(count)]
    for waiter in waiters:
        waiter.wait_until_waiting()
    return waiters


@pytest.mark.parametrize(
    ("error", "cls", "original", "count"),
    [
        ("ValueError('bad luck')", "ValueError", "ValueError", WAITERS),
        ("Needy(7, where='bad luck')", "furu.FuruComputeError", "RuntimeError", 1),
    ],
)
def test_processes_that_wait_see_the_failure(stage: Stage, error: str, cls: str, original: str, count: int) -> None:
    """It ran once; all of them raise it, as its own class where that can be made of a message, with its traceback."""
    holder = stage.start(FAIL.format(error=error))
    holder.wait_for("creating")
    waiters = waiting(stage, cls, count)
    stage.touch("fail")
    assert holder.end().ok()[1].startswith("False True ")
    for waiter in waiters:
        assert waiter.end().ok() == ["True True True", f"{original} {original} state.json"]
    assert len(stage.notes()) == 1
    assert stage.debris() == []


def test_those_who_wait_for_what_failed_above_it_see_the_first_class(stage: Stage) -> None:
    """The failure of a dependency is the failure of what needs it, for the holder and for all who wait."""
    holder = stage.start("""
        from pipelines_more import *

        def fail(task):
            if isinstance(task, Filed):
                Kept(key=1).get()
            say("creating")
            hold("fail")
            raise KeyError("bad luck")

        pipelines.during = fail
        try:
            Filed(key=3).get()
        except KeyError:
            say("KeyError")
    """)
    holder.wait_for("creating")
    waiters = waiting(stage, "KeyError", 2)
    stage.touch("fail")
    assert holder.end().ok() == ["creating", "KeyError"]
    for waiter in waiters:
        assert waiter.end().ok() == ["True True True", "KeyError KeyError state.json"]
    assert sorted(what for _, what, _, _ in stage.notes()) == ["Filed-3", "Kept-1"]


def test_threads_that_wait_see_the_failure(stage: Stage) -> None:
    """One of seven runs _create; all seven raise what it raised."""
    printed = stage.run(f"""
        from furu.engine.wait import Waiting
        from pipelines_more import *

        waiting = set()
        wait_longer = Waiting.pause

        def fail(task):
            while len(waiting) < {WAITERS}:
                time.sleep(0.001)
            raise LookupError("bad luck")

        def pause(self, claim):
            waiting.add(self)
            wait_longer(self, claim)

        def work(number):
            try:
                Filed(key=3).get()
            except LookupError as error:
                say(isinstance(error, furu.FuruComputeError), "bad luck" in str(error))

        Waiting.pause = pause
        pipelines.during = fail
        say(together(work, {WAITERS + 1}))
    """)
    assert printed == ["True True"] * (WAITERS + 1) + ["[]"]
    assert len(stage.notes()) == 1
    assert stage.debris() == []


def test_a_failure_stays_on_request_and_is_tried_again_otherwise(stage: Stage) -> None:
    """FURU_RETRY_FAILED=0 raises it in any other process, with the recorded traceback; without, the next get() retries."""
    stage.touch("fail")
    stage.run(FAIL.format(error="ValueError('bad luck')"))
    for host in (None, "elsewhere"):
        printed = stage.start(GET.format(cls="ValueError"), host=host, env={"FURU_RETRY_FAILED": "0"}).end().ok()
        assert printed == ["True True True", "ValueError ValueError state.json"]
    said = stage.start("Filed(key=3).get()", env={"FURU_RETRY_FAILED": "0"}).end()
    assert said.status == 1
    assert "FuruComputeError[ValueError]: Filed " in said.err
    assert "failed in an earlier attempt: ValueError: bad luck" in said.err
    assert "in fail" in said.err
    assert "FURU_RETRY_FAILED=0" in said.err
    assert len(stage.notes()) == 1
    assert stage.run(GET.format(cls="ValueError")) == ["created again", "9"]
    (state,) = (json.loads(path.read_text()) for path in stage.records("state.json"))
    assert (state["result"], state["attempt"]["number"]) == ("success", 2)
    assert stage.run(GET.format(cls="ValueError")) == ["9"]
