"""``Bundle``: artifacts on a journey: a zip file or a directory, laid out as a store, with a list of what is in it.

The list, ``furu-bundle.jsonl``, has a header and one line for each artifact: every file with its size and SHA-256.  What is
not in the list is not there.  Nothing in a bundle is believed before it is checked: names lead nowhere but into the
directory of their artifact, and no file is longer than the list says.
"""

from __future__ import annotations

import json
import os
import re
import stat
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from furu.catalog import scan
from furu.errors import FuruRecordError
from furu.storage.layout import LOCK, MARKER, META, STATE, TRASH
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import IO, Self

    from furu.task import RootKind

LIST = "furu-bundle.jsonl"
FORMAT_VERSION = 1
HEADER = {"format": "furu-bundle", "format_version": FORMAT_VERSION}
LONGEST_LINE = 64 * 1024 * 1024
LONGEST_LIST = 1024 * 1024 * 1024

#: What claims that there is a result; left out where the result is not in the bundle.
CLAIMS = frozenset((f"{META}/{MARKER}", f"{META}/{STATE}"))

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an artifact: its path in the artifact's directory, its length in bytes, its SHA-256."""

    path: str
    size: int
    sha256: str
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One artifact of a bundle.

    ``complete`` says that it is published and that all its files are here; only then importing it makes a result.
    ``empty`` are directories without files, ``left_out`` what is not in the bundle.  ``state`` is what a look saw when the
    bundle was made, ``disk_bytes`` and ``disk_files`` what the artifact took on disk.
    """

    ref: ArtifactRef
    members: tuple[Member, ...]
    empty: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    complete: bool = False
    state: dict[str, Any] | None = None
    disk_bytes: int = 0
    disk_files: int = 0

    @property
    def size(self) -> int:
        """The bytes of all its files in the bundle."""
        return sum(member.size for member in self.members)

    @property
    def pickled(self) -> bool:
        """Whether loading it may run code of whoever made it."""
        return any(member.path.endswith((".pickle", ".pkl")) for member in self.members)

    def name(self, path: str) -> str:
        """Return the name of one of its files in the bundle."""
        return f"{self.ref.root}/{self.ref.namespace.replace('.', '/')}/{self.ref.furu_hash}/{path}"

    def to_json(self) -> dict[str, Any]:
        """Return the entry as JSON-ready data."""
        return {
            "root": self.ref.root,
            "namespace": self.ref.namespace,
            "furu_hash": self.ref.furu_hash,
            "complete": self.complete,
            "files": [[one.path, one.size, one.sha256, one.executable] for one in self.members],
            "empty": list(self.empty),
            "left_out": list(self.left_out),
            "state": self.state,
            "disk_bytes": self.disk_bytes,
            "disk_files": self.disk_files,
        }


def entry(record: Any) -> Entry:
    """Return the entry that a line of the list describes.

    Raises ``ValueError`` saying what is wrong: a name that leads out of its artifact, twice the same name, a file that only a
    running furu writes, or a value of another kind than expected.
    """
    if not isinstance(record, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - what was read is wrong, not what was passed
    root, namespace, furu_hash = record.get("root"), record.get("namespace"), record.get("furu_hash")
    if root not in ("data", "artifacts"):
        raise ValueError(f"there is no root {root!r}")
    if not isinstance(namespace, str) or not all(part.isidentifier() for part in namespace.split(".")):
        raise ValueError(f"{namespace!r} is no name of a class")
    if not isinstance(furu_hash, str) or not scan.HASH.fullmatch(furu_hash):
        raise ValueError(f"{furu_hash!r} is no hash")
    members = tuple(_member(one) for one in _listed(record, "files"))
    empty = tuple(_inside(one) for one in _listed(record, "empty"))
    names = [*(one.path for one in members), *empty]
    if len({*names}) < len(names):
        raise ValueError("a name occurs twice")
    state = record.get("state")
    return Entry(
        ref=ArtifactRef(cast("RootKind", root), namespace, furu_hash),
        members=members,
        empty=empty,
        left_out=tuple(map(str, _listed(record, "left_out"))),
        complete=record.get("complete") is True and any(one.path == f"{META}/{MARKER}" and one.size for one in members),
        state=state if isinstance(state, dict) else None,
        disk_bytes=_count(record.get("disk_bytes", 0)),
        disk_files=_count(record.get("disk_files", 0)),
    )


def _listed(record: dict[str, Any], key: str) -> list[Any]:
    found = record.get(key, [])
    if not isinstance(found, list):
        raise ValueError(f"{key} is no list")  # noqa: TRY004 - as above
    return found


def _member(record: Any) -> Member:
    if not isinstance(record, list) or len(record) < 4:
        raise ValueError("a file is a list of path, size, digest and whether it is executable")
    path, size, digest, executable = record[:4]
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is no SHA-256")
    return Member(_inside(path), _count(size), digest, executable is True)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no size")
    return value


def _inside(path: Any) -> str:
    """Return a path that stays inside the artifact's directory.  Raises ``ValueError`` for any other."""
    if not isinstance(path, str) or not path or "\0" in path:
        raise ValueError(f"{path!r} is no name of a file")
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        raise ValueError(f"{path!r} leads out of its artifact")
    if reserved(path):
        raise ValueError(f"{path!r} is a file that only a running furu writes")
    return path


def reserved(path: str) -> bool:
    """Return whether a path in an artifact is of a process that is at work: claims, and what is half-written."""
    parts = path.split("/")
    if parts[0] != META or len(parts) < 2:
        return path == META
    name = parts[1]
    return name in (LOCK, "labels") or name.startswith((f"{LOCK}.", f"{TRASH}.")) or ".tmp." in name


class Source(Protocol):
    """Where a bundle is read from."""

    packed: int

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the list."""

    def open(self, name: str) -> IO[bytes]:
        """Open a file of the bundle.  Raises ``FuruRecordError`` when it is not there, or is no plain file."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def source(path: str) -> Source:
    """Return the bundle at a path: a zip file or a directory.  Raises ``FuruRecordError`` when it is neither."""
    return Folder(path) if os.path.isdir(path) else Zip(path)


class Zip:
    """A bundle in a zip file."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.packed = os.path.getsize(path)
            self._file = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
            raise FuruRecordError(f"{path} is no bundle: {error}") from None
        names = self._file.namelist()
        if len({*names}) < len(names):
            self._file.close()
            raise FuruRecordError(f"{path} is no bundle: a name occurs twice in it")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the list."""
        with self.open(LIST) as file:
            yield from _lines(file, self.path)

    def open(self, name: str) -> IO[bytes]:
        """Open a file of the zip.  It never yields more bytes than the zip says."""
        try:
            return self._file.open(name)
        except (KeyError, RuntimeError, NotImplementedError, zipfile.BadZipFile, OSError) as error:
            raise FuruRecordError(f"{self.path} has no {name} that can be read: {error}") from None


class Folder:
    """A bundle in a directory."""

    def __init__(self, path: str) -> None:
        self.path = os.path.realpath(path)
        self.packed = 1 << 62  # nothing is packed, so nothing unpacks to more than it is

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of the list."""
        with self.open(LIST) as file:
            yield from _lines(file, self.path)

    def open(self, name: str) -> IO[bytes]:
        """Open a file of the directory; a link counts as a file that is not there."""
        path = f"{self.path}/{name}"
        try:
            if os.path.realpath(path) != path or not stat.S_ISREG(os.lstat(path).st_mode):
                raise FuruRecordError(f"{path} is no plain file of the bundle")
            return open(path, "rb")
        except OSError as error:
            raise FuruRecordError(f"{path} cannot be read: {error.strerror}") from None


def damage_told(name: str, read: Callable[[int], bytes], count: int) -> bytes:
    """Return what ``read(count)`` returns; raises ``FuruRecordError`` whatever a library says about damaged content."""
    try:
        return read(count)
    except Exception as error:  # noqa: BLE001 - zip, zlib, lzma and others fail in their own ways
        raise FuruRecordError(f"{name} is damaged: {error}") from None


def _lines(file: IO[bytes], path: str) -> Iterator[bytes]:
    read = 0
    while line := damage_told(path, file.readline, LONGEST_LINE):
        read += len(line)
        if read > LONGEST_LIST or len(line) == LONGEST_LINE:
            raise FuruRecordError(f"the list of {path} has no end")
        yield line


def entries(found: Source) -> Iterator[Entry]:
    """Yield the artifacts of a bundle.

    Raises ``FuruRecordError`` naming the line when the list is torn, foreign, of a newer kind, or names what must not be.
    """
    seen: set[ArtifactRef] = set()
    number = 0
    try:
        for number, line in enumerate(found.lines(), start=1):
            record = json.loads(line)
            if number == 1:
                _check_header(record)
                continue
            one = entry(record)
            if one.ref in seen:
                raise ValueError("an artifact occurs twice")
            seen.add(one.ref)
            yield one
    except (ValueError, RecursionError) as error:
        raise FuruRecordError(f"line {number} of {LIST}: {error}") from None
    if number == 0:
        raise FuruRecordError(f"{LIST} is empty")


def _check_header(record: Any) -> None:
    if not isinstance(record, dict) or record.get("format") != HEADER["format"]:
        raise ValueError("this is not the list of a furu bundle")
    if record.get("format_version") != FORMAT_VERSION:
        raise ValueError(f"a newer furu made it (format {record.get('format_version')!r}); upgrade furu-core")
