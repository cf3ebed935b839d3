"""Scenario 19: graphs that are deep, wide, and full of paths."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import local_pipelines as p
import pytest

import furu
from furu.execution import plan as plans
from furu.execution import run_local

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.usefixtures("furu_tmp_root")
def test_a_diamond_of_depth_20(backend: str) -> None:
    """A million paths, 61 nodes: each is built once."""
    top = p.diamond(20)
    run_local([top], backend=backend, max_workers=2)  # type: ignore[arg-type]
    assert top.exists()
    assert len(p.noted("created")) == 61
    assert set(Counter(p.noted("created")).values()) == {1}


@pytest.mark.usefixtures("furu_tmp_root")
def test_a_chain(backend: str) -> None:
    """One after the other, in processes as in threads; a chain of 1,000 is planned without recursion."""
    assert len(plans.build([p.chain(1_000)]).nodes) == 1_000
    end = p.chain(150)
    run_local([end], backend=backend, max_workers=2)  # type: ignore[arg-type]
    assert end.load_existing() == 150
    assert p.noted("created") == [f"Sum {n}" for n in range(150)]


def test_a_star(furu_tmp_root: Path, backend: str) -> None:
    """One node that needs 500."""
    star = p.Sum(name="star", below=[p.Leaf(n=n) for n in range(500)])
    run_local([star], backend=backend, max_workers=2)  # type: ignore[arg-type]
    assert star.load_existing() == 1 + sum(range(500))
    assert len(p.noted("created")) == 501


@pytest.mark.usefixtures("furu_tmp_root")
@pytest.mark.parametrize(
    ("layers", "width", "backend"),
    [(1, 10_000, "process"), (10_000, 1, "thread"), (1_000, 10, "process")],
    ids=["wide", "deep", "layered"],
)
def test_ten_thousand_nodes(layers: int, width: int, backend: str) -> None:
    """Each is built once, after all it needs; nothing recurses."""
    furu.FURU_CONFIG.log_level = "ERROR"
    furu.FURU_CONFIG.record_git = "ignore"
    top = [p.cell(layers - 1, n, width) for n in range(width)]
    run_local(top, backend=backend, max_workers=2, progress=False)  # type: ignore[arg-type]
    assert all(p.cell(layer, n, width).exists() for layer in range(layers) for n in range(width))
    states = [p.cell(layer, n, width).get_state() for layer in range(0, layers, 97) for n in range(width)]
    assert {state.attempt.number for state in states if state.attempt is not None} == {1}
