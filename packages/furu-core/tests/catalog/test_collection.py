"""What a collection takes, what it leaves and why; what an invalidation reaches."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sought import Dataset, Train

import furu
from furu.catalog import collection, invalidation
from furu.catalog.catalog import Catalog
from furu.catalog.matching import matches
from furu.catalog.query import parse
from furu.catalog.row import Need, Row
from furu.storage import lease, store

if TYPE_CHECKING:
    from pathlib import Path


def row(key: str, *needs: str, **facts: object) -> Row:
    """Return an artifact that needs others."""
    named = tuple([Need("x", "data", "m.A", one) for one in needs])
    made = Row(root="data", namespace="m.A", hash=key, result="success", needs=named, size=10, files=2, duration=3.0)
    return dataclasses.replace(made, **facts)  # type: ignore[arg-type]


def needed_by(rows: list[Row]) -> dict[str, set[str]]:
    """Return who names whom."""
    found: dict[str, set[str]] = {}
    for one in rows:
        for need in one.needs:
            found.setdefault(need.furu_hash, set()).add(one.hash)
    return found


def test_what_is_in_use_pinned_or_needed_stays() -> None:
    """Each with its reason; pinned and needed ones go when told."""
    rows = [
        row("running", result="incomplete", attempt="running"),
        row("queued", result="incomplete", attempt="queued"),
        row("pinned", pinned=True),
        row("needed"),
        row("other", "needed"),
        row("free"),
    ]
    asked = [one for one in rows if one.hash != "other"]

    choice = collection.choose(asked, needed_by(rows))
    told = collection.choose(asked, needed_by(rows), pinned=True, needed=True)

    assert [one.hash for one in choice.going] == ["free"]
    assert {one.hash: why for one, why in choice.kept} == {
        "running": "it is running",
        "queued": "it is queued",
        "pinned": "it is pinned",
        "needed": "others depend on it",
    }
    assert [one.hash for one in told.going] == ["pinned", "needed", "free"]
    assert (told.size, told.files, told.took_sec) == (30, 6, 9.0)


def test_a_chain_goes_as_a_whole_or_stays() -> None:
    """What only those need that go as well may go; one that stays keeps everything below it."""
    rows = [row("a"), row("b", "a"), row("c", "b"), row("top", "c", pinned=True)]

    assert collection.choose(rows[:3], needed_by(rows[:3])).reasons == {}
    assert collection.choose(rows, needed_by(rows)).reasons == {"it is pinned": 1, "others depend on it": 3}


@given(st.data())
def test_nothing_that_stays_loses_what_it_depends_on(data: st.DataObject) -> None:
    """Whatever the graph and whatever is asked for, unless told."""
    count = data.draw(st.integers(1, 8))
    rows = [
        row(str(n), *(str(m) for m in range(n) if data.draw(st.booleans())), pinned=data.draw(st.booleans()))
        for n in range(count)
    ]
    asked = [one for one in rows if data.draw(st.booleans())]

    choice = collection.choose(asked, needed_by(rows))

    going = {one.hash for one in choice.going}
    for one in rows:
        if one.hash not in going:
            assert not {need.furu_hash for need in one.needs} & going
    assert len(choice.going) + len(choice.kept) == len(asked)


@pytest.mark.parametrize(
    ("one", "failed"),
    [
        (row("a", result="failed", attempt="failed"), True),
        (row("a", result="incomplete", attempt="crashed"), True),
        (row("a", result="incomplete", attempt="running"), False),
        (row("a", result="incomplete", attempt="queued"), False),
        (row("a", result="success", attempt="crashed"), False),
    ],
)
def test_failed_is_what_ended_without_a_result(one: Row, failed: bool) -> None:
    """Not what runs, nor what has a result of an earlier attempt."""
    assert matches(collection.FAILED, one.values()) is failed


def test_rules_add_up() -> None:
    """All of query, age, size and failure have to hold."""
    meaning = collection.wanted(parse("class=A"), failed=True, older_than=100.0, larger_than=5.0)
    old = row("a", result="failed", updated=50.0)

    assert matches(meaning, old.values())
    for change in ({"updated": 150.0}, {"size": 5}, {"result": "success"}, {"namespace": "m.B"}):
        assert not matches(meaning, dataclasses.replace(old, **change).values())


def test_what_is_invalidated_is_computed_again(furu_tmp_root: Path) -> None:
    """The result no longer counts, its files are still there, and the state says that there is nothing."""
    Train().get()
    artifact = store.artifact(Dataset().furu_ref)

    invalidation.invalidate(artifact)

    assert not Dataset().exists()
    assert (Dataset().get_state().result, Dataset().get_state().attempt) == ("absent", None)
    assert (Dataset().furu_dir / "rows.bin").exists()
    assert Train().exists()
    assert lease.look(artifact.meta_dir) is None
    assert Dataset().get() == 1
    assert Dataset().get_state().result == "success"


def test_what_is_being_computed_is_not_invalidated(furu_tmp_root: Path) -> None:
    """The error says who is at work, and the result still counts."""
    Dataset().get()
    artifact = store.artifact(Dataset().furu_ref)
    held = artifact.claim("somebody")
    assert held is not None

    with pytest.raises(furu.FuruError, match=r"is in use, held by pid \d+"):
        invalidation.invalidate(artifact)

    held.release()
    assert Dataset().exists()


def test_downstream_is_everything_that_depends_on_it(furu_tmp_root: Path) -> None:
    """Through all steps, each artifact once."""
    Train().get()
    Train(seed=1).get()
    catalog = Catalog.of()
    dataset = catalog.get("data", "sought.Dataset", Dataset().furu_hash)
    assert dataset is not None

    found = invalidation.downstream([dataset, dataset], catalog.needing)

    assert {one.hash for one in found} == {Dataset().furu_hash, Train().furu_hash, Train(seed=1).furu_hash}
    assert len(found) == 3
