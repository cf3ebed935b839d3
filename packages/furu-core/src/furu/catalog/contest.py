"""Contest: several processes compete for one lease, one of them is killed, and nobody may hold it with another.

Run as a program (``python -m furu.catalog.contest DIRECTORY SECONDS DIES``) it is one of the competitors: it notes on stdout
when it got the lease and when it was about to give it back, by a clock that all processes of this host share.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from furu._sys import files
from furu._sys.clock import SYSTEM_CLOCK
from furu.catalog.disk import Finding
from furu.storage import lease
from furu.storage.layout import META

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = (sys.executable, "-m", "furu.catalog.contest")
HOLD_SEC = 0.002
DIES_AFTER = 5

#: The file that ends the contest.
OVER = "over"


@dataclass(frozen=True, slots=True, order=True)
class Hold:
    """One time that a process held the lease; ``end`` is infinite where it died while it did."""

    begin: float
    end: float
    pid: int


@dataclass(frozen=True, slots=True)
class Contest:
    """What the competitors did."""

    holds: tuple[Hold, ...]
    failures: tuple[str, ...]

    def overlaps(self) -> list[tuple[Hold, Hold]]:
        """Return the pairs of holds of which one began before the other had ended.  A dead holder's hold ends with it."""
        found = []
        latest: Hold | None = None
        for hold in sorted(self.holds):
            if latest is not None and hold.begin < latest.end < float("inf"):
                found.append((latest, hold))
            if latest is None or latest.end == float("inf") or hold.end > latest.end:
                latest = hold
        return found

    def outlived(self) -> bool:
        """Return whether others got the lease after its holder was killed."""
        dead = [hold for hold in self.holds if hold.end == float("inf")]
        return bool(dead) and any(hold.begin > dead[0].begin and hold.pid != dead[0].pid for hold in self.holds)


def held(directory: str, *, processes: int = 4, sec: float = 2.0, program: Sequence[str] = PROGRAM) -> Contest:
    """Let several processes compete for a lease below ``directory``; the first is killed while it holds it."""
    place = f"{directory}/.furu-doctor.{files.new_token()}"
    os.makedirs(f"{place}/{META}")
    try:
        children = [
            subprocess.Popen(
                [*program, place, str(sec), "dies" if number == 0 else "lives"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(processes)
        ]
        _let_one_die(children[0], place, sec)
        holds: list[Hold] = []
        failures: list[str] = []
        for number, child in enumerate(children):
            out, err = child.communicate(timeout=sec + 120)
            holds += _read(child.pid, out)
            if child.returncode != (-signal.SIGKILL if number == 0 else 0):
                failures.append(err.strip().rpartition("\n")[2] or f"exit status {child.returncode}")
    finally:
        files.remove_tree(place)
    return Contest(tuple(sorted(holds)), tuple(failures))


def _let_one_die(victim: subprocess.Popen[str], place: str, sec: float) -> None:
    """Wait until the first has died and the others had time to go on, however busy the machine is; then end the contest."""
    end = SYSTEM_CLOCK.monotonic() + sec
    try:
        victim.wait(10 * sec + 5)
    except subprocess.TimeoutExpired:
        pass
    SYSTEM_CLOCK.sleep(max(end - SYSTEM_CLOCK.monotonic(), min(sec, 0.5)))
    files.write_atomic(f"{place}/{OVER}", b"over")


def _read(pid: int, out: str) -> list[Hold]:
    lines = [line.split() for line in out.splitlines() if line]
    begun = {number: float(at) for word, number, at in lines if word == "begin"}
    ended = {number: float(at) for word, number, at in lines if word == "end"}
    return [Hold(at, ended.get(number, float("inf")), pid) for number, at in begun.items()]


def judged(contest: Contest) -> list[Finding]:
    """Return what a contest says about the file system."""
    elsewhere = "set FURU_PATH to a directory on another file system"
    overlaps = contest.overlaps()
    if overlaps:
        seen = f"{len(overlaps)} of {len(contest.holds)} times two processes held it at once"
        return [Finding("leases", "unsafe", seen, elsewhere)]
    findings = []
    if contest.failures:
        findings.append(Finding("leases", "unsafe", f"a process failed: {contest.failures[0]}", elsewhere))
    elif len({hold.pid for hold in contest.holds}) < 2:
        findings.append(Finding("leases", "warning", "fewer than two processes ever held it", "run the check again"))
    else:
        pids = len({hold.pid for hold in contest.holds})
        findings.append(
            Finding("leases", "ok", f"held {len(contest.holds):,} times by {pids} processes, never by two at once")
        )
    if contest.outlived():
        findings.append(Finding("dead holders", "ok", "one was killed, and the others went on"))
    else:
        remedy = "give FURU_LEASE_SECS a lower value, or start processes where they see each other (one PID namespace)"
        findings.append(Finding("dead holders", "warning", "after one was killed nobody got the lease", remedy))
    return findings


def compete(directory: str, sec: float, *, dies: bool) -> None:
    """Take the lease and give it back, again and again, until the contest is over; with ``dies`` be killed while holding it."""
    meta_dir = f"{directory}/{META}"
    end = SYSTEM_CLOCK.monotonic() + 20 * sec + 20
    number = 0
    while SYSTEM_CLOCK.monotonic() < end and not os.path.exists(f"{directory}/{OVER}"):
        taken = lease.take(meta_dir, furu_hash="0" * 20, attempt_id="doctor")
        if taken is None:
            claim = lease.look(meta_dir)
            if claim is not None and not claim.live:
                lease.break_dead(claim)
            SYSTEM_CLOCK.sleep(HOLD_SEC / 4)
            continue
        number += 1
        _say("begin", number)
        SYSTEM_CLOCK.sleep(HOLD_SEC)
        if dies and number == DIES_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)
        _say("end", number)
        taken.release()
        SYSTEM_CLOCK.sleep(HOLD_SEC / 2)


def _say(word: str, number: int) -> None:
    sys.stdout.write(f"{word} {number} {SYSTEM_CLOCK.monotonic():.9f}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> None:
    """Be one of the competitors."""
    directory, sec, fate = arguments
    compete(directory, float(sec), dies=fate == "dies")


if __name__ == "__main__":
    main(sys.argv[1:])
