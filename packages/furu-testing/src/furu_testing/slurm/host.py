"""The machine outside: the only module here that reads the clock, sleeps, or reads the environment."""

from __future__ import annotations

from os import environ as environment  # noqa: TID251 - commands have no configuration but their environment
from time import sleep, time  # noqa: TID251 - commands are processes of their own; a test moves `skew_sec` instead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu_testing.slurm.model import State

__all__ = ["cluster_time", "environment", "sleep", "time"]


def cluster_time(state: State) -> float:
    """Return the time in the cluster, which a test may have moved on."""
    return time() + state["skew_sec"]
