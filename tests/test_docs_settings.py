"""The tables of settings in README.md and docs/configuration.md say what furu.settings says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from furu.settings import SETTINGS

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def writer() -> Any:
    """The program that writes the tables."""
    spec = importlib.util.spec_from_file_location("settings_table", ROOT / "docs" / "settings_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_are_current(writer: Any) -> None:
    """Both pages have the table that docs/settings_table.py writes; run it after changing a setting."""
    outdated = [str(page.relative_to(ROOT)) for page in writer.PAGES if writer.current(page) != page.read_text()]

    assert outdated == []


def test_every_setting_has_a_row(writer: Any) -> None:
    """The table of docs/configuration.md has all settings, that of README.md all with a variable."""
    variables = [f"`{setting.env}`" for setting in SETTINGS.values() if setting.env]

    assert [row[1] for row in writer.rows(attributes=True)] == [f"`{name}`" for name in SETTINGS]
    assert [row[0] for row in writer.rows(attributes=False)] == variables


def test_cells_do_not_break_the_table(writer: Any) -> None:
    """No cell has a vertical bar or a line break."""
    assert not [cell for row in writer.rows(attributes=True) for cell in row if "|" in cell or "\n" in cell]


def test_a_page_without_a_place_for_the_table_is_refused(writer: Any, tmp_path: Path) -> None:
    """A page whose marks were lost is an error, not a page without a table."""
    page = tmp_path / "page.md"
    page.write_text("nothing")

    with pytest.raises(ValueError, match="has 0 places"):
        writer.current(page)
