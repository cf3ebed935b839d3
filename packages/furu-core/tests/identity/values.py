"""Values of every kind, for properties that hold for all of them, and what it means that one was restored."""

import collections
import datetime
import decimal
import pathlib

import furu_golden
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

#: A busy machine is no failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ZONES = st.one_of(st.none(), st.just(datetime.UTC), st.timezones())

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.text(st.characters(), max_size=4),
    st.binary(max_size=8),
    st.complex_numbers(),
    st.decimals(),
    st.fractions(),
    st.uuids(),
    st.dates(),
    st.datetimes(timezones=ZONES, allow_imaginary=False),
    st.times(timezones=st.sampled_from([None, datetime.UTC])),
    st.timedeltas(),
    st.builds(pathlib.Path, st.text("abc/.", min_size=1, max_size=6)),
    st.builds(range, st.integers(-9, 9), st.integers(-9, 9), st.integers(1, 3)),
    st.sampled_from([*furu_golden.Outer.Color, *furu_golden.Level, furu_golden.Word.A, furu_golden.Rights(3)]),
    st.sampled_from([int, pathlib.Path, furu_golden.Train, furu_golden.transform, len]),
    st.builds(furu_golden.Money, st.integers()),
)

#: What a set or the key of a dict may hold.
KEYS = st.recursive(
    LEAVES.filter(lambda leaf: "nan" not in repr(leaf).lower()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.frozensets(inner, max_size=3),
        st.builds(furu_golden.Value, x=inner),
    ),
    max_leaves=4,
)


def _containers(inner):
    return st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.sets(KEYS, max_size=3),
        st.frozensets(KEYS, max_size=3),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.dictionaries(st.text("$abc", max_size=2), inner, max_size=3).map(collections.OrderedDict),
        st.builds(furu_golden.Value, x=inner),
        st.builds(furu_golden.Settings, depth=st.integers(), model=inner),
        st.builds(furu_golden.Slotted, inner=inner),
        st.builds(furu_golden.Point, x=st.one_of(st.integers(), st.floats())),
        st.builds(furu_golden.Model, a=st.integers(), b=st.lists(st.floats(), max_size=2), inner=inner),
    )


VALUES = st.recursive(LEAVES, _containers, max_leaves=12)


def same(a, b):
    """Return whether two values are the same in type and content, where ``==`` is too lenient (or NaN)."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (list, tuple, collections.deque)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, (set, frozenset)):
        return same(sorted(a, key=_hash), sorted(b, key=_hash))
    if isinstance(a, np.ndarray):
        return (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes())
    if hasattr(a, "__chz_fields__"):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__chz_fields__)
    if isinstance(a, furu_golden.Slotted):
        return same(a.inner, b.inner)
    if isinstance(a, furu_golden.Model):
        return same(dict(a), dict(b))
    if isinstance(a, datetime.datetime) and a.tzinfo is not None:
        return str(a) == str(b) and a.fold == b.fold and a.utcoffset() == b.utcoffset()
    return repr(a) == repr(b) if isinstance(a, (float, complex, decimal.Decimal)) else a == b


def _hash(value):
    return furu_golden.Value(x=value).furu_hash
