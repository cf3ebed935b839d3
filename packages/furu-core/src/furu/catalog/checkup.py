"""Checkup: what is amiss in a store: locks of the dead, torn records, foreign directories, leftovers."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from furu._sys import files
from furu.catalog import labels, removal, scan
from furu.catalog.disk import Finding
from furu.errors import FuruRecordError
from furu.storage import alias, lease, provenance, state
from furu.storage.artifact import Artifact
from furu.storage.layout import LOCK, MARKER, TRASH
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from furu.catalog.disk import Verdict
    from furu.catalog.place import Place

MOST_EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is amiss at one place."""

    kind: str
    path: str
    why: str = ""


#: What may be amiss, how bad it is, and what to do about it.
KINDS: dict[str, tuple[Verdict, str]] = {
    "foreign marker": (
        "unsafe",
        "furu did not write it, and the result counts: remove the directory, or mend the marker",
    ),
    "several results": ("unsafe", "get() cannot tell which is meant: remove the directory, it is computed again"),
    "empty marker": ("warning", "it does not count; the artifact is computed again when it is asked for"),
    "torn record": ("warning", "the result is not affected; get() writes it anew where it computes again"),
    "foreign lock": ("warning", "nobody else can compute this artifact for a lease: remove it, furu did not write it"),
    "foreign directory": ("warning", "it is no artifact: move it out of the store"),
    "misplaced artifact": ("warning", "its records name another artifact: it was copied or renamed by hand"),
    "dangling alias": ("warning", "its original is gone: it counts as a miss; furu rm removes it"),
    "unreadable": ("warning", "let this user read it, or the artifacts below are not seen"),
    "leftover": ("note", "furu doctor --sweep removes it"),
    "lock of the dead": ("note", "harmless: the next one to compute it replaces it"),
    "crashed attempt": ("note", "computed again when it is asked for"),
}


def checked(where: Place, *, progress: Callable[[Artifact], None] = lambda _: None) -> list[Finding]:
    """Return what is amiss in a store, each kind of trouble with its number and some places, from its base.

    Reads the records of every artifact; changes nothing.
    """
    found: dict[str, list[Trouble]] = {}
    for trouble in troubles(where, progress):
        found.setdefault(trouble.kind, []).append(trouble)
    findings = [_summed(kind, found[kind], where.base) for kind in KINDS if kind in found]
    return findings or [Finding("store", "ok", "every artifact is as furu left it")]


def _summed(kind: str, found: list[Trouble], base: str) -> Finding:
    verdict, remedy = KINDS[kind]
    paths = [one.path.removeprefix(f"{base}/") for one in found[:MOST_EXAMPLES]]
    examples = [f"{path}{f' ({one.why})' if one.why else ''}" for path, one in zip(paths, found, strict=False)]
    more = [f"and {len(found) - MOST_EXAMPLES} more"] if len(found) > MOST_EXAMPLES else []
    return Finding(kind, verdict, f"{len(found)}: {'; '.join([*examples, *more])}", remedy)


def troubles(where: Place, progress: Callable[[Artifact], None]) -> Iterator[Trouble]:
    """Yield everything that is amiss."""
    for kind, root in where.roots:
        for folder in scan.folders(kind, root):
            if isinstance(folder, scan.Skipped):
                yield Trouble(
                    "unreadable" if "read" in folder.reason else "foreign directory", folder.path, folder.reason
                )
                continue
            for furu_hash in folder.hashes:
                artifact = Artifact(ArtifactRef(kind, folder.namespace, furu_hash), f"{folder.path}/{furu_hash}")
                progress(artifact)
                yield from of_artifact(artifact)
        yield from (Trouble("leftover", path) for path in removal.leftovers(root) if removal.is_abandoned(path))


def of_artifact(artifact: Artifact) -> Iterator[Trouble]:
    """Yield what is amiss in one artifact's directory."""
    if not os.path.isdir(artifact.meta_dir):
        if os.path.isdir(artifact.directory):  # else it was removed meanwhile
            yield Trouble("foreign directory", artifact.directory, "it has no .furu")
        return
    try:
        names = os.listdir(artifact.meta_dir)
    except OSError as error:
        yield Trouble("unreadable", artifact.meta_dir, error.strerror or "")
        return
    yield from _of_marker(artifact)
    yield from _of_records(artifact)
    yield from _of_claim(artifact)
    results = [name for name in names if name.startswith("result.") and ".tmp." not in name]
    if len(results) > 1:
        yield Trouble("several results", artifact.meta_dir, ", ".join(sorted(results)))
    for name in names:
        path = f"{artifact.meta_dir}/{name}"
        if (".tmp." in name or name.startswith((f"{LOCK}.", f"{TRASH}."))) and lease.abandoned(path):
            yield Trouble("leftover", path)


def _of_marker(artifact: Artifact) -> Iterator[Trouble]:
    path = f"{artifact.meta_dir}/{MARKER}"
    try:
        found = os.lstat(path)
    except OSError:
        return
    if not stat.S_ISREG(found.st_mode) or found.st_size == 0:
        yield Trouble("empty marker", path, "empty" if stat.S_ISREG(found.st_mode) else "no regular file")
        return
    try:
        record = json.loads(files.read_or_none(path) or b"null")
        written = isinstance(record, dict) and isinstance(record.get("token"), str)
    except (ValueError, RecursionError, OSError):
        written = False
    if not written:
        yield Trouble("foreign marker", path)


def _of_records(artifact: Artifact) -> Iterator[Trouble]:
    readers: tuple[Callable[[str], object], ...] = (state.read, labels.read)
    for read in readers:
        try:
            read(artifact.meta_dir)
        except FuruRecordError as error:
            yield _torn(error, artifact)
    try:
        metadata = provenance.read(artifact.meta_dir)
        if metadata is not None and metadata.furu_hash != artifact.ref.furu_hash:
            yield Trouble("misplaced artifact", artifact.directory, f"recorded as {metadata.furu_hash}")
        elif metadata is not None and metadata.namespace not in ("", artifact.ref.namespace):
            yield Trouble("misplaced artifact", artifact.directory, f"recorded as one of {metadata.namespace}")
    except FuruRecordError as error:
        yield _torn(error, artifact)
    try:
        if alias.read(artifact.meta_dir) is not None and artifact.holder() is None:
            yield Trouble("dangling alias", artifact.directory)
    except FuruRecordError as error:
        yield _torn(error, artifact)


def _torn(error: FuruRecordError, artifact: Artifact) -> Trouble:
    path = error.message.partition(" ")[0]
    return Trouble("torn record", path if path.startswith("/") else artifact.meta_dir)


def _of_claim(artifact: Artifact) -> Iterator[Trouble]:
    try:
        claim = lease.look(artifact.meta_dir)
    except FuruRecordError as error:
        yield _torn(error, artifact)
        return
    if claim is not None and claim.token is None:
        yield Trouble("foreign lock", claim.path)
    elif claim is not None and not claim.live:
        yield Trouble("lock of the dead", claim.path, lease.describe(claim))
    recorded = artifact.recorded_state()
    attempt = recorded.attempt if recorded else None
    if attempt and attempt.status == "running" and not artifact.published() and (claim is None or not claim.live):
        yield Trouble("crashed attempt", artifact.directory, f"begun {attempt.started_at} on {attempt.owner.host}")
