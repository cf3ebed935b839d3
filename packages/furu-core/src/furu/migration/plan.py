"""Plan: which results of earlier forms of a class count for which configs of today.  Looks only; changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from furu.errors import FuruError, FuruIdentityError
from furu.identity import changes, names
from furu.identity.upgrade import AnotherMeaning, Rules, upgraded
from furu.migration import dependencies
from furu.storage import alias, lease, stored
from furu.storage.artifact import Artifact
from furu.storage.layout import directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from furu.identity.changes import Change
    from furu.storage.stored import Stored
    from furu.task import ArtifactRef

Outcome = Literal["alias", "conflict", "unexplained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One stored result, and what becomes of it.

    ``outcome`` is ``alias`` where ``target`` becomes an alias of it, ``conflict`` where the target is taken, and
    ``unexplained`` where no config of today could be found; ``reason`` says why.  ``steps`` are the changes that lead from
    the stored config to that of today.  ``deliberate`` is set where the class says that its older results mean something else.
    """

    outcome: Outcome
    source: Stored
    target: ArtifactRef | None = None
    config: Any = None
    steps: tuple[str, ...] = ()
    reason: str = ""
    deliberate: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be migrated: the results of a class, and of every class that nests it.

    ``more`` are changes beside those that the class lists; with ``defaults`` an added field that no change speaks of takes
    its default; ``where`` is asked about each config of today.
    """

    cls: type
    more: Sequence[Change] = ()
    defaults: bool = False
    where: Callable[[Any], bool] | None = None

    def rules(self) -> Rules:
        """Return what is known of the past of classes under this request."""
        return Rules(more={self.cls: tuple(self.more)} if self.more else {}, defaults=self.defaults)


@dataclass(slots=True)
class Targets:
    """The targets found so far, each with the move that has it."""

    moves: dict[ArtifactRef, Move] = field(default_factory=dict)
    others: list[Move] = field(default_factory=list)

    def all(self) -> list[Move]:
        """Return every move: those that may become aliases first."""
        return [*self.moves.values(), *self.others]

    def add(self, move: Move) -> None:
        """Take a move in.  Of several results for one target the newest is taken; one result twice counts once."""
        if move.outcome != "alias" or move.target is None:
            self.others.append(move)
            return
        before = self.moves.get(move.target)
        if before is None:
            self.moves[move.target] = move
            return
        if before.source.original == move.source.original:
            return
        newer, older = sorted((before, move), key=age, reverse=True)
        self.moves[move.target] = newer
        self.others.append(_conflicting(older, f"{newer.source.ref.label} is newer and leads to the same config"))


def age(move: Move) -> tuple[str, str]:
    """Return what orders results that lead to one config: the newest is the last."""
    return move.source.timestamp, move.source.ref.furu_hash


def plan(request: Request, sources: Iterable[Stored] | None = None) -> list[Move]:
    """Return what a migration would do with every result whose config names the class, today's ones left out."""
    rules = request.rules()
    targets = Targets()
    for source in sources if sources is not None else stored.everywhere(_names(request.cls)):
        move = moved(source, rules)
        if move is None or (request.where is not None and (move.config is None or not request.where(move.config))):
            continue
        targets.add(move)
    return targets.all()


def moved(source: Stored, rules: Rules, step: str = "") -> Move | None:
    """Return where a stored result leads; None when its config is one of today already.  ``step`` is a step of its own.

    A config with the same fields and another key was stored under another meaning, so without a step there is no move.
    """
    try:
        found = upgraded(source.furu_obj, rules)
        target = found.obj.furu_ref
    except AnotherMeaning as error:
        return Move(outcome="unexplained", source=source, reason=error.message, deliberate=True)
    except FuruError as error:
        return None if _is_current(source, rules) else Move(outcome="unexplained", source=source, reason=error.message)
    except AttributeError:
        return Move(outcome="unexplained", source=source, reason="it is no config of a Furu class")
    if _is_at(source, target):
        return None
    steps = (*((step,) if step else ()), *found.steps)
    doubt = dependencies.doubt(source, found.obj, rules)
    if not steps and doubt is None:
        if target.furu_hash == source.ref.furu_hash:
            steps = ("stored in another place",)
        else:
            doubt = "its fields are the same and its key is not: hash_default, or the meaning of a value, changed"
    if doubt is not None and source.is_alias:
        return None  # the original speaks for itself
    if doubt is not None:
        return Move(outcome="unexplained", source=source, reason=doubt)
    return Move(outcome="alias", source=source, target=target, config=found.obj, steps=steps)


def _is_current(source: Stored, rules: Rules) -> bool:
    """Return whether a config that no change explains has its key today: what it has too much was never in the key."""
    try:
        found = upgraded(source.furu_obj, Rules(moved=rules.moved, more=rules.more, defaults=True, loose=True))
        return _is_at(source, found.obj.furu_ref)
    except (FuruError, AttributeError):
        return False


def _is_at(source: Stored, target: ArtifactRef) -> bool:
    """Return whether a result is where the store looks for this target; a copy of a store has the same names elsewhere."""
    return target == source.ref and source.directory == directory(target)


def checked_move(move: Move) -> Move | None:
    """Return a move, as a conflict where its target is taken; None when it was made before."""
    if move.outcome != "alias" or move.target is None:
        return move
    there = Artifact(move.target, directory(move.target))
    if there.published():
        return _conflicting(move, "it has a result of its own")
    original = alias.original_of(there.meta_dir)
    if original is not None:
        return (
            None if original == move.source.original else _conflicting(move, f"it is an alias of {original.ref.label}")
        )
    if invalidated(move.target):
        return _conflicting(move, "its result was invalidated")
    claim = lease.look(there.meta_dir)
    if claim is not None and claim.live:
        return _conflicting(move, f"it is being computed, {lease.describe(claim)}")
    return move


def invalidated(target: ArtifactRef) -> bool:
    """Return whether the state of an artifact says that it has no result on purpose."""
    recorded = Artifact(target, directory(target)).recorded_state()
    return recorded is not None and recorded.result == "absent" and recorded.attempt is None


def _conflicting(move: Move, reason: str) -> Move:
    return replace(move, outcome="conflict", reason=reason)


def _names(cls: type) -> set[str]:
    """Return what a class and those derived from it are called, and were called."""
    found: set[str] = set()
    pending = [cls]
    while pending:
        one = pending.pop()
        pending += one.__subclasses__()
        try:
            found.update((names.class_name(one), *changes.former_names(one)))
        except FuruIdentityError:  # it has no lasting name, and so no lasting results
            continue
    return found
