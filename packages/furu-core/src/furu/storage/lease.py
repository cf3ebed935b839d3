"""The right to create one artifact.

A claim is a file with a name of its own inside the directory ``compute.lock``.  It is put there by renaming a prepared
directory onto ``compute.lock``, which file systems allow only while that directory is absent or empty; so it appears
with its content, in one step, and at most one is there.  It ends by removing *that name*: nobody can remove a claim
other than the one meant, however late.  Publishing renames the claim file to ``SUCCESS.json``: whoever lost the claim
has nothing to rename and so cannot publish.

A claim may wait for a job of a batch scheduler: then the job is part of its name, and it lives for as long as the
scheduler says that the job does.  The job makes it its own by giving it a new name.

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
from furu.runtime import schedulers
from furu.runtime.schedulers import ScheduledJob
from furu.storage import liveness, records
from furu.storage.layout import FORMAT_VERSION, LOCK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: How often a look follows a claim that gets another name in the middle of it.
MOST_NAMES = 50

#: The leases this process holds now, by token; a claim of this process that is not here was dropped by its holder.
_held: WeakValueDictionary[str, Lease] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class Claim:
    """What a look at ``compute.lock`` saw.

    ``token`` is None for a lock that furu did not write.  ``beat_age_sec`` is the age of the last heartbeat as the file
    system tells it (None where the owner's life was known without asking), ``beat_at`` its time.  ``local`` says whether
    the owner runs on this host, where a look costs next to nothing.  ``job`` is the job the claim waits for, of which
    ``owner`` is the submitter; None for a claim that a process holds.
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
    job: ScheduledJob | None = None


def look(meta_dir: str) -> Claim | None:
    """Return the claim on an artifact, dead or alive, or None when there is none.

    Whatever else is in the way of a claim is one of an unknown owner: a file or link in place of ``compute.lock``, anything
    inside it.  Raises ``FuruRecordError`` when this user may not look.
    """
    lock = f"{meta_dir}/{LOCK}"
    for _ in range(MOST_NAMES):
        try:
            name = max(os.listdir(lock), key=_is_ours, default=None)
        except FileNotFoundError:
            name = None
        except NotADirectoryError:
            return _seen(meta_dir, lock)
        except OSError as error:
            if not os.path.islink(lock):
                raise records.unreadable(lock, error) from error
            name = None
        if name is None:
            return _seen(meta_dir, lock) if os.path.islink(lock) else None
        claim = _seen(meta_dir, f"{lock}/{name}", *_parsed(name))
        if claim is not None:
            return claim  # else it has ended, or has another name by now
    return None


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


def take_over(claim: Claim, *, furu_hash: str, attempt_id: str) -> Lease | None:
    """Turn a claim that waits for a job into one of this process; None when it is gone, or somebody else was faster.

    The file keeps its place and gets a new name, which only one process can give it; then its content.  Whoever looks in
    between sees a fresh claim of an unknown owner.
    """
    meta_dir = os.path.dirname(os.path.dirname(claim.path))
    lease = Lease(meta_dir, files.new_token(), attempt_id)
    _held[lease.token] = lease
    try:
        if not _renamed(claim.path, lease.path):
            _held.pop(lease.token, None)
            lease.ended = True
            return None
        steps.reached("claim.renamed")
        try:
            files.overwrite(lease.path, _record(lease, furu_hash))
        except FileNotFoundError:  # this process stood still for a lease, and counted as dead
            lease.release()
            return None
        heart().begin(lease.path, config.current().heartbeat_interval_sec)
        steps.reached("claim.taken")
    except BaseException:
        lease.release()
        raise
    return lease


def _renamed(source: str, target: str) -> bool:
    """Give a claim another name, and new life; return False when it is not there under its old one."""
    try:
        os.utime(source)
        os.rename(source, target)
    except (FileNotFoundError, NotADirectoryError):
        return os.path.exists(target)  # a network file system may do it and lose the answer
    return True


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
    return os.path.exists(lease.path)  # else a removal took the directory away during the rename


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

    def hand_over(self, job: ScheduledJob) -> None:
        """Leave the claim to a job of a scheduler, which takes it over when it starts; this process holds it no more.

        Raises ``FuruLeaseLost`` when the claim was taken over before.
        """
        waiting = f"{self.path}.{job.scheduler}.{job.job_id}"
        if not self.here or self.ended or not _renamed(self.path, waiting):
            raise self.lost()
        _held.pop(self.token, None)
        heart().end(self.path)
        self.ended = True
        steps.reached("claim.handed_over")

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
    if claim.job is not None:
        said = schedulers.news(claim.job)
        return f"queued as {claim.job}{f', {said.words},' if said else ''} since {claim.claimed_at}"
    if claim.owner is None:
        return "held by an unknown owner"
    return f"held by pid {claim.owner.pid} ({claim.owner.user}) on {claim.owner.host} since {claim.claimed_at}"


def _is_token(name: str) -> bool:
    return len(name) == 32 and all(char in "0123456789abcdef" for char in name)


def _parsed(name: str) -> tuple[str | None, ScheduledJob | None]:
    """Return the token in the name of a claim, and the job it waits for; (None, None) for a name furu has not given."""
    token, *rest = name.split(".", 2)
    if not _is_token(token) or len(rest) == 1 or "" in rest:
        return None, None
    return token, ScheduledJob(*rest) if rest else None


def _is_ours(name: str) -> bool:
    return _parsed(name)[0] is not None


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


def _seen(meta_dir: str, path: str, token: str | None = None, job: ScheduledJob | None = None) -> Claim | None:
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
    owner = process.Owner.from_json(record.get("owner")) if token and record.get("token") == token else None
    lease_sec = _number(record.get("lease_sec"), config.current().lease_duration_sec)
    if job is not None:
        live, age, local = liveness.of_job(meta_dir, path, job, news=beat), None, False
    else:
        held = token in _held
        live, age, local = liveness.of_process(meta_dir, owner, held=held, beat=beat, lease_sec=lease_sec)
    return Claim(
        path=path,
        token=token,
        attempt_id=_text(record.get("attempt_id")),
        owner=owner,
        claimed_at=_text(record.get("claimed_at")),
        lease_sec=lease_sec,
        beat_age_sec=age,
        live=live,
        local=local,
        beat_at=beat,
        job=job,
    )


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, (int, float)) and value > 0 else default


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def abandoned(path: str) -> bool:
    """Return whether half-written debris of a claim or a record is older than any lease, and so nobody's."""
    now = liveness.time_there(os.path.dirname(path))
    try:
        touched = os.stat(path, follow_symlinks=False).st_mtime
    except OSError:
        return False
    return now - touched > max(60.0, config.current().lease_duration_sec)
