"""``Evidence``: what a look at an artifact's directory sees."""

from __future__ import annotations

from dataclasses import dataclass, replace

from furu.errors import FuruRecordError
from furu.storage import alias, lease, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from furu.task import Original


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a look at an artifact saw: a snapshot, taken without locks.

    ``claim`` and ``state`` are looked at only where the result cannot be used as it is.  ``valid`` is what the class's
    ``_validate`` said of a published result, None when it was not asked.  ``original`` is where the result is when it was
    published under another key: that of an earlier form of the same config; ``adopted`` whether the store knows that.
    """

    published: bool
    claim: lease.Claim | None = None
    state: state.State | None = None
    valid: bool | None = None
    original: Original | None = None
    adopted: bool = True


def look(meta_dir: str, published: Callable[[], bool]) -> Evidence:
    """Return what is there.  One stat when published here; never raises for torn or vanished files."""
    if published():
        return Evidence(published=True)
    original = alias.original_of(meta_dir)
    if original is not None:
        return Evidence(published=True, original=original)
    claim = lease.look(meta_dir)
    recorded = recorded_state(meta_dir)
    if claim is None and published():  # published between the two looks
        return Evidence(published=True)
    return Evidence(published=False, claim=claim, state=recorded)


def look_behind_marker(seen: Evidence, meta_dir: str, *, valid: bool) -> Evidence:
    """Return what there is beside a published result that will not be used as it is."""
    return replace(seen, claim=lease.look(meta_dir), state=recorded_state(meta_dir), valid=valid)


def recorded_state(meta_dir: str) -> state.State | None:
    """Return what ``state.json`` says; None when it is absent or cannot be read."""
    try:
        return state.read(meta_dir)
    except FuruRecordError:
        return None


def observed_state(meta_dir: str, *, published: bool) -> state.State:
    """Return the state as it is: what was recorded, corrected by the marker and the claim.

    Raises ``FuruRecordError`` when ``state.json`` is torn or foreign and nothing else tells the state.
    """
    if published:
        return state.observed(recorded_state(meta_dir), published=True, attempt_lives=False)
    claim = lease.look(meta_dir)
    original = alias.original_of(meta_dir)
    if original is not None:
        return _migrated(meta_dir, original, attempt_lives=claim is not None and claim.live)
    return state.observed(state.read(meta_dir), published=False, attempt_lives=claim is not None and claim.live)


def _migrated(meta_dir: str, original: Original, *, attempt_lives: bool) -> state.State:
    """Return the state of an alias: the attempt under its own key, when there was one, else that of the original."""
    own = state.observed(recorded_state(meta_dir), published=False, attempt_lives=attempt_lives)
    if own.attempt is None and original.path is None:
        own = state.observed(
            recorded_state(f"{alias.directory(original)}/{original.meta}"), published=True, attempt_lives=False
        )
    return replace(own, result="migrated")
