"""Scenario 10: records that are truncated, empty, foreign, unreadable, or no files at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.scenarios.conftest import Stage

LEASE_SEC = 0.5

ALL_WELL = [True, "success", True]  # exists(), the result of get_state(), whether get_metadata() is of this config
HIT = [ALL_WELL, "value", 0, ALL_WELL]

#: What is no marker.  Anything else in a regular file is one: a hit opens nothing.
NO_MARKER = {"empty", "dangling link", "link to itself", "pipe", "directory", "directory with content"}


def reports(stage: Stage, call: str) -> dict[str, Any]:
    """Return, by what is wrong: what an artifact says of itself, what get() gives, creations, what is said afterwards."""
    printed = stage.run(f"""
        from pipelines_more import *
        ordinary()
        {call}
    """)
    found = dict(json.loads(line) for line in printed)
    assert found
    return found


def test_a_damaged_marker(stage: Stage) -> None:
    """What is no regular file with content is no hit, and is replaced; a directory with content is named before any work."""
    found = reports(stage, "damaged('SUCCESS.json', published=True)")
    unpublished = [False, "incomplete", True]
    healed = [unpublished, "value", 1, ALL_WELL]
    assert found == {
        **{kind: healed if kind in NO_MARKER else HIT for kind in found},
        "directory with content": [unpublished, "FuruComputeError", 0, [False, "failed", True]],
    }


def test_a_damaged_state_beside_a_result(stage: Stage) -> None:
    """The marker tells the state, and the result is loaded."""
    found = reports(stage, "damaged('state.json', published=True)")
    assert found == dict.fromkeys(found, HIT)


def test_a_damaged_state_without_a_result(stage: Stage) -> None:
    """get_state() names the file; get() computes and writes it anew."""
    found = reports(stage, "damaged('state.json', published=False)")
    unknown = [False, "FuruRecordError", True]
    assert found == {
        **{kind: [unknown, "value", 1, ALL_WELL] for kind in found},
        "dangling link": [[False, "absent", True], "value", 1, ALL_WELL],
        "directory with content": [unknown, "FuruComputeError", 0, unknown],
    }


def test_damaged_metadata_beside_a_result(stage: Stage) -> None:
    """get_metadata() names the file, or says that there is none; the result is loaded."""
    found = reports(stage, "damaged('metadata.json', published=True)")
    torn, absent = ([True, "success", error] for error in ("FuruRecordError", "FuruMissingArtifact"))
    assert found == {
        **{kind: [torn, "value", 0, torn] for kind in found},
        "dangling link": [absent, "value", 0, absent],
    }


def test_damaged_metadata_without_a_result(stage: Stage) -> None:
    """get() writes it anew."""
    found = reports(stage, "damaged('metadata.json', published=False)")
    torn, absent = ([False, "incomplete", error] for error in ("FuruRecordError", "FuruMissingArtifact"))
    assert found == {
        **{kind: [torn, "value", 1, ALL_WELL] for kind in found},
        "dangling link": [absent, "value", 1, ALL_WELL],
        "directory with content": [torn, "FuruComputeError", 0, [False, "failed", "FuruRecordError"]],
    }


def test_a_stray_lock_does_not_stop_a_hit(stage: Stage) -> None:
    """Whatever stands in its place: a published result is loaded."""
    found = reports(stage, "strayed(published=True)")
    assert found == dict.fromkeys(found, HIT)


def test_an_old_stray_lock_is_removed(stage: Stage) -> None:
    """What was not touched for a lease is cleared away; what cannot be is named, and nothing is computed."""
    found = reports(stage, "strayed(published=False)")
    unpublished = [False, "incomplete", True]
    hidden = [False, "FuruRecordError", True]
    assert found == {
        **{kind: [unpublished, "value", 1, ALL_WELL] for kind in found},
        "stray directory with content inside": [unpublished, "FuruLockNotAcquired", 0, unpublished],
        "unreadable directory": [hidden, "FuruRecordError", 0, hidden],
    }


def test_a_damaged_claim_that_is_old(stage: Stage) -> None:
    """A claim that does not tell its owner ends with the lease, whatever it holds instead."""
    found = reports(stage, "misclaimed()")
    nothing = [False, "absent", "FuruMissingArtifact"]
    assert found == {
        **{kind: [nothing, "value", 1, ALL_WELL] for kind in found},
        "directory with content": [nothing, "FuruLockNotAcquired", 0, nothing],
    }


def test_directories_that_are_none_or_closed(stage: Stage) -> None:
    """The error names the directory; nothing is computed, and nothing is raised that is not furu's."""
    found = reports(stage, "misplaced()")
    nothing = [False, "absent", "FuruMissingArtifact"]
    hidden = ["FuruRecordError"] * 3
    expected = {
        kind: [hidden, "FuruRecordError", 0, hidden]
        if kind.endswith("cannot be entered")
        else [nothing, "FuruComputeError", 0, nothing]
        for kind in found
    }
    assert found == expected


@pytest.mark.parametrize("stray", ["lock.write_text('?')", "lock.mkdir(); (lock / A_TOKEN).touch()"])
def test_an_owner_nobody_knows_is_waited_for_as_long_as_a_lease(stage: Stage, stray: str) -> None:
    """A lock that does not tell its owner is not taken for a dead one; a get() takes over when the lease has passed."""
    printed = stage.run(
        f"""
        from pipelines_more import *
        task = Filed(key=5)
        lock = task.furu_dir / ".furu" / "compute.lock"
        lock.parent.mkdir(parents=True)
        {stray}
        began = time.monotonic()
        say(task.get_state().result, task.get())
        say(time.monotonic() - began)
        """,
        env={"FURU_LEASE_SECS": str(LEASE_SEC)},
    )
    assert printed[0] == "absent 25"
    assert LEASE_SEC - 0.05 < float(printed[1]) < LEASE_SEC + 10
    assert stage.debris() == []


HIDDEN = ["unshare", "-m", "sh", "-c", 'mount -t proc -o hidepid=2,gid=65533 proc /proc && exec "$@"', "sh"]


@pytest.mark.skipif(
    not sys.platform.startswith("linux")
    or os.geteuid() != 0
    or not shutil.which("unshare")
    or subprocess.run([*HIDDEN, "true"], capture_output=True, check=False).returncode != 0,
    reason="hiding processes takes root and a name space for mounts",
)
def test_an_owner_whose_process_is_hidden_is_alive(stage: Stage) -> None:
    """Where the system shows a user only processes of their own (hidepid), the heartbeat decides."""
    holder = stage.start('pipelines.during = lambda task: (say("creating"), hold("go")); say(Filed(key=3).get())')
    holder.wait_for("creating")
    waiter = stage.start(
        f"""
        from pipelines_more import *
        ordinary()
        say(os.path.exists("/proc/{holder.pid}"))
        say(Filed(key=3).get())
        """,
        under=HIDDEN,
    )
    waiter.wait_until_waiting()
    stage.touch("go")
    assert holder.end().ok() == ["creating", "9"]
    assert waiter.end().ok() == ["False", "9"]
    assert len(stage.notes()) == 1
