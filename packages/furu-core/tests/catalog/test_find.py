"""``furu.find``: records, objects and tables of what a query is about."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sought import Dataset, Optimizer, Outer, Train, Versioned

import furu
from furu.catalog import labels

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("furu_tmp_root")


@pytest.fixture(autouse=True)
def _store(furu_tmp_root: Path) -> None:
    """Compute a few artifacts: three trainings, of which one fails, and what they need."""
    for lr in (0.1, 0.01, -1.0):
        with contextlib.suppress(ValueError):
            Train(optimizer=Optimizer(lr=lr), seed=None if lr == 0.1 else 7).get()
    Outer.Inner().get()
    Versioned().get()


def test_what_was_computed_is_found() -> None:
    """Every artifact is there, with what is known of it, right after it was computed."""
    assert len(furu.find()) == 6
    assert {one.class_name for one in furu.find("result=success")} == {"Train", "Dataset", "Inner", "Versioned"}

    (failed,) = furu.find("result=failed")

    failing = Train(optimizer=Optimizer(lr=-1.0), seed=7)
    assert failed.furu_hash == failing.furu_hash
    assert failed.directory == failing.furu_dir
    assert failed.namespace == "sought.Train"
    assert (failed.attempt, failed.error) == ("failed", "ValueError: lr is negative")
    assert failed.name == "adam -1.0"
    assert failed.started is not None
    assert abs((datetime.now(UTC) - failed.started).total_seconds()) < 600
    assert failed.size_bytes > 0
    assert failed.config["optimizer"] == {"$class": "sought.Optimizer", "name": "adam", "lr": -1.0}
    assert [(one.path, one.furu_hash) for one in failed.dependencies] == [("dataset", Dataset().furu_hash)]
    assert failed.object() == failing
    assert failed.get_state().result == "failed"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("config.optimizer.lr<0.05", 2),
        ("config.optimizer.lr>0", 2),
        ("config.seed=null", 1),
        ("config.seed!=null", 2),
        ("config.seed=missing", 3),
        ("config.optimizer=sought.Optim*", 3),
        ("config.layers.1=4", 3),
        ("class=Inner", 1),
        ("namespace=sought.Outer.Inner", 1),
        ("versioned=true", 1),
        ("size>10kB class=Dataset", 1),
        ("started>-1h", 6),
        ("started<-1h", 0),
        ("error~negative", 1),
        ("adam", 3),
        ("damaged=true", 0),
    ],
)
def test_queries_find(query: str, count: int) -> None:
    """Fields, config values of every depth, times and sizes."""
    assert len(furu.find(query)) == len(list(furu.find(query))) == count


def test_dependents_are_found() -> None:
    """What needs an artifact is a query as well."""
    assert len(furu.find(f"needs={Dataset().furu_hash}")) == 3


def test_labels_are_found() -> None:
    """A tag, a name or a pin is seen by the next query."""
    meta = str(Dataset().furu_dir / ".furu")
    labels.change(meta, lambda it: it.tagged("base").named("raw").pin())

    (one,) = furu.find("tag=base name=raw pinned=true")

    assert (one.tags, one.name, one.pinned) == (("base",), "raw", True)


def test_records_are_a_sequence() -> None:
    """They have a length, an order, positions and slices, each asked for when it is looked at."""
    found = furu.find("class=Train", sort="-config.optimizer.lr")

    assert [one.config["optimizer"]["lr"] for one in found] == [0.1, 0.01, -1.0]
    assert [one.config["optimizer"]["lr"] for one in found.sort("config.optimizer.lr")] == [-1.0, 0.01, 0.1]
    assert found[0].furu_hash == found[-3].furu_hash == found[:1][0].furu_hash
    assert [one.furu_hash for one in found[::-1]] == [one.furu_hash for one in reversed(list(found))]
    assert len(furu.find("class=Train", limit=2)) == 2
    assert repr(found) == "<furu.find('class=Train'): 3 records>"
    with pytest.raises(IndexError):
        found[3]
    with pytest.raises(furu.FuruQueryError, match="cannot be sorted"):
        found.sort("lr")


def test_what_lacks_the_field_to_sort_by_comes_last() -> None:
    """Sorting by a field of the config, up or down, in pages of any size, gives every record once."""
    for sort in ("config.n", "-config.n", "config.seed", "-config.seed", "duration", "-ended"):
        whole = [one.furu_hash for one in furu.find(sort=sort)]
        found = furu.find(sort=sort)
        assert sorted(whole) == sorted({one.furu_hash for one in furu.find()})
        for size in (1, 2, 4):
            pages = [found[start : start + size] for start in range(0, 8, size)]
            assert [one.furu_hash for page in pages for one in page] == whole
    assert furu.find(sort="config.n")[0].class_name == furu.find(sort="-config.n")[0].class_name == "Dataset"


def test_objects_are_furu_objects() -> None:
    """They equal those that were computed, so ``get`` loads."""
    objects = furu.find("class=Train result=success", sort="config.optimizer.lr").objects()

    assert objects == [Train(optimizer=Optimizer(lr=0.01), seed=7), Train(optimizer=Optimizer(lr=0.1))]
    assert [one.try_load() for one in objects] == [1, 1]


def test_a_class_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The records are there all the same."""
    monkeypatch.delattr("sought.Versioned")
    found = furu.find("class=Versioned")

    assert len(list(found)) == 1
    with pytest.raises(furu.FuruError, match=r"(?s)Versioned/[0-9a-f]{20}: .*sought"):
        found.objects()


def test_tables_have_config_fields_as_columns() -> None:
    """pandas and polars frames: one row for each record, nested fields under dotted names."""
    found = furu.find("class=Train", sort="config.optimizer.lr")

    pandas, polars = found.to_pandas(), found.to_polars()

    assert list(pandas["config.optimizer.lr"]) == polars["config.optimizer.lr"].to_list() == [-1.0, 0.01, 0.1]
    assert list(pandas["result"]) == ["failed", "success", "success"]
    assert polars["config.layers"].to_list() == [[3, 4]] * 3
    assert polars["config.dataset.n"].to_list() == [1, 1, 1]
    assert polars["started"].dtype.is_temporal()
    assert furu.find("class=Nothing").to_polars().is_empty()
    assert len(furu.find().to_polars()) == len(furu.find().to_pandas()) == 6


def test_a_table_names_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the library the error says what to install."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        furu.find().to_pandas()
    with pytest.raises(ImportError, match="pip install polars"):
        furu.find().to_polars()


def test_another_store_is_looked_at(tmp_path: Path) -> None:
    """``root`` names it; one that is not there holds nothing."""
    assert len(furu.find(root=tmp_path / "elsewhere")) == 0
    assert len(furu.find(root=furu.get_furu_root())) == 6


def test_a_wrong_query_is_told_at_once() -> None:
    """Before anything is looked at."""
    with pytest.raises(furu.FuruQueryError, match="did you mean result"):
        furu.find("reslt=success")


def test_importing_furu_imports_no_database() -> None:
    """SQLite is loaded by the first query."""
    code = "import furu, sys; assert 'sqlite3' not in sys.modules; furu.find; assert 'sqlite3' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
