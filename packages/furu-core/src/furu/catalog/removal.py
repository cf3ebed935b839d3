"""Removal: taking an artifact out of the store as a whole, and clearing up after removals that were killed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from furu._sys import files
from furu.catalog import labels, scan
from furu.errors import FuruError, FuruLeaseLost, FuruMissingArtifact, FuruRecordError
from furu.storage import lease
from furu.storage.layout import LOCK, META, TRASH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from furu.storage.artifact import Artifact

ATTEMPT = "removal"
TRIES = 5  # whoever was about to claim the artifact may still make a file in the directory it is leaving

#: Directories beside artifacts that are none: on their way out, on their way in, or there for a trial.
_ASIDE = re.compile(rf"\.(({TRASH}|import)\.[0-9a-f]{{20}}|furu-doctor)\.[0-9a-f]{{32}}")


def kept_because(artifact: Artifact, *, pinned: bool = False) -> str | None:
    """Return why an artifact is not removed, or None when it may be: in use (running or queued), pinned (unless ``pinned``), a link.

    Raises ``FuruMissingArtifact`` when it is not there.
    """
    if not os.path.isdir(artifact.meta_dir):
        raise FuruMissingArtifact(f"there is no artifact in {artifact.directory}")
    if os.path.islink(artifact.directory):
        return f"its directory is a link to {os.path.realpath(artifact.directory)}"
    claim = lease.look(artifact.meta_dir)
    if claim is not None and claim.live and claim.attempt_id != ATTEMPT:
        return f"it is in use, {lease.describe(claim)}"
    recorded = artifact.recorded_state()
    if recorded and recorded.attempt and recorded.attempt.status == "queued" and not artifact.published():
        return "it is queued"
    try:
        kept = not pinned and labels.read(artifact.meta_dir).pinned
    except FuruRecordError:
        return "its labels.json cannot be read, so it may be pinned"
    return "it is pinned" if kept else None


def remove(artifact: Artifact, *, pinned: bool = False) -> None:
    """Remove an artifact: its result, its records, its labels.

    The right to create it is taken first, so nobody computes it meanwhile.  Then its directory is renamed to one that
    nobody looks at, in one step, and removed from there.

    Promise: readers see the whole artifact or none.  A ``get()`` that comes meanwhile loads it, or computes it anew in
    a fresh directory; what is running or queued is never touched, nor what is pinned unless ``pinned``.
    Where a ``_load`` fails that opened file after file while the artifact was removed and computed anew, it is called again.
    Crash: a removal that is killed has removed nothing, or leaves a directory that ``sweep`` removes.
    Raises ``FuruError`` saying why it is kept, ``FuruMissingArtifact`` when it is not there (any more), ``OSError`` when the
    disk refuses.
    """
    _refuse(artifact, kept_because(artifact, pinned=pinned))
    held = _claimed(artifact)
    if held is None:
        raise FuruError(f"{artifact.ref.label} is kept: somebody else has just begun to compute or to remove it")
    try:
        _refuse(artifact, kept_because(artifact, pinned=pinned))
        tomb = _buried(artifact, held)
    finally:
        held.release()
    _emptied(tomb)


def _refuse(artifact: Artifact, why: str | None) -> None:
    if why is not None:
        raise FuruError(f"{artifact.ref.label} is kept: {why}")


def _claimed(artifact: Artifact) -> lease.Lease | None:
    """Take the right to create what is there, without making its directory."""
    claim = lease.look(artifact.meta_dir)
    if claim is not None and not claim.live:
        lease.break_dead(claim)
    try:
        return lease.take(artifact.meta_dir, furu_hash=artifact.ref.furu_hash, attempt_id=ATTEMPT)
    except FileNotFoundError:
        raise FuruMissingArtifact(f"there is no artifact in {artifact.directory} any more") from None


def aside(directory: str, word: str) -> str:
    """Return a name beside an artifact's directory that nobody takes for an artifact; ``word`` is ``trash`` or ``import``."""
    above, name = os.path.split(directory)
    return f"{above}/.{word}.{name}.{files.new_token()}"


def _buried(artifact: Artifact, held: lease.Lease) -> str:
    """Rename the directory, claim and all, to one that nobody looks at; return its path.

    Whoever took over between the last check and the rename gets the directory back at once.
    """
    tomb = aside(artifact.directory, TRASH)
    held.check()
    os.rename(artifact.directory, tomb)
    if not os.path.exists(f"{tomb}/{META}/{LOCK}/{held.token}"):
        os.rename(tomb, artifact.directory)
        raise FuruLeaseLost(f"{artifact.ref.label} was taken over while it was removed; it is as it was")
    return tomb


def _emptied(tomb: str) -> None:
    for _ in range(TRIES):
        files.remove_tree(tomb)
        if not os.path.lexists(tomb):
            return
    raise FuruError(
        f"the artifact is removed, but files of it cannot be: {tomb}",
        hints=["remove the directory by hand: its permissions may forbid it, or a program still uses its files"],
    )


def leftovers(root: str) -> Iterator[str]:
    """Yield the directories below a root that removals and imports have left, or are working on."""
    entered: set[tuple[int, int]] = set()
    pending = [root]
    while pending:
        directory = pending.pop()
        try:
            found = os.stat(directory)
            if (found.st_dev, found.st_ino) in entered:
                continue
            entered.add((found.st_dev, found.st_ino))
            names = sorted(os.listdir(directory))
        except OSError:
            continue
        yield from (f"{directory}/{name}" for name in names if _ASIDE.fullmatch(name))
        deeper = [f"{directory}/{name}" for name in names if name.isidentifier() and not scan.HASH.fullmatch(name)]
        pending += [path for path in reversed(deeper) if os.path.isdir(path)]


def is_abandoned(leftover: str) -> bool:
    """Return whether nobody works on a directory of ``leftovers`` any more."""
    meta_dir = f"{leftover}/{META}"
    claim = lease.look(meta_dir)
    if claim is not None:
        return not claim.live
    return lease.abandoned(meta_dir if os.path.isdir(meta_dir) else leftover)


def sweep(directories: Iterable[str]) -> list[str]:
    """Remove what ``leftovers`` has found, except where somebody is at work; return what was removed."""
    swept = []
    for path in directories:
        if is_abandoned(path):
            files.remove_tree(path)
            if not os.path.lexists(path):
                swept.append(path)
    return swept
