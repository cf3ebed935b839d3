"""Configs of various shapes, whose keys are asked for.  In a module: a class of a script has no stable name."""

from __future__ import annotations

from typing import Any

import furu


class Small(furu.Furu[int]):
    """A config as people write them."""

    name: str = "small"
    steps: int = 1000
    rate: float = 1e-3
    layers: tuple[int, ...] = (64, 64, 10)
    seed: int | None = None


class Many(furu.Furu[int]):
    """A config of other configs."""

    parts: list[Small]


class Numbers(furu.Furu[int]):
    """A config with a long list."""

    values: list[int]


class Node(furu.Furu[int]):
    """A config that depends on up to two others."""

    number: int
    left: furu.Furu[int] | None = None
    right: furu.Furu[int] | None = None


class Holder(furu.Furu[int]):
    """A config with an array."""

    array: Any
