"""Disk verbs: atomic write, removal that tolerates absence, and the file system's own clock."""

from __future__ import annotations

import errno
import os
import stat

#: What file systems say that flush no directories, or nothing at all.
_NOT_FLUSHED = frozenset((errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EROFS))

_REMEDIES = {
    errno.ENAMETOOLONG: "the path is too long for the file system: shorten FURU_PATH, or the names of the module and class",
    errno.EMFILE: "this process has too many files open: close some, or raise its limit (ulimit -n)",
    errno.ENFILE: "this host has too many files open: end what holds them, or have the limit raised",
    errno.ENOSPC: "the disk is full: make room, or set FURU_PATH to another one",
    errno.EDQUOT: "the quota is used up: make room, or set FURU_PATH to another disk",
}


def new_token() -> str:
    """Return 32 hex characters that nobody else has."""
    return os.urandom(16).hex()


def write_new(path: str, content: bytes) -> None:
    """Write a file that must not exist yet.

    Raises ``FileExistsError`` when it does.  Not promised: atomicity; a crash may leave a part of the content.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        _write_all(fd, content)
    except BaseException:
        os.close(fd)
        os.unlink(path)
        raise
    os.close(fd)


def write_atomic(path: str, content: bytes, *, sync: bool = False) -> None:
    """Replace a file in one step: readers see the old content or the new, never a part.

    With ``sync`` the content is on disk before it counts.  On failure the old file stands and no debris is left.
    An empty directory in the file's place is removed; one with content is not furu's to remove: ``IsADirectoryError``.
    """
    aside = f"{path}.tmp.{new_token()}"
    try:
        fd = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            _write_all(fd, content)
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
        _rename(aside, path)
    except BaseException:  # Ctrl-C is most likely to come right after a call that took long, such as the first
        try:
            remove(aside)
        except OSError:  # what is on its way says more
            pass
        raise


def _rename(aside: str, path: str) -> None:
    try:
        os.rename(aside, path)
    except IsADirectoryError:
        try:
            os.rmdir(path)
        except OSError:
            pass
        os.rename(aside, path)


def overwrite(path: str, content: bytes) -> None:
    """Replace the content of a file that is there, in its place: under no circumstances one is made.

    Readers may see a part of each; the new content is padded with blanks where the old one was longer.
    Raises ``FileNotFoundError``.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        _write_all(fd, content.ljust(os.fstat(fd).st_size))
    finally:
        os.close(fd)


def append_line(path: str, line: bytes) -> None:
    """Append one line in one write, creating the file when it is not there."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
    try:
        _write_all(fd, line)
    finally:
        os.close(fd)


def read_or_none(path: str) -> bytes | None:
    """Return a file's content, or None when there is no such file.  A pipe is like an empty file: nobody waits for it."""
    try:
        with open(path, "rb", buffering=0, opener=_at_once) as file:
            return file.read() or b""
    except (FileNotFoundError, NotADirectoryError):
        return None


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def remedy(error: OSError, otherwise: str) -> str:
    """Return what to do about a refusal of the system, for the hints of an error; ``otherwise`` where it is no special one."""
    return _REMEDIES.get(error.errno or 0, otherwise)


def remove(path: str) -> bool:
    """Remove a file; return whether it was there."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def file_system_time(directory: str) -> float:
    """Return the time (seconds since the epoch) as the file system that holds ``directory`` tells it.

    On a network file system this is the server's clock, so ages computed from it do not depend on this host's clock.
    """
    probe = f"{directory}/clock.tmp.{new_token()}"
    try:
        fd = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            return os.fstat(fd).st_mtime
        finally:
            os.close(fd)
    finally:
        remove(probe)


def sync_tree(directory: str) -> None:
    """Flush every regular file below ``directory``, then the directories themselves, to the disk."""
    for folder, _, names in os.walk(directory, topdown=False):
        for name in names:
            if _is_regular(f"{folder}/{name}"):  # a socket cannot be opened, and a pipe holds nothing
                sync(f"{folder}/{name}")
        sync(folder)


def _is_regular(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:  # it vanished
        return False


def sync(path: str) -> None:
    """Flush a file or a directory to the disk, where its file system can."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, PermissionError):  # vanished, or not ours to read: nothing we could flush
        return
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NOT_FLUSHED:
            raise
    finally:
        os.close(fd)


def _write_all(fd: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view) :]


def remove_tree(path: str) -> None:
    """Remove a file or a directory with all that is in it; what others remove meanwhile does not matter."""
    import shutil

    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    else:
        remove(path)
