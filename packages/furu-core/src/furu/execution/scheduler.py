"""``Scheduler``: which node of a plan may run next.  Pure bookkeeping: no disk, no clock, no threads.

Every node is in one bucket: BLOCKED (needs something), READY, IN_PROGRESS_SELF (given to the executor),
IN_PROGRESS_EXTERNAL (somebody outside this run creates it), FAILED, COMPLETED.  No step costs more because there are
more nodes, but for the artifacts that one completion sets free.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal

from furu.engine.verdict import Wait
from furu.errors import FuruCycleError, FuruMissingArtifact
from furu.execution.executor import Blocked, Done, Elsewhere, Failed, Job

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from furu.execution.executor import Outcome
    from furu.execution.plan import Node, Plan
    from furu.task import Task

Window = Literal["dfs", "bfs"] | int


class Bucket(Enum):
    """Where a node of a run is."""

    BLOCKED = "blocked"
    READY = "ready"
    IN_PROGRESS_SELF = "running"
    IN_PROGRESS_EXTERNAL = "running elsewhere"
    FAILED = "failed"
    COMPLETED = "completed"


ENDED = frozenset((Bucket.FAILED, Bucket.COMPLETED))


@dataclass(frozen=True, slots=True)
class Failure:
    """A node that will not be tried again: the last outcome, and how many attempts were made."""

    node: Node
    outcome: Failed
    attempts: int


class Scheduler:
    """Hands out jobs in an order that dependencies allow, and learns how they ended.

    ``window`` is how many roots are worked on at once: ``"dfs"`` one, ``"bfs"`` all, or a number.  A job that failed is
    handed out again up to ``retries`` times when its failure may be retried.  After that the run stops, or, with
    ``keep_going``, goes on with what does not depend on it.

    ``COMPLETED`` and ``FAILED`` are final for the run.
    """

    def __init__(self, plan: Plan, *, window: Window = "bfs", retries: int = 0, keep_going: bool = False) -> None:
        self.plan = plan
        self.failures: list[Failure] = []
        self.counts: Counter[Bucket] = Counter()
        self.undeclared: dict[type, type] = {}  # class whose _create asked for an undeclared dependency -> that class
        self._retries = retries
        self._keep_going = keep_going
        self._window = window_of(window, len(plan.roots))
        self._bucket: dict[str, Bucket] = {}
        self._missing: dict[str, int] = {}  # key -> how many of its needs are not completed
        self._needed_by: dict[str, list[str]] = {}
        self._attempts: Counter[str] = Counter()
        self._ready: deque[str] = deque()
        self._roots: Iterator[str] = iter(plan.roots)
        self._open_roots: set[str] = set()
        self._open_more_roots()

    @property
    def stopped(self) -> bool:
        """Whether a failure has ended the run: nothing more is handed out."""
        return bool(self.failures) and not self._keep_going

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do or to wait for."""
        if self.stopped:
            return True
        return not self._open_roots

    def bucket(self, key: str) -> Bucket | None:
        """Return where a node is; None before its root is worked on."""
        return self._bucket.get(key)

    def in_bucket(self, bucket: Bucket) -> list[Node]:
        """Return the nodes of a bucket; looks at all nodes, so not for every turn of a loop."""
        return [self.plan.nodes[key] for key, here in self._bucket.items() if here is bucket]

    def take(self, most: int) -> list[Job]:
        """Return up to ``most`` jobs that may run now; they count as in progress from here on."""
        jobs: list[Job] = []
        while len(jobs) < most and self._ready and not self.stopped:
            key = self._ready.popleft()
            if self._bucket[key] is Bucket.READY:  # it may have completed elsewhere meanwhile
                self._move(key, Bucket.IN_PROGRESS_SELF)
                self._attempts[key] += 1
                node = self.plan.nodes[key]
                jobs.append(Job(node.task, node.specs))
        return jobs

    def apply(self, outcome: Outcome) -> None:
        """Learn how a job ended, or what was seen of a node that somebody else creates."""
        if self._bucket.get(outcome.key) in ENDED:
            return
        match outcome:
            case Done():
                self._complete(outcome.key)
            case Failed():
                self._fail(outcome)
            case Blocked():
                raise AssertionError("a Blocked outcome needs a wider plan: call block()")
            case Elsewhere():
                self._move(outcome.key, Bucket.IN_PROGRESS_EXTERNAL)

    def block(self, key: str, on: Iterable[Task]) -> None:
        """Let a job wait for artifacts its ``_create`` turned out to need; the plan holds those that are not built.

        One that this run has built already is not usable the moment after: its ``_validate`` refuses it.  Then the job
        fails, for building it again would never end; so it does when one of them needs the job itself.
        """
        node = self.plan.nodes[key]
        for task in on:
            if self._bucket.get(task.furu_hash) is Bucket.COMPLETED:
                why = f"{task.furu_ref.label} was built in this run, and its _validate does not accept the result"
                self._fail(Failed(key, "dependency", FuruMissingArtifact(why)))
                return
        found = [task for task in on if task.furu_hash in self.plan.nodes]
        for task in found:
            cycle = self._way(task.furu_hash, key)
            if cycle:
                names = " -> ".join(self.plan.nodes[step].task.furu_ref.label for step in [key, *cycle])
                hint = "a _create must not get() an artifact that needs this one; give the two different configs"
                error = FuruCycleError(f"an artifact waits for itself: {names}", hints=[hint])
                self._fail(Failed(key, "dependency", error))
                return
        for task in found:
            self.undeclared.setdefault(type(node.task), type(task))
        fresh = [task.furu_hash for task in found if task.furu_hash not in node.needs]
        node.needs = (*node.needs, *fresh)
        self._attempts[key] -= 1  # it was no failure
        self._activate(key)

    def _way(self, start: str, end: str) -> list[str]:
        """Return the nodes from ``start`` to ``end``, each needed by the one before; none when there is no such way."""
        came_from: dict[str, str | None] = {start: None}
        pending = [start]
        while pending:
            key = pending.pop()
            if key == end:
                way: list[str] = []
                step: str | None = key
                while step is not None:
                    way.append(step)
                    step = came_from[step]
                return way[::-1]
            for need in self.plan.nodes[key].needs:
                if need not in came_from and self._bucket.get(need) not in ENDED:
                    came_from[need] = key
                    pending.append(need)
        return []

    def release(self, key: str) -> None:
        """Take a node back from elsewhere: nobody creates it any more, so it may run here."""
        if self._bucket.get(key) is Bucket.IN_PROGRESS_EXTERNAL:
            self._make_ready(key)

    def _open_more_roots(self) -> None:
        while len(self._open_roots) < self._window:
            root = next(self._roots, None)
            if root is None:
                return
            if root in self.plan.nodes and self._bucket.get(root) not in ENDED:
                self._open_roots.add(root)
                self._activate(root)

    def _activate(self, root: str) -> None:
        """Put a node, and what it needs, into the buckets where they belong; each node once."""
        pending = [root]
        while pending:
            key = pending.pop()
            node = self.plan.nodes[key]
            if key in self._bucket and key != root:
                continue
            open_needs = [need for need in node.needs if self._bucket.get(need) is not Bucket.COMPLETED]
            self._missing[key] = len(open_needs)
            for need in open_needs:
                self._needed_by.setdefault(need, []).append(key)
                if need not in self._bucket:
                    pending.append(need)
            if isinstance(node.verdict, Wait) and key not in self._bucket:
                self._move(key, Bucket.IN_PROGRESS_EXTERNAL)
            elif any(self._bucket.get(need) is Bucket.FAILED for need in open_needs):
                self._give_up(key)
            elif open_needs:
                self._move(key, Bucket.BLOCKED)
            else:
                self._make_ready(key)

    def _make_ready(self, key: str) -> None:
        self._move(key, Bucket.READY)
        self._ready.append(key)

    def _complete(self, key: str) -> None:
        self._move(key, Bucket.COMPLETED)
        for above in self._needed_by.pop(key, ()):
            self._missing[above] -= 1
            if not self._missing[above] and self._bucket[above] is Bucket.BLOCKED:
                self._make_ready(above)
        self._close_root(key)

    def _fail(self, outcome: Failed) -> None:
        key = outcome.key
        if outcome.kind not in FINAL and self._attempts[key] <= self._retries:
            self._make_ready(key)
            return
        self.failures.append(Failure(self.plan.nodes[key], outcome, self._attempts[key]))
        self._give_up(key)

    def _give_up(self, root: str) -> None:
        """Mark a node, and all that needs it, as failed."""
        pending = [root]
        while pending:
            key = pending.pop()
            if self._bucket.get(key) in ENDED:
                continue
            self._move(key, Bucket.FAILED)
            pending.extend(self._needed_by.pop(key, ()))
            self._close_root(key)

    def _close_root(self, key: str) -> None:
        if key in self._open_roots:
            self._open_roots.discard(key)
            self._open_more_roots()

    def _move(self, key: str, to: Bucket) -> None:
        before = self._bucket.get(key)
        if before is not None:
            self.counts[before] -= 1
        self._bucket[key] = to
        self.counts[to] += 1


#: Failures that another attempt cannot mend.
FINAL = frozenset(("cancelled", "dependency"))


def window_of(window: Window, roots: int) -> int:
    """Return how many roots are worked on at once; raises ``ValueError`` naming ``window_size`` for anything else."""
    if window == "dfs":
        return 1
    if window == "bfs":
        return max(roots, 1)
    if isinstance(window, bool) or not isinstance(window, int) or window < 1:
        raise ValueError(f"window_size={window!r}: it is 'dfs', 'bfs' or a whole number of roots, at least 1")
    return window
