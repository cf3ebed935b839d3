"""The right to create one artifact.

A claim is a file with a name of its own inside the directory ``compute.lock``.  It is put there by renaming a prepared
directory onto ``compute.lock``, which file systems allow only while that directory is absent or empty; so it appears
with its content, in one step, and at most one is there.  It ends by removing *that name*: nobody can remove a claim
other than the one meant, however late.  Publishing renames the claim file to ``SUCCESS.json``: whoever lost the claim
has nothing to rename and so cannot publish.

Promise: at most one live claim per artifact, across threads, processes and hosts, with no use of ``flock``.
Crash: a claim whose process is gone is dead at once for this host, and after the lease for others.
Fork: a child neither holds nor releases its parent's lease.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from weakref import WeakValueDictionary

from furu import config
from furu._sys import clock, files, process, steps
from furu._sys.heartbeat import heart
from furu.errors import FuruLeaseLost, FuruLockNotAcquired
from furu.storage import records
from furu.storage.layout import FORMAT_VERSION, LOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: The leases this process holds now, by token; a claim of this process that is not here was dropped by its holder.
_held: WeakValueDictionary[str, Lease] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a look at ``compute.lock`` saw.

    ``token`` is None for a lock that furu did not write.  ``beat_age_sec`` is the age of the last heartbeat as the file
    system tells it (None where the owner's life was known without asking), ``beat_at`` its time.  ``local`` says whether
    the owner runs on this host, where a look costs next to nothing.
    """

    path: str
    token: str | None
    attempt_id: str | None
    owner: process.Owner | None
    claimed_at: str | None
    lease_sec: float
    beat_age_sec: float | None
    live: bool
    local: bool
    beat_at: float


def look(meta_dir: str) -> Claim | None:
    """Return the claim on an artifact, dead or alive, or None when there is none.

    Whatever else is in the way of a claim is one of an unknown owner: a file or link in place of ``compute.lock``, anything
    inside it.  Raises ``FuruRecordError`` when this user may not look.
    """
    lock = f"{meta_dir}/{LOCK}"
    try:
        names = sorted(os.listdir(lock), key=_is_token)
    except FileNotFoundError:
        names = []
    except NotADirectoryError:
        return _seen(meta_dir, lock, token=None)
    except OSError as error:
        if not os.path.islink(lock):
            raise records.unreadable(lock, error) from error
        names = []
    if names:
        return _seen(meta_dir, f"{lock}/{names[-1]}", token=names[-1] if _is_token(names[-1]) else None)
    return _seen(meta_dir, lock, token=None) if os.path.islink(lock) else None


def take(meta_dir: str, *, furu_hash: str, attempt_id: str) -> Lease | None:
    """Claim an artifact; None when somebody else's claim is there, dead or alive.

    Whatever is raised meanwhile, Ctrl-C included, no claim is left behind.
    """
    lease = Lease(meta_dir, files.new_token(), attempt_id)
    _held[lease.token] = lease  # before others can see it: a claim of this process that is not here counts as dropped
    try:
        if not _placed(lease, furu_hash) and not (_emptied(meta_dir) and _placed(lease, furu_hash)):
            _held.pop(lease.token, None)
            return None
        heart().begin(lease.path, config.current().heartbeat_interval_sec)
        steps.reached("claim.taken")
    except BaseException:
        lease.release()
        raise
    return lease


def _placed(lease: Lease, furu_hash: str) -> bool:
    """Put the claim in its place in one step; return False, leaving nothing behind, when somebody else's is there."""
    aside = f"{lease.meta_dir}/{LOCK}.{lease.token}"
    try:
        os.mkdir(aside)
        files.write_new(f"{aside}/{lease.token}", _record(lease, furu_hash))
        steps.reached("claim.prepared")
        os.rename(aside, f"{lease.meta_dir}/{LOCK}")
    except BaseException as error:
        if isinstance(error, OSError) and os.path.exists(lease.path):
            return True  # a network file system did it and lost the answer
        files.remove(f"{aside}/{lease.token}")
        if os.path.isdir(aside):
            os.rmdir(aside)
        if isinstance(error, OSError) and error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            return False
        raise
    return True


def _emptied(meta_dir: str) -> bool:
    """Remove an empty lock, onto which some file systems do not rename; return whether one was there."""
    try:
        os.rmdir(f"{meta_dir}/{LOCK}")
    except OSError:  # somebody's claim is inside, or it is no directory
        return False
    return True


def break_dead(claim: Claim) -> None:
    """Remove a claim that a look found dead.  Removes that claim or nothing, however late it is called.

    Raises ``FuruLockNotAcquired`` naming what is in the way when it cannot be removed.
    """
    try:
        if os.path.isdir(claim.path) and not os.path.islink(claim.path):
            os.rmdir(claim.path)
        else:
            os.unlink(claim.path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        if claim.path.endswith(f"/{LOCK}") and os.path.isdir(claim.path):
            return  # the foreign file is gone, and a proper lock stands in its place
        raise FuruLockNotAcquired(
            f"{claim.path} is in the way of creating the artifact and cannot be removed: {error.strerror or error}",
            hints=["remove it: no living owner has touched it for longer than a lease"],
        ) from error


class Lease:
    """The right to create one artifact, held by this process until published, released or lost."""

    __slots__ = ("__weakref__", "attempt_id", "ended", "meta_dir", "path", "pid", "token")

    def __init__(self, meta_dir: str, token: str, attempt_id: str) -> None:
        self.meta_dir = meta_dir
        self.token = token
        self.attempt_id = attempt_id
        self.path = f"{meta_dir}/{LOCK}/{token}"
        self.pid = os.getpid()
        self.ended = False

    def __del__(self) -> None:
        """Give up a claim whose holder was interrupted before it could begin."""
        begun = not getattr(self, "ended", True)  # Ctrl-C may come before it is set
        if begun and _held is not None and os is not None:  # None while the interpreter ends
            self.release()

    @property
    def here(self) -> bool:
        """Whether this process took the lease; False in a forked child."""
        return self.pid == os.getpid()

    @property
    def taken_over(self) -> bool:
        """Whether the claim is gone although this process did not end it, and its directory is still there."""
        return self.here and not self.ended and not os.path.exists(self.path) and os.path.isdir(self.meta_dir)

    def check(self) -> None:
        """Raise ``FuruLeaseLost`` unless the claim on disk is still ours."""
        if not self.here or not os.path.exists(self.path):
            raise self.lost()

    def publish(self, marker: str, *, sync: bool) -> None:
        """Turn the claim into the marker ``marker``: one rename that only the holder of the claim can do.

        Raises ``FuruLeaseLost``, and changes nothing, when the claim was taken over.
        """
        if not self.here:
            raise self.lost()
        try:
            if sync:
                files.sync(self.path)
            os.rename(self.path, marker)
        except (FileNotFoundError, NotADirectoryError):
            if not self.published(marker):
                raise self.lost() from None
        steps.reached("publish.marker")
        if sync:
            try:
                files.sync(self.meta_dir)
            except OSError:  # it is published; a power cut may undo that, and have it computed again
                pass
        self._forget()

    def published(self, marker: str) -> bool:
        """Return whether the marker is this claim."""
        return self.token.encode() in (files.read_or_none(marker) or b"")

    def release(self) -> None:
        """Give the claim up.  Does nothing in a forked child, or when it was published, released or lost before."""
        if self.here and not self.ended:
            try:
                files.remove(self.path)
            except OSError:  # a store that has become read-only: without heartbeats the claim ends by itself
                pass
            self._forget()

    def _forget(self) -> None:
        _held.pop(self.token, None)
        heart().end(self.path)
        try:
            os.rmdir(f"{self.meta_dir}/{LOCK}")
        except OSError:  # somebody's fresh claim is inside, or it is gone: both are as they should be
            pass
        self.ended = True

    def lost(self) -> FuruLeaseLost:
        """Return the error that says who has taken over."""
        if not self.here:
            return FuruLeaseLost(
                f"this forked child does not hold the lease of its parent on {self.meta_dir}", token=self.token
            )
        _held.pop(self.token, None)
        heart().end(self.path)
        successor = look(self.meta_dir)
        who = describe(successor) if successor else "it was removed, or another owner has already finished"
        return FuruLeaseLost(
            f"the lease on {os.path.dirname(self.meta_dir)} was lost while creating ({who}); nothing was published",
            token=self.token,
            hints=[
                "a process that is stopped or suspended longer than FURU_LEASE_SECS loses its lease; raise it if that is "
                "expected",
            ],
        )


def describe(claim: Claim) -> str:
    """Return who holds a claim, where, and since when, for people."""
    if claim.owner is None:
        return "held by an unknown owner"
    return f"held by pid {claim.owner.pid} ({claim.owner.user}) on {claim.owner.host} since {claim.claimed_at}"


def _is_token(name: str) -> bool:
    return len(name) == 32 and all(char in "0123456789abcdef" for char in name)


def _record(lease: Lease, furu_hash: str) -> bytes:
    return json.dumps(
        {
            "format_version": FORMAT_VERSION,
            "furu_hash": furu_hash,
            "attempt_id": lease.attempt_id,
            "token": lease.token,
            "claimed_at": clock.iso_utc(clock.SYSTEM_CLOCK.now()),
            "lease_sec": config.current().lease_duration_sec,
            "owner": process.me().to_json(),
        }
    ).encode()


def _seen(meta_dir: str, path: str, *, token: str | None) -> Claim | None:
    record: dict[str, Any] = {}
    try:
        beat = os.stat(path, follow_symlinks=False).st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise records.unreadable(path, error) from error
    try:
        found = json.loads(files.read_or_none(path) or b"null")
        record = found if isinstance(found, dict) else {}
    except (ValueError, RecursionError, OSError):  # torn, foreign or unreadable: an owner nobody knows
        pass
    owner = process.Owner.from_json(record.get("owner")) if token else None
    lease_sec = _number(record.get("lease_sec"), config.current().lease_duration_sec)
    life = process.life(owner) if owner else "unknown"
    age = None
    if owner is not None and owner.pid == os.getpid() and life == "running":
        live = token in _held
    elif life == "dead":
        live = False
    elif life == "running" and clock.SYSTEM_CLOCK.now() - beat <= 2 * lease_sec:
        live = True
    else:  # whoever runs here and has not beaten for two leases has given the claim up, and could not remove it
        age = _now_there(meta_dir) - beat
        live = age <= (2 * lease_sec if life == "running" else lease_sec)
    return Claim(
        path=path,
        token=token,
        attempt_id=_text(record.get("attempt_id")),
        owner=owner,
        claimed_at=_text(record.get("claimed_at")),
        lease_sec=lease_sec,
        beat_age_sec=age,
        live=live,
        local=life != "unknown",
        beat_at=beat,
    )


def _beat(path: str) -> float:
    try:
        return os.stat(path, follow_symlinks=False).st_mtime
    except OSError:
        return clock.SYSTEM_CLOCK.now()


def _now_there(meta_dir: str) -> float:
    try:
        return files.file_system_time(meta_dir)
    except OSError:  # a store we may not write to; then we cannot take over either
        return clock.SYSTEM_CLOCK.now()


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) and value > 0 else default


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def abandoned(path: str) -> bool:
    """Return whether half-written debris of a claim or a record is older than any lease, and so nobody's."""
    return _now_there(os.path.dirname(path)) - _beat(path) > max(60.0, config.current().lease_duration_sec)
