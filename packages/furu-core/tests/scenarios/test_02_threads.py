"""Scenario 2: threads of one process meet on one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage


@pytest.mark.parametrize("kind", ["Filed", "Kept"])
def test_eight_threads_run_one_create(stage: Stage, kind: str) -> None:
    """Threads with equal objects of their own share one _create, and all get the value."""
    printed = stage.run(f"""
        import threading
        gate, values = threading.Barrier(8), []
        def work():
            gate.wait()
            values.append({kind}(key=7).get())
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        say(len(values), set(map(str, values)))
    """)
    assert printed == ["8 {'49'}" if kind == "Filed" else "8 {\"{'square': 49}\"}"]
    assert len(stage.notes()) == 1
    assert stage.debris() == []
