"""Every public name of furu is documented, and every page can be reached."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import furu
from furu import errors

ROOT = Path(__file__).parent.parent

#: Public names that an optional package brings; they stand in prose.
OPTIONAL = {"SubmititAdapter", "submit", "submitit"}


def test_the_readme_lists_the_public_api() -> None:
    """The import statement of the README has every public name of furu-core, and no other."""
    statement = re.search(r"^## Public API\n\n```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert statement is not None

    assert sorted(re.findall(r"^ +(\w+),", statement[1], re.M)) == sorted({*furu.__all__} - OPTIONAL)


def test_the_reference_has_every_public_name() -> None:
    """A public name has its docstring in docs/reference.md, or is explained there."""
    text = (ROOT / "docs" / "reference.md").read_text()

    missing = [name for name in furu.__all__ if not re.search(rf"(::: |`)furu\.{name}\b", text)]
    assert missing == []


def test_every_error_is_explained() -> None:
    """docs/errors.md has a row for each exception of furu.errors."""
    table = re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "errors.md").read_text(), re.M)
    raised = [name for name, it in vars(errors).items() if inspect.isclass(it) and issubclass(it, errors.FuruError)]

    assert sorted(table) == sorted({*raised} - {"FuruError"})


def test_every_page_is_in_the_navigation() -> None:
    """A page that mkdocs.yml does not name would be built and never found."""
    navigation = (ROOT / "mkdocs.yml").read_text()

    assert [page.name for page in (ROOT / "docs").glob("*.md") if page.name not in navigation] == []
