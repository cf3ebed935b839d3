"""State transitions are pure, name their attempt, and are corrected by what a look sees."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from furu._sys import process
from furu.errors import FuruRecordError
from furu.storage import state
from furu.storage.state import ENDED, Attempt, AttemptStatus, RecordedError, StaleAttempt, State

if TYPE_CHECKING:
    from pathlib import Path

AT = "2026-01-01T00:00:00.000000Z"
STATUSES = get_args(AttemptStatus)


def attempt(status: AttemptStatus = "running", named: str = "one") -> Attempt:
    """Return an attempt."""
    return Attempt(id=named, number=1, backend="local", status=status, owner=process.me(), started_at=AT)


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("success", "success"),
        ("failed", "failed"),
        ("cancelled", "incomplete"),
        ("preempted", "incomplete"),
        ("crashed", "incomplete"),
    ],
)
def test_how_an_attempt_ends_decides_the_result(status: AttemptStatus, result: str) -> None:
    """Only a success and a failure are results; everything else leaves the artifact incomplete."""
    ended = state.end(state.begin(None, attempt()), "one", status, at=AT, duration_sec=1.5)
    assert ended.result == result
    assert ended.attempt is not None
    assert (ended.attempt.status, ended.attempt.ended_at, ended.attempt.duration_sec) == (status, AT, 1.5)


def test_attempts_are_numbered() -> None:
    """Each attempt has the number after the one before."""
    current: State | None = None
    for number in (1, 2, 3):
        current = state.begin(current, attempt(named=str(number)))
        assert current.attempt is not None
        assert current.attempt.number == number


@given(st.sampled_from(STATUSES), st.sampled_from(sorted(ENDED)), st.booleans())
def test_a_transition_of_another_attempt_is_refused(before: AttemptStatus, after: AttemptStatus, same: bool) -> None:
    """Only the current attempt may end, and only once."""
    begun = state.begin(None, attempt(before))
    if same and before not in ENDED:
        assert state.end(begun, "one", after, at=AT).attempt is not None
        return
    with pytest.raises(StaleAttempt):
        state.end(begun, "one" if same else "two", after, at=AT)


@pytest.mark.parametrize("status", STATUSES)
def test_the_marker_decides_success(status: AttemptStatus) -> None:
    """A published artifact is a success, whatever its last record says."""
    seen = state.observed(state.begin(None, attempt(status)), published=True, attempt_lives=False)
    assert seen.result == "success"
    assert seen.attempt is not None
    assert seen.attempt.status == "success"
    assert state.observed(None, published=True, attempt_lives=False).result == "success"


@pytest.mark.parametrize("status", ["running", "success"])
def test_an_attempt_nobody_holds_has_crashed(status: AttemptStatus) -> None:
    """It says it runs, or was about to be published, and there is neither a live claim nor a marker."""
    recorded = state.begin(None, attempt(status))
    assert state.observed(recorded, published=False, attempt_lives=True) == recorded
    seen = state.observed(recorded, published=False, attempt_lives=False)
    assert seen.attempt is not None
    assert (seen.result, seen.attempt.status) == ("incomplete", "crashed")


def test_a_state_reads_back_as_written(tmp_path: Path) -> None:
    """What is written is what is read, errors and resources included."""
    error = RecordedError("builtins.ValueError", "bad\nlr", "Traceback ...")
    written = state.end(
        state.begin(None, attempt()), "one", "failed", at=AT, error=error, resources={"wall_sec": 1.0, "peak": None}
    )
    state.write(str(tmp_path), written)
    assert state.read(str(tmp_path)) == written
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_unknown_keys_are_ignored(tmp_path: Path) -> None:
    """A record of a newer furu is read for what is known of it."""
    state.write(str(tmp_path), state.begin(None, attempt()))
    path = tmp_path / "state.json"
    record = json.loads(path.read_text())
    record["attempt"]["colour"] = "green"
    path.write_text(json.dumps({**record, "format_version": 99, "more": [1]}))
    found = state.read(str(tmp_path))
    assert found is not None
    assert found.attempt is not None
    assert (found.format_version, found.attempt.id) == (99, "one")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"result": "great"}', b"\xff\xfe", b'{"attempt": 3}'])
def test_a_torn_or_foreign_record_says_so(tmp_path: Path, content: bytes) -> None:
    """The error names the file; an absent file is None."""
    assert state.read(str(tmp_path)) is None
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(FuruRecordError, match=r"state\.json"):
        state.read(str(tmp_path))
