"""The query language: what a query means, and where a wrong one is wrong."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import furu
from furu.catalog.expression import EVERYTHING, Above, AllOf, AnyOf, Below, Contains, Is, Like, Not, Present, Where
from furu.catalog.fields import FIELDS
from furu.catalog.query import parse

NOW = 1_800_000_000.0
DAY = 86_400


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let local time be UTC."""
    import time

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", EVERYTHING),
        ("result=success", Where("result", Is("success"))),
        ("status = success", Where("result", Is("success"))),
        ("class=Train*", Where("class", Like("Train*"))),
        ('class="Train*"', Where("class", Is("Train*"))),
        ("error~CUDA", Where("error", Contains("CUDA"))),
        ("config.lr<0.01", Where("config.lr", Below(0.01, equal=False))),
        ("config.lr>=1e-3", Where("config.lr", Above(0.001, equal=True))),
        ("config.deps.0.n=5", Where("config.deps.0.n", Is(5))),
        ("config.amp=true", Where("config.amp", Is(True))),
        ('config.amp="true"', Where("config.amp", Is("true"))),
        ("config.seed=null", Where("config.seed", Is(None))),
        ("config.seed=missing", Not(Where("config.seed", Present()))),
        ("config.seed!=missing", Where("config.seed", Present())),
        ("config.seed!=3", AllOf((Where("config.seed", Present()), Not(Where("config.seed", Is(3)))))),
        ("config.big=99999999999999999999", Where("config.big", Is(1e20))),
        ("size>1.5GB", Where("size", Above(1.5e9, equal=False))),
        ("size<=2KiB", Where("size", Below(2048.0, equal=True))),
        ("duration>1h30m", Where("duration", Above(5400.0, equal=False))),
        ("duration=90", Where("duration", Is(90.0))),
        ("started>-2d", Where("started", Above(NOW - 2 * DAY, equal=False))),
        ("started>2026-01-31", Where("started", Above(1769904000.0, equal=True))),
        ("started<=2026-01-31", Where("started", Below(1769904000.0, equal=False))),
        ("started<2026-01-31T09:30", Where("started", Below(1769851800.0, equal=False))),
        ("started>=2026-01-31T09:30:00+02:00", Where("started", Above(1769844600.0, equal=True))),
        (
            "started=2026-12",
            AllOf(
                (Where("started", Above(1796083200.0, equal=True)), Where("started", Below(1798761600.0, equal=False)))
            ),
        ),
        ("pinned=yes", Where("pinned", Is(True))),
        ("result in (failed, incomplete)", AnyOf((Where("result", Is("failed")), Where("result", Is("incomplete"))))),
        ("not result=success", Not(Where("result", Is("success")))),
        ("NOT not result=success", Not(Not(Where("result", Is("success"))))),
        (
            "user=a host=b or user=c",
            AnyOf((AllOf((Where("user", Is("a")), Where("host", Is("b")))), Where("user", Is("c")))),
        ),
        (
            "user=a and (host=b or user=c)",
            AllOf((Where("user", Is("a")), AnyOf((Where("host", Is("b")), Where("user", Is("c")))))),
        ),
        ("tag=or tag='a \\'b'", AllOf((Where("tag", Is("or")), Where("tag", Is("a 'b"))))),
        ("Train-1a2b3c4d", AllOf((Where("class", Is("Train")), Where("hash", Like("1a2b3c4d*"))))),
        ('"config.a b"=1', Where("config.a b", Is(1))),
    ],
)
def test_a_query_means(text: str, meaning: object) -> None:
    """Fields, operators, typed values, dates and their combinations have one meaning each."""
    assert parse(text, now=NOW) == meaning


@pytest.mark.parametrize("text", ["train", "Train*", '"two words"'])
def test_a_word_alone_is_looked_for_in_what_names_an_artifact(text: str) -> None:
    """It is about class or namespace, name, tags and hash."""
    found = parse(text)

    assert isinstance(found, AnyOf)
    assert {one.field for one in found.parts if isinstance(one, Where)} >= {"namespace", "name", "tag", "hash"}


@pytest.mark.parametrize(
    ("text", "position", "told"),
    [
        ("resul=success", 0, "did you mean result?"),
        ("user=a lr<0.1", 7, "a field of the config is written config.lr"),
        ("confg.lr<0.1", 0, "did you mean config.lr?"),
        ("result=", 7, "a value is expected after ="),
        ("result==success", 6, "write one ="),
        ("result=success or", 17, "the query ends where a comparison is expected"),
        ("(result=success", 0, "this parenthesis is never closed"),
        ("result=success)", 14, "this closes nothing"),
        ("result in success", 10, "in wants a list of values"),
        ("result in (success", 10, "this list is never closed"),
        ('name="open', 5, "this quotation does not end"),
        ("size>big", 5, "such as 1.5GB or 200MiB"),
        ("duration<soon", 9, "such as 90, 5m or 1h30m"),
        ("started>sometime", 8, "such as 2026-01-31"),
        ("started>2026-02-30", 8, "is no time"),
        ("pinned=maybe", 7, "pinned is true or false"),
        ("size~1", 5, "~ looks into texts"),
        ("config.a<true", 9, "use = or !="),
        ("a ! b", 2, "not understood here"),
        ("(" * 200, 100, "nested too deeply"),
    ],
)
def test_an_error_points_at_the_place(text: str, position: int, told: str) -> None:
    """It says what is wrong, marks the place below the query, and what to write instead."""
    with pytest.raises(furu.FuruQueryError) as caught:
        parse(text)

    error = pickle.loads(pickle.dumps(caught.value))
    assert told in str(error)
    assert (error.query, error.position) == (text, position)
    line = str(error).splitlines()[2]
    assert line.index("^") == position + 2


def test_an_error_in_a_long_query_shows_its_line() -> None:
    """Of a query of several lines the one with the mistake is shown."""
    with pytest.raises(furu.FuruQueryError) as caught:
        parse("result=success\nuser==me\nhost=a")
    assert str(caught.value).splitlines()[1:3] == ["  user==me", "      ^^"]


def test_every_field_is_documented() -> None:
    """The table of docs/catalog.md has each field with its kind and the line that says what it is."""
    page = (Path(__file__).parents[4] / "docs" / "catalog.md").read_text()

    rows = [f"| `{field.name}` | {field.kind} | {field.doc} |" for field in FIELDS.values()]

    assert [row for row in rows if row not in page] == []
