"""One experiment in full."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from dashboard_pipelines import Broken, Numbers, Study

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Client

    import furu


def address(task: furu.Furu[object]) -> str:
    """Return where the API has an experiment."""
    return f"/api/experiments/{task.furu_ref.namespace}/{task.furu_hash}"


def test_a_success_is_shown_with_its_provenance(client: Client) -> None:
    """State, attempt, config and dependencies are those that were recorded."""
    study = Study(more=[Numbers(count=7)])
    study.get()

    shown = client.get(address(study)).json

    assert shown["root"] == "artifacts"
    assert shown["namespace"] == "dashboard_pipelines.Study"
    assert shown["class_name"] == "Study"
    assert shown["name"] == "a study"
    assert shown["directory"] == str(study.furu_dir)
    assert (shown["published"], shown["result_status"], shown["attempt_status"]) == (True, "success", "success")
    (attempt,) = shown["attempts"]
    assert attempt["number"] == 1
    assert attempt["duration_sec"] > 0
    assert attempt["resources"]["peak_memory_bytes"] > 0
    assert shown["provenance"]["config"]["more"][0]["count"] == 7
    assert shown["provenance"]["python"] == study.to_python()
    assert {(one["path"], one["furu_hash"]) for one in shown["dependencies"]} == {
        ("numbers", study.numbers.furu_hash),
        ("more.0", study.more[0].furu_hash),
    }
    assert shown["troubles"] == []


def test_a_failure_is_shown_with_its_traceback_and_every_attempt(client: Client) -> None:
    """The newest attempt is first and has the error; earlier ones have what the events tell."""
    for _ in range(3):
        with pytest.raises(RuntimeError):
            Broken().get()

    shown = client.get(address(Broken())).json

    assert (shown["result_status"], shown["attempt_status"]) == ("failed", "failed")
    assert [attempt["number"] for attempt in shown["attempts"]] == [3, 2, 1]
    assert shown["attempts"][0]["error"]["message"] == "the kettle is empty"
    assert "RuntimeError" in shown["attempts"][0]["error"]["traceback"]
    assert [attempt["status"] for attempt in shown["attempts"]] == ["failed"] * 3
    assert all(attempt["ended_at"] >= attempt["started_at"] for attempt in shown["attempts"])


@pytest.mark.parametrize("name", ["state.json", "metadata.json"])
@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'"x"', b"\xff\xfe", b'{"result": 5}', b"[" * 100_000])
def test_a_torn_record_is_told_and_hides_nothing_else(client: Client, name: str, content: bytes) -> None:
    """What the other records say is shown, and what is wrong with the torn one."""
    numbers = Numbers()
    numbers.get()
    (numbers.furu_dir / ".furu" / name).write_bytes(content)

    answer = client.get(address(numbers))

    assert answer.status == 200
    assert answer.json["result_status"] == "success"
    assert name == "state.json" or name in answer.json["troubles"][0]


def test_a_torn_state_of_an_unpublished_artifact_is_told(client: Client) -> None:
    """Where nothing else tells the state, the trouble is named and the rest is shown."""
    with pytest.raises(RuntimeError):
        Broken().get()
    (Broken().furu_dir / ".furu" / "state.json").write_bytes(b"{")

    shown = client.get(address(Broken())).json

    assert shown["result_status"] == "absent"
    assert "state.json" in shown["troubles"][0]
    assert shown["provenance"]["python"] == "Broken()"


def test_foreign_events_are_passed_over(client: Client) -> None:
    """Lines of ``events.jsonl`` that furu did not write change nothing."""
    numbers = Numbers()
    numbers.get()
    with (numbers.furu_dir / ".furu" / "events.jsonl").open("ab") as file:
        file.write(b'\n\xff\n[]\n{"attempt_id": 5}\n{"attempt_id": "x", "attempt": "dancing"}\n{')

    shown = client.get(address(numbers)).json

    assert [attempt["number"] for attempt in shown["attempts"]] == [1]


def test_an_attempt_without_an_end_crashed(client: Client) -> None:
    """An earlier attempt that only began was killed."""
    numbers = Numbers()
    numbers.get()
    events = numbers.furu_dir / ".furu" / "events.jsonl"
    began = {"at": "2026-01-01T00:00:00.000000Z", "attempt": "running", "attempt_id": "0" * 32, "host": "h", "pid": 7}
    events.write_text(json.dumps(began) + "\n" + events.read_text())

    shown = client.get(address(numbers)).json

    assert [(attempt["number"], attempt["status"]) for attempt in shown["attempts"]][1] == (1, "crashed")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/experiments/no.Such/0123456789abcdef0123", 404),
        ("/api/experiments/dashboard_pipelines.Numbers/short", 422),
        ("/api/experiments/dashboard_pipelines.Numbers/0123456789ABCDEF0123", 422),
        ("/api/experiments/dashboard..Numbers/0123456789abcdef0123", 422),
        ("/api/nothing", 404),
        ("/api/", 404),
        ("/api", 404),
    ],
)
def test_what_is_not_there_is_told_in_json(client: Client, path: str, status: int) -> None:
    """Below ``/api/`` every answer is JSON; wrong parameters are named."""
    answer = client.get(path)

    assert answer.status == status
    assert answer.json["detail"]
    assert bool(answer.json["errors"]) == (status == 422)


def test_a_directory_without_records_is_no_experiment(client: Client, furu_tmp_root: Path) -> None:
    """A foreign directory with the name of an artifact is not shown."""
    (furu_tmp_root / "data" / "some" / "Thing" / ("0" * 20)).mkdir(parents=True)

    assert client.get(f"/api/experiments/some.Thing/{'0' * 20}").status == 404


def test_health_names_version_and_roots(client: Client, furu_tmp_root: Path) -> None:
    """The roots are told, and whether they are there."""
    Numbers().get()

    shown = client.get("/api/health").json

    assert shown["status"] == "ok"
    assert [(root["kind"], root["path"], root["readable"]) for root in shown["roots"]] == [
        ("data", str(furu_tmp_root / "data"), True),
        ("artifacts", str(furu_tmp_root / "artifacts"), False),
    ]
