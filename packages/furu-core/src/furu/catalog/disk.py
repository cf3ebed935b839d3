"""Disk: what a file system has to do for furu, tried on the spot.

Everything goes through a ``Disk``, so that a test can bring one that breaks a promise.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from furu import config
from furu._sys import files, mounts
from furu._sys.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Verdict = Literal["ok", "note", "warning", "unsafe"]

ROUNDS = 20
RACERS = 6
LONGEST_DELAY_SEC = 10.0
SLOW_FLUSH_SEC = 1.0
_ELSEWHERE = "set FURU_PATH to a directory on another file system"
_CACHING = "mount it without caching attributes and names (NFS: noac, lookupcache=none), or " + _ELSEWHERE


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check has found: its name, how bad it is, what was seen, and what to do about it."""

    check: str
    verdict: Verdict
    seen: str
    remedy: str = ""


class Disk:
    """The verbs of a file system that furu relies on."""

    def create(self, path: str) -> None:
        """Create a file that must not exist."""
        files.write_new(path, b"x")

    def mkdir(self, path: str) -> None:
        """Make a directory."""
        os.mkdir(path)

    def rename(self, source: str, target: str) -> None:
        """Rename a file or a directory."""
        os.rename(source, target)

    def unlink(self, path: str) -> None:
        """Remove a name."""
        os.unlink(path)

    def modified(self, path: str) -> float:
        """Return when a file was changed last, as the file system says (seconds since the epoch)."""
        return os.stat(path).st_mtime

    def touch(self, path: str, at_ns: int | None = None) -> None:
        """Set the time of a file to now, or to a given one."""
        if at_ns is None:
            os.utime(path)
        else:
            os.utime(path, ns=(at_ns, at_ns))

    def exists(self, path: str) -> bool:
        """Return whether a name is there."""
        return os.path.lexists(path)

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, None when it is not there."""
        return files.read_or_none(path)

    def sync(self, path: str) -> None:
        """Flush a file."""
        files.sync(path)

    def link(self, source: str, target: str) -> None:
        """Give a file a second name."""
        os.link(source, target)

    def lock(self, path: str) -> bool:
        """Return whether ``flock`` keeps a second one out."""
        with open(path, "rb") as first, open(path, "rb") as second:
            fcntl.flock(first, fcntl.LOCK_EX | fcntl.LOCK_NB)
            try:
                fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def room(self, path: str) -> tuple[int, int | None]:
        """Return how many bytes are free, and how many files may be made (None where there is no limit)."""
        found = os.statvfs(path)
        return shutil.disk_usage(path).free, found.f_favail if found.f_files else None

    def elsewhere(self, code: str, *arguments: str) -> None:
        """Run Python code in another process, to its end."""
        subprocess.run([sys.executable, "-c", code, *arguments], check=True, timeout=60)


def checked(directory: str, disk: Disk | None = None) -> list[Finding]:
    """Return what each check finds about the file system that holds ``directory``.

    Works in a new directory below it, or below its nearest ancestor that exists, and removes that.
    """
    disk = disk or Disk()
    above = directory
    while not os.path.isdir(above):
        above = os.path.dirname(above)
    place = f"{above}/.furu-doctor.{files.new_token()}"
    try:
        os.mkdir(place)
    except OSError as error:
        remedy = "let this user write there, or set FURU_PATH to a directory of its own"
        return [Finding("writable", "unsafe", f"{above}: {error.strerror or error}", remedy)]
    try:
        return [_tried(check, disk, f"{place}/{number}") for number, check in enumerate(CHECKS)]
    finally:
        files.remove_tree(place)


def _tried(check: Callable[[Disk, str], Finding], disk: Disk, place: str) -> Finding:
    os.mkdir(place)
    try:
        return check(disk, place)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(check.__name__.strip("_").replace("_", " "), "unsafe", f"it failed: {error}", _ELSEWHERE)


def _race(acts: Sequence[Callable[[], object]]) -> int:
    """Let threads do several things at once; return how many succeeded."""
    won: list[int] = []
    start = threading.Barrier(len(acts))

    def run(number: int) -> None:
        start.wait()
        try:
            acts[number]()
        except OSError:
            return
        won.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(won)


def _kind(_: Disk, place: str) -> Finding:
    kind = mounts.kind_of(place)
    seen = "unknown" if kind is None else f"{kind}, shared between machines" if kind in mounts.NETWORK else kind
    return Finding("kind", "ok", seen)


def _exclusive_create(disk: Disk, place: str) -> Finding:
    for turn in range(ROUNDS):
        winners = _race([partial(disk.create, f"{place}/{turn}")] * RACERS)
        if winners != 1:
            seen = f"of {RACERS} that created the same file at once, {winners} succeeded"
            return Finding("exclusive create", "unsafe", seen, _ELSEWHERE)
    return Finding("exclusive create", "ok", f"one of {RACERS} each time")


def _directories_renamed(disk: Disk, place: str) -> Finding:
    """The claim on an artifact: a directory renamed onto another must fail unless that is empty."""
    check = "renaming directories"
    for name in ("full", "other", "empty"):
        disk.mkdir(f"{place}/{name}")
    disk.create(f"{place}/full/claim")
    disk.create(f"{place}/other/claim2")
    try:
        disk.rename(f"{place}/other", f"{place}/full")
    except OSError:
        pass
    else:
        return Finding(check, "unsafe", "a directory was renamed onto one with content", _ELSEWHERE)
    if not disk.exists(f"{place}/full/claim"):
        return Finding(check, "unsafe", "a rename that failed took the content of its target away", _ELSEWHERE)
    try:
        disk.rename(f"{place}/other", f"{place}/empty")
    except OSError as error:
        return Finding(check, "note", f"not onto an empty one ({error.strerror}); furu removes that first")
    return Finding(check, "ok", "onto an empty one, never onto one with content")


def _claims_race(disk: Disk, place: str) -> Finding:
    for turn in range(ROUNDS):
        for one in range(RACERS):
            disk.mkdir(f"{place}/{turn}.{one}")
            disk.create(f"{place}/{turn}.{one}/{one}")
        winners = _race([partial(disk.rename, f"{place}/{turn}.{one}", f"{place}/{turn}") for one in range(RACERS)])
        if winners != 1:
            seen = f"of {RACERS} directories that were renamed to one place at once, {winners} got there"
            return Finding("claims at once", "unsafe", seen, _ELSEWHERE)
    return Finding("claims at once", "ok", f"one of {RACERS} each time")


def _names_taken_once(disk: Disk, place: str) -> Finding:
    """Publishing, and removing a dead claim: a name can be renamed or removed by one process only."""
    for turn in range(ROUNDS):
        disk.create(f"{place}/{turn}")
        disk.create(f"{place}/{turn}.dead")
        renamed = _race([partial(disk.rename, f"{place}/{turn}", f"{place}/{turn}.{one}") for one in range(RACERS)])
        removed = _race([partial(disk.unlink, f"{place}/{turn}.dead")] * RACERS)
        if (renamed, removed) != (1, 1):
            seen = f"of {RACERS} at once, {renamed} renamed the same file and {removed} removed the same file"
            return Finding("names taken once", "unsafe", seen, _ELSEWHERE)
    return Finding("names taken once", "ok", "by one, whether renamed or removed")


_REPLACE = """
import os, sys
for turn in range(300):
    with open(sys.argv[1] + ".new", "wb") as file:
        file.write(b"%d" % (turn % 10) * 5000)
    os.rename(sys.argv[1] + ".new", sys.argv[1])
"""


def _replacing_files(disk: Disk, place: str) -> Finding:
    path, odd, looks = f"{place}/file", 0, 0
    disk.create(path)
    writer = threading.Thread(target=disk.elsewhere, args=(_REPLACE, path))
    writer.start()
    while writer.is_alive():
        content = disk.read(path)
        looks += 1
        odd += content is None or not (content == b"x" or (len(content) == 5000 and len({*content}) == 1))
    writer.join()
    if odd:
        seen = f"{odd} of {looks} readers saw a file missing or in parts while it was replaced"
        return Finding("replacing files", "unsafe", seen, _ELSEWHERE)
    return Finding("replacing files", "ok", f"{looks:,} readers saw the old content or the new")


_RENAME = "import os, sys; os.rename(sys.argv[1], sys.argv[2])"
_TOUCH = "import os, sys; os.utime(sys.argv[1])"


def _delay(seen: Callable[[], bool]) -> float | None:
    """Return after how many seconds something is seen, None when it is not."""
    began = SYSTEM_CLOCK.monotonic()
    while not seen():
        if SYSTEM_CLOCK.monotonic() - began > LONGEST_DELAY_SEC:
            return None
        SYSTEM_CLOCK.sleep(0.02)
    return SYSTEM_CLOCK.monotonic() - began


def _renames_of_others(disk: Disk, place: str) -> Finding:
    check = "renames of others"
    disk.create(f"{place}/old")
    disk.exists(f"{place}/new")  # so that its absence is in a cache, if there is one
    disk.elsewhere(_RENAME, f"{place}/old", f"{place}/new")
    late = _delay(lambda: disk.exists(f"{place}/new") and not disk.exists(f"{place}/old"))
    if late is None:
        return Finding(check, "unsafe", f"not seen within {LONGEST_DELAY_SEC:g} s", _CACHING)
    if late > 1:
        return Finding(
            check, "warning", f"seen after {late:.1f} s: results of others are found that much later", _CACHING
        )
    return Finding(check, "ok", "seen at once")


def _heartbeats_of_others(disk: Disk, place: str) -> Finding:
    check, lease_sec = "heartbeats of others", config.current().lease_duration_sec
    path = f"{place}/claim"
    disk.create(path)
    disk.touch(path, 1_000_000_000 * 10**9)
    before = disk.modified(path)
    disk.elsewhere(_TOUCH, path)
    late = _delay(lambda: disk.modified(path) != before)
    if late is None or late > lease_sec / 3:
        when = f"not within {LONGEST_DELAY_SEC:g} s" if late is None else f"after {late:.1f} s"
        remedy = f"raise FURU_LEASE_SECS (now {lease_sec:g}) to ten times the delay, or {_CACHING}"
        return Finding(check, "unsafe", f"seen {when}: a living owner may be taken for dead", remedy)
    return Finding(check, "ok", "seen at once" if late < 1 else f"seen after {late:.1f} s")


def _times(disk: Disk, place: str) -> Finding:
    settings = config.current()
    path = f"{place}/file"
    disk.create(path)
    coarse = max(abs(disk_time - wanted) for wanted, disk_time in _set_and_read(disk, path))
    if coarse >= settings.heartbeat_interval_sec:
        remedy = f"raise FURU_LEASE_SECS (now {settings.lease_duration_sec:g}) to at least {10 * coarse:.0f}"
        return Finding("times of files", "unsafe", f"kept to {coarse:.1f} s only, heartbeats are closer", remedy)
    word = "the nanosecond" if coarse < 1e-6 else f"{coarse:.3g} s"
    return Finding("times of files", "ok", f"kept to {word}")


def _set_and_read(disk: Disk, path: str) -> list[tuple[float, float]]:
    found = []
    for wanted in (1_700_000_001.987654321, 1_700_000_002.012345678, 1_700_000_003.5):
        disk.touch(path, int(wanted * 10**9))
        found.append((wanted, disk.modified(path)))
    return found


def _clock(disk: Disk, place: str) -> Finding:
    """Heartbeats are dated by the file system's clock, and compared with a new file: both must be the same clock."""
    lease_sec = config.current().lease_duration_sec
    disk.create(f"{place}/first")
    disk.touch(f"{place}/first")
    SYSTEM_CLOCK.sleep(0.02)
    disk.create(f"{place}/second")
    beat, now = disk.modified(f"{place}/first"), disk.modified(f"{place}/second")
    if now - beat < -0.01 * lease_sec or now - beat > 0.1 * lease_sec:
        remedy = f"raise FURU_LEASE_SECS (now {lease_sec:g}) to more than {10 * abs(now - beat):.0f}, or {_ELSEWHERE}"
        seen = f"a file that was touched and one made right after differ by {now - beat:.1f} s"
        return Finding("clock", "unsafe", seen, remedy)
    skew = now - SYSTEM_CLOCK.now()
    if abs(skew) > 60:
        seen = f"{abs(skew):,.0f} s {'ahead of' if skew > 0 else 'behind'} this host's; leases are not affected"
        return Finding("clock", "warning", seen, "set the clocks (NTP): times in records and files differ")
    return Finding("clock", "ok", f"{abs(skew):.2f} s from this host's")


def _flushing(disk: Disk, place: str) -> Finding:
    disk.create(f"{place}/file")
    began = SYSTEM_CLOCK.monotonic()
    disk.sync(f"{place}/file")
    took = SYSTEM_CLOCK.monotonic() - began
    if took > SLOW_FLUSH_SEC:
        remedy = "FURU_FSYNC=never leaves it out, at the risk of losing results in a power cut"
        return Finding("flushing", "warning", f"one small file takes {took:.1f} s", remedy)
    return Finding("flushing", "ok", f"one small file takes {1000 * took:.1f} ms")


def _links(disk: Disk, place: str) -> Finding:
    disk.create(f"{place}/file")
    try:
        disk.link(f"{place}/file", f"{place}/second")
    except OSError as error:
        return Finding("hard links", "note", f"none ({error.strerror}): each artifact has its own copy of git.patch")
    return Finding("hard links", "ok", "artifacts share one git.patch")


def _names(disk: Disk, place: str) -> Finding:
    disk.create(f"{place}/name")
    if disk.exists(f"{place}/NAME"):
        remedy = "give classes of one module names that differ in more than their case"
        return Finding("names", "warning", "A and a are the same name", remedy)
    try:
        disk.create(f"{place}/{'n' * 200}")
    except OSError as error:
        return Finding(
            "names", "warning", f"200 characters are too many ({error.strerror})", "use short names of modules"
        )
    return Finding("names", "ok", "long ones, and A is not a")


def _flock(disk: Disk, place: str) -> Finding:
    disk.create(f"{place}/file")
    try:
        works = disk.lock(f"{place}/file")
    except OSError:
        works = False
    return Finding("flock", "ok", f"{'works' if works else 'does nothing'} here; furu does not use it")


def _room(disk: Disk, place: str) -> Finding:
    free, count = disk.room(place)
    seen = f"{free / 1e9:,.1f} GB and {'any number of' if count is None else f'{count:,}'} files"
    if free < 10**9 or (count is not None and count < 10_000):
        return Finding("room", "warning", f"only {seen}", "make room: furu gc lists what may go")
    return Finding("room", "ok", seen)


CHECKS: tuple[Callable[[Disk, str], Finding], ...] = (
    *(_kind, _exclusive_create, _directories_renamed, _claims_race, _names_taken_once, _replacing_files),
    *(_renames_of_others, _heartbeats_of_others, _times, _clock, _flushing, _links, _names, _flock, _room),
)


def to_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON-ready data."""
    return {name: getattr(finding, name) for name in finding.__slots__}
