"""``why()`` and ``furu.diff``: what get() would do, the nearest stored config, and where two configs differ."""

from __future__ import annotations

import importlib
import linecache
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

import furu
from furu import config
from furu.errors import FuruError
from furu.identity import source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Version = Callable[[str], Any]

FIRST = """
    class Data(furu.Furu[int]):
        n: int = 1

        def _create(self):
            if self.n < 0:
                raise ValueError("negative")
            return self.n

    class Train(furu.Furu[int]):
        data: Data = furu.field(default_factory=Data)
        lr: float = 0.1
        device: str = furu.field(default="cpu", skip_hash=True)

        def _create(self):
            return scaled(self.data.get())

    def scaled(value):
        return value * 10
"""


@pytest.fixture
def version(furu_tmp_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Version:
    """Give what makes the next version of the module ``lab`` of its source."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delitem(sys.modules, "lab", raising=False)

    def made(source: str) -> Any:
        (tmp_path / "lab.py").write_text("import furu\n" + textwrap.dedent(source))
        linecache.checkcache()
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, "lab", raising=False)
        return importlib.import_module("lab")

    return made


def paths(found: Any) -> list[str]:
    """Return what differs, as text."""
    return [str(one) for one in found]


def test_a_hit_says_that_it_is_published(version: Version) -> None:
    """What is stored is loaded, and there is nothing to do about that."""
    lab = version(FIRST)
    lab.Data().get()

    found = lab.Data().why()

    assert (found.action, found.reason, found.remedy) == ("load", "it is published", None)
    assert str(found) == f"{lab.Data().furu_ref.label}: get() would load it: it is published"


def test_a_new_config_of_a_new_class(version: Version) -> None:
    """Where nothing is stored of a class there is nothing to compare with."""
    found = version(FIRST).Train().why()

    assert (found.action, found.nearest, found.differences) == ("create", None, ())
    assert "new config" in str(found.remedy)


def test_the_nearest_stored_config_is_shown(version: Version) -> None:
    """Of several stored configs the one with the fewest differences is named, with dotted paths and both values."""
    lab = version(FIRST)
    for lr, n in ((0.1, 1), (0.2, 1), (0.2, 5)):
        lab.Train(lr=lr, data=lab.Data(n=n)).get()

    found = lab.Train(lr=0.2, data=lab.Data(n=6), device="gpu").why()

    assert found.nearest == lab.Train(lr=0.2, data=lab.Data(n=5)).furu_ref
    assert found.stored == 3
    assert paths(found.differences) == ["~ data.n: 5 -> 6", "~ device: 'cpu' -> 'gpu'  (not in the key)"]
    assert found.remedy == "this is a new config"
    assert [str(one.directory.name) for one in found.siblings][1:] == [
        lab.Train(lr=0.2).furu_hash,
        lab.Train(lr=0.1).furu_hash,
    ]
    assert f"next {lab.Train(lr=0.1).furu_ref.label}: data.n, lr" in str(found)


def test_of_numbers_the_closest_is_nearest(version: Version) -> None:
    """Where as many fields differ, the config whose numbers are closest comes first."""
    lab = version(FIRST)
    for lr in (0.5, 0.001, 0.1):
        lab.Train(lr=lr).get()

    assert lab.Train(lr=0.12).why().nearest == lab.Train(lr=0.1).furu_ref


@pytest.mark.parametrize(
    ("old", "new", "change", "remedy"),
    [
        ("lr: float = 0.1", "lr: float = 0.1\n        drop: float = 0.5", "+ drop = 0.5", "hash_default=0.5"),
        ("lr: float = 0.1", "rate: float = 0.1", "- lr = 0.1", "furu.Renamed('lr', 'rate')"),
        ("n: int = 1", "rows: int = 1", "- data.n = 1", "furu.Renamed('n', 'rows')"),
        ("lr: float = 0.1\n", "\n", "- lr = 0.1", "furu.Removed('lr')"),
        ("n: int = 1", 'n: str = "1"', "~ data.n: 1 -> '1'", "furu.Retyped('n', str)"),
        ("class Train(furu.Furu[int])", "class Train(furu.Furu[int], revision=2)", "", "revision"),
    ],
)  # fmt: skip
def test_a_changed_class_comes_with_its_remedy(version: Version, old: str, new: str, change: str, remedy: str) -> None:
    """Fields that were added, removed, renamed or retyped since, nested ones too, are told with the line that keeps results."""
    version(FIRST).Train().get()
    lab = version(FIRST.replace("if self.n < 0", "if False").replace(old, new))

    found = lab.Train().why()

    assert found.action == "create"
    assert not change or change in paths(found.differences)
    assert remedy in str(found.remedy)


def test_added_and_removed_are_listed(version: Version) -> None:
    """The fields that a class got and lost since are told apart from values that differ."""
    version(FIRST).Train().get()
    lab = version(FIRST.replace("lr: float = 0.1", "rate: float = 0.1\n        drop: float = 0.5"))

    found = lab.Train(data=lab.Data(n=2)).why()

    assert (found.added, found.removed) == (("rate", "drop"), ("lr",))
    assert "[furu.Renamed('lr', 'rate'), furu.Added('drop', value=0.5)]" in str(found.remedy)


def test_a_moved_class_is_recognised(version: Version) -> None:
    """A class that is new under its name is compared with one of that name elsewhere."""
    version(FIRST).Data(n=3).get()
    lab = version("""
        class Box:
            class Data(furu.Furu[int]):
                n: int = 1

                def _create(self):
                    return self.n
    """)

    found = lab.Box.Data(n=3).why()

    assert "furu.MovedFrom('lab.Data')" in str(found.remedy)


def test_failures_and_claims_have_their_reasons(version: Version) -> None:
    """What failed before would be created again, or refused where the settings say so."""
    lab = version(FIRST)
    with pytest.raises(ValueError, match="negative"):
        lab.Data(n=-1).get()

    assert (lab.Data(n=-1).why().action, lab.Data(n=-1).why().reason) == ("create", "it failed before")
    config.current().retry_failed = False
    assert lab.Data(n=-1).why().action == "refuse"
    assert "FURU_RETRY_FAILED" in str(lab.Data(n=-1).why().remedy)


def test_an_alias_says_whose_result_it_is(version: Version) -> None:
    """A result of an earlier form is told as such, before and after the alias was made."""
    version(FIRST).Data(n=3).get()
    lab = version(
        FIRST.replace("n: int = 1", 'migrations = [furu.Renamed("n", "m")]\n        m: int = 1').replace(
            "self.n", "self.m"
        )
    )

    assert "from before its class was changed" in lab.Data(m=3).why().reason
    lab.Data.migrate()
    assert "an alias of Data " in lab.Data(m=3).why().reason
    assert "Renamed('n', 'm')" in lab.Data(m=3).why().reason


def test_it_prints_with_colours(version: Version) -> None:
    """rich shows the same text, coloured, without a line longer than it is told."""
    lab = version(FIRST)
    lab.Train().get()
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115 - ends with the test

    console.print(lab.Train(lr=0.5).why())

    assert console.export_text().splitlines()[0] == str(lab.Train(lr=0.5).why()).splitlines()[0]


# The source behind a class


def test_changed_code_is_told_and_no_part_of_the_key(version: Version) -> None:
    """A function that a method calls has changed since the result was computed: it is still a hit, and why() says so."""
    version(FIRST).Train().get()
    lab = version(FIRST.replace("value * 10", "value * 11"))

    found = lab.Train().why()

    assert found.action == "load"
    assert [line.partition(" changed")[0] for line in found.source_changes] == ["lab.scaled"]
    assert "furu.harmless" in str(found.remedy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return value * 10", "# a comment\n        return value  *  10\n"),
        ("def scaled(value):", 'def scaled(value):\n        """Scale."""'),
        ("return scaled(self.data.get())", "return (\n                scaled(self.data.get())  # here\n            )"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(version: Version, old: str, new: str) -> None:
    """Only what code does is compared."""
    version(FIRST).Train().get()

    changed = version(FIRST.replace(old, new)).Train().why().source_changes

    assert changed == () or ("(" in new and len(changed) == 1)  # parentheses are tokens


def test_other_code_of_the_module_does_not_count(version: Version) -> None:
    """A function that the class does not use may change as it likes."""
    version(FIRST + "\n    def other():\n        return 1\n").Train().get()

    assert version(FIRST + "\n    def other():\n        return 2\n").Train().why().source_changes == ()


def test_code_is_found_wherever_it_hides(version: Version) -> None:
    """Cached, static and closed-over functions, properties, plain classes and those of fields are looked at; odd things,
    such as classes that mention each other and objects that answer to anything, do no harm."""
    source = """
        import functools
        from furu import chz

        class Anything:
            def __getattr__(self, name):
                return self

        anything = Anything()

        @functools.lru_cache
        def cached(value):
            return value + 1

        def closing(scale):
            def closed(value):
                return value * scale
            return closed

        @chz.chz
        class Part:
            other: "Part | None" = None

            def work(self):
                return 3

        class Plain:
            @staticmethod
            def static():
                return 4

        class Model(furu.Furu[int]):
            LAYERS = 5
            part: Part = furu.field(default_factory=Part)

            @property
            def size(self):
                return 6

            def _create(self):
                anything.what.ever
                return [cached(1), closing(2)(2), self.part.work(), Plain.static(), self.LAYERS, self.size]
    """
    version(source).Model().get()
    for old, new, name in (
        ("value + 1", "value + 2", "cached"),
        ("value * scale", "value / scale", "closing"),
        ("return 3", "return 33", "Part.work"),
        ("return 4", "return 44", "Plain.static"),
        ("LAYERS = 5", "LAYERS = 55", "Model"),
        ("return 6", "return 66", "Model.size"),
    ):
        (line,) = version(source.replace(old, new)).Model().why().source_changes
        assert line.startswith(f"lab.{name} changed")


def test_a_change_is_marked_harmless(version: Version) -> None:
    """A function marked with both digests counts as what it was, until it changes again."""
    version(FIRST).Train().get()
    after = FIRST.replace("value * 10", "10 * value")
    line = version(after).Train().why().source_changes[0]
    was, now = line.partition("(")[2].rstrip(")").split(" -> ")
    marked = after.replace("def scaled", f'@furu.harmless("{was}", "{now}")\n    def scaled')

    assert version(marked).Train().why().source_changes == ()
    assert version(marked.replace("10 * value", "12 * value")).Train().why().source_changes != ()


def test_digests_of_source_are_the_same_everywhere(version: Version) -> None:
    """They may enter keys, so every Python version has to find the same ones, f-strings included."""
    lab = version("""
        class Model(furu.Furu[str]):
            n: int = 1

            def _create(self):
                return shown(self.n)

        def shown(value):
            \"""Show it.\"""
            return f"{value!r:>{5}} {{}} {f'in {value}'}" + rb"x".decode()
    """)

    assert source.digests(lab.Model) == {
        "lab.Model": "0c58705f4f",
        "lab.Model._create": "984c74e531",
        "lab.shown": "2a52d75409",
    }


def test_source_in_the_key(version: Version) -> None:
    """With FURU_SOURCE_IN_KEY=1 changed code is another key, here and in whoever nests the class; a harmless change is not."""
    plain = version(FIRST).Train().furu_hash
    config.current().source_in_key = True
    first = version(FIRST).Train().furu_hash
    second = version(FIRST.replace("value * 10", "value * 11")).Train().furu_hash
    nested = version(FIRST.replace("return self.n", "return self.n + 0")).Train().furu_hash

    assert len({plain, first, second, nested}) == 4
    assert version(FIRST).Train().furu_hash == first


# Differences


def test_objects_keys_directories_and_data_are_compared(version: Version) -> None:
    """Whatever a config is given as, the differences are the same."""
    lab = version(FIRST)
    one, two = lab.Train(), lab.Train(lr=0.2, data=lab.Data(n=4))
    one.get()
    two.get()
    expected = ["~ data.n: 1 -> 4", "~ lr: 0.1 -> 0.2"]

    assert paths(furu.diff(one, two)) == expected
    assert paths(furu.diff(one.furu_hash, two.furu_hash[:8])) == expected
    assert paths(furu.diff(one.furu_dir, two)) == expected
    assert paths(furu.diff(str(one.furu_dir), two.to_dict())) == expected
    assert furu.diff(one, lab.Train()) == ()


def test_lists_dicts_sets_and_types_are_compared(version: Version) -> None:
    """Items that were added, removed and changed are told by their places; equal values of other types differ."""
    lab = version("""
        from typing import Any

        class Box(furu.Furu[int]):
            value: Any

            def _create(self):
                return 1
    """)

    def between(old: Any, new: Any) -> list[str]:
        return paths(furu.diff(lab.Box(value=old), lab.Box(value=new)))

    assert between([1, 2, 3], [1, 5]) == ["~ value.1: 2 -> 5", "- value.2 = 3"]
    assert between({"a": 1, "b": 2}, {"a": 1, "c": 3}) == ["+ value.c = 3", "- value.b = 2"]
    assert between({"a": [{"x": 1}]}, {"a": [{"x": 2}]}) == ["~ value.a.0.x: 1 -> 2"]
    assert between(1, True) == ["~ value: 1 -> True"]
    assert between(1, 1.0) == ["~ value: 1 -> 1.0"]
    assert between((1, 2), [1, 2]) == []
    assert between({1, 2}, {2, 1}) == []
    assert between({1}, {2}) == ["~ value: {1} -> {2}"]
    assert between(float("nan"), float("nan")) == []
    assert between(lab.Box(value=1), lab.Box(value=2)) == ["~ value.value: 1 -> 2"]
    assert between(lab.Box(value=1), 3) == ["~ value: Box(...) -> 3"]


def test_deep_and_wide_graphs_are_linear(version: Version) -> None:
    """A chain of a thousand and a diamond of depth thirty are compared in no time, without recursion."""
    lab = version("""
        class Node(furu.Furu[int]):
            below: tuple["Node", ...] = ()
            n: int = 0

            def _create(self):
                return 1
    """)
    chains, diamonds = [], []
    for n in (1, 2):
        chain = diamond = lab.Node(n=n)
        for _ in range(1000):
            chain = lab.Node(below=(chain,))
        for _ in range(30):
            diamond = lab.Node(below=(diamond, diamond))
        chains.append(chain)
        diamonds.append(diamond)

    assert len(furu.diff(*chains)) == 1
    assert paths(furu.diff(*diamonds)) == [f"~ {'below.0.' * 30}n: 1 -> 2"]


def test_what_is_not_there_is_an_error(version: Version, tmp_path: Path) -> None:
    """A key nobody has, one that is too short, and a directory that is none are told."""
    lab = version(FIRST)
    for n in range(40):
        lab.Data(n=n).get()

    with pytest.raises(FuruError, match="keys of 0 artifacts"):
        furu.diff("f" * 20, lab.Data())
    with pytest.raises(FuruError, match="write more"):
        furu.diff("", lab.Data())
    with pytest.raises(FuruError, match="no directory"):
        furu.diff(tmp_path / "nothing", lab.Data())
    with pytest.raises(FuruError, match="no config is recorded"):
        furu.diff(tmp_path, lab.Data())
