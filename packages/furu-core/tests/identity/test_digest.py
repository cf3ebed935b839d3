"""Keys: stable, discriminating, forgiving, and linear in the graph of objects."""

import collections
import dataclasses
import datetime
import math
import pathlib
import tempfile
import threading
from decimal import Decimal
from typing import Any

import chz
import furu_golden
import numpy as np
import pytest
import values
from furu_golden import Added, Child, Dependent, Floats, Node, Pair, Settings, Skipping, Train, Value
from hypothesis import given

import furu
from furu.errors import FuruCycleError, FuruIdentityError
from furu.identity.serializer import FuruSerializer
from furu_testing import furu_test_env


def key(value: Any) -> str:
    return Value(x=value).furu_hash


# What is the same


@values.unhurried
@given(values.VALUES)
def test_same_values_have_the_same_key(value):
    """An object that was made anew from the same values has the same key."""
    assert Value(x=value).furu_hash == Value(x=value).furu_hash


@values.unhurried
@given(values.LEAVES, values.LEAVES)
def test_different_values_have_different_keys(a, b):
    """Two values have one key only when they are of one type and look the same."""
    assert (key(a) == key(b)) == (look(a) == look(b))


@values.unhurried
@given(values.VALUES, values.VALUES)
def test_containers_tell_their_contents_apart(a, b):
    """A value's key decides the key of what holds it, in every kind of container."""
    equal = key(a) == key(b)
    for hold in (
        lambda x: [x],
        lambda x: {"k": x},
        lambda x: Settings(model=x),
        lambda x: furu_golden.Slotted(inner=x),
    ):
        assert (key(hold(a)) == key(hold(b))) == equal
    assert len({key(hold) for hold in (a, [a], [[a]], {"k": a}, {1: a}, Settings(model=a), Value(x=a))}) == 7


def look(value):
    """Return what a leaf is by type and text."""
    if isinstance(value, datetime.datetime):
        moment = value.astimezone(datetime.UTC) if value.tzinfo else value.replace(fold=0)
        return "datetime", repr(moment)
    return type(value).__name__, str(value.cents) if isinstance(value, furu_golden.Money) else repr(value)


def test_key_is_twenty_hex_characters():
    """A key is 20 lower-case hex characters."""
    assert len(Train().furu_hash) == 20
    assert set(Train().furu_hash) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([1, 2], (1, 2)),
        ({1, 2}, frozenset({2, 1})),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: "a", 2: "b"}, {2: "b", 1: "a"}),
        (math.nan, float("-nan")),
        (pathlib.Path("a/b"), pathlib.PurePosixPath("a/b")),
        (
            datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.UTC),
            datetime.datetime(2024, 1, 1, 14, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
        ),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.str_("a"), "a"),
        (np.asfortranarray(np.eye(3)), np.eye(3)),
        (np.arange(10)[::2], np.array([0, 2, 4, 6, 8])),
        (np.arange(3, dtype=">i4"), np.arange(3, dtype="<i4")),
        (Settings(where="x"), Settings(where="y")),
    ],
)
def test_equal_by_rule(a, b):
    """What means the same in a config has the same key."""
    assert key(a) == key(b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (1, True),
        (1, 1.0),
        (0.0, -0.0),
        (0, False),
        (0, None),
        (1, "1"),
        ("", None),
        ([], {}),
        ([], set()),
        ([[1], 2], [1, [2]]),
        ({1: 2}, {"1": 2}),
        ({1: 2}, {True: 2}),
        ({"$set": [1]}, {1}),
        ({"$path": "a"}, pathlib.Path("a")),
        (pathlib.Path("a"), "a"),
        (b"a", "a"),
        (b"a", bytearray(b"a")),
        (furu_golden.Level.HIGH, 2),
        (furu_golden.Word.A, "a"),
        (furu_golden.Celsius(1.5), 1.5),
        (furu_golden.Tuned(a=1), {"a": 1}),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
        (collections.OrderedDict(a=1), {"a": 1}),
        (collections.defaultdict(list), collections.defaultdict(set)),
        (furu_golden.Point(1, 2), (1, 2)),
        (Decimal(1), 1),
        (Decimal("1.0"), Decimal("1.00")),
        (datetime.date(2024, 1, 1), datetime.datetime(2024, 1, 1)),  # noqa: DTZ001
        (datetime.datetime(2024, 1, 1), datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)),  # noqa: DTZ001
        (np.zeros(4), np.zeros((2, 2))),
        (np.zeros(4), np.zeros(4, dtype="f4")),
        (np.zeros(4), [0.0] * 4),
        (np.datetime64(1, "s"), np.datetime64(1, "ms")),
        (Settings(depth=1), Settings(depth=2)),
        (furu_golden.Model(a=1), furu_golden.Model(a=2)),
        (Train, Child),
        (Train(), Train(steps=1)),
        (10**30, 1e30),
        ("\U0001f600", "\ud83d\ude00"),
    ],
)
def test_different_by_rule(a, b):
    """What differs in type or content has another key, also where Python's ``==`` is lenient."""
    assert key(a) != key(b)


# Fields


def test_int_counts_as_the_float_its_field_declares():
    """``lr=1`` is ``lr=1.0``, through unions, lists, dicts and tuples; a bool and an inexact int stay what they are."""
    ints = Floats(one=1, maybe=1, many=[1], named={"a": 1}, pair=(1, 2), fixed=(1, 2), noted=1)
    floats = Floats(one=1.0, maybe=1.0, many=[1.0], named={"a": 1.0}, pair=(1.0, 2.0), fixed=(1, 2.0), noted=1.0)
    assert ints.furu_hash == floats.furu_hash
    assert Floats(one=np.int64(1)).furu_hash == Floats(one=1.0).furu_hash
    assert Floats(one=True).furu_hash != Floats(one=1.0).furu_hash
    assert Floats(one=2**53 + 1).furu_hash != Floats(one=float(2**53)).furu_hash
    assert Floats(one=10**400).furu_hash
    assert Floats(either=1).furu_hash != Floats(either=1.0).furu_hash
    assert Floats(fixed=(1, 1)).furu_hash != Floats(fixed=(1.0, 1)).furu_hash
    assert key(furu_golden.Point(1)) == key(furu_golden.Point(1.0))
    assert key(furu_golden.Data(1, [1])) == key(furu_golden.Data(1, [1.0]))


class OnlyForCheckers(furu.Furu[int]):
    rate: "float | Unknown" = 0.0  # noqa: F821
    rates: "dict[str, unknown.Thing | float]" = chz.field(default_factory=dict)  # noqa: F821


def test_annotation_may_name_what_only_type_checkers_know():
    """A name that does not exist at run time does not hide the float beside it."""
    assert OnlyForCheckers(rate=1).furu_hash == OnlyForCheckers(rate=1.0).furu_hash
    assert OnlyForCheckers(rates={"a": 1}).furu_hash == OnlyForCheckers(rates={"a": 1.0}).furu_hash


def test_skipped_and_private_fields_do_not_count():
    """``skip_hash`` and ``_private`` fields, and the Furu objects in private ones, leave the key alone."""
    assert Skipping().furu_hash == Skipping(device="cuda", _cache=Train()).furu_hash
    assert Skipping().furu_hash == Skipping(device=threading.Lock()).furu_hash
    assert Skipping().furu_hash != Skipping(x=2).furu_hash
    assert Skipping() != Skipping(device="cuda")
    assert Skipping(_cache=np.eye(2)) == Skipping(_cache=np.eye(2))


def test_hash_default_keeps_old_keys():
    """A field leaves the key while it equals its pinned value, whatever its default is."""

    def keys(names: dict[str, Any]) -> str:
        cls = chz.chz(
            type("Grown", (), {"__module__": __name__, "__annotations__": {"x": int, **names}, "x": 1, **names})
        )
        return Value(x=cls()).furu_hash

    before = keys({})
    assert keys({"width": furu.field(default=8, hash_default=8)}) == before
    assert keys({"width": furu.field(default=9, hash_default=8)}) != before
    assert keys({"width": furu.field(default=8)}) != before
    assert keys({"width": furu.field(default_factory=list, hash_default=[])}) == before
    assert keys({"base": furu.field(default=Train(), hash_default=Train())}) == before
    assert Added(rate=1.0).furu_hash == Added(rate=1).furu_hash


class BadDefault(furu.Furu[int]):
    x: Any = furu.field(default=None, hash_default=object())


def test_hash_default_that_has_no_form_is_named():
    """A pinned value that cannot be hashed is an error that names the field."""
    with pytest.raises(FuruIdentityError, match=r"hash_default of field x: a value of type builtins\.object"):
        _ = BadDefault().furu_hash


def test_nothing_is_left_in_plain_objects():
    """Hashing leaves no trace in a chz object, which may be pickled and read by later code."""
    settings = Settings()
    before = dict(vars(settings))
    assert key(settings) == key(settings)
    assert vars(settings) == before


def test_field_refuses_options_that_contradict_each_other():
    """``skip_hash`` and ``hash_default`` exclude each other."""
    with pytest.raises(TypeError, match="not both"):
        furu.field(default=1, skip_hash=True, hash_default=1)


def test_field_keeps_the_users_metadata():
    """Metadata of the user's own stays beside ours."""

    class Labelled(furu.Furu[int]):
        x: int = furu.field(default=1, metadata={"unit": "m"}, skip_hash=True)

    assert Labelled.__chz_fields__["x"].metadata["unit"] == "m"


def test_munged_field_counts_by_its_final_value():
    """A munger's result is what counts."""
    assert furu_golden.Munged(x=2).furu_hash != furu_golden.Munged(x=4).furu_hash


# Dependencies


def test_nested_objects_enter_by_their_keys():
    """What changes the key of a dependency changes the key of what depends on it, and nothing else does."""
    assert Pair(left=Train(), right=Train()).furu_hash == Pair(left=Train(), right=Train()).furu_hash
    assert Pair(left=Train(), right=Train(steps=1)).furu_hash != Pair(left=Train(steps=1), right=Train()).furu_hash
    assert Pair(left=Skipping(), right=Train()).furu_hash == Pair(left=Skipping(device="x"), right=Train()).furu_hash


def test_furu_dep_enters_the_key():
    """What a ``@furu_dep`` method returns counts, and the method runs once per object."""

    class Counting(furu.Furu[int]):
        n: int = 1

        @furu.furu_dep
        def base(self) -> Train:
            calls.append(self.n)
            return Train(steps=self.n)

    calls: list[int] = []
    with_allow_main(lambda: Counting(n=3).furu_hash)
    assert calls == [3]
    one = Counting(n=4)
    assert one.base() is one.base()
    assert Dependent(size=1).furu_hash != Dependent(size=2).furu_hash


def with_allow_main(call):
    with tempfile.TemporaryDirectory() as root, furu_test_env(root):
        furu.FURU_CONFIG.allow_main = True
        return call()


class Plain(furu.Furu[int]):
    n: int = 1


class Overridden(Dependent):
    def base(self) -> Train:
        return Train(steps=99)


class Optional(furu.Furu[int]):
    n: int = 1

    @furu.furu_dep
    def base(self) -> Train | None:
        return Train() if self.n else None


class Wrong(furu.Furu[int]):
    @furu.furu_dep
    def base(self) -> Any:
        return {"a": ["no config"]}


class Failing(furu.Furu[int]):
    @furu.furu_dep
    def base(self) -> Any:
        raise KeyError("oops")


def test_overridden_furu_dep_stays_a_dependency():
    """A subclass that overrides the method without the decorator keeps the dependency."""
    from furu.identity.dependencies import direct

    assert Train(steps=99) in [dep for _, dep in direct(Overridden())]


def test_furu_dep_may_return_nothing():
    """None is no dependency."""
    from furu.identity.dependencies import direct

    assert direct(Optional(n=0)) == []
    assert Optional(n=0).furu_hash


def test_furu_dep_that_returns_something_else_is_named():
    """The error says which method returned what, and where in its result."""
    with pytest.raises(FuruIdentityError, match=r"Wrong\.base\(\) returned str at base\(\)\.a\.0"):
        _ = Wrong().furu_hash


def test_exception_of_furu_dep_surfaces_with_a_note():
    """What the method raises surfaces unchanged; a note names the method."""
    with pytest.raises(KeyError, match="oops") as caught:
        _ = Failing().furu_hash
    assert "Failing.base()" in caught.value.__notes__[0]


def test_furu_dep_decorates_methods_only():
    """Anything but a function is refused where it is written."""
    with pytest.raises(TypeError, match="furu_dep decorates methods"):
        furu.furu_dep(property(lambda self: None))


class ReturnsSelf(furu.Furu[int]):
    n: int = 1

    @furu.furu_dep
    def again(self) -> Any:
        return self


class ReturnsCopy(furu.Furu[int]):
    n: int = 1

    @furu.furu_dep
    def again(self) -> Any:
        return ReturnsCopy(n=self.n)


class NeedsHash(furu.Furu[int]):
    n: int = 1

    @furu.furu_dep
    def again(self) -> Any:
        return Value(x=self.furu_hash)


class Ping(furu.Furu[int]):
    n: int = 1

    @furu.furu_dep
    def pong(self) -> Any:
        return Pong(n=self.n)


class Pong(furu.Furu[int]):
    n: int = 1

    @furu.furu_dep
    def ping(self) -> Any:
        return [Ping(n=self.n)]


class Countdown(furu.Furu[int]):
    n: int = 1

    @furu.furu_dep
    def previous(self) -> Any:
        return Countdown(n=self.n - 1) if self.n else None


@pytest.mark.parametrize(
    ("obj", "cycle"),
    [
        (ReturnsSelf(), r"ReturnsSelf \(\.again\(\)\) -> ReturnsSelf"),
        (ReturnsCopy(), r"ReturnsCopy \(\.again\(\)\) -> ReturnsCopy"),
        (NeedsHash(), r"NeedsHash -> again\(\) -> NeedsHash"),
        (Ping(), r"Ping \(\.pong\(\)\) -> Pong \(\.ping\(\)\) -> Ping"),
    ],
)
def test_cycle_of_dependencies_is_an_error_at_once(obj, cycle):
    """A dependency on itself, equal copies and detours included, is an error that names the cycle."""
    with pytest.raises(FuruCycleError, match=cycle):
        _ = obj.furu_hash
    with pytest.raises(FuruCycleError, match=cycle):  # and again: nothing is left half done
        _ = obj.furu_hash


def test_cycle_through_a_field_is_an_error_at_once():
    """A list that came to contain its owner is an error that names the field."""
    obj = Node(deps=[Node()])
    obj.deps.append(obj)
    with pytest.raises(FuruCycleError, match=r"Node \(\.deps\.1\) -> Node"):
        _ = obj.furu_hash


def test_furu_dep_may_use_the_class_itself():
    """A chain of dependencies of one class is no cycle, a thousand deep."""
    assert Countdown(n=1000).furu_hash != Countdown(n=999).furu_hash


# Shapes


class Counted:
    """A value that counts how often it is encoded."""

    encoded = 0


def count(value: Counted) -> int:
    Counted.encoded += 1
    return 7


FuruSerializer.register(Counted, encode=count, decode=lambda _: Counted(), tag="counted")


@pytest.fixture
def counted():
    Counted.encoded = 0
    return Counted()


def test_diamond_is_linear(counted):
    """A shared subtree is canonicalised once, however many paths lead to it."""
    obj: Any = Value(x=counted)
    for _ in range(20):
        obj = Pair(left=obj, right=obj)
    assert obj.furu_hash
    assert Counted.encoded == 1


def test_diamond_of_plain_records_is_linear(counted):
    """chz objects, dataclasses and models are no less shared than Furu objects."""
    for make in (
        lambda x: Settings(model=x),
        lambda x: furu_golden.Slotted(inner=x),
        lambda x: furu_golden.Model(a=1, inner=x),
    ):
        Counted.encoded = 0
        obj: Any = make(counted)
        for _ in range(20):
            obj = make([obj, obj])
        assert key(obj)
        assert Counted.encoded == 1


def test_key_is_computed_once(counted):
    """Asking for a key again, directly or as part of another object, costs no second pass."""
    obj = Value(x=counted)
    assert obj.furu_hash == obj.furu_hash
    assert Pair(left=obj, right=obj).furu_hash
    assert Counted.encoded == 1


@pytest.mark.parametrize("wrap", [lambda x: [x], lambda x: {"k": (x,)}, lambda x: frozenset({x}), lambda x: {x: 1}])
def test_chain_of_a_thousand(wrap):
    """A chain of 1,000 objects has a key, whatever containers lie between."""
    obj: Any = Value()
    for _ in range(1000):
        obj = Value(x=wrap(obj))
    assert obj.furu_hash


def test_long_chain_of_plain_records():
    """A chain of 1,000 chz objects or dataclasses has a key."""
    for make in (lambda x: Settings(model=x), lambda x: furu_golden.Slotted(inner=x)):
        obj: Any = None
        for _ in range(1000):
            obj = make(obj)
        assert key(obj)


def test_many_ints_are_ordinary():
    """A list of 100,000 ints has a key, and one changed int changes it."""
    numbers = list(range(100_000))
    assert key(numbers) != key([*numbers[:-1], -1])


def test_lists_nested_without_end_are_refused():
    """A list that contains itself is an error, not a RecursionError."""
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(FuruIdentityError, match="contains itself"):
        key(endless)


# What is refused


class Opaque:
    pass


class Stateful(dict):  # type: ignore[type-arg]
    def __init__(self) -> None:
        self.more = 1


class Ufunc:
    def method(self) -> None:
        pass


@pytest.mark.parametrize(
    ("value", "where", "why"),
    [
        (Opaque(), "x", "Opaque"),
        ([1, {"a": (Opaque(),)}], r"x\.1\.a\.0", "Opaque"),
        (Value(x=[Settings(model={"k": Opaque()})]), r"x\.x\.0\.model\.k", "Opaque"),
        (Stateful(), "x", "attributes of its own"),
        ([lambda: 0], r"x\.0", "lambda"),
        (Ufunc().method, "x", "method"),
        ([].append, "x", "bound"),
        (np.array([object()]), "x", "Python objects"),
        (np.ma.masked_array([1]), "x", "MaskedArray"),
        (threading.Lock(), "x", "lock"),
    ],
)
def test_refused_value_is_located(value, where, why):
    """A value furu cannot hash is a TypeError naming class and dotted path."""
    with pytest.raises(TypeError, match=why) as caught:
        key(value)
    assert str(caught.value).startswith("Value: field " + where.replace("\\", "") + " has ")
    assert isinstance(caught.value, FuruIdentityError)


def test_unknown_type_names_the_remedy():
    """The error for an unknown type says how to register it."""
    with pytest.raises(
        FuruIdentityError, match=r"FuruSerializer\.register\(Opaque, encode=\.\.\., decode=\.\.\., tag='opaque'\)"
    ):
        key(Opaque())


def test_value_refused_below_furu_dep_is_located():
    """The path leads through the method."""

    with pytest.raises(FuruIdentityError, match=r"ViaMethod: field base\(\)\.x\.0 has"):
        _ = ViaMethod().furu_hash


class ViaMethod(furu.Furu[int]):
    @furu.furu_dep
    def base(self) -> Value:
        return Value(x=[Opaque()])


def test_absurdly_long_int_is_refused():
    """An int that Python will not spell is a FuruIdentityError, not a bare ValueError."""
    with pytest.raises(FuruIdentityError, match="digits"):
        key(10**5000)


@dataclasses.dataclass
class Tree:
    children: list[Any] = dataclasses.field(default_factory=list)


def test_mutable_record_is_hashed_anew():
    """A dataclass may change between two objects that hold it; nothing about it is remembered."""
    tree = Tree()
    before = key(tree)
    tree.children.append(1)
    assert key(tree) != before


def test_cycle_of_dataclasses_is_an_error():
    """A dataclass that contains itself is an error that names the cycle."""
    tree = Tree()
    tree.children.append(tree)
    with pytest.raises(FuruCycleError, match=r"Tree \(\.children\.0\) -> Tree"):
        key(tree)
