"""Scenario 22: a node fails, and what does not depend on it is built all the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import local_pipelines as p
import pytest

import furu
from furu.execution import run_local

if TYPE_CHECKING:
    from pathlib import Path


def test_unrelated_roots_finish(furu_tmp_root: Path, backend: str) -> None:
    """The error lists every failure with node, directory and log tail; what needed one was not built."""
    furu.FURU_CONFIG.max_compute_retries = 0
    bad = [p.Failing(n=1, lines=3), p.Failing(n=2)]
    good = [p.Sum(name=str(n), below=[p.Leaf(n=n)]) for n in range(5)]
    above = p.Sum(name="above", below=[p.Sum(name="between", below=[bad[0]])])
    with pytest.raises(furu.FuruComputeError, match="2 artifacts could not be computed") as caught:
        run_local([above, bad[1], *good], backend=backend, max_workers=2, keep_going=True)  # type: ignore[arg-type]
    text = str(caught.value)
    for one in bad:
        assert one.furu_ref.label in text
        assert str(one.furu_dir) in text
        assert f"ZeroDivisionError: no {one.n}" in text
    assert "failing local_pipelines.py" in text  # a line of the log
    assert "not computed for that reason: 2 artifacts more" in text
    assert [type(one).__name__ for one in caught.value.failures] == ["FuruComputeError[ZeroDivisionError]"] * 2  # type: ignore[attr-defined]
    assert all(one.exists() for one in good)
    assert not above.exists()


def test_otherwise_the_first_failure_ends_the_run(furu_tmp_root: Path, backend: str) -> None:
    """Nothing new begins, and what runs is cancelled and recorded so."""
    furu.FURU_CONFIG.max_compute_retries = 0
    slow = p.Slow(until="never")
    roots = [slow, p.WaitsThenFails(), *(p.Leaf(n=n) for n in range(100))]
    with pytest.raises(ZeroDivisionError):
        run_local(roots, backend=backend, max_workers=2)  # type: ignore[arg-type]
    assert p.noted("created") == []
    state = slow.get_state()
    assert state.attempt is not None
    assert state.attempt.status == "cancelled"
