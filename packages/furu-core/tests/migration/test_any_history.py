"""Whatever happens to the classes of a project: no result is lost, and none counts for what it was not computed for."""

from __future__ import annotations

import importlib
import linecache
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from furu.migration import run
from furu_testing import furu_test_env

#: What a result is: the meaning of its config, which no change of the code alters.  A field that was removed never had any.
Meaning = tuple[tuple[str, Any], ...]

MODULES = ("history_one", "history_two")
NAMES = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")
VALUES = (1, 2, 3)


@dataclass
class Model:
    """One class as the code has it: where it is, its fields by name, and the changes it lists.

    A field has an identity that stays when it is renamed, the type of its values, and a default.
    """

    name: str
    module: str = MODULES[0]
    fields: dict[str, tuple[int, str, int]] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)

    def source(self, nested: str = "") -> str:
        """Return the class as Python."""
        lines = [f"class {self.name}(furu.Furu[object]):", f"    migrations = [{', '.join(self.changes)}]"]
        if nested:
            lines.append(f"    part: {nested}")
        lines += [f"    {name}: {kind} = {kind}({default})" for name, (_, kind, default) in self.fields.items()]
        meaning = ", ".join(f"[{identity}, int(self.{name})]" for name, (identity, _, _) in self.fields.items())
        below = "self.part.get()" if nested else "None"
        lines += ["    def _create(self):", f"        return [sorted([{meaning}]), {below}]", ""]
        return "\n".join(lines)


class History(RuleBasedStateMachine):
    """Two classes, one nested in the other, that are changed while results are computed and migrated."""

    @initialize()
    def begin(self) -> None:
        """Begin with a project of two classes and an empty store."""
        self.home = Path(tempfile.mkdtemp(prefix="history-"))
        self.env = furu_test_env(self.home / "store")
        self.env.__enter__()
        sys.path.insert(0, str(self.home))
        sys.dont_write_bytecode, self.bytecode = True, sys.dont_write_bytecode
        self.next_identity = 2
        self.values: dict[int, int] = {}  # identity of a removed or added field -> what it is where nobody says
        self.gone: set[int] = set()
        self.part = Model("Part", fields={"first": (0, "int", 1)})
        self.whole = Model("Whole", fields={"second": (1, "int", 1)})
        self.computed: list[tuple[dict[int, int], dict[int, int]]] = []
        self.load()

    def teardown(self) -> None:
        """Put everything back."""
        if hasattr(self, "env"):
            sys.path.remove(str(self.home))
            sys.dont_write_bytecode = self.bytecode
            for module in MODULES:
                sys.modules.pop(module, None)
            self.env.__exit__(None, None, None)
            shutil.rmtree(self.home)

    def load(self) -> None:
        """Write the modules as the classes are now, and import them anew."""
        sources = dict.fromkeys(MODULES, "import furu\n")
        sources[self.part.module] += self.part.source()
        if self.whole.module != self.part.module:
            sources[self.whole.module] += f"import {self.part.module}\n"
        prefix = "" if self.whole.module == self.part.module else f"{self.part.module}."
        sources[self.whole.module] += self.whole.source(f"{prefix}Part")
        for module in MODULES:
            sys.modules.pop(module, None)
            (self.home / f"{module}.py").write_text(sources[module])
        importlib.invalidate_caches()
        linecache.checkcache()
        importlib.import_module(self.part.module)
        importlib.import_module(self.whole.module)

    def objects(self, part: dict[int, int], whole: dict[int, int]) -> Any:
        """Return the config of today with these values by the identities of fields."""
        made = getattr(sys.modules[self.part.module], "Part")(**self.arguments(self.part, part))  # noqa: B009
        return getattr(sys.modules[self.whole.module], "Whole")(part=made, **self.arguments(self.whole, whole))  # noqa: B009

    def arguments(self, model: Model, values: dict[int, int]) -> dict[str, Any]:
        """Return the arguments of a class; a field that came later has the value its change gave to older results."""
        types = {"int": int, "str": str, "float": float}
        return {
            name: types[kind](values.get(identity, self.values.get(identity, default)))
            for name, (identity, kind, default) in model.fields.items()
        }

    @rule(part=st.sampled_from(VALUES), whole=st.sampled_from(VALUES))
    def compute(self, part: int, whole: int) -> None:
        """Ask for a result, new or not."""
        values = (
            dict.fromkeys((identity for identity, _, _ in self.part.fields.values()), part),
            dict.fromkeys((identity for identity, _, _ in self.whole.fields.values()), whole),
        )
        self.objects(*values).get()
        self.computed.append(values)

    def free_name(self, model: Model) -> str:
        """Return a name that no field of a class has had yet."""
        used = {*model.fields, *(text.split("'")[1] for text in model.changes if "'" in text)}
        used |= {text.split("'")[3] for text in model.changes if text.startswith("furu.Renamed")}
        return next(name for name in (*NAMES, *(f"f{n}" for n in range(100))) if name not in used)

    def pick(self, *, of_part: bool) -> Model:
        """Return one of the two classes."""
        return self.part if of_part else self.whole

    @rule(of_part=st.booleans(), which=st.integers(0, 7))
    def rename(self, of_part: bool, which: int) -> None:
        """Rename a field."""
        model = self.pick(of_part=of_part)
        old = [*model.fields][which % len(model.fields)]
        new = self.free_name(model)
        model.fields = {(new if name == old else name): facts for name, facts in model.fields.items()}
        model.changes.append(f"furu.Renamed('{old}', '{new}')")
        self.load()

    @rule(of_part=st.booleans(), value=st.sampled_from(VALUES))
    def add(self, of_part: bool, value: int) -> None:
        """Add a field; results from before count for one value, while its default may be another."""
        model = self.pick(of_part=of_part)
        name = self.free_name(model)
        identity, self.next_identity = self.next_identity, self.next_identity + 1
        model.fields[name] = (identity, "int", 3)
        model.changes.append(f"furu.Added('{name}', value={value})")
        self.values[identity] = value
        self.load()

    @precondition(lambda self: len(self.part.fields) > 1 or len(self.whole.fields) > 1)
    @rule(of_part=st.booleans())
    def remove(self, of_part: bool) -> None:
        """Remove a field that was of no consequence."""
        model = self.pick(of_part=of_part)
        if len(model.fields) > 1:
            name, (identity, _, _) = model.fields.popitem()
            model.changes.append(f"furu.Removed('{name}')")
            self.gone.add(identity)
            self.load()

    @rule(of_part=st.booleans(), which=st.integers(0, 7), kind=st.sampled_from(("int", "str", "float")))
    def retype(self, of_part: bool, which: int, kind: str) -> None:
        """Give a field another type."""
        model = self.pick(of_part=of_part)
        name = [*model.fields][which % len(model.fields)]
        identity, before, default = model.fields[name]
        if kind != before and (before, kind) != ("float", "str"):  # '1.0' is no int any more
            model.fields[name] = (identity, kind, default)
            model.changes.append(f"furu.Retyped('{name}', {kind})")
            self.load()

    @rule(of_part=st.booleans())
    def move(self, of_part: bool) -> None:
        """Move a class to the other module, or back."""
        model = self.pick(of_part=of_part)
        former = f"furu.MovedFrom('{model.module}.{model.name}')"
        model.module = MODULES[1 - MODULES.index(model.module)]
        model.changes = [text for text in model.changes if f"'{model.module}." not in text]
        if former not in model.changes:
            model.changes.append(former)
        self.load()

    @rule()
    def migrate(self) -> None:
        """Make the aliases."""
        for model in (self.part, self.whole):
            report = getattr(sys.modules[model.module], model.name).migrate()
            assert report.unexplained == ()

    @precondition(lambda _: bool(run.runs()))
    @rule()
    def undo(self) -> None:
        """Take the latest migration back."""
        assert run.undo()
        self.load()

    @invariant()
    def nothing_is_lost_and_nothing_is_wrong(self) -> None:
        """Every config that was computed has a result, computed for the same values, as far as the fields are there today."""
        if not hasattr(self, "computed"):
            return
        for part, whole in self.computed:
            obj = self.objects(part, whole)
            assert obj.exists(), obj.why()
            own, below = obj.load_existing()
            self.compare(own, self.whole, whole)
            self.compare(below[0], self.part, part)

    def compare(self, result: list[list[int]], model: Model, values: dict[int, int]) -> None:
        """Compare what a result was computed for with the values asked for."""
        said = dict((identity, value) for identity, value in result)  # noqa: C402 - pairs from JSON
        for identity, _, default in model.fields.values():
            wanted = values.get(identity, self.values.get(identity, default))
            assert said.get(identity, self.values.get(identity)) == wanted


#: What pytest runs.
TestHistory = History.TestCase
TestHistory.settings = settings(
    max_examples=30, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
