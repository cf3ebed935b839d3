"""``Labels``: what people say about an artifact: tags, a name, a note, and whether it is pinned.  ``labels.json``.

They are apart from everything that furu records, may be changed at any time, by anybody, and never enter a key.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from furu import config
from furu._sys.clock import SYSTEM_CLOCK
from furu.errors import FuruError, FuruLeaseLost, FuruLockNotAcquired, FuruMissingArtifact, FuruRecordError
from furu.storage import lease, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from furu._sys.clock import Clock

LABELS = "labels.json"
CLAIMS = "labels"  # the directory in which writers take turns
LONGEST_TAG, LONGEST_NAME, LONGEST_NOTE = 64, 200, 10_000
PATIENCE_SEC = 30.0
_PAUSE_SEC = 0.005


@dataclass(frozen=True, slots=True)
class Labels:
    """What people say about one artifact.  ``tags`` are sorted; ``name`` and ``note`` are None where there is none."""

    name: str | None = None
    note: str | None = None
    pinned: bool = False
    tags: tuple[str, ...] = ()

    def tagged(self, *tags: str) -> Labels:
        """Return these labels with more tags.  Raises ``FuruError`` for what is no tag."""
        return replace(self, tags=tuple(sorted({*self.tags, *map(_tag, tags)})))

    def untagged(self, *tags: str) -> Labels:
        """Return these labels without some tags; those that are not there do not matter."""
        return replace(self, tags=tuple(tag for tag in self.tags if tag not in tags))

    def named(self, name: str | None) -> Labels:
        """Return these labels with another name; None takes it away.  Raises ``FuruError`` when it is not one short line."""
        return replace(self, name=None if name is None else _line(name))

    def noted(self, note: str | None) -> Labels:
        """Return these labels with another note; None takes it away.  Raises ``FuruError`` when it is empty or too long."""
        if note is not None and not 0 < len(note.strip()) <= LONGEST_NOTE:
            raise FuruError(f"a note has 1 to {LONGEST_NOTE} characters")
        return replace(self, note=note and note.strip())

    def pin(self, pinned: bool = True) -> Labels:
        """Return these labels, pinned or not.  What is pinned is neither collected nor removed unless told so."""
        return replace(self, pinned=pinned)


NONE = Labels()


def _tag(text: str) -> str:
    if not text or len(text) > LONGEST_TAG or text[0] == "-" or any(c in ",()\"'" or not c.isprintable() for c in text):
        raise FuruError(
            f"{text!r} cannot be a tag",
            hints=[f"a tag has 1 to {LONGEST_TAG} characters, no comma, quote or bracket, and does not begin with -"],
        )
    if any(c.isspace() for c in text):
        raise FuruError(f"{text!r} cannot be a tag: it has a blank in it", hints=["write a-b instead of 'a b'"])
    return text


def _line(text: str) -> str:
    line = text.strip()
    if not line.isprintable() or not 0 < len(line) <= LONGEST_NAME:
        raise FuruError(f"a name is one line of 1 to {LONGEST_NAME} printable characters")
    return line


def read(meta_dir: str) -> Labels:
    """Return the labels of an artifact; none where nothing was said about it.

    Raises ``FuruRecordError`` naming the file when it cannot be read, is torn, or was not written by furu.
    """
    path = f"{meta_dir}/{LABELS}"
    content = records.content_or_none(path)
    if content is None:
        return NONE
    try:
        return from_json(json.loads(content))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise FuruRecordError(
            f"{path} is torn or was not written by furu: {error}",
            hints=["remove the file; nothing but tags, name, note and pin is lost"],
        ) from None


def from_json(record: Any) -> Labels:
    """Return the labels that a record holds, without characters that would act on a terminal.

    Raises ``TypeError`` or ``AttributeError`` when it holds something else.
    """
    tags, name, note, pinned = (record.get(key) for key in ("tags", "name", "note", "pinned"))
    if not isinstance(tags or [], list) or not all(isinstance(one, str) for one in tags or ()):
        raise TypeError("tags is no list of texts")
    if not isinstance(name or "", str) or not isinstance(note or "", str):
        raise TypeError("name or note is no text")
    if not isinstance(pinned or False, bool):
        raise TypeError("pinned is neither true nor false")
    return Labels(
        _plain(name) if name else None,
        _plain(note) if note else None,
        bool(pinned),
        tuple(sorted({*map(_plain, tags or ())})),
    )


def _plain(text: str) -> str:
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def to_json(labels: Labels) -> dict[str, Any]:
    """Return the labels as JSON-ready data."""
    return {"tags": list(labels.tags), "name": labels.name, "note": labels.note, "pinned": labels.pinned}


def change(meta_dir: str, how: Callable[[Labels], Labels], clock: Clock = SYSTEM_CLOCK) -> Labels:
    """Apply ``how`` to the labels of an artifact and return what they are now.

    ``how`` gets the labels as they are at the moment of writing and may be called more than once.

    Promise: writers take turns, across processes and hosts, so that none undoes what another has said about another key;
    of two that set the same key the later one wins.  Readers see the labels before or after, never a part.
    Crash: a writer that dies has changed nothing, or all; the next one does not wait for it (for one on another host, as
    long as ``FURU_LEASE_SECS``).
    Raises ``FuruMissingArtifact`` when there is no such artifact, ``FuruRecordError`` when ``labels.json`` is not furu's,
    ``FuruLockNotAcquired`` when another writer does not come to its end for much longer than a lease.
    """
    turn = f"{meta_dir}/{CLAIMS}"
    end = clock.monotonic() + config.current().lease_duration_sec + PATIENCE_SEC
    while clock.monotonic() < end:
        try:
            if not os.path.isdir(turn):
                os.mkdir(turn)
            held = lease.take(turn, furu_hash=os.path.basename(os.path.dirname(meta_dir)), attempt_id=CLAIMS)
            if held is not None:
                return _changed(meta_dir, held, how)
            claim = lease.look(turn)
            if claim is not None and not claim.live:
                lease.break_dead(claim)
                continue
        except FileExistsError:  # another writer has made it meanwhile
            continue
        except FileNotFoundError:
            if not os.path.isdir(meta_dir):
                raise FuruMissingArtifact(f"there is no artifact in {os.path.dirname(meta_dir)}") from None
        except FuruLeaseLost:  # we were stopped for too long; what we had read may be old
            continue
        clock.sleep(_PAUSE_SEC)
    raise FuruLockNotAcquired(
        f"the labels of {os.path.dirname(meta_dir)} are being written by somebody who does not come to an end",
        hints=[f"if nobody is there, remove {turn}"],
    )


def _changed(meta_dir: str, held: lease.Lease, how: Callable[[Labels], Labels]) -> Labels:
    """Write what ``how`` makes of the labels into the claim, and let the claim become the file.

    The record still says who holds the claim, so that a writer who dies in between is known to be dead.  Whoever has lost
    the claim has nothing to rename.
    """
    try:
        before = read(meta_dir)
        after = how(before)
        if after != before:
            with open(held.path, "r+b", buffering=0) as file:
                record = json.loads(file.read()) | to_json(after)
                file.seek(0)
                file.write(json.dumps(record, ensure_ascii=False).encode())  # longer than what is there
            held.publish(f"{meta_dir}/{LABELS}", sync=False)
        return after
    finally:
        held.release()


def merged(mine: Labels, theirs: Labels) -> Labels:
    """Return labels of two stores as one: all tags, pinned if either is, and my name and note before theirs."""
    return Labels(
        mine.name or theirs.name,
        mine.note or theirs.note,
        mine.pinned or theirs.pinned,
        tuple(sorted({*mine.tags, *theirs.tags})),
    )
