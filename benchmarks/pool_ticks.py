"""What a turn of the pool's controller costs, and what a worker's look for a task, by how many tasks are queued.

The controller and the queue directory are the real ones; Slurm is not asked, and no worker runs: this program takes tasks
and gives them back as a worker would.  A quiet turn looks at everything and finds nothing new; in a busy one a task has
been taken and another has ended.  After as many tasks have ended as were queued, a turn is measured again.

The store is on a file system in memory where the machine has one.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from timing import Size, machine, memory_directory, print_table, significant, size

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIZES = (100, 1_000, 10_000)
WORKERS = 4


class NoSlurm:
    """A cluster that takes every job and starts none."""

    def __init__(self) -> None:
        self.submitted = 0

    def submit(self, function: Any, calls: Sequence[Any], **_: Any) -> list[str]:  # noqa: ARG002 - as of a client
        """Accept jobs."""
        self.submitted += 1
        return [f"{self.submitted}_{index}" for index in range(len(calls))]

    def statuses(self, job_ids: Any) -> dict[str, Any]:  # noqa: ARG002 - as of a client
        """Know nothing."""
        return {}

    def begin_to_cancel(self, job_ids: Any, **_: Any) -> None:
        """Do nothing."""

    def max_array_size(self) -> int:
        """Return what Slurm's default is."""
        return 1001


class Controller:
    """A controller with ``queued`` tasks and workers that this program plays."""

    def __init__(self, root: Path, queued: int) -> None:
        from subjects import graphs

        from furu.execution import Job, setting
        from furu.execution.plan import specs_of
        from furu_exec_slurm import arguments, run, run_directory
        from furu_exec_slurm.queue import Seat
        from furu_exec_slurm.spec_keys import spec_key

        seconds = dict.fromkeys(arguments.SCANS) | {
            "idle_timeout_sec": 3600.0,
            "poll_interval_sec": 1e-6,
            "plan_refresh_interval_sec": 60.0,
            "worker_health_check_interval_sec": 15.0,
            "stale_running_sec": 900.0,
            "heartbeat_grace_sec": 30.0,
        }
        manner = arguments.checked(
            max_workers_total=WORKERS, window_size="bfs", submitit_root=root, run_root=root / "runs", seconds=seconds
        )
        self.run = run_directory.new_run(manner.run_root, f"{queued:08x}")
        record = run.begin(self.run, [], manner, setting.packed(), resumed=False)
        self.executor = run.executor_for(self.run, record, manner, client=NoSlurm())  # type: ignore[arg-type]
        self.tasks = [graphs.Node(n=n) for n in range(queued)]
        for task in self.tasks:
            self.executor.submit(Job(task, specs_of(task)))
        self.executor.turn()
        self.seats = [Seat(spec_key(specs_of(self.tasks[0])[0]), f"w{number:04d}") for number in range(WORKERS)]
        for seat in self.seats:
            Path(self.run.queue.seat(seat), "heartbeat").touch()
        self.group = self.run.queue.groups()[0]

    def take(self) -> None:
        """Let a worker take the next task."""
        seat = self.seats.pop(0)
        self.seats.append(seat)
        self.run.queue.claim(self.group, self.run.queue.waiting(self.group)[0], seat)

    def give_back(self) -> None:
        """Let workers finish what they have; the results are there already."""
        from furu_exec_slurm.queue import key_of

        by_key = {task.furu_hash: task for task in self.tasks}
        for seat in self.seats:
            for ticket in self.run.queue.held(seat):
                by_key[key_of(ticket)].get()
                self.run.queue.finish(seat, ticket)

    def drain(self, most: int) -> None:
        """Let so many tasks end."""
        from furu_exec_slurm.queue import key_of

        by_key = {task.furu_hash: task for task in self.tasks}
        ended = 0
        while ended < most:
            for ticket in self.run.queue.waiting(self.group)[: most - ended]:
                by_key[key_of(ticket)].get()
                self.run.queue.claim(self.group, ticket, self.seats[0])
                self.run.queue.finish(self.seats[0], ticket)
                ended += 1
            self.executor.wait(0)


def timed(operation: Callable[[], object], times: int, before: Callable[[], object] = lambda: None) -> float:
    """Return the median seconds of an operation, ``before`` not counted."""
    taken = []
    for _ in range(times):
        before()
        began = time.perf_counter()
        operation()
        taken.append(time.perf_counter() - began)
    return median(taken)


def measured(queued: int, times: int) -> dict[str, float]:
    """Return the seconds of each operation with so many tasks queued."""
    import furu
    from furu._sys.clock import SYSTEM_CLOCK
    from furu_exec_slurm.seeker import Seeker

    with tempfile.TemporaryDirectory(dir=memory_directory()) as directory:
        furu.set_furu_root(directory)
        controller = Controller(Path(directory), queued)

        def busy() -> None:
            controller.give_back()
            controller.take()

        def look() -> object:
            return Seeker(controller.run.queue, controller.seats[0], SYSTEM_CLOCK).take()

        found = {
            "furu, a quiet turn": timed(controller.executor.turn, times),
            "furu, a turn in which a task is taken and one ends": timed(
                lambda: controller.executor.wait(0), times, busy
            ),
            "furu, a worker looks and takes a task": timed(look, times, controller.give_back),
        }
        controller.give_back()
        controller.drain(queued - 2 * times - 10)
        found["furu, a quiet turn when nearly all have ended"] = timed(controller.executor.turn, times)
        controller.executor.close(cancel=True)
    return found


def main() -> None:
    """Print one table."""
    chosen = size(__doc__, full=Size(rounds=3, items=30), smoke=Size(rounds=1, items=2))
    os.environ.setdefault("FURU_RECORD_GIT", "ignore")
    os.environ.setdefault("FURU_LOG_LEVEL", "WARNING")
    sizes = SIZES if chosen.rounds > 1 else SIZES[:1]
    print(machine(), end="\n\n")
    found = {queued: [measured(queued, chosen.items) for _ in range(chosen.rounds)] for queued in sizes}
    rows = []
    for name in found[sizes[0]][0]:
        ms = [median(one[name] for one in found[queued]) * 1e3 for queued in sizes]
        rows.append((name, *map(significant, ms), significant(ms[-1] / ms[0])))
    print_table((f"{WORKERS} workers", *(f"{queued:,} queued, ms" for queued in sizes), f"x {sizes[0]:,} queued"), rows)


if __name__ == "__main__":
    main()
