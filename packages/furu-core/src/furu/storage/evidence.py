"""``Evidence``: what a look at an artifact's directory sees."""

from __future__ import annotations

from dataclasses import dataclass

from furu.errors import FuruRecordError
from furu.storage import lease, state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.storage.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a look at an artifact saw: a snapshot, taken without locks.

    ``claim`` and ``state`` are looked at only where the result cannot be used as it is.  ``valid`` is what the class's
    ``_validate`` said of a published result, None when it was not asked.
    """

    published: bool
    claim: lease.Claim | None = None
    state: state.State | None = None
    valid: bool | None = None


def look(artifact: Artifact) -> Evidence:
    """Return what is there.  One stat when published; never raises for torn or vanished files."""
    if artifact.published():
        return Evidence(published=True)
    claim = lease.look(artifact.meta_dir)
    recorded = recorded_state(artifact)
    if claim is None and artifact.published():  # published between the two looks
        return Evidence(published=True)
    return Evidence(published=False, claim=claim, state=recorded)


def look_behind_marker(artifact: Artifact, *, valid: bool) -> Evidence:
    """Return what there is beside a published result that will not be used as it is."""
    return Evidence(published=True, claim=lease.look(artifact.meta_dir), state=recorded_state(artifact), valid=valid)


def recorded_state(artifact: Artifact) -> state.State | None:
    """Return what ``state.json`` says; None when it is absent or cannot be read."""
    try:
        return state.read(artifact.meta_dir)
    except FuruRecordError:
        return None


def observed_state(artifact: Artifact) -> state.State:
    """Return the state as it is: what was recorded, corrected by the marker and the claim.

    Raises ``FuruRecordError`` when ``state.json`` is torn or foreign and nothing else tells the state.
    """
    published = artifact.published()
    claim = None if published else lease.look(artifact.meta_dir)
    recorded = recorded_state(artifact) if published else state.read(artifact.meta_dir)
    return state.observed(recorded, published=published, attempt_lives=claim is not None and claim.live)
