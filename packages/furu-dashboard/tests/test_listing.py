"""Lists of experiments: filters, sorting, pages, facets, and how soon they show what changed."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from dashboard_pipelines import Broken, Numbers, Study

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Client


def soon(look: Callable[[], Any], wanted: Callable[[Any], bool] = bool, within_sec: float = 10.0) -> Any:
    """Return what a look gives once it is what is wanted."""
    end = time.monotonic() + within_sec
    while not wanted(found := look()):
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def listed(client: Client, **parameters: Any) -> Any:
    """Return a list as the API gives it."""
    answer = client.get(f"/api/experiments?{urlencode(parameters, doseq=True)}")
    assert answer.status == 200, answer.text
    return answer.json


@pytest.fixture
def filled(furu_tmp_root: object, client: Client) -> Client:
    """Give a client of a store of six experiments, once all of them are in the index."""
    Study(more=[Numbers(count=7)]).get()
    for count in (1, 2, 30):
        Numbers(count=count).get()
    Numbers(count=7).get()
    with pytest.raises(RuntimeError):
        Broken().get()
    soon(lambda: listed(client)["total"], lambda total: total == 7)
    return client


@pytest.mark.parametrize(
    ("parameters", "total"),
    [
        ({}, 7),
        ({"result_status": "success"}, 6),
        ({"result_status": "absent"}, 0),
        ({"attempt_status": "failed"}, 1),
        ({"namespace": "dashboard_pipelines"}, 7),
        ({"namespace": "dashboard_pipelines.Numbers"}, 5),
        ({"namespace": "dashboard_pipelines/Numbers"}, 5),
        ({"namespace": "dashboard"}, 0),
        ({"backend": "local"}, 7),
        ({"backend": "submitit"}, 0),
        ({"hostname": "nowhere"}, 0),
        ({"user": "nobody-of-that-name"}, 0),
        ({"started_after": "2020-01-01"}, 7),
        ({"started_before": "2020-01-01T00:00:00Z"}, 0),
        ({"config_filter": "count=30"}, 1),
        ({"config_filter": ["count>1", "count<30"]}, 3),
        ({"config_filter": "numbers.count=3"}, 1),
        ({"q": "class=Numbers config.count>=7"}, 2),
        ({"q": "kettle or error~kettle"}, 1),
        ({"q": "class=Numbers", "config_filter": "count=1", "result_status": "success"}, 1),
    ],
)
def test_filters_let_through_what_they_say(filled: Client, parameters: dict[str, Any], total: int) -> None:
    """Each documented filter works, and all that are given have to hold."""
    page = listed(filled, **parameters)

    assert page["total"] == total == len(page["items"])


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"result_status": "fine"}, "result_status"),
        ({"attempt_status": "fine"}, "attempt_status"),
        ({"backend": "abacus"}, "backend"),
        ({"started_after": "then"}, "started_after"),
        ({"config_filter": "lr"}, "config_filter"),
        ({"q": "result=(success"}, "q"),
        ({"sort": "tag"}, "sort"),
        ({"sort": "nothing"}, "sort"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"offset": -1}, "offset"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(filled: Client, parameters: dict[str, Any], parameter: str) -> None:
    """The answer says which parameter is wrong, in JSON."""
    answer = filled.get(f"/api/experiments?{urlencode(parameters)}")

    assert answer.status == 422
    assert [one["parameter"] for one in answer.json["errors"]] == [parameter]


def test_a_query_that_is_not_understood_points_at_the_place(filled: Client) -> None:
    """The position is that of the first character in the way; what was probably meant is suggested."""
    answer = filled.get("/api/experiments?" + urlencode({"q": "class=Numbers reslt=success"}))

    (wrong,) = answer.json["errors"]
    assert wrong["position"] == len("class=Numbers ")
    assert "result" in " ".join(wrong["suggestions"])


def test_lists_are_sorted_by_any_field(filled: Client) -> None:
    """By fields of artifacts and by fields of configs, both ways; what has no value comes last."""
    up = listed(filled, q="class=Numbers", sort="config.count", fields="count")
    down = listed(filled, sort="-config.count,class", fields="count")

    assert [item["values"]["count"] for item in up["items"]] == [1, 2, 3, 7, 30]
    assert [item["values"].get("count") for item in down["items"]] == [30, 7, 3, 2, 1, None, None]
    assert [item["class_name"] for item in down["items"]][-2:] == ["Broken", "Study"]


def test_pages_follow_each_other(filled: Client) -> None:
    """Each page names the next; the last one none; together they are the list."""
    whole = [item["furu_hash"] for item in listed(filled, sort="hash")["items"]]
    cursor, seen = None, []

    while True:
        page = listed(filled, sort="hash", limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [item["furu_hash"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == whole
    assert [item["furu_hash"] for item in listed(filled, sort="hash", limit=2, offset=4)["items"]] == whole[4:6]


def test_facets_count_what_there_is_to_choose_from(filled: Client) -> None:
    """Counts are those of what the filters let through; they come when asked for."""
    assert listed(filled)["facets"] == {}

    facets = listed(filled, q="class=Numbers", facets="true")["facets"]

    assert facets["class"] == [{"value": "Numbers", "count": 5}]
    assert facets["result"] == [{"value": "success", "count": 5}]


def test_a_summary_says_what_a_list_shows(filled: Client) -> None:
    """Failures with their error, names, values of the config that were asked for."""
    (broken,) = listed(filled, q="result=failed")["items"]
    (study,) = listed(filled, q="class=Study", fields=["numbers", "numbers.count", "more", "more.0.count", "no"])[
        "items"
    ]

    assert "the kettle is empty" in broken["error"]
    assert broken["failure"] == "error"
    assert (study["name"], study["root"]) == ("a study", "artifacts")
    assert study["values"] == {"numbers": "Numbers", "numbers.count": 3, "more": "[1]", "more.0.count": 7}


def test_what_changes_is_shown_within_two_seconds(filled: Client) -> None:
    """New artifacts appear, removed ones go, and a stream tells both, without a question being asked again."""
    with filled.stream("/api/events/stream") as events:
        _, first = next(events)
        began = time.monotonic()
        Numbers(count=99).get()
        _, second = next(events)
        assert time.monotonic() - began < 2.0
        assert second["version"] > first["version"]
        assert listed(filled, config_filter="count=99")["total"] == 1
        shutil.rmtree(Numbers(count=99).furu_dir)
        _, third = next(events)
        assert third["version"] > second["version"]
    assert listed(filled, config_filter="count=99")["total"] == 0


def test_relationships_go_both_ways(filled: Client) -> None:
    """What a config names, with the path; and who names it."""
    study, seven = Study(more=[Numbers(count=7)]), Numbers(count=7)

    below = filled.get(f"/api/experiments/dashboard_pipelines.Study/{study.furu_hash}/relationships").json
    above = filled.get(f"/api/experiments/dashboard_pipelines.Numbers/{seven.furu_hash}/relationships").json

    assert {(one["path"], one["furu_hash"], one["result_status"]) for one in below["dependencies"]} == {
        ("numbers", Numbers().furu_hash, "success"),
        ("more.0", seven.furu_hash, "success"),
    }
    assert [(one["path"], one["class_name"]) for one in above["dependents"]] == [("more.0", "Study")]
    assert (above["dependencies_total"], above["dependents_total"]) == (0, 1)


def test_a_dependency_that_is_gone_is_shown_as_such(filled: Client) -> None:
    """It keeps its name; it has no state."""
    study = Study(more=[Numbers(count=7)])
    shutil.rmtree(Numbers(count=7).furu_dir)
    soon(lambda: listed(filled)["total"], lambda total: total == 6)

    shown = filled.get(f"/api/experiments/dashboard_pipelines.Study/{study.furu_hash}/relationships").json

    (gone,) = [one for one in shown["dependencies"] if one["path"] == "more.0"]
    assert (gone["class_name"], gone["result_status"]) == ("Numbers", None)


def test_fields_are_told_for_completion(filled: Client) -> None:
    """Those of every artifact, and the paths of configs."""
    shown = filled.get("/api/fields").json

    assert {"result", "started", "duration"} <= {field["name"] for field in shown["fields"]}
    assert {"count", "numbers.count", "more.0.count"} <= set(shown["config_paths"])


def test_damaged_artifacts_are_listed_with_their_trouble(filled: Client) -> None:
    """One bad directory never breaks a list, and foreign ones are told with the reason."""
    broken = Broken().furu_dir / ".furu"
    (broken / "state.json").write_bytes(b"{")
    (broken / "metadata.json").write_bytes(b"\xff")

    (found,) = soon(lambda: listed(filled, q="damaged=true")["items"])

    assert found["class_name"] == "Broken"
    assert found["trouble"]
    assert listed(filled)["total"] == 7


def test_counts_are_those_of_the_store_as_it_is(filled: Client) -> None:
    """What is remembered between questions is forgotten when the store changes."""
    before = listed(filled, q="class=Numbers", facets="true")
    assert listed(filled, q="class=Numbers", facets="true") == before

    Numbers(count=55).get()

    after = soon(lambda: listed(filled, q="class=Numbers", facets="true"), lambda page: page["total"] == 6)
    assert after["facets"]["class"] == [{"value": "Numbers", "count": 6}]
