"""Labels: tags, a name, a note and a pin, written by several at once."""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from holdings import Number

from furu.catalog import labels
from furu.catalog.labels import Labels
from furu.errors import FuruError, FuruLockNotAcquired, FuruMissingArtifact, FuruRecordError
from furu_testing import faults
from furu_testing.children import Child

if TYPE_CHECKING:
    from pathlib import Path

TAG_MANY = """
from furu.catalog import labels
for number in range({count}):
    labels.change({meta!r}, lambda it: it.tagged(f"{who}-{{number}}"))
"""


@pytest.fixture
def meta(furu_tmp_root: Path) -> Path:
    """Give the records directory of an artifact that is there."""
    made = furu_tmp_root / "data" / "module" / "Class" / ("0" * 20) / ".furu"
    made.mkdir(parents=True)
    return made


def test_labels_are_read_back(meta: Path) -> None:
    """What is said is there for every reader; an artifact nobody spoke of has no labels."""
    assert labels.read(str(meta)) == Labels()

    labels.change(str(meta), lambda it: it.tagged("b", "a").named(" Best so far ").noted("two\nlines").pin())

    assert labels.read(str(meta)) == Labels("Best so far", "two\nlines", True, ("a", "b"))
    labels.change(str(meta), lambda it: it.untagged("a", "never there").named(None).pin(False))
    assert labels.read(str(meta)) == Labels(None, "two\nlines", False, ("b",))


def test_what_says_nothing_new_writes_nothing(meta: Path) -> None:
    """Removing what is not there leaves no file."""
    labels.change(str(meta), lambda it: it.untagged("a").named(None))
    assert not (meta / "labels.json").exists()


@pytest.mark.parametrize("tag", ["", "a b", "a,b", "-a", "x" * 65, "a\n", 'a"'])
def test_what_is_no_tag_is_refused(meta: Path, tag: str) -> None:
    """A tag can be written in a query and in a list; nothing is changed when one of several is none."""
    with pytest.raises(FuruError, match="cannot be a tag"):
        labels.change(str(meta), lambda it: it.tagged("good", tag))
    assert labels.read(str(meta)) == Labels()


@pytest.mark.parametrize(
    ("name", "note"), [("", "n"), ("two\nlines", "n"), ("x" * 201, "n"), ("n", " "), ("n", "x" * 10_001)]
)
def test_names_and_notes_have_limits(name: str, note: str) -> None:
    """A name is one short line; a note is not empty."""
    with pytest.raises(FuruError):
        Labels().named(name).noted(note)


def test_writers_of_several_processes_lose_nothing(meta: Path, tmp_path: Path) -> None:
    """Each of four processes adds 25 tags at the same time, and all hundred are there."""
    children = []
    for who in range(4):
        code = TAG_MANY.format(count=25, meta=str(meta), who=who)
        children.append(Child([sys.executable, "-c", code], report=tmp_path / f"writer-{who}"))
    for child in children:
        child.end().ok()

    assert len(labels.read(str(meta)).tags) == 100
    assert [path.name for path in (meta / "labels").iterdir()] == []


def test_threads_take_turns(meta: Path) -> None:
    """Threads of one process lose nothing either."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: labels.change(str(meta), lambda it: it.tagged(f"t{n}")), range(40)))
    assert len(labels.read(str(meta)).tags) == 40


@pytest.mark.parametrize("step", ["claim.prepared", "claim.taken", "publish.marker"])
def test_a_writer_that_dies_holds_nobody_up(meta: Path, step: str) -> None:
    """Wherever a writer is killed, the next one writes at once, and the file is whole."""
    labels.change(str(meta), lambda it: it.tagged("before"))
    pid = os.fork()
    if pid == 0:
        with faults.at(step, faults.crash):
            labels.change(str(meta), lambda it: it.tagged("dying"))
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1])

    labels.change(str(meta), lambda it: it.tagged("after"))

    assert {"before", "after"} <= set(labels.read(str(meta)).tags)
    assert ("dying" in labels.read(str(meta)).tags) == (step == "publish.marker")


def test_a_writer_that_lost_its_turn_begins_anew(meta: Path) -> None:
    """A writer whose claim was taken over meanwhile does not undo what its successor wrote."""
    calls: list[int] = []

    def add(it: Labels) -> Labels:
        if not calls:
            calls.append(1)
            (claim,) = (meta / "labels" / "compute.lock").iterdir()
            claim.unlink()  # as one that found it dead does
            labels.change(str(meta), lambda other: other.tagged("successor"))
        return it.tagged("mine")

    labels.change(str(meta), add)

    assert labels.read(str(meta)).tags == ("mine", "successor")


def test_one_who_never_ends_is_told_of(meta: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for another writer has an end, and the error names the directory."""

    class Impatient:
        """A clock on which a minute passes at every look."""

        at = 0.0

        def now(self) -> float:
            return self.at

        def monotonic(self) -> float:
            self.at += 1
            return self.at

        def sleep(self, sec: float) -> None:
            self.at += 60

    def meanwhile(it: Labels) -> Labels:
        with pytest.raises(FuruLockNotAcquired, match="labels"):
            labels.change(str(meta), lambda other: other, clock=Impatient())
        return it

    labels.change(str(meta), meanwhile)


def test_without_an_artifact_there_are_no_labels(meta: Path) -> None:
    """Labelling what was removed makes no directory."""
    with pytest.raises(FuruMissingArtifact):
        labels.change(str(meta.parent.parent / ("1" * 20) / ".furu"), lambda it: it.tagged("a"))
    assert not (meta.parent.parent / ("1" * 20)).exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"tags": "a"}', b'{"tags": [1]}', b'{"pinned": 1}', b"[" * 9999]
)
def test_a_torn_record_is_told(meta: Path, content: bytes) -> None:
    """Whatever stands in labels.json, a reader gets labels or an error that names the file, and no write destroys it."""
    (meta / "labels.json").write_bytes(content)
    with pytest.raises(FuruRecordError, match=r"labels\.json"):
        labels.read(str(meta))
    with pytest.raises(FuruRecordError):
        labels.change(str(meta), lambda it: it.tagged("a"))
    assert (meta / "labels.json").read_bytes() == content


def test_foreign_labels_do_nothing_to_a_terminal(meta: Path) -> None:
    """A record from elsewhere may hold escape sequences; readers get them as marks."""
    (meta / "labels.json").write_text(json.dumps({"name": "\x1b[2Jgone", "note": "a\nb\x07", "tags": ["\x9bx"]}))
    assert labels.read(str(meta)) == Labels("\ufffd[2Jgone", "a\nb\ufffd", False, ("\ufffdx",))


def test_the_record_says_who_and_when(meta: Path) -> None:
    """labels.json has a version, who wrote it last, and the labels; keys of a newer furu are passed over."""
    labels.change(str(meta), lambda it: it.tagged("a"))
    record = json.loads((meta / "labels.json").read_text())
    assert record["tags"] == ["a"]
    assert record["format_version"] == 1
    assert record["owner"]["pid"] == os.getpid()
    (meta / "labels.json").write_text(json.dumps(record | {"colour": "red"}))
    assert labels.read(str(meta)).tags == ("a",)


def test_labels_never_enter_a_key_nor_hide_a_result(furu_tmp_root: Path) -> None:
    """An artifact with labels is loaded as before."""

    assert Number().get() == 0
    labels.change(str(Number().furu_dir / ".furu"), lambda it: it.tagged("a"))
    assert Number().get() == 0
    assert Number().exists()
