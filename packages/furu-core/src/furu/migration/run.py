"""Run: aliases made as a plan says, and taken back."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from furu._sys import clock, files
from furu.errors import FuruError, FuruRecordError
from furu.identity import changes, names
from furu.migration.plan import Move, Request, checked_move, plan
from furu.storage import alias, schemas, stored
from furu.storage.alias import Alias
from furu.storage.artifact import Artifact
from furu.storage.layout import META, MIGRATION, directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from furu.storage.stored import Stored


@dataclass(frozen=True, slots=True)
class MigrationReport:
    """What a migration did, or would do when it was a dry run.

    ``moves`` has an entry for each stored result that is not of today's form: what became of it, and why.  ``run`` names
    the migration, for its undoing; it is empty for a dry run.
    """

    moves: tuple[Move, ...]
    run: str = ""

    @property
    def aliases(self) -> tuple[Move, ...]:
        """The results that count for a config of today now."""
        return tuple(move for move in self.moves if move.outcome == "alias")

    @property
    def conflicts(self) -> tuple[Move, ...]:
        """The results whose target is taken."""
        return tuple(move for move in self.moves if move.outcome == "conflict")

    @property
    def unexplained(self) -> tuple[Move, ...]:
        """The results for which no config of today was found."""
        return tuple(move for move in self.moves if move.outcome == "unexplained")

    def undo(self) -> int:
        """Take the aliases of this migration back and return how many there were; as ``furu migrate --undo`` does.

        Raises ``FuruError`` when there are none: it was a dry run, or was taken back before.
        """
        return len(undo(self.run or "dry run"))

    def __str__(self) -> str:
        verb = "migrated" if self.run else "to migrate"
        counts = [f"{len(self.aliases)} {verb}"]
        if self.conflicts:
            counts.append(f"{len(self.conflicts)} in conflict")
        if self.unexplained:
            counts.append(f"{len(self.unexplained)} unexplained")
        lines = [", ".join(counts)]
        for move in self.moves:
            target = f" -> {move.target.label}" if move.target is not None else ""
            reason = f" ({move.reason})" if move.reason else ""
            lines.append(f"  {move.outcome}: {move.source.ref.label}{target}{reason}")
        return "\n".join(lines)


def migrate(request: Request, *, dry_run: bool, sources: Iterable[Stored] | None = None) -> MigrationReport:
    """Make an alias for every stored result that leads to a config of today; with ``dry_run`` say what would be made.

    Nothing is copied, moved or overwritten.  Any number of processes may do the same at once, while others compute.
    Crash: some aliases are made; the same migration makes the rest.
    """
    report = make(plan(request, sources), dry_run=dry_run)
    if not dry_run and request.where is None and sources is None and all(one.deliberate for one in report.unexplained):
        moved = changes.moved()
        own = {stored.home(kind, names.class_name(request.cls)) for kind in stored.roots()}
        for home in own | {os.path.dirname(move.source.directory) for move in report.moves}:
            schemas.settle(home, moved)
    return report


def make(moves: Iterable[Move], *, dry_run: bool) -> MigrationReport:
    """Make the aliases of a plan, those whose targets are free."""
    checked = [one for one in map(checked_move, moves) if one is not None]
    if dry_run:
        return MigrationReport(tuple(checked))
    run = new_run()
    return MigrationReport(tuple([_made(move, run) if move.outcome == "alias" else move for move in checked]), run)


def new_run() -> str:
    """Return the name of a migration: when it began, in UTC, and what no other has."""
    at = clock.iso_utc(clock.SYSTEM_CLOCK.now())[:19]
    return f"{at.replace('-', '').replace(':', '')}-{files.new_token()[:6]}"


def _made(move: Move, run: str) -> Move:
    """Write the alias of a move; a target that was published meanwhile stays as it is."""
    assert move.target is not None
    target = Artifact(move.target, directory(move.target))
    if target.published():
        return replace(move, outcome="conflict", reason="it has a result of its own by now")
    try:
        os.makedirs(target.meta_dir, exist_ok=True)
        alias.write(target.meta_dir, record(move, run))
    except OSError as error:
        return replace(move, outcome="conflict", reason=f"it cannot be written: {error.strerror or error}")
    return move


def record(move: Move, run: str) -> Alias:
    """Return the alias that a move makes."""
    assert move.target is not None
    return Alias(
        original=move.source.original,
        ref=move.target,
        furu_obj=move.config.to_dict(),
        steps=move.steps,
        run=run,
        at=clock.iso_utc(clock.SYSTEM_CLOCK.now()),
    )


def runs() -> dict[str, int]:
    """Return every migration whose aliases are in the store, oldest first, and how many it has."""
    found: dict[str, int] = {}
    for _, one in aliases():
        found[one.run] = found.get(one.run, 0) + 1
    return dict(sorted(found.items()))


def undo(run: str | None = None, *, dry_run: bool = False) -> list[Artifact]:
    """Take the aliases of one migration back, of the latest when none is named; return where they were.

    Results are not touched: neither the originals, nor what was computed under the key of an alias since.  As long as its
    class lists the changes, ``get()`` follows them again.

    Raises ``FuruError`` when there is no such migration.
    """
    found = list(aliases())
    known = sorted({one.run for _, one in found})
    wanted = run or (known[-1] if known else None)
    if wanted not in known:
        which = f"no migration {run!r}" if run else "no migration"
        hints = [f"there are: {', '.join(known)}"] if known else []
        raise FuruError(f"the store has the aliases of {which}", hints=hints)
    chosen = {artifact.directory: one for artifact, one in found if one.run == wanted}
    taken_back = [artifact for artifact, _ in found if artifact.directory in chosen]
    if not dry_run:
        for home in {os.path.dirname(alias.directory(one.original)) for one in chosen.values()}:
            schemas.unsettle(home)
        for artifact in taken_back:
            files.remove(f"{artifact.meta_dir}/{MIGRATION}")
            for emptied in (artifact.meta_dir, artifact.directory):
                try:
                    os.rmdir(emptied)
                except OSError:  # an attempt of its own has left something there
                    break
    return taken_back


def aliases() -> Iterator[tuple[Artifact, Alias]]:
    """Yield every alias of the store, dangling ones included; one that has a result of its own is none any more."""
    for artifact in stored.artifacts():
        found = _alias_at(artifact)
        if found is not None:
            yield artifact, found


def _alias_at(artifact: Artifact) -> Alias | None:
    try:
        found = alias.read(f"{artifact.directory}/{META}")
        return None if found is None or artifact.published() else found
    except FuruRecordError:
        return None


def one_of(what: str) -> Stored:
    """Return the stored result with this key, or the beginning of one.

    Raises ``FuruError`` when there is none, or more than one.
    """
    found = [artifact for artifact in stored.artifacts() if artifact.ref.furu_hash.startswith(what)]
    results = [one for one in map(stored.read, found) if one is not None]
    if len(results) == 1:
        return results[0]
    if not results:
        state = "which has no result" if found else "nothing of that name"
        raise FuruError(f"there is no result with the key {what!r} in the store ({state})")
    raise FuruError(f"{what!r} begins the keys of {len(results)} results", hints=["write more of it"])
