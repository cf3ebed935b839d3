"""The log of an experiment: in pages, and while it grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dashboard_pipelines import Numbers
from test_detail import address

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Client


@pytest.fixture
def numbers(furu_tmp_root: object) -> Numbers:
    """Give an experiment with a log."""
    made = Numbers()
    made.get()
    return made


def log_of(task: Numbers) -> Path:
    """Return the log file of an experiment."""
    return task.furu_dir / ".furu" / "furu.log"


def test_without_an_offset_the_last_lines_come(client: Client, numbers: Numbers) -> None:
    """The page ends with the file and begins with a line."""
    log_of(numbers).write_text("".join(f"line {number:06}\n" for number in range(10_000)))

    page = client.get(f"{address(numbers)}/logs?limit=100").json

    assert page["text"] == "".join(f"line {number:06}\n" for number in range(9_992, 10_000))
    assert page["next_offset"] == page["size"] == 120_000
    assert page["offset"] == 120_000 - 96


def test_pages_give_the_whole_log(client: Client, numbers: Numbers) -> None:
    """Going from each page to the next one gives every byte once, cut between lines."""
    whole = "".join(f"{'x' * (number % 50)} {number}\n" for number in range(500))
    log_of(numbers).write_text(whole)
    offset, pages = 0, []

    while offset < len(whole):
        page = client.get(f"{address(numbers)}/logs?offset={offset}&limit=1000").json
        assert page["offset"] == offset
        assert page["text"].endswith("\n")
        pages.append(page["text"])
        offset = page["next_offset"]

    assert "".join(pages) == whole


def test_a_line_longer_than_a_page_is_shown_in_parts(client: Client, numbers: Numbers) -> None:
    """No page is empty before the end."""
    log_of(numbers).write_text("y" * 250 + "\n")

    lengths = [
        len(client.get(f"{address(numbers)}/logs?offset={offset}&limit=100").json["text"]) for offset in (0, 100, 200)
    ]

    assert lengths == [100, 100, 51]


def test_odd_logs_are_no_error(client: Client, numbers: Numbers) -> None:
    """No log, an offset behind the end, bytes that are no text."""
    log_of(numbers).write_bytes(b"\xff\xfe\n")
    assert client.get(f"{address(numbers)}/logs").json["text"] == "\ufffd\ufffd\n"
    assert client.get(f"{address(numbers)}/logs?offset=99").json["text"] == ""
    log_of(numbers).unlink()
    assert client.get(f"{address(numbers)}/logs").json == {"text": "", "offset": 0, "next_offset": 0, "size": 0}
    assert client.get(f"{address(numbers)}/logs?offset=-1").status == 422
    assert client.get(f"{address(numbers)}/logs?limit=99999999").status == 422


def test_a_log_that_is_done_is_sent_and_ended(client: Client, numbers: Numbers) -> None:
    """Following a finished experiment gives its log and then the end."""
    with client.stream(f"{address(numbers)}/logs/stream?offset=0") as events:
        found = list(events)

    assert [name for name, _ in found] == ["lines", "end"]
    assert "counting to 3" in found[0][1]["text"]


def test_a_log_is_followed_while_the_experiment_runs(client: Client, numbers: Numbers) -> None:
    """Lines come as they are written, a log that is begun anew is told, and the end comes when it was published."""
    log, marker = log_of(numbers), numbers.furu_dir / ".furu" / "SUCCESS.json"
    claim = _begin_again(numbers)
    log.write_text("first\n")

    with client.stream(f"{address(numbers)}/logs/stream?offset=0") as events:
        assert next(events)[1]["text"] == "first\n"
        with log.open("a") as file:
            file.write("second\n")
        assert next(events)[1] == {"text": "second\n", "offset": 6, "next_offset": 13, "size": 13}
        log.write_text("anew\n")
        assert next(events)[0] == "restart"
        assert next(events)[1]["text"] == "anew\n"
        claim()
        with log.open("a") as file:
            file.write("last\n")
        rest = list(events)

    assert [name for name, _ in rest] == ["lines", "end"]
    assert not marker.exists()


def test_a_connection_that_is_taken_up_again_goes_on(client: Client, numbers: Numbers) -> None:
    """The id that a browser sends back counts, not the offset it began with."""
    log_of(numbers).write_text("first\nsecond\n")

    with client.stream(f"{address(numbers)}/logs/stream?offset=0", Last_Event_ID="6") as events:
        found = list(events)

    assert found[0][1]["text"] == "second\n"


def _begin_again(numbers: Numbers):  # type: ignore[no-untyped-def]
    """Make it look as if this process computed the artifact; return what ends that."""
    from furu.storage import state as states
    from furu.storage import store

    artifact = store.artifact(numbers.furu_ref)
    recorded = artifact.recorded_state()
    assert recorded is not None
    assert recorded.attempt is not None
    lease = artifact.claim(recorded.attempt.id)
    assert lease is not None
    artifact.discard(lease)
    from dataclasses import replace

    states.write(artifact.meta_dir, replace(recorded, attempt=replace(recorded.attempt, status="running")))
    return lease.release
