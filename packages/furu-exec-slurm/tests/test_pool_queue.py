"""The queue directory: where a ticket is, and who gets it."""

from __future__ import annotations

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from furu.resources import SlurmSpec
from furu_exec_slurm.queue import Ended, Queue, Seat, key_of, number_of, ticket_of
from furu_exec_slurm.spec_keys import group_of, place_in, spec_key
from furu_testing.children import Child, until

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = Seat("cpu", "one"), Seat("cpu", "two")
TICKET = ticket_of(3, "abc123")


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    """Give an empty queue with two workers."""
    made = Queue(tmp_path / "queue")
    made.create()
    made.open_group("cpu")
    for seat in (ONE, TWO):
        os.makedirs(made.seat(seat))
    return made


def places(queue: Queue) -> list[str]:
    """Return where there are tickets."""
    return sorted(
        os.path.relpath(f"{place}/{name}", queue.root)
        for place, _, names in os.walk(queue.root)
        for name in names
        if not place.endswith("why")
    )


def test_a_ticket_says_its_place_and_its_artifact() -> None:
    """The name of a ticket sorts by number and names the artifact."""
    assert (number_of(TICKET), key_of(TICKET)) == (3, "abc123")
    assert sorted([ticket_of(10, "a"), ticket_of(9, "b")]) == [ticket_of(9, "b"), ticket_of(10, "a")]


def test_a_task_goes_from_todo_to_done(queue: Queue) -> None:
    """A task is in one place at any time: todo, with its worker, done, read; what it took comes along."""
    queue.put("cpu", TICKET, {"label": "Train"})
    assert queue.waiting("cpu") == [TICKET]

    assert queue.claim("cpu", TICKET, ONE)
    assert places(queue) == [f"running/cpu/one/{TICKET}"]
    assert queue.held(ONE) == [TICKET]
    assert queue.content(ONE, TICKET) == {"label": "Train"}

    assert queue.finish(ONE, TICKET, wall_sec=1.5, cpu_sec=0.25)
    assert queue.ended("failed") == []
    assert queue.ended("done") == [Ended(TICKET, 1.5, 0.25)]
    assert queue.ended("done") == []
    assert queue.read("done") == [TICKET]
    assert len(places(queue)) == 1


def test_a_failure_says_why(queue: Queue) -> None:
    """What ended without a result comes back with what its worker says."""
    queue.put("cpu", TICKET, {})
    queue.claim("cpu", TICKET, ONE)

    queue.finish(ONE, TICKET, wall_sec=2.0, why={"text": "no room"})

    assert queue.ended("failed") == [Ended(TICKET, 2.0, 0.0, {"text": "no room"})]
    assert queue.ended("failed") == []


def test_what_a_worker_says_has_to_be_readable(queue: Queue) -> None:
    """A failure without a legible reason is an error that names the file."""
    queue.put("cpu", TICKET, {})
    queue.claim("cpu", TICKET, ONE)
    queue.finish(ONE, TICKET, why={})
    with open(f"{queue.root}/failed/why/{TICKET}", "w") as torn:
        torn.write('{"tex')

    with pytest.raises(ValueError, match=rf"failed/why/{TICKET} cannot be read"):
        queue.ended("failed")


def test_reclaimed_or_finished_but_not_both(queue: Queue) -> None:
    """A worker that is taken for dead and is not cannot give back what was reclaimed, nor the other way round."""
    for number in range(2):
        queue.put("cpu", ticket_of(number, "ab"), {})
        queue.claim("cpu", ticket_of(number, "ab"), ONE)

    assert queue.reclaim(ONE, ticket_of(0, "ab"))
    assert not queue.finish(ONE, ticket_of(0, "ab"))
    assert queue.finish(ONE, ticket_of(1, "ab"))
    assert not queue.reclaim(ONE, ticket_of(1, "ab"))
    assert [ended.ticket for ended in queue.ended("done")] == [ticket_of(1, "ab")]


def test_what_was_taken_cannot_be_withdrawn(queue: Queue) -> None:
    """Only what nobody has taken is taken back."""
    for number in range(2):
        queue.put("cpu", ticket_of(number, "ab"), {})
    queue.claim("cpu", ticket_of(0, "ab"), ONE)

    assert not queue.withdraw("cpu", ticket_of(0, "ab"))
    assert queue.withdraw("cpu", ticket_of(1, "ab"))
    assert queue.waiting("cpu") == []


def test_each_ticket_goes_to_one_of_many(queue: Queue) -> None:
    """Eight that reach for the same 200 tickets at once have each of them once between them."""
    tickets = [ticket_of(number, "ab") for number in range(200)]
    for ticket in tickets:
        queue.put("cpu", ticket, {})
    seats = [Seat("cpu", f"w{number}") for number in range(8)]
    for seat in seats:
        os.makedirs(queue.seat(seat))

    def grab(seat: Seat) -> list[str]:
        order = random.Random(seat.worker_id).sample(tickets, len(tickets))
        return [ticket for ticket in order if queue.claim("cpu", ticket, seat)]

    with ThreadPoolExecutor(8) as threads:
        taken = [ticket for tickets in threads.map(grab, seats) for ticket in tickets]

    assert sorted(taken) == tickets


def test_a_killed_writer_leaves_no_half_ticket(queue: Queue, tmp_path: Path) -> None:
    """Whatever moment a process that puts tickets is killed at, every ticket in todo is whole."""
    code = f"""
    from furu_exec_slurm.queue import Queue, ticket_of
    queue = Queue({queue.root!r})
    print("begun", flush=True)
    for number in range(10**6):
        queue.put("cpu", ticket_of(number, "ab"), {{"text": "x" * 50_000}})
    """
    with Child.python(code, report=tmp_path / "writer") as child:
        child.wait_for("begun")
        until(lambda: len(queue.waiting("cpu")) > 20)
        child.send(signal.SIGKILL)
        child.end()

    for ticket in queue.waiting("cpu"):
        queue.claim("cpu", ticket, ONE)
        assert len(queue.content(ONE, ticket)["text"]) == 50_000


def test_keys_of_specs() -> None:
    """Equal specs have one key, different ones different keys that file names can bear."""
    specs = [
        SlurmSpec(),
        SlurmSpec(partition="default"),
        SlurmSpec(partition="gpu", gpus=1, cpus=8, mem_gb=64, time_min=720),
        SlurmSpec(partition="gpu", gpus=1, cpus=8, mem_gb=64, time_min=720, extra={"qos": "high"}),
        SlurmSpec(partition="gpu,cpu"),
        SlurmSpec(partition="gpu_cpu"),
        SlurmSpec(partition="gpu/cpu"),
        SlurmSpec(partition="x" * 300),
        SlurmSpec(partition="x" * 301),
    ]
    keys = [spec_key(spec) for spec in specs]

    assert keys[:1] + keys[2:3] == ["default-c4-m16-t60", "gpu-c8-m64-t720-g1"]
    assert len(set(keys)) == len(keys)
    assert all(key.replace("-", "").replace("_", "").isalnum() and len(key) < 130 for key in keys)
    assert spec_key(SlurmSpec(extra={})) == keys[0]


@pytest.mark.parametrize("count", [1, 3, 12])
def test_groups_name_their_specs_in_order(count: int) -> None:
    """A worker sees from the name of a group whether, and how gladly, its tasks are run with its spec."""
    specs = [SlurmSpec(partition=f"partition_with_a_name_{number}") for number in range(count)]

    group = group_of(specs)

    assert len(group) <= 200
    assert [place_in(group, spec_key(spec)) for spec in specs] == list(range(count))
    assert place_in(group, spec_key(SlurmSpec(partition="other"))) is None
