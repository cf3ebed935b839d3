"""Stores that are damaged, foreign in part, or change while they are looked at."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dashboard_pipelines import Broken, Numbers, Study
from test_detail import address
from test_listing import listed, soon

from furu.catalog import place as places

if TYPE_CHECKING:
    from conftest import Client, Serve

#: Every kind of question, of one experiment and of all.
OF_ONE = ("", "/relationships", "/logs", "/files", "/files/notes.md", "/files/.furu/state.json")
OF_ALL = (
    "/api/experiments?facets=true",
    "/api/experiments?q=damaged%3Dtrue",
    "/api/stats",
    "/api/fields",
    "/api/health",
)
RUN_SEC = 5.0


@pytest.mark.scenario
def test_what_is_damaged_or_foreign_is_listed_or_skipped_with_a_reason(client: Client, furu_tmp_root: Path) -> None:
    """Torn records, a nested class, a foreign directory, a file in the way, a loop of links: never an error."""
    data = furu_tmp_root / "data"
    study = Study()
    study.get()
    for name, content in (("state.json", b'{"result": "succ'), ("metadata.json", b""), ("events.jsonl", b"\xff\n{")):
        (study.furu_dir / ".furu" / name).write_bytes(content)
    outer = data / "app" / "Outer" / "Inner" / ("ab" * 10) / ".furu"
    outer.mkdir(parents=True)
    (outer / "state.json").write_text("[]")
    (data / "app" / "Outer" / ("cd" * 10)).mkdir()
    (data / "app" / "Outer" / ("ef" * 10)).write_text("a file")
    os.symlink(data, data / "app" / "loop")
    os.symlink(data / "app", data / "app" / "Outer" / ("01" * 10))

    total = soon(lambda: listed(client)["total"], lambda total: total >= 3)

    assert total == 3
    skipped = " ".join(one["path"] for one in client.get("/api/health").json["index"]["skipped"])
    assert "cd" * 10 in skipped
    for path in OF_ALL:
        assert client.get(path).status == 200, path
    for one in (address(study), f"/api/experiments/app.Outer.Inner/{'ab' * 10}", address(study.numbers)):
        for rest in OF_ONE:
            assert client.get(one + rest).status in (200, 404), one + rest


@pytest.mark.scenario
@pytest.mark.slow
def test_a_store_that_changes_while_it_is_read_is_no_error(client: Client, furu_tmp_root: Path) -> None:
    """Artifacts are created and deleted all the while; every question is answered."""
    ending = threading.Event()

    def churn() -> None:
        number = 0
        while not ending.is_set():
            number += 1
            one = Study(more=[Numbers(count=number % 7)])
            one.get()
            shutil.rmtree(one.furu_dir, ignore_errors=True)
            shutil.rmtree(Numbers(count=number % 7).furu_dir, ignore_errors=True)

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        end, answers = time.monotonic() + RUN_SEC, 0
        while time.monotonic() < end:
            for path in OF_ALL:
                assert client.get(path).status == 200, path
            for count in range(7):
                for task in (Study(more=[Numbers(count=count)]), Numbers(count=count)):
                    for rest in OF_ONE:
                        answer = client.get(address(task) + rest)
                        assert answer.status in (200, 404), (rest, answer.text)
                        answers += answer.status == 200
    finally:
        ending.set()
        churning.join()
    assert answers > 10
    assert client.get("/api/health").json["index"]["trouble"] is None


@pytest.mark.scenario
@pytest.mark.parametrize("damage", ["removed", "garbage", "another version"])
def test_an_index_that_is_lost_or_damaged_is_made_anew(serve: Serve, damage: str) -> None:
    """Whatever becomes of the file, lists are right again soon, and nobody is told about it."""
    Numbers().get()
    with pytest.raises(RuntimeError):
        Broken().get()
    client = serve()
    soon(lambda: listed(client)["total"], lambda total: total == 2)
    index = Path(places.index_file(places.of_settings()))

    if damage == "removed":
        for file in index.parent.glob(f"{index.name}*"):
            file.unlink(missing_ok=True)
    else:
        other = index.with_suffix(".other")
        if damage == "garbage":
            other.write_bytes(b"this is no database" * 1000)
        else:
            import sqlite3

            with sqlite3.connect(other) as connection:
                connection.execute("PRAGMA user_version = 9999")
        other.replace(index)

    def total() -> int:
        answer = client.get("/api/experiments")
        assert answer.status in (200, 503), answer.text
        return int(answer.json["total"]) if answer.status == 200 else -1

    soon(total, lambda found: found == 2)
    Numbers(count=8).get()
    soon(total, lambda found: found == 3)
