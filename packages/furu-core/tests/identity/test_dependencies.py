"""Dependencies: every Furu object a config names, with the place that names it."""

import collections
from typing import Any

import furu_golden
import pytest
from furu_golden import Dependent, Node, Pair, Settings, Skipping, Train, Value

import furu
from furu.errors import FuruCycleError
from furu.identity.dependencies import direct, walk


def paths(obj: Any) -> list[tuple[str, Any]]:
    return [(path, dep.steps if isinstance(dep, Train) else dep) for path, dep in direct(obj)]


def test_dependencies_have_dotted_paths():
    """Fields, containers, other records and ``@furu_dep`` methods are looked through; paths say where."""
    one, two, three = Train(steps=1), Train(steps=2), Train(steps=3)
    assert paths(Pair(left=one, right=two)) == [("left", 1), ("right", 2)]
    assert paths(Value(x=[one, (two, {"k": three})])) == [("x.0", 1), ("x.1.0", 2), ("x.1.1.k", 3)]
    assert paths(Value(x=Settings(model=[one]))) == [("x.model.0", 1)]
    assert paths(Value(x=furu_golden.Slotted(inner=one))) == [("x.inner", 1)]
    assert paths(Value(x=furu_golden.Model(a=1, inner=one))) == [("x.inner", 1)]
    assert paths(Value(x=furu_golden.Plain(a=1, b=one))) == [("x.b", 1)]
    assert paths(Value(x=collections.OrderedDict(k=one))) == [("x.k", 1)]
    assert paths(Value(x=collections.deque([one]))) == [("x.0.0", 1)]
    assert paths(Value(x={one: two}))[1:] == [("x.[" + repr(one) + "]", 2)]
    assert paths(Dependent(size=2))[0] == ("base()", 2)
    assert [path for path, _ in direct(Dependent(size=2))] == ["base()", "shards().all.0", "shards().all.1"]


def test_order_of_a_set_is_stable():
    """The items of a set come in an order that does not depend on the process."""
    items = [Train(steps=at) for at in range(20)]
    assert direct(Value(x=set(items))) == direct(Value(x={Train(steps=at) for at in range(19, -1, -1)}))
    assert [path for path, _ in direct(Value(x=set(items)))] == [f"x.{at}" for at in range(20)]


def test_each_place_is_listed():
    """An object that is named twice is listed twice."""
    one = Train()
    assert [path for path, _ in direct(Pair(left=one, right=one))] == ["left", "right"]


def test_private_fields_are_no_dependencies():
    """A Furu object in a private field is none, one in a ``skip_hash`` field is."""
    assert direct(Skipping(_cache=Train())) == []
    assert [path for path, _ in direct(Skipping(device=Train()))] == ["device"]


def test_dependencies_of_dependencies_are_left_to_them():
    """Only what the object itself names is listed."""
    assert [path for path, _ in direct(Node(deps=[Node(deps=[Node()])]))] == ["deps.0"]


def test_walk_yields_dependencies_first_and_once():
    """A walk yields every key once, after everything it needs."""
    shared = Node(tag="shared")
    left, right = Node(tag="left", deps=[shared]), Node(tag="right", deps=[shared, Node(tag="shared")])
    top = Node(tag="top", deps=[left, right])
    assert [node.tag for node in walk([top, left])] == ["shared", "left", "right", "top"]


def test_walk_stops_where_it_is_told_to():
    """Dependencies of what is done already are not looked at."""
    top = Node(tag="top", deps=[Node(tag="done", deps=[Node(tag="below")])])
    assert [node.tag for node in walk([top], into=lambda node: node.tag != "done")] == ["done", "top"]


def test_walk_of_odd_shapes():
    """Chains of thousands and deep diamonds are ordinary."""
    chain = Node()
    for at in range(5000):
        chain = Node(deps=[chain], tag=str(at))
    assert sum(1 for _ in walk([chain])) == 5001
    diamond = Node()
    for at in range(20):
        diamond = Node(deps=[diamond, diamond], tag=str(at))
    assert sum(1 for _ in walk([diamond])) == 21


class Endless(furu.Furu[int]):
    n: int = 0

    @furu.furu_dep
    def next(self) -> Any:
        return Endless(n=self.n)


def test_walk_of_a_cycle_is_an_error():
    """A cycle is the same error as for the key."""
    with pytest.raises(FuruCycleError):
        list(walk([Endless()]))
