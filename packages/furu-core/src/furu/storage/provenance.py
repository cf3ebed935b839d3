"""Where a result comes from: config, git, environment.  ``metadata.json``, with ``git.patch`` beside it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from typing import Any, ClassVar

from furu._sys import files, process
from furu._sys.clock import SYSTEM_CLOCK, iso_utc
from furu.errors import FuruRecordError
from furu.identity import dependencies, source
from furu.storage import git, records, schemas
from furu.storage.layout import FORMAT_VERSION, METADATA

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from furu._sys.clock import Clock
    from furu.task import Task

PATCH = "git.patch"
_FORMAT_AT = len('{\n"result_format": ')  # the first field, padded, so that it can be filled in later by one write
_FORMAT_ROOM = 24
_FORMAT_LATER = f'"result_format": {"null":{_FORMAT_ROOM}}'


@dataclass(frozen=True, slots=True)
class Dependency:
    """One artifact that another names as a dependency, and where its config names it: ``deps.0``, ``dataset()``."""

    path: str
    root: str
    namespace: str
    furu_hash: str


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What was recorded when the computation of an artifact began.

    Git fields are None where git was ignored or there was no repository; ``git_patch`` is then None too, and empty when
    everything was committed.  It is read from ``git.patch`` when it is asked for, with undecodable bytes replaced; the file
    itself has them.  ``timestamp`` is ISO 8601 in UTC.
    ``dependencies`` are the declared ones (fields and ``@furu_dep`` methods), ``name`` is what ``_name`` said, ``source`` has
    the digests of the code behind the class.
    """

    furu_python_def: str
    furu_obj: Any
    furu_hash: str
    furu_path: str
    timestamp: str
    command: str
    python_version: str
    executable: str
    platform: str
    hostname: str
    user: str
    pid: int
    git_commit: str | None = None
    git_branch: str | None = None
    git_remote: str | None = None
    git_patch: str | None = field(init=False, repr=False, compare=False)
    git_patch_truncated: bool = False
    git_submodules: dict[str, str] | None = None
    namespace: str = ""
    name: str | None = None
    dependencies: list[Dependency] | None = None
    source: dict[str, str] | None = None
    identity_version: int = 1
    format_version: int = FORMAT_VERSION
    result_format: str | None = None

    meta_dir: ClassVar[str] = ""  # where it was read from, set on the instance

    def __getattr__(self, name: str) -> Any:
        """Read the patch the first time it is asked for."""
        if name != "git_patch":
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        content = records.content_or_none(f"{self.meta_dir}/{PATCH}") if self.meta_dir else None
        patch = content.decode(errors="replace") if content is not None else "" if self.git_commit else None
        object.__setattr__(self, "git_patch", patch)
        return patch


def record(task: Task, meta_dir: str, *, clock: Clock = SYSTEM_CLOCK) -> None:
    """Write what there is to know about a computation that is about to begin.

    In a fresh directory ``metadata.json`` costs one create and one write, otherwise it is replaced in one step.  The patch is
    written after it, and only when there is one; that of an earlier attempt is removed.  Artifacts of one process share
    one copy of the same patch by hard links where the file system has them.
    Crash: in between, the patch of the earlier attempt may lie beside the new record; nothing is published then, and the
    next attempt does the same again.

    Raises ``FuruComputeError`` when the repository has no remote and none is not allowed; ``OSError`` when the disk
    refuses.
    """
    found = git.facts()
    own = {
        "furu_python_def": task.to_python(),
        "furu_obj": task.to_dict(),
        "furu_hash": task.furu_hash,
        "furu_path": _readable(os.path.dirname(meta_dir)),
        "namespace": task.furu_ref.namespace,
        "name": _name_of(task),
        "dependencies": _dependencies_of(task),
        "timestamp": iso_utc(clock.now()),
        "source": source.digests(type(task)),
    }
    schemas.note(os.path.dirname(os.path.dirname(meta_dir)), type(task), own["furu_obj"])
    lines = [_FORMAT_LATER, _lines(own), _lines(_git_fields(found)), _process_lines()]
    content = ("{\n" + ",\n".join(lines) + "\n}\n").encode()
    fresh = _put(f"{meta_dir}/{METADATA}", content)
    if not fresh:
        files.remove(f"{meta_dir}/{PATCH}")
    if found.patch.content:
        _put_patch(f"{meta_dir}/{PATCH}", found.patch.content)


def read(meta_dir: str) -> Metadata | None:
    """Return what is recorded in an artifact's ``.furu``, or None when nothing is.

    Keys this furu does not know are passed over: a newer one wrote them.

    Raises ``FuruRecordError`` naming the file when it cannot be read, is torn, or was not written by furu.
    """
    path = f"{meta_dir}/{METADATA}"
    content = records.content_or_none(path)
    if content is None:
        return None
    from pydantic import ValidationError

    try:
        fields = _named_by_furu(json.loads(content), meta_dir)
        found: Metadata = _adapter().validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        raise FuruRecordError(f"{path} is not metadata that furu wrote: {where}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise FuruRecordError(f"{path} is torn or no JSON: {error}") from None
    object.__setattr__(found, "meta_dir", meta_dir)
    if isinstance(fields.get("git_patch"), str):  # where no git.patch was written beside it
        object.__setattr__(found, "git_patch", fields["git_patch"])
    return found


def _named_by_furu(fields: Any, meta_dir: str) -> Any:
    """Return the fields of a record that an earlier release wrote, in a folder and with names after its own name."""
    writer = os.path.basename(meta_dir).removeprefix(".")
    if writer == "furu" or not isinstance(fields, dict):
        return fields
    return {
        name.replace(f"{writer}_", "furu_", 1) if name.startswith(f"{writer}_") else name: fields[name]
        for name in fields
    }


def set_result_format(meta_dir: str, name: str) -> None:
    """Note, in the record that ``record`` has written, in which format the result was kept.

    One write of a few bytes in place.  Does nothing when ``_create`` has removed the record.
    """
    try:
        fd = os.open(f"{meta_dir}/{METADATA}", os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.pwrite(fd, json.dumps(name).encode().ljust(_FORMAT_ROOM), _FORMAT_AT)
    finally:
        os.close(fd)


def _put(path: str, content: bytes) -> bool:
    """Write a file, at once where it is new and in one step where it replaces another; return whether it was new."""
    try:
        files.write_new(path, content)
    except FileExistsError:
        files.write_atomic(path, content)
        return False
    return True


_last_patch: tuple[bytes, str] | None = None  # what was written last, and where


def _put_patch(path: str, content: bytes) -> None:
    """Write a patch, or link to the copy this process has written before: ten thousand artifacts, one patch on disk."""
    global _last_patch
    if _last_patch is not None and _last_patch[0] == content:
        try:
            os.link(_last_patch[1], path)
        except OSError:  # another file system, one without links, too many links, or that artifact is gone
            pass
        else:
            return
    _put(path, content)
    _last_patch = content, path


def _git_fields(found: git.GitFacts) -> dict[str, Any]:
    return {
        "git_commit": found.commit,
        "git_branch": found.branch,
        "git_remote": found.remote,
        "git_submodules": None if found.root is None else found.submodules,
        "git_patch_truncated": found.patch.truncated,
    }


def _name_of(task: Task) -> str | None:
    """Return what ``_name`` says; a name that cannot be had is no reason to compute nothing."""
    try:
        name = task._name()
    except Exception:  # noqa: BLE001 - it is the user's code, and only for show
        from furu.runtime.logging import get_logger

        get_logger().warning("%s has no name: its _name failed", task.furu_ref.label, exc_info=True)
        return None
    return None if name is None else _readable(str(name))


def _dependencies_of(task: Task) -> list[dict[str, str]]:
    refs = [(path, below.furu_ref) for path, below in dependencies.direct(task)]
    return [
        {"path": path, "root": ref.root, "namespace": ref.namespace, "furu_hash": ref.furu_hash} for path, ref in refs
    ]


_of_process: tuple[int, str] | None = None


def _process_lines() -> str:
    """Return the fields that stay the same for as long as the process lives."""
    global _of_process
    if _of_process is None or _of_process[0] != os.getpid():
        from furu.identity.digest import IDENTITY_VERSION

        me = process.me()
        system = os.uname()
        same = {
            "command": _readable(" ".join(process.arguments())),
            "python_version": sys.version.partition(" ")[0],
            "executable": _readable(sys.executable or ""),
            "platform": f"{system.sysname}-{system.release}-{system.machine}",
            "hostname": me.host,
            "user": me.user,
            "pid": me.pid,
            "identity_version": IDENTITY_VERSION,
            "format_version": FORMAT_VERSION,
        }
        _of_process = me.pid, _lines(same)
    return _of_process[1]


_encode = json.JSONEncoder(check_circular=False).encode


def _lines(fields: Mapping[str, Any]) -> str:
    return ",\n".join([f'"{name}": {_encode(value)}' for name, value in fields.items()])


def _readable(text: str) -> str:
    """Return a text of the operating system with undecodable bytes replaced, so that every reader takes it."""
    return os.fsencode(text).decode(errors="replace")


_made: Any = None


def _adapter() -> Any:
    global _made
    if _made is None:
        from pydantic import TypeAdapter

        _made = TypeAdapter(Metadata)
    return _made
