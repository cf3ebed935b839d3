"""Changelog fragments are well formed, and a release collects them."""

from __future__ import annotations

import datetime
import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
DAY = datetime.date(2026, 11, 20)
HEAD = "# Changelog\n\n<!-- releases -->\n"


@pytest.fixture(scope="module")
def collector() -> Any:
    """The release step, which is a program and not part of a package."""
    spec = importlib.util.spec_from_file_location("collect", ROOT / "changes" / "collect.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_fragments_of_this_repository_are_well_formed(collector: Any) -> None:
    """Every fragment has a known kind and begins like a sentence."""
    collector.fragments(ROOT / "changes")


def test_a_release_collects_fragments_by_kind(collector: Any, tmp_path: Path) -> None:
    """The newest section comes first, lists its fragments by kind, and takes the files away."""
    (tmp_path / "README.md").write_text("not a fragment")
    (tmp_path / "faster-hits.changed.md").write_text("A hit is\nfaster.\n")
    (tmp_path / "sweeps.added.md").write_text("`furu.sweep` makes grids.\n")
    changelog = tmp_path / "changelog"
    changelog.write_text(HEAD + "\n## 0.1.0 (2026-01-01)\n")

    collector.collect("0.2.0", day=DAY, folder=tmp_path, changelog=changelog)

    assert changelog.read_text() == (
        HEAD
        + "\n## 0.2.0 (2026-11-20)\n"
        + "\n### Added\n\n- `furu.sweep` makes grids.\n"
        + "\n### Changed\n\n- A hit is\n  faster.\n"
        + "\n## 0.1.0 (2026-01-01)\n"
    )
    assert [path.name for path in tmp_path.glob("*.md")] == ["README.md"]


@pytest.mark.parametrize(
    ("name", "text", "version"),
    [
        ("sweeps.new.md", "A sweep.", "0.2.0"),
        ("Sweeps.added.md", "A sweep.", "0.2.0"),
        ("sweeps.added.md", "", "0.2.0"),
        ("sweeps.added.md", "A sweep.", ""),
        ("sweeps.added.md", "A sweep.", "0.1.0"),
        ("README.md", "A sweep.", "0.2.0"),
    ],
    ids=["unknown kind", "bad slug", "no text", "no version", "released already", "no fragment"],
)
def test_what_cannot_be_collected_is_refused(
    collector: Any, tmp_path: Path, name: str, text: str, version: str
) -> None:
    """A bad fragment or version is a ValueError, and nothing is written or removed."""
    (tmp_path / name).write_text(text)
    changelog = tmp_path / "changelog"
    changelog.write_text(HEAD + "\n## 0.1.0 (2026-01-01)\n")

    with pytest.raises(ValueError, match=r"fragment|version|section"):
        collector.collect(version, day=DAY, folder=tmp_path, changelog=changelog)

    assert changelog.read_text() == HEAD + "\n## 0.1.0 (2026-01-01)\n"
    assert (tmp_path / name).exists()
