"""Scenario 25: FURU_ALWAYS_RERUN with classes given by name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import local_pipelines as p

import furu
from furu.execution import run_local

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_once_per_run(furu_tmp_root: Path, backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is named runs once in each run, a shared dependency included, and everything else is loaded."""
    shared = p.Leaf(n=1)
    roots = [p.Sum(name=name, below=[shared]) for name in ("a", "b")]
    run_local(roots, backend=backend, max_workers=2)  # type: ignore[arg-type]
    monkeypatch.setenv("FURU_ALWAYS_RERUN", "local_pipelines.Leaf,local_pipelines.Sum")
    furu.FURU_CONFIG.reread()
    run_local(roots, backend=backend, max_workers=2)  # type: ignore[arg-type]
    assert Counter(p.noted("created")) == Counter({"Leaf 1": 2, "Sum a": 2, "Sum b": 2})
    monkeypatch.setenv("FURU_ALWAYS_RERUN", "local_pipelines.Leaf")
    furu.FURU_CONFIG.reread()
    run_local([shared], backend=backend, max_workers=2)  # type: ignore[arg-type]
    assert Counter(p.noted("created")) == Counter({"Leaf 1": 3, "Sum a": 2, "Sum b": 2})
