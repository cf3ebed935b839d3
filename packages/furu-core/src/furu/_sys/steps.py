"""Named steps of queue, claim, create and publish, where a test may inject a fault.

In production ``reached`` does nothing.  ``furu_testing.faults`` sets a hook to crash, stall or raise at one step.
"""

from __future__ import annotations

from typing import Literal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

Step = Literal[
    "claim.directory",
    "claim.prepared",
    "claim.taken",
    "create.state",
    "create.metadata",
    "create.begin",
    "create.end",
    "publish.kept",
    "publish.synced",
    "publish.state",
    "publish.marker",
    "publish.end",
]

#: Steps on the way through the queue of a scheduler, between a submitter and its job.
QueueStep = Literal["queue.begun", "queue.submitted", "queue.recorded", "claim.handed_over", "claim.renamed"]

hook: Callable[[str], None] | None = None


def reached(step: Step | QueueStep) -> None:
    """Tell a test's hook, where there is one, that ``step`` is done or about to begin."""
    if hook is not None:
        hook(step)
