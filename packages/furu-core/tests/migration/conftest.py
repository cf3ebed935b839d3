"""A module ``shop`` that changes from version to version, as the code of a project does."""

from __future__ import annotations

import importlib
import linecache
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Version = Callable[[str], Any]


@pytest.fixture
def version(furu_tmp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Version:
    """Give what makes the next version of the module ``shop`` of its source, and returns it; the old one is gone."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "shop", raising=False)

    def made(source: str, name: str = "shop") -> Any:
        (tmp_path / f"{name}.py").write_text("import furu\n" + textwrap.dedent(source))
        linecache.checkcache()
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    return made
