"""What the changes of a class make of the configs it had before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import furu
from furu.errors import FuruError
from furu.identity import changes
from furu.identity.upgrade import Rules, upgraded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Version = Callable[[str], Any]


def changed(
    listed: Sequence[changes.Change],
    fields: dict[str, Any],
    *,
    today: str,
    recorded: Sequence[changes.Change] = (),
    free: str = "",
) -> dict[str, Any]:
    """Return the fields after the changes of a class with the fields ``today``, ``free`` of them not needed."""
    known = set(today.split())
    after, _ = changes.applied(
        listed, fields, known=known, needed=known - set(free.split()), recorded=[str(one) for one in recorded]
    )
    return after


def test_each_change_does_what_it_says() -> None:
    """Renamed, Added, Removed, Retyped and Rewrite change the fields; MovedFrom does not."""
    assert changed([furu.Renamed("a", "b")], {"a": 1, "c": 2}, today="b c") == {"b": 1, "c": 2}
    assert changed([furu.Added("b", value=2)], {"a": 1}, today="a b") == {"a": 1, "b": 2}
    assert changed([furu.Removed("b")], {"a": 1, "b": 2}, today="a") == {"a": 1}
    assert changed([furu.Retyped("a", int)], {"a": "7"}, today="a") == {"a": 7}
    assert changed([furu.MovedFrom("m.A")], {"a": 1}, today="a") == {"a": 1}
    assert changed([furu.Rewrite(lambda f: {"b": f["a"] * 2})], {"a": 1}, today="b") == {"b": 2}


def test_changes_are_made_in_their_order() -> None:
    """A later change sees what an earlier one has made."""
    listed: list[changes.Change] = [
        furu.Renamed("a", "b"),
        furu.Retyped("b", float),
        furu.Renamed("b", "c"),
        furu.Added("d", value=0),
    ]

    assert changed(listed, {"a": 1}, today="c d") == {"c": 1.0, "d": 0}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"a": 1}, {"c": 1, "x": 0}),
        ({"b": 2}, {"c": 2, "x": 0}),
        ({"c": 3}, {"c": 3, "x": 0}),
        ({"c": 4, "x": 5}, {"c": 4, "x": 5}),
    ],
)
def test_a_config_of_any_time_is_brought_up_to_date(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    """The names of a config's fields tell which changes it has behind it."""
    listed: list[changes.Change] = [furu.Renamed("a", "b"), furu.Renamed("b", "c"), furu.Added("x", value=0)]

    assert changed(listed, fields, today="c x") == expected


def test_a_name_that_is_used_again_keeps_its_value() -> None:
    """A field that was removed and came back: whoever has it keeps it, unless the record says that it is the first one."""
    listed: list[changes.Change] = [furu.Removed("x"), furu.Added("x", value=5), furu.Renamed("lr", "rate")]

    assert changed(listed, {"lr": 1, "x": 7}, today="rate x") == {"rate": 1, "x": 7}
    assert changed(listed, {"rate": 1, "x": 7}, today="rate x") == {"rate": 1, "x": 7}
    assert changed(listed, {"lr": 1}, today="rate x") == {"rate": 1, "x": 5}
    assert changed(listed, {"lr": 1, "x": 7}, today="rate x", recorded=listed[:2]) == {"rate": 1, "x": 7}


def test_what_a_record_has_behind_it_is_not_done_again() -> None:
    """Changes that the class had listed when a config was written are not applied to it; the others are."""
    listed: list[changes.Change] = [furu.Rewrite(double), furu.Rewrite(negated)]

    assert changed(listed, {"a": 1}, today="a") == {"a": -2}
    assert changed(listed, {"a": 1}, today="a", recorded=listed[:1]) == {"a": -1}
    assert changed(listed, {"a": 1}, today="a", recorded=listed) == {"a": 1}


def double(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with ``a`` doubled."""
    return {**fields, "a": fields["a"] * 2}


def negated(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with ``a`` negated."""
    return {**fields, "a": -fields["a"]}


def test_retyped_leaves_none_and_what_fits() -> None:
    """None stays None, and a value of the new type stays itself."""
    assert changed([furu.Retyped("a", int)], {"a": None}, today="a") == {"a": None}
    assert changed([furu.Retyped("a", int)], {"a": 3}, today="a") == {"a": 3}
    assert changed([furu.Retyped("a", int)], {"a": True}, today="a") == {"a": 1}
    for value, kind in ((1.5, int), (2, bool)):
        with pytest.raises(FuruError, match="another number"):
            changed([furu.Retyped("a", kind)], {"a": value}, today="a")
    with pytest.raises(TypeError, match=r"furu\.Rewrite"):
        furu.Retyped("a", lambda value: value)  # type: ignore[arg-type]


def test_migrations_hold_changes_only(version: Version) -> None:
    """A list that mixes changes with something else is refused; an attribute of that name that holds none is the user's."""
    theirs = version("""
        class Table(furu.Furu[int]):
            migrations = ["0001_initial"]
            n: int = 1

            def _create(self):
                return 1
    """)
    assert theirs.Table().furu_hash
    with pytest.raises(TypeError, match="0001_initial"):
        version("""
            class Table(furu.Furu[int]):
                migrations = [furu.Removed("x"), "0001_initial"]
        """)


NESTED = """
    import dataclasses
    from furu import chz

    @chz.chz
    class Part:
        migrations = [furu.Renamed("s", "size")]
        size: int = 1

    @dataclasses.dataclass
    class Plain:
        migrations = [furu.Added("unit", value="cm")]
        length: int
        unit: str = "m"

    class Base(furu.Furu[int]):
        migrations = [furu.Renamed("n", "rows")]
        rows: int = 1

        def _create(self):
            return self.rows

    class Leaf(Base):
        migrations = [furu.Removed("junk")]
        parts: list[Part] = furu.field(default_factory=list)
        plain: Plain | None = None

    class Root(furu.Furu[int]):
        leaves: dict[str, Leaf]

        def _create(self):
            return 1
"""


def test_nested_configs_are_upgraded_wherever_they_are(version: Version) -> None:
    """Furu objects, chz objects and dataclasses in lists and dicts, and what a class inherits, follow their own changes."""
    shop = version(NESTED)
    part = {"$class": "shop.Part", "s": 3}
    plain = {"$class": "shop.Plain", "length": 4}
    leaf = {"$class": "shop.Leaf", "n": 2, "junk": 1, "parts": [part, part], "plain": plain}
    data = {"$class": "shop.Root", "leaves": {"a": {"$ref": "1"}, "b": {"$ref": "1"}}, "$objects": {"1": leaf}}

    found = upgraded(data, Rules())

    expected = shop.Leaf(rows=2, parts=[shop.Part(size=3)] * 2, plain=shop.Plain(4, "cm"))
    assert found.obj == shop.Root(leaves={"a": expected, "b": expected})
    assert found.obj.leaves["a"] is found.obj.leaves["b"]
    assert set(found.steps) == {
        "Part: Renamed('s', 'size')",
        "Plain: Added('unit')",
        "Leaf: Renamed('n', 'rows')",
        "Leaf: Removed('junk')",
    }


def test_changes_are_recorded_with_a_config(version: Version) -> None:
    """``to_dict`` names the changes its class lists, nested ones too, and reading passes over them."""
    shop = version(NESTED)
    leaf = shop.Leaf(rows=2, parts=[shop.Part(size=3)])

    described = leaf.to_dict()

    assert described["$changes"] == ["Renamed('n', 'rows')", "Removed('junk')"]
    assert described["parts"][0]["$changes"] == ["Renamed('s', 'size')"]
    assert shop.Leaf.from_dict(described) == leaf


def test_what_no_change_explains_is_refused(version: Version) -> None:
    """A field that is gone, one that is new, and a class that is gone are named; nothing is guessed."""
    shop = version(NESTED)

    for data, told in (
        ({"$class": "shop.Base", "rows": 1, "odd": 2}, "odd"),
        ({"$class": "shop.Leaf", "rows": 1, "plain": None}, "parts"),
        ({"$class": "shop.Gone", "rows": 1}, "shop.Gone"),
    ):
        with pytest.raises(FuruError, match=told):
            upgraded(data, Rules())
    assert upgraded({"$class": "shop.Leaf", "rows": 1, "plain": None}, Rules(defaults=True)).obj == shop.Leaf(rows=1)


def test_a_pinned_field_has_its_pinned_value(version: Version) -> None:
    """A config without a field that has a ``hash_default`` means that value, whatever the default is by now."""
    shop = version("""
        class Model(furu.Furu[int]):
            layers: int = furu.field(default=12, hash_default=8)
            device: str = furu.field(default="cpu", skip_hash=True)

            def _create(self):
                return 1
    """)

    assert upgraded({"$class": "shop.Model"}, Rules()).obj == shop.Model(layers=8)


def test_a_class_that_was_moved_is_found(version: Version) -> None:
    """Former names lead to the class of today, and so do those of classes inside it; a name in use is never taken."""
    shop = version("""
        class Outer(furu.Furu[int]):
            migrations = [furu.MovedFrom("old.place.Thing"), furu.MovedFrom("shop.Taken")]
            n: int = 1

            def _create(self):
                return 1

            class Inner(furu.Furu[int]):
                def _create(self):
                    return 1

        class Taken(furu.Furu[int]):
            n: int = 1

            def _create(self):
                return 1
    """)

    assert upgraded({"$class": "old.place.Thing", "n": 2}, Rules()).obj == shop.Outer(n=2)
    assert upgraded({"$class": "old.place.Thing.Inner"}, Rules()).obj == shop.Outer.Inner()
    assert upgraded({"$class": "shop.Taken", "n": 2}, Rules()).obj == shop.Taken(n=2)


def test_a_rewrite_that_fails_says_so(version: Version) -> None:
    """What a user's function raises is told with the class and the change."""
    version("""
        class Model(furu.Furu[int]):
            migrations = [furu.Rewrite(lambda fields: fields["nope"])]
            n: int = 1

            def _create(self):
                return 1
    """)

    with pytest.raises(FuruError, match="a change of Model fails: KeyError"):
        upgraded({"$class": "shop.Model", "n": 1}, Rules())
