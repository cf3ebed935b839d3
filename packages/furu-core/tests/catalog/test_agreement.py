"""The index and a straight evaluation of a query agree on every artifact, whatever the query and the configs."""

from __future__ import annotations

import math
import tempfile
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from furu.catalog import index, sql
from furu.catalog.expression import Above, AllOf, AnyOf, Below, Contains, Is, Like, Not, Present, Where
from furu.catalog.matching import matches
from furu.catalog.row import Need, Row

NAMES = st.sampled_from(["a", "b", "a.b", "0", "A", "é"])
TEXTS = st.one_of(st.sampled_from(["a", "A", "ab", "a*", "[a]", "1", "true", "é", "É", ""]), st.text(max_size=4))
NUMBERS = st.one_of(
    st.sampled_from([0, 1, 1.0, -1, 2**53, 2**53 + 1, float(2**53), 2**63, 2**70, 0.1, 1e308]),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)
PLAIN = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    PLAIN | st.sampled_from([math.inf, math.nan, -math.inf]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
CONFIGS = st.dictionaries(NAMES, VALUES, max_size=4)
ROWS = st.builds(
    Row,
    root=st.sampled_from(["data", "artifacts"]),
    namespace=st.sampled_from(["m.Train", "m.sub.Data", "n.Train.Inner"]),
    hash=st.text("0123456789abcdef", min_size=20, max_size=20),
    result=st.sampled_from(["success", "failed"]),
    attempt=st.none() | st.sampled_from(["running", "failed"]),
    name=st.none() | TEXTS.map(lambda text: text.replace("\0", "").encode(errors="replace").decode()),
    started=st.none() | st.floats(0, 10),
    duration=st.none() | st.floats(0, 10),
    size=st.integers(0, 5),
    pinned=st.booleans(),
    tags=st.lists(st.sampled_from(["x", "y", "xy"]), max_size=2, unique=True).map(lambda tags: tuple(sorted(tags))),
    needs=st.lists(st.builds(Need, path=NAMES, root=st.just("data"), namespace=st.just("m.D"), furu_hash=st.sampled_from(["aa", "ab"])), max_size=2, unique_by=lambda need: (need.path, need.furu_hash)).map(tuple),
    original=st.none() | st.just("m.Train/0"),
    trouble=st.none() | st.just("torn"),
    config=CONFIGS,
)  # fmt: skip

CLEAN = TEXTS.map(lambda text: text.replace("\0", "").encode(errors="replace").decode())
LITERALS = st.one_of(
    st.none(),
    st.booleans(),
    st.one_of(st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False)),
    CLEAN,
)
BOUNDS = LITERALS.filter(lambda value: value is not None and not isinstance(value, bool))
PREDICATES = st.one_of(
    st.just(Present()),
    st.builds(Is, LITERALS),
    st.builds(Like, st.text("ab*?[]^é", max_size=4)),
    st.builds(Contains, CLEAN),
    st.builds(Above, BOUNDS, st.booleans()),
    st.builds(Below, BOUNDS, st.booleans()),
)
CONFIG_FIELDS = st.lists(NAMES, min_size=1, max_size=2).map(lambda names: ".".join(["config", *names]))


def column(name: str) -> st.SearchStrategy[Where]:
    """Return tests of a field with predicates of its kind, as the parser makes them."""
    small = st.floats(0, 10)
    of_kind: dict[str, st.SearchStrategy[Any]] = {
        "text": st.one_of(st.builds(Is, CLEAN), st.builds(Like, st.text("abm.T*?", max_size=4)), st.builds(Contains, CLEAN), st.builds(Above, CLEAN, st.booleans()), st.builds(Below, CLEAN, st.booleans())),
        "number": st.one_of(st.builds(Is, small), st.builds(Above, small, st.booleans()), st.builds(Below, small, st.booleans())),
        "flag": st.builds(Is, st.booleans()),
    }  # fmt: skip
    kind = {"started": "number", "size": "number", "pinned": "flag", "alias": "flag", "versioned": "flag"}
    return st.builds(Where, st.just(name), st.just(Present()) | of_kind[kind.get(name, "text")])


TESTS = st.one_of(
    st.builds(Where, CONFIG_FIELDS, PREDICATES),
    st.sampled_from(
        ["class", "namespace", "name", "attempt", "tag", "needs", "started", "size", "pinned", "alias"]
    ).flatmap(column),
)
EXPRESSIONS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(
    rows=st.lists(ROWS, min_size=1, max_size=6, unique_by=lambda row: row.hash),
    expressions=st.lists(EXPRESSIONS, min_size=1, max_size=8),
)
def test_the_index_finds_what_the_definition_says(rows: list[Row], expressions: list[Any]) -> None:
    """A row is found exactly where the expression holds for it; rows come back as they were put."""
    with tempfile.TemporaryDirectory() as directory:
        tables = index.Index(f"{directory}/index.sqlite3")
        with tables.writing() as connection:
            tables.put(connection, [(row, 0) for row in rows])
        connection = tables.connection()
        for expression in expressions:
            where = sql.condition(expression)
            text = f"SELECT a.id FROM artifacts a WHERE {where.sql}"
            found = {row.hash for row in tables.rows(number for (number,) in connection.execute(text, where.values))}
            assert found == {row.hash for row in rows if matches(expression, row.values())}, expression
            assert connection.execute(
                f"SELECT count(*) FROM artifacts a WHERE ({where.sql}) IS NULL", where.values
            ).fetchone() == (0,)
        connection.close()


@settings(max_examples=30, deadline=None)
@given(before=ROWS, after=CONFIGS, tags=st.sets(st.sampled_from(["x", "z"])))
def test_a_row_replaces_the_one_before(before: Row, after: dict[str, Any], tags: set[str]) -> None:
    """Nothing of the old config, tags or dependencies is found any more, and removal leaves nothing."""
    import dataclasses

    with tempfile.TemporaryDirectory() as directory:
        tables = index.Index(f"{directory}/index.sqlite3")
        row = dataclasses.replace(before, config=after, tags=tuple(sorted(tags)), needs=())
        with tables.writing() as connection:
            tables.put(connection, [(before, 0)])
            tables.put(connection, [(row, 1)])
        fresh = index.Index(f"{directory}/fresh.sqlite3")
        with fresh.writing() as other:
            fresh.put(other, [(row, 1)])
        leaves = "SELECT p.path, kind, value FROM leaves l JOIN paths p ON p.id = l.path ORDER BY 1, 2, 3"
        for query in (leaves, "SELECT tag FROM tags ORDER BY tag", "SELECT hash FROM needs"):
            assert connection.execute(query).fetchall() == other.execute(query).fetchall()
        with tables.writing() as connection:
            tables.remove(connection, [1])
        for table in ("artifacts", "details", "leaves", "tags", "needs"):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        connection.close()
        other.close()
