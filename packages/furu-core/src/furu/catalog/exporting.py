"""Exporting: artifacts of a store into a bundle."""

from __future__ import annotations

import json
import os
import shutil
import stat
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from furu._sys import files
from furu._sys.clock import SYSTEM_CLOCK, iso_utc
from furu.catalog import bundle, reading
from furu.errors import FuruError, FuruRecordError
from furu.storage import alias, provenance
from furu.storage.artifact import Artifact
from furu.storage.layout import MARKER, META
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import IO, Self

    from furu.catalog.bundle import Entry, Member
    from furu.catalog.place import Place
    from furu.task import RootKind

CHUNK = 1 << 20
SNAPSHOT_BYTES = 256 * 1024
_RESULT = f"{META}/result."

#: Suffixes of files that are compressed already.
_PACKED = (
    ".npz",
    ".parquet",
    ".gz",
    ".zst",
    ".xz",
    ".bz2",
    ".zip",
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".mp4",
    ".feather",
)


@dataclass(frozen=True, slots=True)
class Exported:
    """What became of an export: the entries of the bundle, and what is not in it, with the reason."""

    entries: tuple[Entry, ...]
    missing: tuple[str, ...]


def with_dependencies(artifacts: Sequence[Artifact], where: Place) -> tuple[list[Artifact], list[str]]:
    """Return the artifacts and all that they need, as it was recorded; and what of that is not in the store."""
    found: dict[str, Artifact] = {}
    missing: list[str] = []
    pending = list(artifacts)
    while pending:
        artifact = pending.pop(0)
        if artifact.directory in found:
            continue
        if not os.path.isdir(artifact.meta_dir):
            missing.append(f"{artifact.ref.namespace}/{artifact.ref.furu_hash} is not in the store")
            continue
        found[artifact.directory] = artifact
        try:
            pending += [
                Artifact(ref, where.directory(ref.root, ref.namespace, ref.furu_hash))
                for ref in _needs(artifact.meta_dir)
            ]
        except FuruRecordError as error:
            missing.append(f"what {artifact.ref.label} needs is not known: {error.message}")
    return list(found.values()), missing


def _needs(meta_dir: str) -> Iterator[ArtifactRef]:
    metadata = provenance.read(meta_dir)
    for one in (metadata and metadata.dependencies) or ():
        yield ArtifactRef(cast("RootKind", one.root), one.namespace, one.furu_hash)
    of_alias = alias.read(meta_dir)
    if of_alias is not None:
        if of_alias.original.path is not None:
            raise FuruRecordError(f"its result lies outside of the store, in {of_alias.original.path}")
        yield of_alias.original.ref


def export(
    artifacts: Iterable[Artifact],
    path: str,
    *,
    outputs: bool = False,
    largest: int | None = None,
    progress: Callable[[Artifact], None] = lambda _: None,
) -> Exported:
    """Write a bundle with some artifacts: a zip file where ``path`` ends in ``.zip``, else a directory.

    Records (config, metadata, state, log, labels) are always in it; results and other files only with ``outputs``.  Files
    of more than ``largest`` bytes are left out.  An artifact that changes while it is read is left out, and told.

    Promise: ``path`` appears when the bundle is complete, not before; the store is only read.
    Raises ``FuruError`` when something is at ``path`` already, ``OSError`` when the disk refuses.
    """
    if os.path.lexists(path):
        raise FuruError(f"{path} is there already", hints=["choose another name, or remove it first"])
    entries: list[Entry] = []
    missing: list[str] = []
    with (_Zip if path.endswith(".zip") else _Folder)(path) as target:
        for artifact in artifacts:
            progress(artifact)
            made = _exported(artifact, target, outputs=outputs, largest=largest)
            if made is None:
                missing.append(f"{artifact.ref.label} was changed or removed while it was read")
            else:
                entries.append(made)
        header = bundle.HEADER | {"made_at": iso_utc(SYSTEM_CLOCK.now()), "artifacts": len(entries)}
        lines = [header, *(one.to_json() for one in entries)]
        target.add_text(bundle.LIST, b"".join(json.dumps(line).encode() + b"\n" for line in lines))
        target.finish()
    return Exported(tuple(entries), tuple(missing))


def _exported(artifact: Artifact, target: _Target, *, outputs: bool, largest: int | None) -> Entry | None:
    """Add one artifact to a bundle; None when it changed meanwhile: what was added then is in no list."""
    before = _version(artifact)
    state = _state(artifact)
    found = _Contents(artifact.directory)
    wanted = [path for path in found.files if _is_wanted(found, path, outputs=outputs, largest=largest)]
    entry = bundle.Entry(ref=artifact.ref, members=())
    try:
        members = [_added(target, f"{artifact.directory}/{path}", path, entry.name(path)) for path in wanted]
    except (FileNotFoundError, NotADirectoryError):
        return None
    if _version(artifact) != before or not os.path.isdir(artifact.meta_dir):
        return None
    left_out = sorted({*found.left_out, *found.files} - {*wanted})
    size, count = reading.disk_use(artifact.directory)
    return bundle.Entry(
        ref=artifact.ref,
        members=tuple(members),
        empty=tuple(found.empty),
        left_out=tuple(left_out),
        complete=before is not None and not left_out,
        state=state,
        disk_bytes=size,
        disk_files=count,
    )


def _state(artifact: Artifact) -> dict[str, object] | None:
    try:
        return artifact.observed_state().to_json()
    except FuruRecordError:
        return None


def _version(artifact: Artifact) -> tuple[int, int] | None:
    """Return what changes when an artifact is computed again; None when it is not published."""
    try:
        found = os.stat(f"{artifact.meta_dir}/{MARKER}", follow_symlinks=False)
    except OSError:
        return None
    return (found.st_ino, found.st_mtime_ns) if artifact.published() else None


def _is_wanted(found: _Contents, path: str, *, outputs: bool, largest: int | None) -> bool:
    is_record = path.startswith(f"{META}/") and not path.startswith(_RESULT)
    small = largest is None or found.files[path] <= largest
    return (outputs or is_record) and small


class _Contents:
    """The files of an artifact: path -> size, without what a running attempt is writing; and what cannot be taken along.

    A link to a file of the same artifact counts as that file; one that leads elsewhere, or to a directory, is left out, as
    is what this user may not read.
    """

    def __init__(self, directory: str) -> None:
        self.files: dict[str, int] = {}
        self.empty: list[str] = []
        self.left_out: list[str] = []
        self._real = os.path.realpath(directory)
        for folder, below, names in os.walk(directory):
            inner = os.path.relpath(folder, directory)
            prefix = "" if inner == "." else f"{inner}/"
            below[:] = sorted(name for name in below if not self._is_passed(folder, prefix, name))
            for name in sorted(names):
                self._look(f"{folder}/{name}", f"{prefix}{name}")
            if prefix and not below and not names and not bundle.reserved(prefix[:-1]):
                self.empty.append(prefix[:-1])

    def _is_passed(self, folder: str, prefix: str, name: str) -> bool:
        """Return whether a directory is not gone into."""
        if os.path.islink(f"{folder}/{name}"):
            self.left_out.append(f"{prefix}{name}")
            return True
        return bundle.reserved(f"{prefix}{name}") and f"{prefix}{name}" != META

    def _look(self, path: str, name: str) -> None:
        if bundle.reserved(name):
            return
        try:
            name.encode()
            real = os.path.realpath(path)
            found = os.stat(path)
        except (OSError, UnicodeEncodeError):
            self.left_out.append(name.encode(errors="replace").decode())
            return
        inside = real.startswith(f"{self._real}/")
        if not stat.S_ISREG(found.st_mode) or not inside or not os.access(path, os.R_OK):
            self.left_out.append(name)
            return
        self.files[name] = found.st_size


def _added(target: _Target, path: str, inner: str, name: str) -> Member:
    digest, size = sha256(), 0
    with open(path, "rb") as file, target.writing(name, path) as out:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
            out.write(chunk)
        executable = bool(os.fstat(file.fileno()).st_mode & 0o100)
    return bundle.Member(inner, size, digest.hexdigest(), executable)


class _Target:
    """A bundle that is being written aside."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.aside = f"{path}.tmp.{files.new_token()}"
        self._done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not self._done:
            files.remove_tree(self.aside)

    def writing(self, name: str, like: str) -> IO[bytes]:
        raise NotImplementedError

    def add_text(self, name: str, content: bytes) -> None:
        raise NotImplementedError

    def finish(self) -> None:
        os.rename(self.aside, self.path)
        self._done = True


class _Zip(_Target):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._file = zipfile.ZipFile(self.aside, "x", zipfile.ZIP_DEFLATED)

    def __exit__(self, *error: object) -> None:
        self._file.close()
        super().__exit__(*error)

    def writing(self, name: str, like: str) -> IO[bytes]:
        made = zipfile.ZipInfo.from_file(like, name, strict_timestamps=False)
        made.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
        return self._file.open(made, "w", force_zip64=True)

    def add_text(self, name: str, content: bytes) -> None:
        self._file.writestr(name, content)

    def finish(self) -> None:
        self._file.close()
        super().finish()


class _Folder(_Target):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        os.makedirs(self.aside)

    def writing(self, name: str, like: str) -> IO[bytes]:
        path = f"{self.aside}/{name}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        made = open(path, "xb")  # noqa: SIM115 - whoever asked closes it
        shutil.copymode(like, path)
        return made

    def add_text(self, name: str, content: bytes) -> None:
        files.write_new(f"{self.aside}/{name}", content)
