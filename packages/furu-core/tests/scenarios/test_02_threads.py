"""Scenario 2: threads of one process meet on one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage


@pytest.mark.parametrize("kind", ["Filed", "Kept"])
def test_eight_threads_run_one_create(stage: Stage, kind: str) -> None:
    """Threads with equal objects of their own, the first use of furu in their process, share one _create and one helper."""
    printed = stage.run(f"""
        from pipelines_more import *
        values = []
        def work(number):
            values.append({kind}(key=7).get())
        say(together(work))
        import psutil
        beaters = [one for one in psutil.process_iter(["cmdline"]) if str(os.getpid()) in (one.info["cmdline"] or ())]
        say(len(values), set(map(str, values)), len(beaters))
    """)
    value = "49" if kind == "Filed" else "{'square': 49}"
    assert printed == ["[]", f"8 { ({value}) } 1"]
    assert len(stage.notes()) == 1
    assert stage.debris() == []


def test_threads_that_go_through_many_objects(stage: Stage) -> None:
    """On each of many objects one of the threads creates; all get every value, whatever their order."""
    printed = stage.run("""
        from pipelines_more import *
        wrong = []
        def work(number):
            kind = Kept if number % 2 else Filed
            order = range(60) if number % 4 < 2 else reversed(range(60))
            for key in order:
                value = kind(key=key).get()
                if value not in (key**2, {"square": key**2}):
                    wrong.append((number, key, value))
        say(together(work))
        say(wrong)
    """)
    assert printed == ["[]", "[]"]
    created = sorted(what for _, what, _, _ in stage.notes())
    assert created == sorted(f"{kind}-{key}" for kind in ("Filed", "Kept") for key in range(60))
    assert stage.debris() == []


def test_threads_with_different_objects_share_a_dependency(stage: Stage) -> None:
    """What eight objects need is created once, and the seven others wait for it inside their own _create."""
    printed = stage.run("""
        from pipelines_more import *
        pipelines.during = lambda task: Kept(key=1).get() if isinstance(task, Filed) else time.sleep(0.02)
        def work(number):
            Filed(key=number).get()
        say(together(work))
    """)
    assert printed == ["[]"]
    assert sorted(what for _, what, _, _ in stage.notes()) == [*(f"Filed-{key}" for key in range(8)), "Kept-1"]
    assert stage.debris() == []
