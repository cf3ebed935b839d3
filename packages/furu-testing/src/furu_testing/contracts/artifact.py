"""``ArtifactContract``: what a handle on one directory promises about looking, claiming, publishing and discarding."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from furu._sys import process
from furu.errors import FuruLeaseLost
from furu.runtime.schedulers import ScheduledJob
from furu.storage import state
from furu.storage.state import Attempt, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ATTEMPT = "1" * 32

#: What may stand in the place of a record that is no record.
DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "torn": lambda path: path.write_bytes(b'{"format_version": 1, "resu'),
    "binary": lambda path: path.write_bytes(b"\x00\xff\xfe"),
    "another shape": lambda path: path.write_text("[1, 2]"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "directory": lambda path: path.mkdir(),
    "dangling link": lambda path: path.symlink_to("nowhere"),
    "link to itself": lambda path: path.symlink_to(path.name),
}

#: What may stand in the place of the marker without being one; its content is nobody's business.
NO_MARKER = ("empty", "directory", "dangling link", "link to itself")


class Handle(Protocol):
    """An implementation: ``furu.storage.artifact.Artifact`` is one."""

    meta_dir: str

    @property
    def marker(self) -> str:
        """The path of the file whose presence means published."""

    @property
    def state_path(self) -> str:
        """The path of the recorded state."""

    def published(self) -> bool:
        """Return whether the result is there."""

    def look(self) -> Any:
        """Return an ``Evidence``: ``published``, ``claim``, ``state``."""

    def observed_state(self) -> Any:
        """Return the ``State`` that was recorded, corrected by what is there."""

    def claim(self, attempt_id: str, /) -> Any:
        """Return the right to create, or None."""

    def discard(self, held: Any, /) -> None:
        """Withdraw what is published."""


class ArtifactContract:
    """A look never harms and never raises; published means a marker with content; only the holder changes anything.

    A subclass says in ``make`` what is to be tested.
    """

    def make(self, directory: Path) -> Handle:
        """Return the handle on the artifact in ``directory``, which need not exist."""
        raise NotImplementedError

    @pytest.fixture
    def artifact(self, furu_tmp_root: Path) -> Iterator[Handle]:
        """Give the handle on an artifact that is not there; claims made in the test are released afterwards."""
        self._held: list[Any] = []
        yield self.make(furu_tmp_root / "data" / "module" / "Class" / ("0" * 20))
        for held in self._held:
            held.release()

    def claimed(self, artifact: Handle) -> Any:
        """Claim the artifact, which must be free."""
        held = artifact.claim(ATTEMPT)
        assert held is not None, f"nobody creates {artifact.meta_dir}, and the claim was refused"
        self._held.append(held)
        return held

    def publish(self, artifact: Handle) -> None:
        """Claim and publish."""
        self.claimed(artifact).publish(artifact.marker, sync=False)

    def test_looking_creates_nothing(self, artifact: Handle, furu_tmp_root: Path) -> None:
        """A look at what is not there sees nothing and leaves no trace."""
        evidence = artifact.look()

        assert (evidence.published, evidence.claim, evidence.state) == (False, None, None)
        assert not artifact.published()
        assert list(furu_tmp_root.iterdir()) == []

    def test_a_claim_is_seen_live(self, artifact: Handle) -> None:
        """A claim makes the directory; a look sees it with its attempt, and not as published."""
        held = self.claimed(artifact)

        evidence = artifact.look()

        assert not evidence.published
        assert (evidence.claim.token, evidence.claim.attempt_id, evidence.claim.live) == (held.token, ATTEMPT, True)

    def test_a_claim_that_waits_for_a_job_is_seen(self, artifact: Handle) -> None:
        """It is live, and names the job; the attempt is queued while it is there, and has crashed once it is gone."""
        queued = State("incomplete", Attempt(ATTEMPT, 1, "submitit", "queued", process.me(), "2026-01-01T00:00:00Z"))
        held = self.claimed(artifact)
        state.write(artifact.meta_dir, queued)

        held.hand_over(ScheduledJob("contract", "17"))

        claim = artifact.look().claim
        assert (claim.job, claim.live) == (ScheduledJob("contract", "17"), True)
        assert artifact.claim("2" * 32) is None
        assert artifact.observed_state() == queued
        shutil.rmtree(Path(artifact.meta_dir, "compute.lock"))
        assert artifact.observed_state().attempt.status == "crashed"

    def test_a_second_claim_is_refused(self, artifact: Handle) -> None:
        """While somebody creates it, nobody else gets the right to; afterwards they do."""
        held = self.claimed(artifact)
        assert artifact.claim("2" * 32) is None

        held.release()

        assert artifact.look().claim is None
        self.claimed(artifact)

    def test_what_is_published_is_seen(self, artifact: Handle) -> None:
        """After publishing the artifact is published, also for a handle of its own, and nobody holds it."""
        self.publish(artifact)

        again = self.make(Path(artifact.meta_dir).parent)
        assert artifact.published()
        assert again.published()
        assert again.look().published

    @pytest.mark.parametrize("damage", NO_MARKER)
    def test_what_is_no_marker_is_no_hit(self, artifact: Handle, damage: str) -> None:
        """An empty file, a directory or a link in the place of the marker does not count as published."""
        Path(artifact.meta_dir).mkdir(parents=True)
        DAMAGE[damage](Path(artifact.marker))

        assert not artifact.published()
        assert not artifact.look().published

    def test_a_link_to_a_marker_is_no_hit(self, artifact: Handle, tmp_path: Path) -> None:
        """A link to a file with content is not what furu publishes, and does not count."""
        Path(artifact.meta_dir).mkdir(parents=True)
        (tmp_path / "elsewhere").write_text("{}")
        Path(artifact.marker).symlink_to(tmp_path / "elsewhere")

        assert not artifact.published()
        assert not artifact.look().published

    @pytest.mark.parametrize("damage", DAMAGE)
    def test_a_damaged_state_does_not_break_a_look(self, artifact: Handle, damage: str) -> None:
        """Whatever stands in the place of the state, a look returns; the state is unknown, the artifact can be claimed."""
        Path(artifact.meta_dir).mkdir(parents=True)
        DAMAGE[damage](Path(artifact.state_path))

        evidence = artifact.look()

        assert (evidence.published, evidence.state) == (False, None)
        self.claimed(artifact)
        assert artifact.look().claim.live

    def test_a_look_survives_an_artifact_that_comes_and_goes(self, artifact: Handle) -> None:
        """While the directory is created and removed over and over, no look raises."""
        ended = threading.Event()
        directory = Path(artifact.meta_dir).parent

        def look() -> None:
            while not ended.is_set():
                artifact.look()

        looking = Watched(look)
        try:
            for _ in range(50):
                held = artifact.claim(ATTEMPT)
                if held is not None:
                    held.publish(artifact.marker, sync=False)
                shutil.rmtree(directory, ignore_errors=True)  # a look may ask the file system for its time meanwhile
        finally:
            ended.set()

        assert looking.result() is None

    def test_the_holder_may_discard_what_is_published(self, artifact: Handle) -> None:
        """Who holds the lease withdraws the result, so that it can be published anew."""
        self.publish(artifact)
        held = self.claimed(artifact)

        artifact.discard(held)

        assert not artifact.published()
        held.publish(artifact.marker, sync=False)
        assert artifact.published()

    def test_nobody_else_may_discard(self, artifact: Handle) -> None:
        """Who gave the lease back, or lost it, cannot withdraw anything."""
        late = self.claimed(artifact)
        late.release()
        self.publish(artifact)

        with pytest.raises(FuruLeaseLost):
            artifact.discard(late)
        assert artifact.published()

    @pytest.mark.parametrize("damage", NO_MARKER)
    def test_discarding_clears_what_is_no_marker(self, artifact: Handle, damage: str) -> None:
        """What stands in the place of the marker without being one is removed too, so that publishing works."""
        Path(artifact.meta_dir).mkdir(parents=True)
        DAMAGE[damage](Path(artifact.marker))
        held = self.claimed(artifact)

        artifact.discard(held)

        held.publish(artifact.marker, sync=False)
        assert artifact.published()


class Watched:
    """A thread, and the exception that ended it."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()

    def result(self) -> Exception | None:
        """Wait for the end; return what it raised."""
        self._thread.join()
        return self._error

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever a look raises is what the test is about
            self._error = error
