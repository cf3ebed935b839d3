"""Scenario 20: a dependency that is used and not declared."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import local_pipelines as p
import pytest

import furu
from furu.execution import run_local

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_built_and_the_node_runs_again(furu_tmp_root: Path, backend: str) -> None:
    """One warning for the class, two runs for each node, right results."""
    roots = [p.Undeclared(n=n) for n in range(3)]
    with pytest.warns(UserWarning, match=r"Undeclared\._create uses Leaf without declaring it") as warned:
        run_local(roots, backend=backend, max_workers=2)  # type: ignore[arg-type]
    assert len(warned) == 1
    assert [root.load_existing() for root in roots] == [1001, 1002, 1003]
    assert Counter(p.noted("created")) == Counter(
        {f"Undeclared {n}": 2 for n in range(3)} | {f"Leaf {1000 + n}": 1 for n in range(3)}
    )


def test_strict_dependencies_make_it_an_error(furu_tmp_root: Path, backend: str) -> None:
    """With FURU_STRICT_DEPS=1 the node fails, and the error names both classes."""
    furu.FURU_CONFIG.strict_deps = True
    furu.FURU_CONFIG.max_compute_retries = 0
    with pytest.raises(furu.FuruMissingArtifact, match=r"Leaf .*Undeclared"):
        run_local([p.Undeclared()], backend=backend)  # type: ignore[arg-type]
    assert not p.Leaf(n=1000).exists()


@pytest.mark.filterwarnings("ignore:InCircles")
@pytest.mark.parametrize("others", [1, 2, 3])
def test_a_circle_is_named(furu_tmp_root: Path, backend: str, others: int) -> None:
    """Artifacts that turn out to need each other, or one itself, are an error at once; the rest is built."""
    labels = [p.InCircles(n=n, others=others).furu_ref.label for n in range(others)]
    with pytest.raises(furu.FuruCycleError, match="waits for itself") as caught:
        run_local([p.InCircles(others=others), p.Leaf()], backend=backend, max_workers=2, keep_going=True)  # type: ignore[arg-type]
    assert all(label in str(caught.value) for label in labels)
    assert p.Leaf().exists()
