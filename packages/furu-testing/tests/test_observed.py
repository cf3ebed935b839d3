"""What ran in this test, how often, in which process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import furu
from furu_testing import assert_computed, assert_loaded, computed, loaded, override_results
from furu_testing.children import Child
from furu_testing.contracts.jobs import FailsOnce, Square, Sum

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Base(furu.Furu[int]):
    """A class that others are derived from."""

    n: int = 0

    def _create(self) -> int:
        return self.n


class Derived(Base):
    """A class derived from another."""


def test_objects_and_classes_are_counted(furu_tmp_root: Path) -> None:
    """A config is counted by itself, a class with all its configs and subclasses."""
    for number in (1, 1, 2):
        Base(n=number).get()
    Derived(n=1).get()

    assert (computed(Base(n=1)), loaded(Base(n=1))) == (1, 1)
    assert (computed(Base), loaded(Base)) == (3, 1)
    assert (computed(Derived), computed(furu.Furu)) == (1, 3)
    assert_computed(Base(n=1))
    assert_computed(Base(n=3), times=0)
    assert_loaded(Base(n=1))
    assert_loaded(Base(n=1), times=1)


def test_a_class_inside_a_function_does_not_disturb(furu_tmp_root: Path) -> None:
    """A subclass that can have no results, as some test has defined it, is passed over."""

    class _Local(Base):
        pass

    assert computed(Base) == 0


def test_every_attempt_counts(furu_tmp_root: Path) -> None:
    """A ``_create`` that failed ran as well; an override, and a look, did not."""
    once = FailsOnce(number=1)
    with pytest.raises(ValueError, match="1 is new"):
        once.get()
    once.get()
    with override_results({Square(number=2): 0}):
        Square(number=2).get()
    Square(number=3).exists()

    assert_computed(once, times=2)
    assert computed(Square) == 0


def test_child_processes_count(furu_tmp_root: Path, tmp_path: Path) -> None:
    """What a program computes and loads, and what it was killed while computing, is counted like the test's own."""
    Square(number=1).get()
    code = """
        import os, signal
        from furu_testing.contracts.jobs import Dies, Square, Sum
        Sum(parts=[Square(number=1), Square(number=2)]).get()
        Dies(number=1).get()
    """
    with Child.python(code, report=tmp_path / "child") as child:
        child.end()

    assert_computed(Sum(parts=[Square(number=1), Square(number=2)]))
    assert_loaded(Square(number=1), times=1)
    assert (computed(Square), computed(furu.Furu)) == (2, 4)


def test_a_line_that_is_being_written_is_left_for_later(furu_tmp_root: Path) -> None:
    """Half a line, as another process may be writing it at this moment, is no error."""
    Square(number=1).get()
    trace = furu.FURU_CONFIG.trace
    assert trace is not None
    with trace.open("a") as file:
        file.write(json.dumps({"class": "some.Class"})[:9])

    assert computed(Square) == 1


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: assert_computed(Square(number=1), times=2), "was computed once, not twice"),
        (lambda: assert_computed(Square(number=1), times=0), "was computed once, not never"),
        (lambda: assert_computed(Square(number=2)), "was computed never, not once"),
        (lambda: assert_loaded(Square(number=1)), "was loaded never\n"),
        (lambda: assert_loaded(Square(number=1), times=3), "was loaded never, not 3 times\n"),
    ],
)
def test_messages_say_what_was_expected(furu_tmp_root: Path, act: Callable[[], None], message: str) -> None:
    """A failed assertion names the config, how often it ran and how often it should have."""
    Square(number=1).get()

    with pytest.raises(AssertionError) as caught:
        act()

    assert message in str(caught.value)
    assert "Square(number=" in str(caught.value)


def test_a_long_story_is_cut_short(furu_tmp_root: Path) -> None:
    """Of many things that ran, the last ones are listed and the rest is counted."""
    for number in range(50):
        Square(number=number).get()

    with pytest.raises(AssertionError) as caught:
        assert_computed(Square(number=100))

    lines = str(caught.value).splitlines()
    assert lines[2] == "  ... 10 more before that"
    assert len(lines) == 43
