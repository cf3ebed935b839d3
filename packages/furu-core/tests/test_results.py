"""What ``_create`` returned comes back exactly, in the safest format that can do it."""

from __future__ import annotations

import collections
import decimal
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from furu.errors import FuruError, FuruRecordError
from furu.storage import formats, results

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")


@pytest.fixture
def meta(tmp_path: Path) -> str:
    """Give the ``.furu`` of an artifact directory."""
    (tmp_path / "artifact" / ".furu").mkdir(parents=True)
    return str(tmp_path / "artifact" / ".furu")


def kept_and_loaded(value: object, meta: str) -> tuple[str, Any]:
    """Store a value and read it back; return the format's name and what came back."""
    directory = os.path.dirname(meta)
    name = results.keep(value, meta, directory)
    assert results.stored_format(meta) == name
    assert len(os.listdir(meta)) == 1
    return name, results.load(meta, directory)


def identical(one: object, two: object) -> bool:
    """Return whether two values have the same types and values all the way down; a NaN is a NaN."""
    if type(one) is not type(two):
        return False
    if isinstance(one, dict) and isinstance(two, dict):
        return list(one) == list(two) and all(identical(one[key], two[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(two, (list, tuple)):
        return len(one) == len(two) and all(map(identical, one, two))
    if isinstance(one, float) and isinstance(two, float):
        return repr(one) == repr(two)
    return one == two


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)
NEARLY_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner, inner),
    max_leaves=30,
)


@settings(deadline=None)
@given(value=PLAIN)
def test_plain_values_are_json_and_come_back_exactly(value: Any) -> None:
    """None, numbers, text, lists and dicts with text keys are JSON; NaN, infinities and -0.0 included."""
    with tempfile.TemporaryDirectory() as meta:
        name, back = kept_and_loaded(value, f"{meta}")

    assert name == "json"
    assert identical(value, back)


@settings(deadline=None)
@given(value=NEARLY_PLAIN)
def test_whatever_the_format_the_value_comes_back_exactly(value: Any) -> None:
    """Tuples, bytes, other keys and lone surrogates are not forced into JSON."""
    with tempfile.TemporaryDirectory() as meta:
        _, back = kept_and_loaded(value, meta)

    assert identical(value, back)


@pytest.mark.parametrize(
    "value",
    [
        (1, 2),
        {1: 2},
        {"a": (1,)},
        {None: 1},
        collections.OrderedDict(a=1),
        collections.Counter("aab"),
        bytearray(b"x"),
        "\ud83d" + "\ude00",  # two halves that JSON would make one character
        10**5000,
        {1, 2},
        1 + 2j,
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_would_change_is_pickled(value: Any, meta: str) -> None:
    """A value that JSON has no exact form for keeps its type."""
    name, back = kept_and_loaded(value, meta)

    assert name == "pickle"
    assert type(back) is type(value)
    assert back == value


def test_shared_and_circular_lists_keep_their_shape(meta: str) -> None:
    """A list in two places is one list afterwards; one that contains itself is no endless loop."""
    inner: list[int] = [1]
    circle: list[Any] = []
    circle.append(circle)

    name, back = kept_and_loaded([inner, inner], meta)
    circle_name, again = kept_and_loaded(circle, meta)

    assert (name, circle_name) == ("pickle", "pickle")
    assert back[0] is back[1]
    assert again[0] is again


def test_deep_nesting_is_stored(meta: str) -> None:
    """A list nested deeper than JSON should go is pickled; one nested hopelessly deep is refused with a clear error."""
    deep: list[Any] = []
    for _ in range(150):
        deep = [deep]
    hopeless = deep
    for _ in range(100_000):
        hopeless = [hopeless]

    assert kept_and_loaded(deep, meta) == ("pickle", deep)
    with pytest.raises(FuruError, match="cannot be stored"):
        results.keep(hopeless, meta, os.path.dirname(meta))


class OwnText(str):
    """Text with a class of its own."""

    __slots__ = ()


def test_subclasses_are_not_taken_for_the_plain_type(meta: str) -> None:
    """A subclass of ``str`` would come back from JSON as ``str``; it does not go there."""
    assert kept_and_loaded(OwnText("a"), meta)[0] == "pickle"


def test_bytes_lie_there_as_they_are(meta: str) -> None:
    """Bytes are the file's content."""
    assert kept_and_loaded(b"\x00abc", meta) == ("bytes", b"\x00abc")
    assert Path(meta, "result.bin").read_bytes() == b"\x00abc"


def test_a_path_inside_the_artifact_moves_with_it(meta: str, tmp_path: Path) -> None:
    """A path into the artifact is stored relative to it, also when it was spelled through a symlink."""
    directory = Path(meta).parent
    (tmp_path / "link").symlink_to(tmp_path / "artifact")
    for root, value in ((directory, directory / "model.bin"), (tmp_path / "link", directory / "model.bin")):
        assert results.keep(value, meta, str(root)) == "path"
        assert results.load(meta, "/moved/there") == Path("/moved/there/model.bin")


@pytest.mark.parametrize(
    "value", [Path("/etc/hosts"), Path("relative/file"), Path(os.fsdecode(b"/odd\xff"))], ids=ascii
)
def test_a_path_elsewhere_stays_as_it_is(value: Path, meta: str) -> None:
    """A path outside the artifact is stored as given."""
    assert kept_and_loaded(value, meta) == ("path", value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6).reshape(2, 3),
        np.arange(12).reshape(3, 4)[::2, ::3],
        np.asfortranarray(np.ones((2, 3), dtype=">f4")),
        np.array(5),
        np.zeros((0, 3), dtype=bool),
        np.array(["2020-01-01", "NaT"], dtype="M8[D]"),
        np.array(["a", "bcd"]),
        np.zeros(3, dtype=[("a", "i4"), ("b", "U3")]),
    ],
    ids=lambda array: str(array.dtype),
)
def test_arrays_are_npy(array: Any, meta: str) -> None:
    """A numpy array comes back with its type, shape and values, without pickle."""
    name, back = kept_and_loaded(array, meta)

    assert name == "numpy"
    assert (type(back), back.dtype, back.shape) == (type(array), array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize(
    "value",
    [np.array([None, "a"], dtype=object), np.ma.array([1, 2], mask=[True, False]), np.array([{"a": 1}])],
    ids=["object", "masked", "dicts"],
)
def test_arrays_that_npy_cannot_hold_are_pickled(value: Any, meta: str) -> None:
    """Arrays of objects and subclasses of arrays keep what they are."""
    name, back = kept_and_loaded(value, meta)

    assert name == "pickle"
    assert type(back) is type(value)
    assert back.tolist() == value.tolist()


@pytest.mark.parametrize(
    "value", [np.float32(0.1), np.int64(3), np.bool_(True), np.datetime64("2020-01-01"), np.str_("x")], ids=repr
)
def test_numpy_scalars_stay_numpy_scalars(value: Any, meta: str) -> None:
    """What ``mean()`` returns is kept without pickle and without becoming a Python number."""
    name, back = kept_and_loaded(value, meta)

    assert name == "numpy-scalar"
    assert (type(back), back) == (type(value), value)


def test_a_dict_of_arrays_is_npz(meta: str) -> None:
    """Named arrays are kept without pickle, in their order, whatever numpy or zip would make of their names."""
    names = ["weights/b", "a", "x", "x.npy", "file", "allow_pickle", "names", "0", "", "a\0b", "a\0c", "../c", "A", "ü"]
    value = {name: np.arange(number) for number, name in enumerate(names)}

    name, back = kept_and_loaded(value, meta)

    assert name == "numpy-arrays"
    assert list(back) == names
    for key, array in value.items():
        np.testing.assert_array_equal(back[key], array)


def test_a_dict_of_arrays_that_npz_would_change_is_pickled(meta: str) -> None:
    """A name that has no bytes, and one array under two names, are kept as they are."""
    array = np.arange(3)

    assert list(kept_and_loaded({"\ud83d" + "\ude00": array}, meta)[1]) == ["\ud83d" + "\ude00"]
    name, back = kept_and_loaded({"a": array, "b": array}, meta)
    assert name == "pickle"
    assert back["a"] is back["b"]


FRAME = pd.DataFrame(
    {
        "number": [1, 2],
        "text": ["x", None],
        "kind": pd.Categorical(["u", "v"]),
        "when": pd.to_datetime(["2020-01-01", "2021-01-01"], utc=True),
    },
    index=pd.Index([5, 6], name="row"),
)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (FRAME, "pandas"),
        (pd.DataFrame(), "pandas"),
        (pd.DataFrame({0: [1.5], 1: [float("nan")]}), "pandas"),
        (pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([("x", 1)], names=["k", None])), "pandas"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "pickle"),
        (pd.DataFrame({"a": [[1], [2]]}), "pickle"),
        (pd.DataFrame({"a": [1, "x", 2.5]}), "pickle"),
        (pd.DataFrame({"a": range(3)}, index=pd.date_range("2020", periods=3, freq="D")), "pickle"),
        (FRAME["number"], "pandas-series"),
        (pd.DataFrame({"a": [{"n": 1}, {"n": 2.5}]}), "pickle"),
        (pd.DataFrame({"a": [decimal.Decimal("1.0"), decimal.Decimal("1.00")]}), "pickle"),
        (pd.Series([1, 2]), "pandas-series"),
        (pd.Series([[1], [2]]), "pickle"),
    ],
)
def test_pandas_objects_are_parquet_where_that_is_exact(frame: Any, expected: str, meta: str) -> None:
    """Frames and series come back with types, names and indexes; where parquet would change them they are pickled."""
    name, back = kept_and_loaded(frame, meta)

    check = pd.testing.assert_frame_equal if isinstance(frame, pd.DataFrame) else pd.testing.assert_series_equal
    assert name == expected
    assert type(back) is type(frame)
    check(back, frame, check_exact=True, check_freq=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (pl.DataFrame({"a": [1, None], "b": ["x", "y"], "c": [[1], [2, 3]]}), "polars"),
        (pl.DataFrame({"a": ["u"]}, schema={"a": pl.Enum(["u", "v"])}), "polars"),
        (pl.DataFrame({"a": [float("nan")]}), "polars"),
        (pl.DataFrame(), "polars"),
        (pl.Series("n", [1, 2], dtype=pl.Int8), "polars-series"),
    ],
)
def test_polars_objects_are_parquet(value: Any, expected: str, meta: str) -> None:
    """Frames and series of polars come back with their schema."""
    name, back = kept_and_loaded(value, meta)

    assert name == expected
    assert type(back) is type(value)
    assert back.equals(value, null_equal=True)
    assert str(back.dtypes if expected == "polars" else back.dtype) == str(
        value.dtypes if expected == "polars" else value.dtype
    )


def test_tensors_are_loaded_without_running_code(meta: str) -> None:
    """Tensors, state dicts and checkpoints go through torch's own format and its safe loader."""
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(2, 3)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(2)).sum().backward()
    optimizer.step()
    checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3, "losses": [0.5]}
    for value in (torch.arange(6).reshape(2, 3), model.state_dict(), checkpoint, [torch.ones(2)]):
        name, back = kept_and_loaded(value, meta)

        assert name == "torch"
        assert type(back) is type(value)
        assert repr(back) == repr(value)
    assert kept_and_loaded({"weights": torch.ones(1), "step": len}, meta)[0] == "pickle"


def test_functions_and_own_classes_are_pickled_by_value_where_needed(meta: str) -> None:
    """A lambda comes back and works."""
    name, back = kept_and_loaded(lambda x: x + 1, meta)

    assert (name, back(1)) == ("pickle", 2)


def test_a_value_that_cannot_be_stored_is_refused_and_leaves_nothing(meta: str) -> None:
    """The error names the type and says to give the class a ``_load``; no part of a file stays behind."""
    with pytest.raises(FuruError, match=r"builtins\.generator") as caught:
        results.keep((number for number in range(3)), meta, os.path.dirname(meta))

    assert any("_load" in hint for hint in caught.value.hints)
    assert os.listdir(meta) == []


class TwoArguments(Exception):
    """Can be pickled, but not be made again from what was pickled."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


class Vanished:
    """Pickled as a call that fails as the disk would."""

    def __reduce__(self) -> Any:
        return open, ("/nowhere/at/all",)


@pytest.mark.parametrize("value", [TwoArguments("here", "why"), Vanished()], ids=lambda value: type(value).__name__)
def test_what_cannot_be_read_back_is_refused_at_once(value: Any, meta: str) -> None:
    """A pickle that does not load is found while the value is still there, and nothing of it stays."""
    with pytest.raises(FuruError, match=r"cannot be stored.*cannot be read back") as caught:
        results.keep([value], meta, os.path.dirname(meta))

    assert any("_load" in hint for hint in caught.value.hints)
    assert os.listdir(meta) == []


def test_a_large_pickle_is_not_read_back(meta: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading back costs memory and time, so it is left out for what is larger than 64 MB."""
    assert formats.MOST_READ_BACK_BYTES == 64 * 1024 * 1024
    monkeypatch.setattr(formats, "MOST_READ_BACK_BYTES", 10)

    assert results.keep(TwoArguments("here", "why"), meta, os.path.dirname(meta)) == "pickle"


class Lost(Exception):
    """The lease is gone."""


@pytest.mark.parametrize("answers", [[False], [True, False]], ids=["before the removal", "before the rename"])
def test_who_has_lost_the_lease_touches_nothing_of_the_successor(answers: list[bool], meta: str) -> None:
    """The result of another attempt stays in place when the check fails, and only what is its own is removed."""
    results.keep([1, 2], meta, os.path.dirname(meta))
    before = set(os.listdir(meta))

    def check() -> None:
        assert any(name.startswith("result.pickle.tmp.") for name in os.listdir(meta))
        if not answers.pop(0):
            Path(meta, "result.bin").write_bytes(b"the successor's")
            raise Lost

    with pytest.raises(Lost):
        results.keep({1, 2}, meta, os.path.dirname(meta), check)

    assert set(os.listdir(meta)) - before == {"result.bin"}
    assert Path(meta, "result.bin").read_bytes() == b"the successor's"


def test_a_value_that_cannot_be_stored_leaves_the_result_of_others(meta: str) -> None:
    """A holder that was stopped, and whose value then fails to pickle, removes nothing."""
    results.keep([1, 2], meta, os.path.dirname(meta))

    with pytest.raises(FuruError, match="cannot be stored"):
        results.keep((number for number in range(3)), meta, os.path.dirname(meta))

    assert results.load(meta, os.path.dirname(meta)) == [1, 2]


def test_half_written_results_are_not_seen(meta: str) -> None:
    """What a killed process left aside is no result."""
    Path(meta, "result.json.tmp.0123").write_text("[1")

    assert results.stored_format(meta) is None
    results.keep([2], meta, os.path.dirname(meta))
    assert results.load(meta, os.path.dirname(meta)) == [2]


@pytest.mark.parametrize("value", [[1, 2], b"abc", np.ones(3), {1, 2}], ids=lambda value: type(value).__name__)
def test_a_full_disk_surfaces_and_leaves_nothing(value: Any, meta: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ``OSError`` of the disk is not taken for an unsuitable format, and no part of a file stays behind."""
    real_open = open

    def full(path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        file = real_open(path, mode, *args, **kwargs)
        if "x" in mode:
            os.dup2(os.open("/dev/full", os.O_WRONLY), file.fileno())
        return file

    monkeypatch.setattr("builtins.open", full)

    with pytest.raises(OSError, match="No space left"):
        results.keep(value, meta, os.path.dirname(meta))

    assert os.listdir(meta) == []


def test_a_new_result_replaces_the_one_of_an_earlier_attempt(meta: str) -> None:
    """There is one result, whatever format the last attempt had."""
    results.keep((1, 2), meta, os.path.dirname(meta))

    assert kept_and_loaded([1, 2], meta) == ("json", [1, 2])


def test_a_missing_result_says_that_the_class_lost_its_load(meta: str) -> None:
    """Loading where nothing was stored, or where there is no directory, is a clear error."""
    for directory in (meta, f"{meta}/absent"):
        with pytest.raises(FuruError, match="no stored result") as caught:
            results.load(directory, os.path.dirname(meta))
        assert "_load" in str(caught.value)


def test_a_result_of_a_newer_furu_is_named(meta: str) -> None:
    """An unknown format is a record error that names the file."""
    Path(meta, "result.quantum").write_text("?")

    with pytest.raises(FuruRecordError, match=r"result\.quantum"):
        results.load(meta, os.path.dirname(meta))


def test_long_lists_are_looked_at_in_bulk() -> None:
    """A list of a million numbers costs no Python step per number."""
    calls = 0

    def count(*_: object) -> None:
        nonlocal calls
        calls += 1

    value = {"losses": list(range(1_000_000))}
    sys.setprofile(count)
    try:
        plain = formats.FORMATS[0].accepts(value)
    finally:
        sys.setprofile(None)

    assert plain
    assert calls < 50


def test_storing_plain_values_imports_no_library(tmp_path: Path) -> None:
    """Neither numpy, pandas, polars, torch nor cloudpickle is imported to store a dict of numbers."""
    code = """
import sys
from furu.storage import results
results.keep({"loss": [0.5]}, sys.argv[1], sys.argv[1])
assert results.load(sys.argv[1], sys.argv[1]) == {"loss": [0.5]}
sys.exit(bool({"numpy", "pandas", "polars", "torch", "cloudpickle"} & set(sys.modules)))
"""
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0
