"""What specs are called on disk: the key of one, and the group of the tasks that offer the same ones."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from furu.resources import SlurmSpec

_LONGEST = 200  # file systems stop at 255


def spec_key(spec: SlurmSpec) -> str:
    """Return the key of a spec, such as ``gpu-c8-m64-t720-g1``: equal specs have the same, others another.

    CPUs, GB of memory, minutes, GPUs; what a file name cannot say is told apart by a digest.
    """
    partition = spec.partition or "default"
    key = f"{partition}-c{spec.cpus}-m{spec.mem_gb}-t{spec.time_min}" + (f"-g{spec.gpus}" if spec.gpus else "")
    plain = spec.partition is None or re.fullmatch(r"[A-Za-z0-9_]{1,40}", partition)
    if plain and not spec.extra and spec.partition != "default":
        return key
    rest = repr((spec.partition, sorted((spec.extra or {}).items())))
    return f"{re.sub(r'[^A-Za-z0-9_-]', '_', key)[:100]}-x{_digest(rest)}"


def group_of(specs: Sequence[SlurmSpec]) -> str:
    """Return the group of the tasks that offer these specs, in this order of preference."""
    keys = list(dict.fromkeys(spec_key(spec) for spec in specs))
    named = "+".join(keys)
    return named if len(named) <= _LONGEST else "+".join(_digest(key) for key in keys)


def place_in(group: str, key: str) -> int | None:
    """Return how many specs the tasks of a group prefer to this one; None when they do not offer it."""
    offered = group.split("+")
    return next((offered.index(one) for one in (key, _digest(key)) if one in offered), None)


def _digest(text: str) -> str:
    return hashlib.blake2s(text.encode(), digest_size=4).hexdigest()
