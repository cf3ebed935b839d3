"""Values in the place of results: by object, by hash, by dotted path; who sees them, and what wrong ones are told."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import furu
from furu.execution import plan as plans
from furu_testing import override_results, override_results_for
from furu_testing.overrides import OverridePathError, found

if TYPE_CHECKING:
    from pathlib import Path


class Leaf(furu.Furu[str]):
    """A dependency that no test computes."""

    name: str = "leaf"

    def _create(self) -> str:
        raise AssertionError(f"{self.name} is computed")


class Branch(furu.Furu[str]):
    """Something between root and leaves."""

    leaf: Leaf = furu.field(default_factory=Leaf)

    def _create(self) -> str:
        return f"({self.leaf.get()})"


@dataclass(frozen=True)
class Pair:
    """A record that is no Furu object."""

    left: Leaf
    right: Branch


class Root(furu.Furu[str]):
    """Dependencies in every kind of place."""

    lr: float = 0.5
    one: Branch = furu.field(default_factory=Branch)
    many: list[Branch] = furu.field(default_factory=lambda: [Branch(leaf=Leaf(name=name)) for name in "abc"])
    named: dict[str, Leaf] = furu.field(
        default_factory=lambda: {name: Leaf(name=name) for name in ("plain", "with.dot", "0")}
    )
    pair: Pair = furu.field(default_factory=lambda: Pair(Leaf(name="left"), Branch(leaf=Leaf(name="right"))))
    nested: tuple[list[Leaf], ...] = furu.field(default_factory=lambda: ([], [Leaf(name="deep")]))
    loose: set[Leaf] = furu.field(default_factory=lambda: {Leaf(name="loose")})

    @furu.furu_dep
    def shards(self) -> list[Leaf]:
        """Dependencies that are made from the fields."""
        return [Leaf(name=f"shard {number}") for number in range(2)]

    def _create(self) -> str:
        return f"root of {self.one.get()} and {self.shards()[1].get()}"


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("one", Branch()),
        ("one.leaf", Leaf()),
        ("many.1", Branch(leaf=Leaf(name="b"))),
        ("many.2.leaf", Leaf(name="c")),
        ("named.plain", Leaf(name="plain")),
        ("named.with.dot", Leaf(name="with.dot")),
        ("named.0", Leaf(name="0")),
        ("pair.left", Leaf(name="left")),
        ("pair.right.leaf", Leaf(name="right")),
        ("nested.1.0", Leaf(name="deep")),
        ("loose.0", Leaf(name="loose")),
        ("shards.1", Leaf(name="shard 1")),
        ("shards().0", Leaf(name="shard 0")),
    ],
)
def test_a_path_leads_to_a_dependency(path: str, leads_to: furu.Furu[Any]) -> None:
    """Fields, places in lists, keys of mappings, records, sets and computed dependencies are steps of a path."""
    assert found(Root(), path) == leads_to


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("tow", "the root is Root Root(", "has no 'tow': it has lr, one, many, named"),
        ("on", "has no 'on'", "did you mean 'one'?"),
        ("one.laef", "'one' is Branch Branch(", "has no 'laef': it has leaf; did you mean 'leaf'?"),
        ("one.laef", "", "paths to dependencies of Branch: one.leaf"),
        ("many.7", "'many' is list [", "has no '7': it has 0, 1, 2"),
        ("named.plane", "'named' is dict {", "it has plain, with.dot, 0; did you mean 'plain'?"),
        ("many", "'many' leads to list [", "which is no Furu object"),
        ("lr", "'lr' leads to float 0.5, which is no Furu object", "one, many.0, many.1, many.2, named.plain"),
        ("lr.x", "'lr' is float 0.5 and has no 'x': there is nothing inside", ""),
        ("one.leaf.name.x", "'one.leaf.name' is str 'leaf'", "Leaf has no dependencies"),
        ("", "the root is Root", "has no ''"),
        ("shards.5", "'shards' is list [", "it has 0, 1"),
    ],
)
def test_a_wrong_path_says_what_would_fit(path: str, message: str, hint: str) -> None:
    """The error says how far the path leads, what is there, and which paths there are."""
    with pytest.raises(LookupError) as caught, override_results_for(Root(), {path: "stub"}):
        pass

    assert isinstance(caught.value, OverridePathError)
    assert "override_results_for(Root): " in str(caught.value)
    assert message in str(caught.value)
    assert hint in str(caught.value)


def test_many_choices_are_cut_short() -> None:
    """Of a long list the first places are named."""
    root = Root(many=[Branch()] * 100)

    with pytest.raises(LookupError, match=r"it has 0, 1, .*, 19, \.\.\.;? ?") as caught:
        found(root, "many.100")

    assert "20," not in str(caught.value).splitlines()[0]


@pytest.mark.usefixtures("furu_tmp_root")
def test_overrides_are_what_every_verb_and_the_planner_see(furu_tmp_root: Path) -> None:
    """get, exists, load_existing, try_load and a plan take the value; the store is not touched for it."""
    model = Root()
    with override_results_for(model, {"one.leaf": "stub", "shards.1": "shard"}):
        assert Leaf().exists()
        assert Leaf().load_existing() == Leaf().try_load() == Leaf().get() == "stub"
        assert model.one.leaf.furu_hash not in plans.build([model]).nodes
        assert model.get() == "root of (stub) and shard"

    assert not Leaf().furu_dir.exists()
    assert not Leaf().exists()


@pytest.mark.usefixtures("furu_tmp_root")
def test_objects_and_hashes_are_keys() -> None:
    """A config may be named by an equal object or by its hash; a falsy value is a value."""
    with override_results({Leaf(name="a"): None, Leaf(name="b").furu_hash: 0}):
        assert Leaf(name="a").get() is None
        assert Leaf(name="b").get() == 0  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("key", ["normalizer", "ABCDEF0123456789abcd", 7, Leaf])
def test_what_is_no_key_is_named(key: object) -> None:
    """Anything but a Furu object or a hash is an error that shows it."""
    with pytest.raises(TypeError, match="neither a Furu object nor a furu_hash"), override_results({key: 1}):
        pass


@pytest.mark.usefixtures("furu_tmp_root")
def test_blocks_add_up_and_end() -> None:
    """An inner block adds to the outer one and hides what it names again; after an error nothing is left of it."""
    with override_results({Leaf(): "outer", Leaf(name="a"): "a"}):
        with contextlib.suppress(KeyError), override_results({Leaf(): "inner"}):
            assert (Leaf().get(), Leaf(name="a").get()) == ("inner", "a")
            raise KeyError
        assert Leaf().get() == "outer"
    assert not Leaf().exists()


@pytest.mark.usefixtures("furu_tmp_root")
def test_threads_started_inside_see_overrides() -> None:
    """An override is the process's, not the thread's."""
    with override_results({Leaf(): "stub"}), ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda _: Branch().get(), range(4))) == ["(stub)"] * 4
