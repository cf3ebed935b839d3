"""``Plan``: the graph of what is not built yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from furu.engine import settle
from furu.engine.verdict import Create, Load, Refuse, Wait
from furu.identity import dependencies, names
from furu.resources import SlurmSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from furu.engine.verdict import Verdict
    from furu.task import Task


@dataclass(slots=True, eq=False)
class Node:
    """One artifact of a plan that is not published.

    ``needs`` are the keys of declared dependencies that are not published either; ``verdict`` is what ``get()`` would
    have done when the plan was made.
    """

    task: Task
    verdict: Verdict
    needs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The ``furu_hash`` of the artifact."""
        return self.task.furu_hash

    @property
    def specs(self) -> tuple[SlurmSpec, ...]:
        """What the task asks of the machine, in order of preference; raises ``TypeError`` for anything but specs."""
        return specs_of(self.task)


@dataclass(slots=True)
class Plan:
    """What has to be built for some roots, and in which order it can be.

    ``roots`` are the keys asked for, in order, each once; those that are published are not in ``nodes``.
    ``published`` counts the artifacts that were found built, by class name; nothing below them was looked at.
    """

    roots: tuple[str, ...]
    nodes: dict[str, Node] = field(default_factory=dict)
    published: Counter[str] = field(default_factory=Counter)

    @property
    def counts(self) -> Counter[str]:
        """How many artifacts have to be built, by class name."""
        return Counter(type(node.task).__name__ for node in self.nodes.values())


def build(
    roots: Iterable[Task], *, decide: Callable[[Task], Verdict] = settle.verdict_on, into: Plan | None = None
) -> Plan:
    """Return the plan for ``roots``, or add what they need ``into`` a plan that is being carried out.

    Each artifact is looked at once.  A published one is a leaf, whatever it was made from.  The walk is iterative, so
    long chains are ordinary input.

    Raises ``FuruComputeError`` when something that is needed has failed and ``FURU_RETRY_FAILED`` is off.
    """
    wanted = list({task.furu_hash: task for task in roots}.values())
    plan = Plan(tuple(task.furu_hash for task in wanted)) if into is None else into
    fresh: list[Node] = []
    seen: set[str] = set()
    pending: list[Task] = wanted[::-1]
    while pending:
        task = pending.pop()
        key = task.furu_hash
        if key in seen or key in plan.nodes:
            continue
        seen.add(key)
        match decide(task):
            case Load():
                plan.published[type(task).__name__] += 1
            case Refuse():
                raise settle.refused_to_retry(task)
            case Create() | Wait() as verdict:
                needs = {below.furu_hash: below for _, below in dependencies.direct(task)}
                node = plan.nodes[key] = Node(task, verdict, tuple(needs))
                fresh.append(node)
                pending.extend(reversed(needs.values()))
    for node in fresh:
        node.needs = tuple(key for key in node.needs if key in plan.nodes)
    return plan


def specs_of(task: Task) -> tuple[SlurmSpec, ...]:
    """Return what ``task._executor()`` asks for, in order of preference.

    Raises ``TypeError`` naming the class when it is neither a ``SlurmSpec`` nor a sequence of at least one.
    """
    asked = task._executor()
    specs = (asked,) if isinstance(asked, SlurmSpec) else tuple(asked)
    if not specs or not all(isinstance(spec, SlurmSpec) for spec in specs):
        raise TypeError(f"{type(task).__name__}._executor() returned {asked!r}: it returns a SlurmSpec, or several")
    return specs


def checked_roots(roots: object, *, name: str = "roots") -> list[Task]:
    """Return ``roots`` as a list of Furu objects; raises ``TypeError`` naming what is not one."""
    try:
        listed: list[Task] = list(roots)  # type: ignore[call-overload]
    except TypeError:
        raise TypeError(f"{name} is a list of Furu objects (or a FuruList), not {roots!r}") from None
    for place, task in enumerate(listed):
        if not names.is_furu(task):
            raise TypeError(f"{name}[{place}] is {task!r}, which is no Furu object")
    return listed
