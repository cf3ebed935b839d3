"""The shape of the code: floors, borders, sizes, words and the import budget, as docs/architecture.md states them.

Each gate reads the sources of all packages and lists every offence at once, with the file and line to look at.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
import tomllib
import warnings
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent

#: The floors of furu-core, lowest first.  A module imports from lower floors and from its own package only.
FLOORS = (
    {
        "furu.task",
        "furu.errors",
        "furu.config",
        "furu.settings",
        "furu.resources",
        "furu._plugins",
        "furu._exceptions",
        "furu._sys",
    },
    {"furu.identity", "furu.runtime"},
    {"furu.storage"},
    {"furu.engine", "furu.migration"},
    {"furu.objects"},
    {"furu.execution.*", "furu.catalog"},
    {"furu", "furu.cli", "furu.execution", "furu.testing", "furu.dashboard"},
)

#: Modules that hand out names of optional packages; they may name those packages for type checkers.
FACES = {"furu", "furu.execution", "furu.testing", "furu.dashboard"}

#: Libraries that furu-core uses when they are there; imported only by the function that meets one of their values.
OPTIONAL = {"numpy", "pandas", "polars", "pyarrow", "torch"}

#: Modules that are imported only where an extra of their package is installed, and what that brings.
EXTRAS = {"furu.cli.live": {"textual"}}

#: Import names that are spelled unlike their distribution.
DISTRIBUTION = {"dotenv": "python-dotenv", "typing_extensions": "typing-extensions"}

#: Calls with an effect on the whole process, and the modules (dotted prefixes) that may make them.
BANNED_CALLS = {
    "breakpoint": (),
    "eval": ("furu.identity.annotations", "furu.cli.target"),  # annotations may be strings; module:expression is code
    "exec": (),
    "input": ("furu.cli",),
    "print": ("furu.cli",),
    "logging.basicConfig": (),
    "logging.disable": (),
    "os._exit": (),
    "os.chdir": (),
    "os.system": (),
    "os.umask": (),
    "signal.signal": ("furu.runtime.signals", "furu._sys.beater"),  # the latter is a program of its own
    "sys.setrecursionlimit": (),
    "warnings.simplefilter": (),
}

MODULE_LINES_WARN, MODULE_LINES_FAIL, FUNCTION_LINES_FAIL = 250, 400, 60

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Import(NamedTuple):
    """One imported module: where, what, and whether it happens at run time or at the top of the module."""

    line: int
    target: str
    typing_only: bool
    local: bool


@dataclass(frozen=True)
class Module:
    """One source file of one package."""

    name: str
    path: Path
    distribution: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.path.read_text(), str(self.path))

    @cached_property
    def code_lines(self) -> set[int]:
        """The numbers of the lines that hold code: neither blank, nor comment, nor docstring."""
        skipped = {
            tokenize.COMMENT,
            tokenize.NL,
            tokenize.NEWLINE,
            tokenize.INDENT,
            tokenize.DEDENT,
            tokenize.ENDMARKER,
        }
        tokens = tokenize.generate_tokens(io.StringIO(self.path.read_text()).readline)
        lines = {n for t in tokens if t.type not in skipped for n in range(t.start[0], t.end[0] + 1)}
        for node in self.documented():
            if node.body and ast.get_docstring(node) is not None:
                text = node.body[0]
                lines -= set(range(text.lineno, (text.end_lineno or text.lineno) + 1))
        return lines

    def documented(self) -> list[Documented]:
        """Every node that can carry a docstring."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Documented)]

    def at(self, line: int) -> str:
        """A clickable place in this file."""
        return f"{self.path.relative_to(ROOT)}:{line}"

    @property
    def package(self) -> str:
        """The package whose own module this is."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]


def modules() -> list[Module]:
    """Return every module of every package in the workspace."""
    found = []
    for source in sorted(ROOT.glob("packages/*/src")):
        for path in sorted(source.rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, path, source.parent.name))
    return found


MODULES = modules()
NAMES = {module.name for module in MODULES}
CORE = [module for module in MODULES if module.distribution == "furu-core"]
PLUGIN_NAMES = {module.name.partition(".")[0] for module in MODULES} - {"furu"}


def imports(module: Module) -> Iterator[Import]:
    """Yield what a module imports, with ``from package import submodule`` read as an import of the submodule."""

    def visit(node: ast.AST, *, typing_only: bool, local: bool) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            for target in targets(child):
                yield Import(child.lineno, target, typing_only, local)  # type: ignore[attr-defined]
            inside = local or isinstance(child, Function)
            if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
                guard = not ast.unparse(child.test).startswith("not ")
                for branch, only in ((child.body, guard), (child.orelse, not guard)):
                    yield from visit(ast.Module(branch, []), typing_only=typing_only or only, local=inside)
            else:
                yield from visit(child, typing_only=typing_only, local=inside)

    return visit(module.tree, typing_only=False, local=False)


def targets(node: ast.AST) -> list[str]:
    """Return the modules that one statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        full = [f"{node.module}.{alias.name}" for alias in node.names]
        return sorted({name if name in NAMES else node.module for name in full})
    return []


def floor(name: str) -> int | None:
    """Return the floor of a module of furu-core, counted from 1, or None when no floor has a place for it."""
    for number, rooms in enumerate(FLOORS, start=1):
        if name in rooms:
            return number
    for number, rooms in enumerate(FLOORS, start=1):
        if any(
            name.startswith(room.removesuffix("*").removesuffix(".") + ".")
            for room in rooms - {"furu", "furu.execution"}
        ):
            return number
    return None


def complain(offences: list[str], rule: str) -> None:
    """Fail with the rule and every offence against it."""
    if offences:
        pytest.fail("\n".join([rule, *(f"  {offence}" for offence in offences)]), pytrace=False)


def test_every_module_of_the_core_has_a_floor() -> None:
    """A new module or package of furu-core takes its place on a floor before it is written."""
    complain(
        [module.at(1) for module in CORE if floor(module.name) is None],
        "These modules stand on no floor: add them to docs/architecture.md, then to FLOORS here.",
    )


def test_imports_go_down() -> None:
    """A module of furu-core imports from lower floors and from its own package, in functions and for types alike."""
    offences = []
    for module in CORE:
        for found in imports(module):
            above, below = floor(module.name), floor(found.target) if found.target in NAMES else None
            if above is None or below is None or below < above:
                continue
            if below > above or module.package != by_name(found.target).package:
                offences.append(f"{module.at(found.line)} {module.name} (floor {above}) -> {found.target} ({below})")
    complain(offences, "Imports go to a lower floor or stay in their package; pass a value in, or move the code down.")


def by_name(name: str) -> Module:
    """Return a module by its dotted name."""
    return next(module for module in MODULES if module.name == name)


def test_there_are_no_import_cycles() -> None:
    """The graph of all imports, with those in functions and those for types, has no cycle."""
    graph = {module.name: {found.target for found in imports(module)} & NAMES - {module.name} for module in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        complain([" -> ".join(reversed(error.args[1]))], "These modules import each other.")


def test_packages_keep_their_borders() -> None:
    """furu-core imports no plugin (its faces may, for type checkers), and no plugin imports another."""
    offences = []
    for module in MODULES:
        own = module.name.partition(".")[0]
        for found in imports(module):
            top = found.target.partition(".")[0]
            if top in PLUGIN_NAMES - {own} and not (found.typing_only and module.name in FACES):
                offences.append(f"{module.at(found.line)} imports {found.target}")
    complain(offences, "Optional packages meet only through furu-core, which finds them by name (furu/_plugins.py).")


def test_third_party_imports_are_declared() -> None:
    """A package imports the standard library, itself, and what its pyproject.toml lists as a dependency."""
    offences = []
    for module in MODULES:
        pyproject = tomllib.loads((ROOT / "packages" / module.distribution / "pyproject.toml").read_text())
        declared = {re.split(r"[<>=!~;\[ ]", line)[0] for line in pyproject["project"]["dependencies"]}
        for found in imports(module):
            top = found.target.partition(".")[0]
            known = top in sys.stdlib_module_names or top == module.name.partition(".")[0]
            distribution = DISTRIBUTION.get(top, "furu-core" if top == "furu" else top)
            deferred = found.typing_only or (found.local and top in OPTIONAL) or top in EXTRAS.get(module.name, ())
            if not known and distribution not in declared and not deferred:
                offences.append(f"{module.at(found.line)} imports {top}")
    complain(offences, "These are neither declared dependencies nor optional libraries imported inside a function.")


def test_modules_are_short() -> None:
    """A module has at most 400 lines of code; one with more than 250 is warned about."""
    lengths = {module: len(module.code_lines) for module in MODULES}
    for module, length in lengths.items():
        if MODULE_LINES_WARN < length <= MODULE_LINES_FAIL:
            warnings.warn(f"{module.at(1)} has {length} lines of code: is it one noun?", stacklevel=1)
    complain(
        [
            f"{module.at(1)} has {length} lines of code"
            for module, length in lengths.items()
            if length > MODULE_LINES_FAIL
        ],
        f"A module has at most {MODULE_LINES_FAIL} lines of code.",
    )


def test_functions_are_short() -> None:
    """A function has at most 60 lines of code."""
    offences = []
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, Function):
                length = len(module.code_lines & set(range(node.lineno, (node.end_lineno or node.lineno) + 1)))
                if length > FUNCTION_LINES_FAIL:
                    offences.append(f"{module.at(node.lineno)} {node.name} has {length} lines of code")
    complain(offences, f"A function has at most {FUNCTION_LINES_FAIL} lines of code.")


def test_calls_with_an_effect_on_the_whole_process_are_not_made() -> None:
    """A library does not print, change directory, set up logging or end the process of whoever imports it."""
    offences = []
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in BANNED_CALLS:
                allowed = BANNED_CALLS[called]
                if not any(module.name == owner or module.name.startswith(owner + ".") for owner in allowed):
                    offences.append(f"{module.at(node.lineno)} calls {called}")
    complain(offences, "These calls are somebody else's to make.")


def public(node: ast.Module | ast.ClassDef) -> Iterator[Documented]:
    """Yield the public classes, functions and methods of a module or class."""
    for child in node.body:
        if isinstance(child, ast.ClassDef | Function) and not child.name.startswith("_"):
            decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in child.decorator_list}
            if not decorators & {"overload", "override", "setter", "deleter"}:
                yield child
            if isinstance(child, ast.ClassDef):
                yield from public(child)


def test_public_names_have_a_docstring() -> None:
    """Every module, and every class, function and method without a leading underscore, says what it is for."""
    offences = []
    for module in MODULES:
        for node in (module.tree, *public(module.tree)):
            if not ast.get_docstring(node):
                line, name = (1, module.name) if isinstance(node, ast.Module) else (node.lineno, node.name)
                offences.append(f"{module.at(line)} {name}")
    complain(offences, "These public names have no docstring.")


def test_docstrings_begin_with_a_sentence() -> None:
    """The first line of a docstring is a whole sentence: a capital, a digit or a name, and a full stop."""
    offences = []
    for module in MODULES:
        for node in module.documented():
            text = ast.get_docstring(node)
            first = text.splitlines()[0] if text else "Nothing."
            if not re.fullmatch(r"(?:furu\b|[^a-z\s]).*[.?!]", first):
                offences.append(f"{module.at(getattr(node, 'lineno', 1))} {first!r}")
    complain(offences, "The first line of a docstring is a sentence of its own.")


def test_importing_furu_is_cheap() -> None:
    """``import furu`` leaves alone what a cache hit does not need."""
    heavy = ["cloudpickle", "numpy", "pandas", "pydantic", "rich", "sqlite3", "submitit", "torch", "typer"]
    code = f"import furu, sys; print(*sorted(set({heavy}) & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


def test_versions_agree() -> None:
    """A package that states its version in its source states the one in its pyproject.toml."""
    offences = []
    for module in MODULES:
        if stated := re.search(r'^__version__ = "(.*)"', module.path.read_text(), re.MULTILINE):
            pyproject = tomllib.loads((ROOT / "packages" / module.distribution / "pyproject.toml").read_text())
            if pyproject["project"]["version"] != stated[1]:
                offences.append(
                    f"{module.at(1)} says {stated[1]}, its pyproject.toml {pyproject['project']['version']}"
                )
    complain(offences, "A version is bumped in both places.")


def test_licences_agree() -> None:
    """Each package ships the licence of the repository, word for word."""
    licence = (ROOT / "LICENSE").read_text()
    copies = [path for path in sorted(ROOT.glob("packages/*/LICENSE")) if path.read_text() != licence]
    complain([str(path.relative_to(ROOT)) for path in copies], "These copies of LICENSE differ from it.")


def test_locked_requirements_cover_every_dependency() -> None:
    """requirements.lock knows each distribution that a pyproject.toml asks for, and no address."""
    text = (ROOT / "requirements.lock").read_text()
    locked = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
    asked = set()
    for path in [ROOT / "pyproject.toml", *ROOT.glob("packages/*/pyproject.toml")]:
        pyproject = tomllib.loads(path.read_text())
        groups = [pyproject["project"].get("dependencies", []), *pyproject.get("dependency-groups", {}).values()]
        asked |= {re.split(r"[<>=!~;\[ ]", line)[0] for group in groups for line in group if isinstance(line, str)}
    asked -= {path.parent.name for path in ROOT.glob("packages/*/pyproject.toml")}

    complain(sorted(asked - locked), "Missing from requirements.lock; run `make lock`.")
    assert "://" not in text
