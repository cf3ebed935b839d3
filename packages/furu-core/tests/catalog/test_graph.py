"""The class graph: what the code says that classes need, and how it is drawn."""

from __future__ import annotations

import importlib
import json
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from furu.cli.app import app
from furu.errors import FuruError
from furu.objects import class_graph
from furu.objects.class_graph import Edge

if TYPE_CHECKING:
    from pathlib import Path

DATA = '''
from __future__ import annotations
import furu

class Raw(furu.Furu[int], version_controlled=True):
    """What was measured."""

    def _create(self) -> int:
        return 1

class Extra(furu.Furu[int]):
    def _create(self) -> int:
        return 1

class Other(furu.Furu[int]):
    def _create(self) -> int:
        return 1
'''
MODELS = '''
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Optional, TypeVar
import furu
from graph_project import data
from graph_project.data import Extra, Raw

if TYPE_CHECKING:
    from nowhere import Nothing

@dataclass(frozen=True)
class Options:
    tables: dict[str, list[Raw]]
    again: "Options | None" = None

class Model(furu.Furu[int]):
    raw: Annotated[Raw, "the input"]

class Linear(Model):
    """A line.

    More about it.
    """

    options: Options
    parent: Optional["Linear"] = None
    anything: Nothing | int = 1
    _private: Raw | None = None

    @furu.furu_dep
    def extra(self) -> list[Extra]:
        return []

    def _create(self) -> int:
        return data.Other().get() + Raw().get()

class Runs(furu.FuruList[Linear]):
    pass

class Outer:
    class Inner(furu.Furu[int]):
        model: tuple[Model, ...]

        def _create(self) -> int:
            return 1

class Left(furu.Furu[int]):
    right: "Right | None" = None

class Right(furu.Furu[int]):
    left: Left | None = None
'''


@pytest.fixture(autouse=True)
def _project(furu_tmp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a directory with a package ``graph_project``, in a terminal of 80 columns."""
    package = tmp_path / "graph_project"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("raise SystemExit('this is a program')")
    (package / "data.py").write_text(DATA)
    (package / "models.py").write_text(MODELS)
    (package / "broken.py").write_text("import no_such_library")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    for name in [name for name in sys.modules if name.startswith("graph_project")]:
        monkeypatch.delitem(sys.modules, name)


def short(name: str) -> str:
    """Return the last part of a dotted name."""
    return name.rpartition(".")[2]


def test_everything_that_code_says_is_found() -> None:
    """Fields, also in containers, in other records and of bases; methods; calls in ``_create``; subclasses."""
    left_out: list[str] = []
    graph = class_graph.of_module("graph_project", lambda name, error: left_out.append(f"{name}: {error}"))

    assert {short(node.name) for node in graph.nodes} == {
        *("Raw", "Extra", "Other", "Model", "Linear", "Inner", "Left", "Right")
    }
    edges = [(short(edge.source), short(edge.target), edge.kind, edge.path, edge.many) for edge in graph.edges]
    assert sorted(edges) == sorted(
        [
            ("Model", "Raw", "field", "raw", False),
            ("Linear", "Raw", "field", "raw", False),
            ("Linear", "Raw", "field", "options.tables", True),
            ("Linear", "Linear", "field", "parent", False),
            ("Linear", "Extra", "method", "extra()", True),
            ("Linear", "Other", "call", "_create()", False),
            ("Linear", "Raw", "call", "_create()", False),
            ("Linear", "Model", "subclass", "", False),
            ("Inner", "Model", "field", "model", True),
            ("Left", "Right", "field", "right", False),
            ("Right", "Left", "field", "left", False),
        ]
    )
    assert [told.partition(":")[0] for told in left_out] == ["graph_project.broken"]
    nodes = {short(node.name): node for node in graph.nodes}
    assert (nodes["Raw"].doc, nodes["Raw"].versioned) == ("What was measured.", True)
    assert nodes["Linear"].doc == "A line."
    assert not nodes["Model"].computes
    assert nodes["Linear"].computes


def test_classes_of_other_modules_come_along() -> None:
    """What a module's classes need is in the graph wherever it is defined; what it merely imports is not."""
    graph = class_graph.of_module("graph_project.models", lambda *_: None)
    assert Edge("graph_project.models.Linear", "graph_project.data.Other", "call", "_create()") in graph.edges
    assert "graph_project.data.Raw" in {node.name for node in graph.nodes}
    assert {short(node.name) for node in class_graph.of_module("graph_project.data", lambda *_: None).nodes} == {
        *("Raw", "Extra", "Other")
    }


@pytest.mark.parametrize("module", ["no_such_module", "graph_project.broken", "graph_project."])
def test_a_module_that_is_not_there_is_told(module: str) -> None:
    """The error names the module and what went wrong."""
    with pytest.raises(FuruError, match="cannot be imported"):
        class_graph.of_module(module, lambda *_: None)


def said(*arguments: str, status: int = 0) -> str:
    """Run the command; return what it printed to stdout."""
    done = CliRunner().invoke(app, ["graph", *arguments])
    assert done.exit_code == status, done.output
    return done.stdout


def test_the_tree_says_what_was_never_run() -> None:
    """Roots first, each class taken apart once, with the number of its artifacts; classes in a circle are there, too."""
    data = importlib.import_module("graph_project.data")
    data.Raw().get()
    printed = said("graph_project")
    assert all(len(line) <= 80 for line in printed.splitlines())
    assert "Linear  never run" in printed
    assert "raw  Raw  1 in the store" in printed
    assert "model[]  Model  abstract" in printed
    assert "parent  Linear  (see above)" in printed
    assert printed.count("Left  abstract") == 1
    assert "8 classes" in printed


def test_pages_and_programs_get_their_languages() -> None:
    """Mermaid and DOT have each class once and each edge; JSON has everything."""
    mermaid = said("graph_project", "--format", "mermaid").splitlines()
    assert mermaid[0] == "flowchart LR"
    assert sum("[" in line and "--" not in line and "-." not in line for line in mermaid) == 8
    assert sum("-->" in line or ".->" in line for line in mermaid) == 11
    dot = said("graph_project", "--format", "dot")
    assert dot.startswith("digraph furu {")
    assert dot.count(" -> ") == 11
    found = json.loads(said("graph_project", "--json"))
    assert len(found["nodes"]) == 8
    assert len(found["edges"]) == 11
    assert {node["artifacts"] for node in found["nodes"]} == {0}
    assert said("graph_project", "--format", "svg", status=2) == ""
    assert said("no_such_module", status=1) == ""
