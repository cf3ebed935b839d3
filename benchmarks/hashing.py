"""What it costs to find the key of a config, compared with ``json.dumps`` and ``blake2s`` of the same values.

The objects are made beforehand and are fresh in each round, since furu remembers the key of an object.  The floor takes
one ``json.dumps`` and one ``blake2s`` for each object that has a key of its own, the others' keys inside, as furu does;
for the array it is one ``blake2s`` of its bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import blake2s
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from subjects.configs import Holder, Many, Node, Numbers, Small
from timing import (
    UNITS,
    Rounds,
    Size,
    interleaved,
    machine,
    median_ratio,
    per_operation,
    print_table,
    significant,
    size,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    import furu


def key(values: object) -> str:
    """Return what the floor does for one object."""
    return blake2s(json.dumps(values, sort_keys=True, separators=(",", ":")).encode(), digest_size=10).hexdigest()


def small_fields(seed: int | None) -> dict[str, object]:
    """Return the fields of a ``Small`` as JSON has them."""
    return {"name": "small", "steps": 1000, "rate": 1e-3, "layers": [64, 64, 10], "seed": seed}


def diamonds(levels: int) -> Node:
    """Return a tower of diamonds: each level needs the level below twice, so there are 2 ** levels paths."""
    node = Node(number=0)
    for number in range(levels):
        node = Node(number=number, left=node, right=node)
    return node


def diamonds_floor(levels: int) -> str:
    """Return the key of the tower."""
    below = key({"number": 0, "left": None, "right": None})
    for number in range(levels):
        below = key({"number": number, "left": below, "right": below})
    return below


def chain(length: int) -> Node:
    """Return the last of ``length`` configs, each of which needs the one before."""
    node = Node(number=0)
    for number in range(1, length):
        node = Node(number=number, left=node)
    return node


def chain_floor(length: int) -> str:
    """Return the key of the last."""
    below = None
    for number in range(length):
        below = key({"number": number, "left": below, "right": None})
    return str(below)


@dataclass(frozen=True)
class Shape:
    """One kind of config: how an object is made, what the floor does instead, and how many are measured a round."""

    name: str
    make: Callable[[], furu.Furu[int]]
    floor: Callable[[], object]
    unit: str
    count: int = 1


def shapes() -> list[Shape]:
    """Return the configs to measure."""
    numbers = list(range(100_000))
    array = np.random.default_rng(0).random(1_250_000)
    return [
        Shape("small config, 5 fields", Small, lambda: key(small_fields(None)), "µs", count=200),
        Shape(
            "100 small configs in one",
            lambda: Many(parts=[Small(seed=seed) for seed in range(100)]),
            lambda: key([key(small_fields(seed)) for seed in range(100)]),
            "µs",
            count=5,
        ),
        Shape("100,000 ints", lambda: Numbers(values=list(numbers)), lambda: key({"values": numbers}), "ms"),
        Shape("20 diamonds, one on the other", lambda: diamonds(20), lambda: diamonds_floor(20), "µs", count=20),
        Shape("chain of 1,000", lambda: chain(1_000), lambda: chain_floor(1_000), "ms"),
        Shape(
            "numpy array of 10 MB", lambda: Holder(array=array.copy()), lambda: blake2s(array.data).hexdigest(), "ms"
        ),
    ]


def measure(shape: Shape, rounds: int, count: int) -> Rounds:
    """Return the seconds of making one object, of finding its key, and of the floor."""

    def made() -> float:
        return per_operation(lambda _: shape.make(), range(count))

    def hashed() -> float:
        objects = [shape.make() for _ in range(count)]
        return per_operation(lambda each: each.furu_hash, objects)

    def floor() -> float:
        return per_operation(lambda _: shape.floor(), range(count))

    interleaved({"made": made, "hashed": hashed, "floor": floor}, rounds=1)
    return interleaved({"made": made, "hashed": hashed, "floor": floor}, rounds)


def main() -> None:
    """Print the table."""
    chosen = size(__doc__, full=Size(rounds=25, items=200))
    rows = []
    for shape in shapes():
        measured = measure(shape, chosen.rounds, min(shape.count, chosen.items))
        made, hashed, floor = (median(measured[name]) * UNITS[shape.unit] for name in ("made", "hashed", "floor"))
        ratio = median_ratio(measured["hashed"], measured["floor"])
        rows.append((f"{shape.name}, {shape.unit}", *map(significant, (floor, hashed, ratio, made))))
    print(f"{machine()}\n")
    print_table(("key of a fresh config", "floor", "furu_hash", "x floor", "making it"), rows)


if __name__ == "__main__":
    main()
