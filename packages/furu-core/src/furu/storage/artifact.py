"""``Artifact``: the handle on one directory.  Look, claim, publish, discard."""

from __future__ import annotations

import os

from furu._sys import files, steps
from furu.storage import marker
from furu.storage.layout import LOCK, MARKER, META, STATE, TRASH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from furu.storage.evidence import Evidence
    from furu.storage.lease import Lease
    from furu.storage.state import State
    from furu.task import ArtifactRef, Original


class Artifact:
    """One artifact's directory.  Making one touches nothing."""

    __slots__ = ("directory", "meta_dir", "ref")

    def __init__(self, ref: ArtifactRef, directory: str, meta: str = META) -> None:
        self.ref = ref
        self.directory = directory
        self.meta_dir = f"{directory}/{meta}"

    @classmethod
    def at(cls, original: Original) -> Artifact:
        """Return the handle on the artifact that an alias stands for."""
        from furu.storage import alias

        return cls(original.ref, alias.directory(original), original.meta)

    @property
    def marker(self) -> str:
        """The path of the file whose presence means published."""
        return f"{self.meta_dir}/{MARKER}"

    @property
    def state_path(self) -> str:
        """The path of ``state.json``."""
        return f"{self.meta_dir}/{STATE}"

    def published(self) -> bool:
        """Return whether the result is there: one stat.  A marker that is empty or no regular file does not count.

        Raises ``FuruRecordError`` when this user may not look.
        """
        return marker.present(self.meta_dir)

    def seen(self) -> tuple[int, int] | None:
        """Return what tells the result that is there from one that takes its place later; None when there is none: one stat."""
        return marker.seen(self.meta_dir)

    def holder(self) -> Artifact | None:
        """Return the artifact that holds the result: this one, or the original where this is an alias; else None."""
        if self.published():
            return self
        from furu.storage import alias

        original = alias.original_of(self.meta_dir)
        return None if original is None else Artifact.at(original)

    def look(self) -> Evidence:
        """Return what is there.  One stat when published here; never raises for torn or vanished files."""
        from furu.storage import evidence  # a hit needs none of this, and should not pay for its import

        return evidence.look(self.meta_dir, self.published)

    def recorded_state(self) -> State | None:
        """Return what ``state.json`` says; None when it is absent or cannot be read."""
        from furu.storage import evidence

        return evidence.recorded_state(self.meta_dir)

    def observed_state(self) -> State:
        """Return the state as it is: what was recorded, corrected by the marker and the claim.

        Raises ``FuruRecordError`` when ``state.json`` is torn or foreign and nothing else tells the state.
        """
        from furu.storage import evidence

        return evidence.observed_state(self.meta_dir, published=self.published())

    def claim(self, attempt_id: str) -> Lease | None:
        """Take the right to create this artifact, making its directory.

        None when somebody else's claim is there, or somebody removes the artifact at this very moment.
        """
        try:
            return self._claim(attempt_id)
        except FileNotFoundError:
            if os.path.islink(self.directory) or os.path.islink(self.meta_dir):  # it leads nowhere
                raise
            return None

    def _claim(self, attempt_id: str) -> Lease | None:
        from furu.storage import lease

        try:
            os.mkdir(self.directory)
        except FileExistsError:
            pass
        except FileNotFoundError:
            os.makedirs(self.directory, exist_ok=True)
        try:
            os.mkdir(self.meta_dir)
        except FileExistsError:
            self._sweep()
        steps.reached("claim.directory")
        return lease.take(self.meta_dir, furu_hash=self.ref.furu_hash, attempt_id=attempt_id)

    def discard(self, held: Lease) -> None:
        """Withdraw what is published, so that it can be created anew; only the holder of the lease may.

        What is no marker and stands in its place is removed as well.  Raises ``OSError`` for a directory with content.
        """
        held.check()
        try:
            files.remove(self.marker)
        except OSError:
            if not os.path.isdir(self.marker):
                raise
            os.rmdir(self.marker)

    def clean(self, held: Lease) -> None:
        """Remove everything but furu's own records from the directory; only the holder of the lease may.

        Each entry is moved aside under the lease and removed there, so that a holder that loses the lease meanwhile
        removes nothing of its successor's.
        """
        aside = f"{self.meta_dir}/{TRASH}.{held.token}"
        names = [name for name in os.listdir(self.directory) if name != META]
        if not names:
            return
        os.mkdir(aside)
        for name in names:
            held.check()
            os.rename(f"{self.directory}/{name}", f"{aside}/{name}")
        files.remove_tree(aside)

    def _sweep(self) -> None:
        """Remove what a killed process left half-written beside the records."""
        from furu.storage import lease

        for name in os.listdir(self.meta_dir):
            if ".tmp." in name or name.startswith((f"{LOCK}.", f"{TRASH}.")):
                path = f"{self.meta_dir}/{name}"
                if lease.abandoned(path):
                    files.remove_tree(path)
