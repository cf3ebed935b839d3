"""Importing: the artifacts of a bundle into a store, each as a whole, or not at all."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from furu import config
from furu._sys import files
from furu.catalog import bundle, labels, removal, scan
from furu.errors import FuruError, FuruRecordError
from furu.storage import alias, lease, provenance
from furu.storage.artifact import Artifact
from furu.storage.layout import MARKER, META, MIGRATION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from furu.catalog.bundle import Entry, Member, Source
    from furu.catalog.place import Place

CHUNK = 1 << 20
FREELY_BYTES = 1 << 30  # bundles that unpack to less are never suspected
MOST_PACKED = 100  # times smaller than what it unpacks to

Action = Literal["import", "there", "in use", "no result"]


@dataclass(frozen=True, slots=True)
class Step:
    """What an import does about one artifact: brings it in, or leaves it out because of what the store has."""

    entry: Entry
    action: Action
    artifact: Artifact


def plan(found: Iterable[Entry], where: Place, *, records: bool = False) -> list[Step]:
    """Return what an import would do about each artifact; looks only.

    What has no result in the bundle is left out, unless ``records`` asks for configs, logs and labels without a result, and
    except for aliases.  What the store has, or computes at the moment, is left as it is.
    """
    steps = []
    for entry in found:
        artifact = Artifact(entry.ref, where.directory(entry.ref.root, entry.ref.namespace, entry.ref.furu_hash))
        steps.append(Step(entry, _action(entry, artifact, records=records), artifact))
    return steps


def _action(entry: Entry, artifact: Artifact, *, records: bool) -> Action:
    useful = entry.complete or _is_alias(entry)
    if not useful and not records:
        return "no result"
    claim = lease.look(artifact.meta_dir)
    if claim is not None and claim.live:
        return "in use"
    if artifact.holder() is not None or (not useful and os.path.lexists(artifact.directory)):
        return "there"
    return "import"


def _is_alias(entry: Entry) -> bool:
    return any(member.path == f"{META}/{MIGRATION}" for member in entry.members)


def check_size(steps: Iterable[Step], source: Source, where: Place, *, any_size: bool = False) -> None:
    """Refuse a bundle that does not fit, or that unpacks to suspiciously much.

    Raises ``FuruError`` saying how much it is.
    """
    whole = sum(step.entry.size for step in steps if step.action == "import")
    above = where.base
    while not os.path.isdir(above):
        above = os.path.dirname(above)
    free = shutil.disk_usage(above).free
    if whole > free:
        raise FuruError(f"the bundle unpacks to {whole:,} bytes, and {above} has room for {free:,}")
    if whole > FREELY_BYTES and whole > MOST_PACKED * source.packed and not any_size:
        raise FuruError(
            f"the bundle has {source.packed:,} bytes and says that it unpacks to {whole:,}",
            hints=["if you know where it is from, --any-size unpacks it nevertheless"],
        )


def take(step: Step, source: Source) -> None:
    """Bring one artifact into the store.

    It is unpacked beside its place, checked against the list, flushed as ``FURU_FSYNC`` says, and renamed to its place in one
    step.  What an earlier attempt has left there, and no result, gives way; its labels stay.

    Promise: readers see the whole artifact or none; nothing is written outside of its directory; what somebody computes or
    has published meanwhile stays as it is.
    Crash: a directory is left that ``removal.sweep`` removes.
    Raises ``FuruRecordError`` when a file is not what the list says, ``FuruError`` when the store has it by now.
    """
    directory = step.artifact.directory
    aside = removal.aside(directory, "import")
    os.makedirs(f"{aside}/{META}")
    try:
        held = lease.take(f"{aside}/{META}", furu_hash=step.entry.ref.furu_hash, attempt_id="import")
        assert held is not None
        try:
            _unpack(step.entry, source, aside, results=step.entry.complete)
            _check_records(step.entry, aside)
            _keep_labels(step.artifact, aside)
            if config.current().fsync != "never":
                files.sync_tree(aside)
        finally:
            held.release()
        _put(aside, step.artifact)
    finally:
        files.remove_tree(aside)


def unpack_all(source: Source, into: str) -> Iterator[Entry]:
    """Unpack a bundle into an empty directory, as a store that is only looked at; yield the artifacts one by one.

    Everything that is in the bundle is unpacked and checked, also what says that there is a result where the result is left
    out: such a store is for the catalog, and not for ``get()``.
    Raises ``FuruRecordError`` when a file is not what the list says.
    """
    for entry in bundle.entries(source):
        directory = f"{into}/{entry.name('')}"
        os.makedirs(f"{directory}{META}")
        _unpack(entry, source, directory.rstrip("/"), results=True)
        yield entry


def _unpack(entry: Entry, source: Source, directory: str, *, results: bool) -> None:
    """Write the files of one artifact, the marker last; without ``results``, not what says that there is one."""
    marker = f"{META}/{MARKER}"
    try:
        for path in entry.empty:
            os.makedirs(f"{directory}/{path}", exist_ok=True)
        for member in sorted(entry.members, key=lambda one: one.path == marker):
            if results or member.path not in bundle.CLAIMS:
                _write(member, source, entry.name(member.path), f"{directory}/{member.path}")
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise FuruRecordError(f"{entry.ref.label} cannot be unpacked: two files have the same name: {error}") from None


def _write(member: Member, source: Source, name: str, path: str) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    digest, left = sha256(), member.size
    with source.open(name) as packed, open(path, "xb") as file:
        while chunk := bundle.damage_told(name, packed.read, min(CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                break
            digest.update(chunk)
            file.write(chunk)
        if member.executable:
            os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode | 0o111)
    if left != 0 or digest.hexdigest() != member.sha256:
        raise FuruRecordError(f"{name} is not what the list of the bundle says: it was changed or damaged on its way")


def _check_records(entry: Entry, directory: str) -> None:
    """Refuse records of another artifact, and an alias that leads out of the store: the maker would say what is loaded."""
    recorded = provenance.read(f"{directory}/{META}")
    same = recorded is None or (
        recorded.furu_hash == entry.ref.furu_hash and recorded.namespace in ("", entry.ref.namespace)
    )
    if recorded is not None and not same:
        raise FuruRecordError(f"{entry.ref.label} holds the records of {recorded.namespace}/{recorded.furu_hash}")
    found = alias.read(f"{directory}/{META}")
    if found is None:
        return
    ref = found.original.ref
    named = all(part.isidentifier() for part in ref.namespace.split(".")) and scan.HASH.fullmatch(ref.furu_hash)
    if found.original.path is not None or not named or ref.root == "scratch":
        raise FuruRecordError(f"{entry.ref.label} is an alias of something outside of the store, and is not imported")


def _keep_labels(artifact: Artifact, aside: str) -> None:
    """Add the labels that the store has for the artifact to those it comes with."""
    mine = labels.read(artifact.meta_dir)
    if mine != labels.NONE:
        labels.change(f"{aside}/{META}", lambda theirs: labels.merged(mine, theirs))


def _put(aside: str, artifact: Artifact) -> None:
    if os.path.lexists(artifact.directory) and artifact.holder() is None and os.path.isdir(artifact.meta_dir):
        removal.remove(artifact, pinned=True)
    try:
        os.rename(aside, artifact.directory)
    except OSError as error:
        if os.path.lexists(artifact.directory):
            raise FuruError(f"{artifact.ref.label} came into the store meanwhile, or is being computed") from error
        raise
    if config.current().fsync != "never":
        files.sync(os.path.dirname(artifact.directory))


def all_of(
    steps: Iterable[Step], source: Source, *, progress: Callable[[Step], None] = lambda _: None
) -> Iterator[tuple[Step, FuruError | None]]:
    """Carry out the steps that import something; yield each with the error that kept it out, or None."""
    for step in steps:
        if step.action != "import":
            continue
        progress(step)
        try:
            take(step, source)
        except FuruError as error:
            yield step, error
        else:
            yield step, None
