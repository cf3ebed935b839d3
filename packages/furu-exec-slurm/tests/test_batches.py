"""Which artifacts share an ``sbatch``, and for which jobs they wait."""

from __future__ import annotations

from typing import Any, cast

from furu.engine.verdict import Create
from furu.execution.plan import Node, Plan
from furu_exec_slurm.batches import Batch, batches, levels


class Task:
    """A task with nothing but a key."""

    def __init__(self, key: str) -> None:
        self.furu_hash = key


def node(key: str, *needs: str) -> Node:
    """Return a node."""
    return Node(cast("Any", Task(key)), Create("missing"), needs)


def plan(*nodes: Node) -> Plan:
    """Return a plan."""
    return Plan((), {one.key: one for one in nodes})


def keys(batch: Batch) -> list[str]:
    """Return the keys of a batch."""
    return [one.key for one in batch.nodes]


def test_levels_go_by_what_is_needed() -> None:
    """A node comes after all it needs, as early as that allows."""
    made = plan(node("d", "b", "c"), node("c", "b"), node("b", "a"), node("a"), node("e"))

    assert [sorted(one.key for one in level) for level in levels(made)] == [["a", "e"], ["b"], ["c"], ["d"]]


def test_a_long_chain_is_ordinary() -> None:
    """Nothing recurses."""
    made = plan(node("0"), *(node(str(place), str(place - 1)) for place in range(1, 5000)))

    assert sum(1 for _ in levels(made)) == 5000


def test_those_that_need_the_same_share_an_array() -> None:
    """Also those that need nothing, or nothing that has a job."""
    nodes = [node("a"), node("b", "published"), node("c")]
    (batch,) = batches(nodes, {}, {})
    assert (keys(batch), batch.dependency) == (["a", "b", "c"], None)

    (batch,) = batches([node("a", "x", "y"), node("b", "y", "x")], {"x": "7", "y": "8"}, {})
    assert batch.dependency == "afterok:7:8"


def test_each_may_wait_for_its_own_element() -> None:
    """One array beside another, element by element, in the order of the other, whatever else all of them need."""
    job_of = {"d": "5", "a0": "7_0", "a1": "7_1", "a2": "7_2"}
    nodes = [node("b2", "d", "a2"), node("b0", "d", "a0"), node("b1", "d", "a1")]

    (batch,) = batches(nodes, job_of, {"7": 3})

    assert (keys(batch), batch.dependency) == (["b0", "b1", "b2"], "afterok:5,aftercorr:7")


def test_a_failure_keeps_nobody_waiting_who_does_not_need_it() -> None:
    """Different needs make different batches; a part of an array is waited for by element."""
    job_of = {"a0": "7_0", "a1": "7_1", "a2": "7_2"}
    nodes = [node("b0", "a0"), node("b1", "a1"), node("c", "a0", "a1", "a2"), node("d", "a0", "a1", "a2")]

    made = {tuple(keys(batch)): batch.dependency for batch in batches(nodes, job_of, {"7": 3})}

    assert made == {("b0",): "afterok:7_0", ("b1",): "afterok:7_1", ("c", "d"): "afterok:7"}


def test_a_batch_in_parts_comes_to_the_same() -> None:
    """Halves of an array wait for the same; elements that go along with another array go alone."""
    nodes = tuple(node(str(place)) for place in range(3))

    assert [keys(part) for part in Batch(nodes, ("5",)).split()] == [["0"], ["1", "2"]]
    assert [part.dependency for part in Batch(nodes, ("5",), "7").split()] == [
        "afterok:5:7_0",
        "afterok:5:7_1",
        "afterok:5:7_2",
    ]
    assert Batch(nodes[:1]).split() == []
