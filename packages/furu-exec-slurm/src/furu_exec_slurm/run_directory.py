"""``RunDirectory``: what a controller, its workers and those that look on know about one pool run.

run.json      what the run is: arguments, specs, who controls it
setting       settings, overridden results and logging of the process that started it
objects       the Furu objects of its tasks
controller    touched as long as the controller lives
jobs.jsonl    a line for each worker that was submitted
ended         how the run ended; workers leave when it is there
queue/        the tasks
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from furu._sys import files, process
from furu._sys.clock import SYSTEM_CLOCK, iso_utc
from furu_exec_slurm.queue import Queue, Seat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from furu.task import Task

FORMAT = 1


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What ``run.json`` says.  ``specs`` and ``limits`` go by the keys of specs, times are ISO 8601 in UTC.

    ``epoch`` counts the controllers that have had this run; ``sources`` are the files of the program, with their times
    (ns), by which a later controller sees that workers of an earlier one run the same code.
    """

    run_id: str
    started_at: str
    roots: int
    digest: str
    submitit_root: str
    sys_path: list[str]
    pace: dict[str, float]
    total: int
    limits: dict[str, int] = field(default_factory=dict)
    specs: dict[str, dict[str, Any]] = field(default_factory=dict)
    controller: dict[str, Any] = field(default_factory=dict)
    epoch: int = 0
    sources: dict[str, int] = field(default_factory=dict)
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Recruit:
    """A worker that was submitted: its Slurm job and its place."""

    job_id: str
    seat: Seat
    submitted_at: float


class RunDirectory:
    """One directory ``<FURU_PATH>/runs/<run_id>``."""

    def __init__(self, path: str | Path) -> None:
        self.path = os.fspath(path)
        self.queue = Queue(f"{self.path}/queue")
        self.heartbeat = f"{self.path}/controller"
        self.setting = f"{self.path}/setting"

    @property
    def directory(self) -> Path:
        """The directory of the run."""
        return Path(self.path)

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return os.path.basename(self.path)

    def objects(self, epoch: int) -> str:
        """Return the file with the objects that the controller number ``epoch`` has written."""
        return f"{self.path}/objects" + (f"-{epoch}" if epoch else "")

    def create(self, record: RunRecord, setting: bytes) -> None:
        """Make the directory, or take it over from an earlier controller."""
        os.makedirs(self.path, exist_ok=True)
        self.queue.create()
        files.write_atomic(self.setting, setting)
        self.write(record)
        files.write_atomic(self.heartbeat, json.dumps(process.me().to_json()).encode())

    def write(self, record: RunRecord) -> None:
        """Replace ``run.json``."""
        files.write_atomic(f"{self.path}/run.json", json.dumps(asdict(record), indent=1).encode())

    def record(self) -> RunRecord:
        """Return what ``run.json`` says; raises ``ValueError`` naming the file when it cannot be read."""
        path = f"{self.path}/run.json"
        try:
            said = json.loads(Path(path).read_bytes())
            return RunRecord(**{name: said[name] for name in RunRecord.__slots__ if name in said})
        except (OSError, ValueError, TypeError) as error:
            raise ValueError(f"{path} cannot be read: {error}") from None

    def controller(self) -> process.Owner | None:
        """Return the process that controls the run, or did; None when that cannot be read."""
        try:
            return process.Owner.from_json(json.loads(Path(self.heartbeat).read_bytes()))
        except (OSError, ValueError):
            return None

    def controller_beat(self) -> float | None:
        """Return when the controller gave its last sign of life (seconds since the epoch, of the file system)."""
        return _mtime(self.heartbeat)

    def abandoned(self, grace_sec: float) -> bool:
        """Return whether the run has not ended, and nobody controls it any more."""
        if self.outcome() is not None:
            return False
        owner = self.controller()
        life = "unknown" if owner is None else process.life(owner)
        if life in ("running", "stopped"):
            return False
        beat = self.controller_beat()
        return life == "dead" or beat is None or self.now() - beat > grace_sec

    def now(self) -> float:
        """Return the time (seconds since the epoch) by the clock of the file system, or by ours where we may not write."""
        try:
            return files.file_system_time(self.path)
        except OSError:
            return SYSTEM_CLOCK.now()

    def take_over(self) -> bool:
        """Take the run from a controller that is gone; return False when somebody else was faster."""
        try:
            os.rename(self.heartbeat, f"{self.heartbeat}.{files.new_token()}")
        except FileNotFoundError:
            return False
        return True

    def end(self, how: str) -> None:
        """Record how the run ended, which lets its workers go."""
        said = {"how": how, "at": iso_utc(SYSTEM_CLOCK.now())}
        files.write_atomic(f"{self.path}/ended", json.dumps(said).encode())

    def outcome(self) -> str | None:
        """Return how the run ended, None while it has not."""
        content = files.read_or_none(f"{self.path}/ended")
        if content is None:
            return None
        try:
            return str(json.loads(content)["how"])
        except (ValueError, KeyError, TypeError):
            return "unknown"

    def add_recruits(self, recruits: Iterable[Recruit]) -> None:
        """Note workers that were submitted."""
        lines = [
            json.dumps({"job_id": one.job_id, **asdict(one.seat), "submitted_at": one.submitted_at}) + "\n"
            for one in recruits
        ]
        files.append_line(f"{self.path}/jobs.jsonl", "".join(lines).encode())

    def recruits(self) -> list[Recruit]:
        """Return every worker that was ever submitted, and each that has come without being noted."""
        found = {one.seat: one for one in self._noted()}
        for seat in self.queue.seats():
            if seat not in found and (job_id := self.worker(seat).get("job_id")):
                found[seat] = Recruit(str(job_id), seat, 0.0)
        return list(found.values())

    def knows(self, seat: Seat) -> bool:
        """Return whether a worker was noted when it was submitted."""
        return any(one.seat == seat for one in self._noted())

    def _noted(self) -> Iterator[Recruit]:
        for line in (files.read_or_none(f"{self.path}/jobs.jsonl") or b"").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                said = json.loads(line)
                yield Recruit(said["job_id"], Seat(said["spec_key"], said["worker_id"]), said["submitted_at"])

    def worker(self, seat: Seat) -> dict[str, Any]:
        """Return what a worker has said of itself when it began: job, host, process; empty before that."""
        try:
            said: dict[str, Any] = json.loads(Path(self.queue.seat(seat), "worker.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return said

    def worker_beat(self, seat: Seat) -> float | None:
        """Return when a worker gave its last sign of life, None before the first and after it has left."""
        return _mtime(f"{self.queue.seat(seat)}/heartbeat")


def new_run(root: Path, digest: str) -> RunDirectory:
    """Return a directory for a new run, which is not made yet."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(SYSTEM_CLOCK.now()))
    return RunDirectory(root / f"{stamp}-{files.new_token()[:6]}-{digest}")


def runs(root: Path) -> list[RunDirectory]:
    """Return the runs there are, the last one first."""
    try:
        names = sorted(os.listdir(root), reverse=True)
    except OSError:
        return []
    return [RunDirectory(root / name) for name in names if (root / name / "run.json").exists()]


def digest_of(roots: Iterable[Task]) -> str:
    """Return what tells runs for the same roots from others."""
    return hashlib.blake2s("".join(sorted(task.furu_hash for task in roots)).encode(), digest_size=4).hexdigest()


def _mtime(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return None
