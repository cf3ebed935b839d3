"""Invalidation: a result that is there shall no longer count, and what was made of it neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from furu._sys import files
from furu._sys.clock import SYSTEM_CLOCK, iso_utc
from furu.errors import FuruError
from furu.storage import lease, state
from furu.storage.layout import MIGRATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from furu._sys.clock import Clock
    from furu.catalog.row import Row
    from furu.storage.artifact import Artifact

ATTEMPT = "invalidation"


def downstream(first: Iterable[Row], needing: Callable[[str], list[Row]]) -> list[Row]:
    """Return artifacts and everything that depends on them, through all steps, each once, dependencies first."""
    found: dict[tuple[str, str], Row] = {}
    pending = list(first)
    for row in pending:  # which grows meanwhile
        if (row.namespace, row.hash) not in found:
            found[row.namespace, row.hash] = row
            pending += needing(row.hash)
    return list(found.values())


def invalidate(artifact: Artifact, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Let a result no longer count; the next ``get()`` computes it anew.  Its files stay, as those of an earlier attempt do.

    Promise: the right to create the artifact is held meanwhile, so what is being computed is not touched.
    Raises ``FuruError`` when somebody holds that right, ``OSError`` when the disk refuses.
    """
    claim = lease.look(artifact.meta_dir)
    if claim is not None and not claim.live:
        lease.break_dead(claim)
    held = lease.take(artifact.meta_dir, furu_hash=artifact.ref.furu_hash, attempt_id=ATTEMPT)
    if held is None:
        raise FuruError(
            f"{artifact.ref.label} is in use{f', {lease.describe(claim)}' if claim else ''}; its result still counts"
        )
    try:
        artifact.discard(held)
        files.remove(f"{artifact.meta_dir}/{MIGRATION}")
        after = state.State("absent", None, iso_utc(clock.now()))
        held.check()
        state.write(artifact.meta_dir, after)
        state.log_event(artifact.meta_dir, after)
    finally:
        held.release()
