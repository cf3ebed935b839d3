"""Scenario 12: artifacts that wait, directly or through others, for themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

#: Who asks for whom inside ``_create`` -> the cycle that the error names, by class and first key.
CHAINS = {
    "of itself": ({("Filed", 1): ("Filed", 1)}, "Filed Filed"),
    "of two": ({("Filed", 1): ("Kept", 1), ("Kept", 1): ("Filed", 1)}, "Filed Kept Filed"),
    "entered from outside": (
        {("Filed", 1): ("Filed", 2), ("Filed", 2): ("Kept", 1), ("Kept", 1): ("Filed", 2)},
        "Filed Kept Filed",
    ),
}


def cycle(said: str) -> str:
    """Return the classes of the cycle that an error names; the ends must be the same artifact."""
    found = re.search(r"waits for itself: (\w+ [0-9a-f]{9}(?: -> \w+ [0-9a-f]{9})+)", said)
    assert found, said
    names = found[1].split(" -> ")
    assert names[0] == names[-1]
    return " ".join(name.split()[0] for name in names)


@pytest.mark.parametrize("chain", CHAINS)
def test_a_cycle_inside_create(stage: Stage, chain: str) -> None:
    """The innermost get() raises at once; every _create on the way ran once and fails, and the cycle is named."""
    needs, named = CHAINS[chain]
    printed = stage.run(f"""
        from pipelines_more import *

        needs = {needs}

        def need(task):
            kind, key = needs[type(task).__name__, task.key]
            getattr(pipelines, kind)(key=key).get()

        pipelines.during = need
        failing(Filed(key=1).get)
        pipelines.during = lambda task: None
        say(Filed(key=1).get())
    """)
    assert printed[0].startswith("True True True ")
    assert cycle(printed[0]) == named
    assert printed[1] == "1"
    assert len(stage.notes()) == len(needs) + 1
    assert stage.debris() == []


@pytest.mark.parametrize("count", [2, 3])
def test_a_cycle_across_threads(stage: Stage, count: int) -> None:
    """Each thread creates one artifact and asks for the next one's: all fail at once, and each error names a cycle."""
    printed = stage.run(f"""
        from pipelines_more import *

        all_begun = threading.Barrier({count})

        def need(task):
            all_begun.wait()
            Filed(key=(task.key + 1) % {count}).get()

        pipelines.during = need
        threads = [threading.Thread(target=failing, args=[Filed(key=key).get]) for key in range({count})]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        pipelines.during = lambda task: None
        say(*(Filed(key=key).get() for key in range({count})))
    """)
    *failures, values = printed
    assert len(failures) == count
    for line in failures:
        assert line.startswith("True True True ")
        assert len(cycle(line).split()) == count + 1
    assert values == " ".join(str(key**2) for key in range(count))
    assert stage.debris() == []


def test_a_cycle_through_a_task_of_asyncio(stage: Stage) -> None:
    """What is handed to another thread together with its context is still inside the _create that handed it over."""
    printed = stage.run("""
        import asyncio
        from pipelines_more import *

        pipelines.during = lambda task: asyncio.run(asyncio.to_thread(Filed(key=1).get))
        failing(Filed(key=1).get)
    """)
    assert printed[0].startswith("True True True ")
    assert cycle(printed[0]) == "Filed Filed"
    assert stage.debris() == []


def test_a_cycle_of_declared_dependencies(stage: Stage) -> None:
    """Asking for the key is an error that names the cycle; nothing is written."""
    printed = stage.run("""
        from pipelines_more import *

        failing(lambda: Ring().furu_hash)
        failing(Ring().get)
        failing(Ring().exists)
    """)
    for line in printed:
        assert line.startswith("True False True ")
        assert "Ring depends on itself: Ring (.next_one()) -> Ring" in line
    assert len(printed) == 3
    assert not stage.store.exists()
