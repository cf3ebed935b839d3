"""Explain: what ``get()`` would do about one config, why, and what to do about that.  Looks only."""

from __future__ import annotations

from dataclasses import dataclass
from heapq import nsmallest
from pathlib import Path
from typing import Any, Literal

from furu import config
from furu.engine import settle
from furu.engine.verdict import Create, Load, Refuse, Wait
from furu.errors import FuruError
from furu.identity import changes, diff, names, source
from furu.identity.diff import Difference, shown
from furu.identity.records import record_of
from furu.storage import alias, lease, store, stored

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from furu.engine.verdict import Verdict
    from furu.storage.stored import Stored
    from furu.task import ArtifactRef, Task

MOST_SIBLINGS = 3
_MOST_PATHS = 4
REASONS = {
    "missing": "it is not computed yet",
    "invalid": "its _validate refuses the result",
    "rerun": "FURU_ALWAYS_RERUN names it",
    "failed": "it failed before",
    "crashed": "its process died",
    "cancelled": "it was cancelled",
    "preempted": "it was preempted",
    "incomplete": "it was queued and never ran",
    "queued": "it waits for this job",
}


@dataclass(frozen=True, slots=True)
class Sibling:
    """A stored config of the same class, and what leads from it to the one that was asked about."""

    ref: ArtifactRef
    directory: Path
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Why:
    """What ``get()`` would do about a config, and why.

    ``verdict`` is the decision itself, ``action`` and ``reason`` say it in words.  Where nothing is stored for the config,
    ``siblings`` are the stored configs of the class (or of what it was called before) that differ least, out of ``stored``,
    the nearest first; ``differences`` leads from that one to this, ``added`` and ``removed`` are the fields that the class, or
    one nested in it, has got or lost since.  ``source_changes`` lists the code that changed since the result was computed.
    ``remedy`` is what to do, in one line, or None.
    """

    ref: ArtifactRef
    verdict: Verdict
    action: Literal["load", "wait", "create", "refuse"]
    reason: str
    siblings: tuple[Sibling, ...] = ()
    stored: int = 0
    source_changes: tuple[str, ...] = ()
    remedy: str | None = None

    @property
    def nearest(self) -> ArtifactRef | None:
        """The name of the stored config that differs least, if there is one."""
        return self.siblings[0].ref if self.siblings else None

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Where this config differs from the nearest stored one."""
        return self.siblings[0].differences if self.siblings else ()

    @property
    def added(self) -> tuple[str, ...]:
        """The dotted paths of fields that are new since the nearest config was stored."""
        return tuple(one.path for one in self.differences if one.schema and one.kind == "added")

    @property
    def removed(self) -> tuple[str, ...]:
        """The dotted paths of fields that are gone since the nearest config was stored."""
        return tuple(one.path for one in self.differences if one.schema and one.kind == "removed")

    def __str__(self) -> str:
        return "\n".join(text for text, _ in self._lines())

    def __rich__(self) -> RenderableType:
        from rich.console import Group
        from rich.text import Text

        return Group(*(Text(text, style) for text, style in self._lines()))

    def _lines(self) -> Iterator[tuple[str, str]]:
        yield f"{self.ref.label}: get() would {self.action} it: {self.reason}", "bold"
        if self.nearest is not None:
            others = f", the nearest of {self.stored} stored" if self.stored > 1 else ", the only one stored"
            yield f"compared with {self.nearest.label}{others}:", ""
            styles = {"added": "green", "removed": "red", "changed": "yellow"}
            for one in self.differences:
                yield f"  {one}", styles[one.kind] if one.in_key else "dim"
            if not self.differences:
                yield "  no field differs", "dim"
        for other in self.siblings[1:]:
            paths = [one.path for one in other.differences if one.in_key]
            more = f", and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
            yield f"next {other.ref.label}: {', '.join(paths[:_MOST_PATHS])}{more}", "dim"
        if self.source_changes:
            yield "code that changed since the result was computed:", ""
            for line in self.source_changes:
                yield f"  {line}", "yellow"
        if self.remedy:
            yield f"-> {self.remedy}", "cyan"


def why(task: Task) -> Why:
    """Return what ``get()`` would do about ``task``, by the same decision, and why."""
    verdict = settle.verdict_on(task)
    match verdict:
        case Load():
            return _of_result(task, verdict)
        case Wait(claim):
            begun = "it is " if claim.job is not None else "it is being computed, "
            return Why(task.furu_ref, verdict, "wait", begun + lease.describe(claim))
        case Refuse():
            hint = "FURU_RETRY_FAILED=1 tries it again"
            return Why(task.furu_ref, verdict, "refuse", "it failed before, and FURU_RETRY_FAILED=0", remedy=hint)
        case Create("missing"):
            return _of_nothing(task, verdict)
        case Create(reason):
            return Why(task.furu_ref, verdict, "create", REASONS[reason])


def _of_result(task: Task, verdict: Verdict) -> Why:
    holder = store.artifact(task.furu_ref).holder()
    former = task._furu_former() if holder is None else None
    reason = "it is published"
    if former is not None:
        reason = f"{former.ref.label} is its result, from before its class was changed"
    elif holder is not None and holder.ref != task.furu_ref:
        steps = _steps_to(task)
        reason = f"it is an alias of {holder.ref.label}" + (f" ({steps})" if steps else "")
    found = stored.read(holder) if holder is not None else None
    changed = (
        ()
        if found is None or found.source is None
        else source.changed(_renamed(found, task), source.digests(type(task)))
    )
    remedy = None
    if changed and not config.current().source_in_key:
        remedy = "harmless? say so with @furu.harmless(was, now); otherwise give the class another revision"
    return Why(task.furu_ref, verdict, "load", reason, source_changes=changed, remedy=remedy)


def _steps_to(task: Task) -> str:
    try:
        found = alias.read(store.artifact(task.furu_ref).meta_dir)
    except FuruError:
        return ""
    return "; ".join(found.steps) if found is not None else ""


def _renamed(found: Stored, task: Task) -> dict[str, str]:
    """Return the recorded digests, by what things are called since the class was moved."""
    before, now = found.ref.namespace, task.furu_ref.namespace
    assert found.source is not None
    return {
        (now + name.removeprefix(before) if name.startswith(before) else name): d for name, d in found.source.items()
    }


def _of_nothing(task: Task, verdict: Verdict) -> Why:
    known = list(_siblings(task))
    if not known:
        remedy = "nothing of this class is stored yet: this is a new config"
        return Why(task.furu_ref, verdict, "create", REASONS["missing"], remedy=remedy)
    here = diff.view(task.to_dict())
    compared = [(one, _compared(one.furu_obj, here)) for one in known]
    compared.sort(key=lambda pair: pair[0].timestamp, reverse=True)  # of equally near ones the newest comes first
    nearest = nsmallest(MOST_SIBLINGS, compared, key=lambda pair: _distance(pair[1]))
    return Why(
        task.furu_ref,
        verdict,
        "create",
        REASONS["missing"],
        tuple([Sibling(one.ref, Path(one.directory), found) for one, found in nearest]),
        len(known),
        remedy=_remedy(task, *nearest[0]),
    )


def _distance(differences: tuple[Difference, ...]) -> tuple[int, float]:
    """Return how far two configs are apart: by how many places, then by how much where these are numbers."""
    counted = [one for one in differences if one.in_key]
    return len(counted), sum(_apart(one.old, one.new) for one in counted)


def _apart(old: Any, new: Any) -> float:
    numbers = type(old) in (int, float) and type(new) in (int, float) and abs(old - new) < float("inf")
    return abs(old - new) / ((abs(old) + abs(new)) or 1) if numbers else 1.0


def _siblings(task: Task) -> Iterator[Stored]:
    """Yield what is stored of the class, of what it was called before, or else of a class with its name elsewhere."""
    found = False
    for name in dict.fromkeys((task.furu_ref.namespace, *changes.former_names(type(task)))):
        for one in stored.of_class(name):
            found = True
            yield one
    if not found:
        last = task.furu_ref.namespace.rpartition(".")[2]
        others = {one.ref.namespace for one in stored.artifacts() if one.ref.namespace.rpartition(".")[2] == last}
        for name in sorted(others):
            yield from stored.of_class(name)


def _compared(before: Any, now: Any) -> tuple[Difference, ...]:
    return diff.differences(before, now, excluded=excluded_fields)


def excluded_fields(name: str) -> frozenset[str]:
    """Return the fields of a class, given its name, that are not in its key; of one that is not imported, none."""
    if not names.imported(name):
        return frozenset()
    try:
        record = record_of(names.resolve(name))
    except (FuruError, TypeError):
        return frozenset()
    return frozenset() if record is None else frozenset(field.name for field in record.excluded)


def _remedy(task: Task, nearest: Stored, differences: tuple[Difference, ...]) -> str:
    """Return the one line that says what to do about a missing result."""
    counted = [one for one in differences if one.in_key]
    if not counted:
        return "the class's revision, its source or a @furu_dep differs: this is a new config"
    added = [one for one in counted if one.schema and one.kind == "added"]
    removed = [one for one in counted if one.schema and one.kind == "removed"]
    moved = next((one for one in counted if one.path == "class"), None)
    if moved is not None and nearest.ref.namespace != task.furu_ref.namespace:
        return f"moved? migrations = [furu.MovedFrom({str(moved.old)!r})] keeps its results"
    if added and not removed:
        pinned = [
            f"{_leaf(one)} = furu.field(default={shown(one.new)}, hash_default={shown(one.new)})" for one in added
        ]
        return f"new? {', '.join(pinned)} keeps the results from before"
    if added or removed:
        return f"refactored? migrations = [{', '.join(_changes(added, removed))}]{_where(added + removed)} keeps the results"
    retyped = next((one for one in counted if one.kind == "changed" and _retyped(one)), None)
    if retyped is not None:
        kind = type(retyped.new).__name__
        return f"retyped? migrations = [furu.Retyped({_leaf(retyped)!r}, {kind})] keeps its results"
    return "this is a new config"


def _changes(added: list[Difference], removed: list[Difference]) -> list[str]:
    """Return the changes that may have led from one set of fields to the other: what has the same value was renamed."""
    found, left = [], list(added)
    for one in removed:
        same = [other for other in left if _parent(other) == _parent(one) and diff.same(one.old, other.new)]
        if not same and len(added) == len(removed) == 1 and _parent(added[0]) == _parent(one):
            same = added
        if same:
            left.remove(same[0])
            found.append(f"furu.Renamed({_leaf(one)!r}, {_leaf(same[0])!r})")
        else:
            found.append(f"furu.Removed({_leaf(one)!r})")
    return found + [f"furu.Added({_leaf(one)!r}, value={shown(one.new)})" for one in left]


def _where(changed: list[Difference]) -> str:
    """Return whose changes these are, when they are not those of the class itself."""
    inside = list(dict.fromkeys(_parent(one) for one in changed if _parent(one)))
    return f" on the class of {', '.join(inside)}" if inside else ""


def _retyped(one: Difference) -> bool:
    return type(one.old) is not type(one.new) and str(one.old) == str(one.new)


def _leaf(one: Difference) -> str:
    return one.path.rpartition(".")[2]


def _parent(one: Difference) -> str:
    return one.path.rpartition(".")[0]
