"""``Batch``: artifacts that are submitted with one ``sbatch``, and the jobs they have to wait for.  Pure.

A dependency of Slurm is one of a whole array.  So artifacts share an array only when all wait for the same jobs, or when
each waits for its own element of one array, which Slurm calls ``aftercorr``; a failure then keeps nobody waiting but those
that need it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from furu.execution.plan import Node, Plan


@dataclass(frozen=True, slots=True)
class Batch:
    """Nodes in the order of their array; a single one is no array.

    All wait for ``after_ok``, and each for the element with its own index of the array ``corresponding``, if that is given.
    """

    nodes: tuple[Node, ...]
    after_ok: tuple[str, ...] = ()
    corresponding: str | None = None

    @property
    def dependency(self) -> str | None:
        """The dependency in Slurm's words, None without any."""
        parts = [f"afterok:{':'.join(self.after_ok)}"] if self.after_ok else []
        parts += [f"aftercorr:{self.corresponding}"] if self.corresponding is not None else []
        return ",".join(parts) or None

    def split(self) -> list[Batch]:
        """Return smaller batches that come to the same; none for a single node.

        A part of an array cannot go along with another array element by element, so each of its nodes goes by itself.
        """
        half = len(self.nodes) // 2
        if not half:
            return []
        if self.corresponding is None:
            return [Batch(self.nodes[:half], self.after_ok), Batch(self.nodes[half:], self.after_ok)]
        elements = [f"{self.corresponding}_{index}" for index in range(len(self.nodes))]
        return [Batch((node,), (*self.after_ok, one)) for node, one in zip(self.nodes, elements, strict=True)]


def levels(plan: Plan) -> Iterator[list[Node]]:
    """Yield the nodes of a plan, those that need nothing first, each level before those that need something of it."""
    order = TopologicalSorter({key: node.needs for key, node in plan.nodes.items()})
    order.prepare()
    while order.is_active():
        ready = order.get_ready()
        yield [plan.nodes[key] for key in ready]
        order.done(*ready)


def batches(nodes: Sequence[Node], job_of: Mapping[str, str], sizes: Mapping[str, int]) -> list[Batch]:
    """Return the batches in which nodes of one level and spec are submitted.

    ``job_of`` tells the job of each artifact that has one, ``sizes`` how many elements each array has.
    """
    needed = [frozenset(job_of[key] for key in node.needs if key in job_of) for node in nodes]
    common = frozenset.intersection(*needed) if needed else frozenset()
    own: dict[frozenset[str], list[Node]] = defaultdict(list)
    for node, ids in zip(nodes, needed, strict=True):
        own[ids - common].append(node)
    made, rest = _corresponding(own, common, sizes)
    made += [Batch(tuple(alike), _in_short(common | ids, sizes)) for ids, alike in rest.items()]
    return made


def _corresponding(
    own: Mapping[frozenset[str], list[Node]], common: frozenset[str], sizes: Mapping[str, int]
) -> tuple[list[Batch], dict[frozenset[str], list[Node]]]:
    """Return the batches that go along with an array, element by element, and what is left."""
    rows: dict[str, dict[int, Node]] = defaultdict(dict)
    for ids, nodes in own.items():
        if len(ids) == len(nodes) == 1:
            array, _, index = next(iter(ids)).partition("_")
            if index:
                rows[array][int(index)] = nodes[0]
    made, taken = [], set()
    for array, row in rows.items():
        if len(row) == sizes.get(array):
            made.append(Batch(tuple(row[index] for index in sorted(row)), _in_short(common, sizes), array))
            taken |= {frozenset((f"{array}_{index}",)) for index in row}
    return made, {ids: nodes for ids, nodes in own.items() if ids not in taken}


def _in_short(ids: frozenset[str], sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Return ids for a dependency: an array by its own id where each of its elements is meant."""
    elements: dict[str, int] = defaultdict(int)
    for job_id in ids:
        if "_" in job_id:
            elements[job_id.partition("_")[0]] += 1
    whole = {array for array, count in elements.items() if count == sizes.get(array)}
    return tuple(sorted({array if (array := job_id.partition("_")[0]) in whole else job_id for job_id in ids}))
