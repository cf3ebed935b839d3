"""Faults at each step of claim, create and publish: what happens there happens, and the next ``get()`` is right."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

import furu
from furu.storage import store
from furu_testing import computed, faults
from furu_testing.children import until
from furu_testing.contracts.forks import forked
from furu_testing.contracts.jobs import Square, Sum

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SQUARE = Square(number=3)

#: At these steps there is an attempt that holds a lease.
HELD = faults.STEPS[faults.STEPS.index("create.state") : faults.STEPS.index("publish.marker")]
#: From this step on the result counts.
PUBLISHED = faults.STEPS[faults.STEPS.index("publish.marker") :]

pytestmark = pytest.mark.usefixtures("furu_tmp_root")


class Broken(Exception):
    """What a fault of these tests raises."""


def test_every_step_is_passed_once_and_in_order() -> None:
    """One creation goes through all steps; a load goes through none."""
    passed: list[str] = []
    with ExitStack() as stack:
        for step in faults.STEPS:
            stack.enter_context(faults.at(step, partial(passed.append, step)))
        SQUARE.get()
        SQUARE.get()
    Square(number=100).get()

    assert passed == list(faults.STEPS)


def test_a_step_that_does_not_exist_is_named() -> None:
    """The error lists the steps there are."""
    with pytest.raises(ValueError, match=r"no step 'publish'; the steps are: claim\.directory, .*publish\.end"):
        faults.at("publish", faults.crash).__enter__()


@pytest.mark.parametrize("step", faults.STEPS)
def test_raising_at_a_step(step: str) -> None:
    """The error surfaces from get(); the result is there exactly if it was published before, and is right afterwards."""
    # Right after the claim has become the marker an error finds the claim gone, and cannot know better.
    error = furu.FuruLeaseLost if step == "publish.marker" else Broken
    with faults.at(step, faults.raising(Broken("here"))), pytest.raises(error):
        SQUARE.get()

    assert SQUARE.exists() == (step in PUBLISHED)
    assert SQUARE.get() == 9


def test_crashing_at_a_step() -> None:
    """A process that is killed at a step leaves no wrong result: the next get() is right, and computes if it has to."""

    def crash(step: str) -> Callable[[Any], None]:
        def work(_: Any) -> None:
            with faults.at(step, faults.crash):
                Square(number=faults.STEPS.index(step)).get()

        return work

    Square(number=100).get()  # imports what the forks need
    with forked(*map(crash, faults.STEPS)) as processes:
        for process in processes:
            process.ended_by_kill()

    for number, step in enumerate(faults.STEPS):
        assert Square(number=number).exists() == (step in PUBLISHED), step
        assert Square(number=number).get() == number**2


def test_stalling_at_a_step(tmp_path: Path) -> None:
    """The attempt stands still, holding its claim, until the file is there."""
    values: list[int] = []
    with faults.at("create.end", faults.stall(tmp_path / "go on")):
        thread = threading.Thread(target=lambda: values.append(SQUARE.get()))
        thread.start()
        until(lambda: computed(SQUARE))
        claim = store.artifact(SQUARE.furu_ref).look().claim
        assert claim is not None
        assert claim.live
        assert values == []
        (tmp_path / "go on").touch()
        thread.join()

    assert values == [9]


def test_a_stall_ends_some_time(tmp_path: Path) -> None:
    """Without the file the stall becomes an error that names it."""
    stall = faults.stall(tmp_path / "never", timeout_sec=0.01)

    with faults.at("create.begin", stall), pytest.raises(TimeoutError, match="never did not come"):
        SQUARE.get()


@pytest.mark.parametrize("step", HELD)
def test_losing_the_lease_at_a_step(step: str) -> None:
    """The attempt ends with FuruLeaseLost and publishes nothing; the next one succeeds."""
    with faults.at(step, faults.lose_lease), pytest.raises(furu.FuruLeaseLost):
        SQUARE.get()

    assert not SQUARE.exists()
    assert SQUARE.get() == 9


def test_the_innermost_attempt_loses_its_lease() -> None:
    """Of nested attempts the one that reaches the step is meant, also after its ``_create`` has returned."""
    reached: list[str] = []

    def fault() -> None:
        here = faults.running()
        assert here is not None
        reached.append(here.namespace.rpartition(".")[2])
        if len(reached) == 1:
            faults.lose_lease()

    with faults.at("publish.synced", fault), pytest.raises(furu.FuruLeaseLost):
        Sum(parts=[SQUARE]).get()

    assert reached == ["Square"]
    assert not SQUARE.exists()


@pytest.mark.parametrize("step", sorted(set(faults.STEPS) - set(HELD)))
def test_a_lease_that_is_not_there_cannot_be_lost(step: str) -> None:
    """Before the attempt has begun and after it has published, lose_lease says that it comes at the wrong time."""
    with faults.at(step, faults.lose_lease), pytest.raises(RuntimeError, match="lose_lease works"):
        _with_cause(SQUARE.get)


def _with_cause(act: Callable[[], object]) -> None:
    """Raise what is behind the error of a fault after publication."""
    try:
        act()
    except furu.FuruLeaseLost as lost:
        raise lost.__cause__ or lost from None


def test_nothing_runs_outside_of_an_attempt() -> None:
    """Outside of get() there is no attempt to name."""
    assert faults.running() is None
    with pytest.raises(RuntimeError, match="no attempt"):
        faults.lose_lease()


def test_faults_end_with_their_block() -> None:
    """Two faults at one step both happen, and afterwards there is none."""
    happened: list[int] = []
    with faults.at("create.begin", lambda: happened.append(1)), faults.at("create.begin", lambda: happened.append(2)):
        Square(number=1).get()
    Square(number=2).get()

    assert happened == [1, 2]
