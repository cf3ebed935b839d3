"""Round trips: configs through JSON and through Python, and looks at records whose code is gone."""

import json
import math
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import furu_golden
import numpy as np
import pytest
import values
from furu_golden import Node, Pair, Settings, Skipping, Train, Value
from hypothesis import given

import furu
from furu.errors import FuruError, FuruIdentityError
from furu.identity import render
from furu.identity.serializer import FuruSerializer, from_dict, to_dict


def through_json(obj: Any) -> Any:
    return from_dict(json.loads(json.dumps(to_dict(obj), allow_nan=False)))


def through_python(obj: Any) -> Any:
    return eval(render.to_python(obj), render.namespace(obj))


@values.unhurried
@given(values.VALUES)
def test_values_survive_json(value):
    """Every kind of value comes back in type and content, with the same key, through strict JSON."""
    obj = Value(x=value)
    back = through_json(obj)
    assert back == obj
    assert values.same(back.x, value)


@values.unhurried
@given(values.VALUES)
def test_values_survive_python(value):
    """``to_python`` is an expression that evaluates to an equal object."""
    obj = Value(x=value)
    back = through_python(obj)
    assert back == obj
    assert values.same(back.x, value)


@pytest.mark.parametrize("name", sorted(furu_golden.CONFIGS))
def test_golden_configs_survive(name):
    """Every golden config comes back by both ways, in type and content; a numpy scalar as its Python number."""
    obj = furu_golden.CONFIGS[name]
    for back in (through_json(obj), through_python(obj)):
        assert back.furu_hash == obj.furu_hash
        if name != "skip_hash":  # holds what cannot be written, in a private field
            assert back == obj
        if isinstance(obj, Value) and not isinstance(obj.x, np.generic):
            assert values.same(back.x, obj.x)


def test_flat_config_in_both_forms():
    """The forms people read are the obvious ones."""
    assert render.to_python(furu_golden.Outer.Inner(x=2)) == "Outer.Inner(x=2)"
    assert to_dict(furu_golden.Outer.Inner(x=2)) == {"$class": "furu_golden.Outer.Inner", "x": 2}
    assert to_dict(Settings(model=Train(lr=1))) == {
        "$class": "furu_golden.Settings",
        "depth": 2,
        "model": {"$class": "furu_golden.Train", "lr": 1, "steps": 5000, "name": "base", "warm": False, "note": None},
        "where": "here",
    }


def diamond(depth: int) -> Any:
    obj: Any = Value(x=1)
    for _ in range(depth):
        obj = Pair(left=obj, right=obj)
    return obj


def test_diamond_is_linear_on_disk():
    """A shared object is written once, and is one object again when read."""
    sizes = [len(json.dumps(to_dict(diamond(depth)))) for depth in (10, 20)]
    assert sizes[1] < 2.5 * sizes[0]
    back = through_json(diamond(20))
    assert back == diamond(20)
    assert back.left is back.right
    text = render.to_python(diamond(20))
    assert len(text) < 2000
    assert through_python(diamond(20)) == diamond(20)


def test_shared_object_is_named_in_python():
    """An object that is used twice is made once."""
    dataset = Train()
    assert render.to_python(Pair(left=dataset, right=dataset)) == (
        "(train_1 := Train(lr=0.0003, steps=5000, name='base', warm=False, note=None), "
        "Pair(left=train_1, right=train_1))[-1]"
    )


def test_chain_of_a_thousand_survives():
    """A chain of 1,000 objects is written and read without recursion, in JSON that any reader takes."""
    chain = Node()
    for at in range(1000):
        chain = Node(deps=[chain], tag=str(at))
    assert through_json(chain) == chain
    assert through_python(chain) == chain


def test_sharing_across_depths_survives():
    """An object that is used near the top and far below is the same object again."""
    shared = Train(steps=7)
    obj: Any = Node(deps=[], tag="end")
    inner = Pair(left=shared, right=obj)
    for _ in range(60):
        inner = Pair(left=inner, right=Value(x=[shared]))
    back = through_json(Pair(left=shared, right=inner))
    assert back == Pair(left=shared, right=inner)
    assert back.left is back.right.right.x[0]


def test_int_in_a_float_field_comes_back_as_it_was():
    """The key counts ``1`` as ``1.0``; the data keeps what was given."""
    assert type(through_json(Train(lr=1)).lr) is int


def test_munged_field_is_written_as_given():
    """Reading runs the munger once, on what was given to it first."""
    assert through_json(furu_golden.Munged(x=2)).x == 4
    assert through_python(furu_golden.Munged(x=2)).x == 4


def test_excluded_fields_are_written_where_they_can_be():
    """``skip_hash`` and private fields come back; what cannot be written takes the field's default."""
    assert through_json(Skipping(device="cuda", _cache=[1])) == Skipping(device="cuda", _cache=[1])
    assert through_json(Skipping(device="cuda", _cache=threading.Lock())) == Skipping(device="cuda")
    assert through_python(Skipping(device="cuda", _cache=threading.Lock())) == Skipping(device="cuda")


def test_large_and_odd_arrays_survive():
    """Arrays of any layout, byte order and size come back equal."""
    for array in (
        np.arange(1000.0),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.arange(10)[::3],
        np.arange(3, dtype=">i4"),
        np.array([math.nan, -0.0]),
        np.array(["a", "bcd"]),
        np.array([True, False]),
        np.zeros(3, dtype=[("p", [("x", "f4"), ("y", "f4")]), ("m", "i2", (2, 2))]),
        np.array([1 + 2j]),
    ):
        for back in (through_json(Value(x=array)), through_python(Value(x=array))):
            assert back == Value(x=array)
            assert np.array_equal(back.x, array, equal_nan=array.dtype.kind == "f")


def test_tensors_survive():
    """torch tensors come back equal and have the key of their content."""
    torch = pytest.importorskip("torch")
    for tensor in (torch.arange(6).reshape(2, 3), torch.zeros(2, 2, dtype=torch.bfloat16).T, torch.zeros(0, 3)):
        for back in (through_json(Value(x=tensor)), through_python(Value(x=tensor))):
            assert back.furu_hash == Value(x=tensor).furu_hash
            assert torch.equal(back.x, tensor)


def test_value_that_cannot_be_written_is_named():
    """The error names class and field."""
    with pytest.raises(FuruIdentityError, match=r"Value: field x has .*lock"):
        to_dict(Value(x=threading.Lock()))
    with pytest.raises(FuruIdentityError, match=r"lock.* in field x"):
        render.to_python(Value(x=threading.Lock()))


# Records of other code


def record(**changes: Any) -> dict[str, Any]:
    return to_dict(Train()) | changes


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        (record(**{"$class": "no_such_package.mod.Train"}), "no module 'no_such_package'"),
        (record(**{"$class": "furu_golden.Gone"}), "module furu_golden has no Gone"),
        (record(**{"$class": "furu_golden.transform"}), "no config class any more"),
        (record(gone=1), "furu_golden.Train has no field 'gone' any more"),
        ({"$class": "furu_golden.Pair", "left": None}, "field 'right' of furu_golden.Pair is missing"),
        (record(name={"$value": ["nope", 1]}), "no type is registered under the tag 'nope'"),
        (record(name={"$nope": 1}), "kind 'nope'"),
        (record(name={"$enum": ["furu_golden.Outer.Color", "GREEN"]}), "GREEN"),
        (record(name={"$ref": "9"}), "object 9"),
        (record(name={"$ref": "1"}, **{"$objects": {"1": {"$class": "x.Y", "z": {"$ref": "1"}}}}), "itself"),
        ({"lr": 1}, "no config"),
        ([], "no config"),
    ],
)
def test_unknown_class_or_changed_schema_is_named(data, missing):
    """What cannot be read is a FuruError that names what is missing."""
    with pytest.raises(FuruError, match=missing):
        from_dict(data)


def test_field_that_was_added_since_takes_its_default():
    """Data from before a field with a default existed can still be read."""
    data = to_dict(Train(steps=3))
    del data["warm"]
    assert from_dict(data) == Train(steps=3)


def test_view_needs_no_classes():
    """``strict=False`` is a read-only look at the data, nested objects included, whatever became of the code."""
    data = to_dict(Pair(left=Train(), right=Value(x=[Path("a"), furu_golden.Outer.Color.RED, (1,), np.eye(2), Train])))
    text = json.dumps(data).replace("furu_golden", "no_such_package")
    view = from_dict(json.loads(text), strict=False)
    assert view.furu_class == "no_such_package.Pair"
    assert list(view) == ["left", "right"]
    assert view.left.steps == 5000
    path, color, one, array, cls = view.right.x
    assert (path, color, one, cls) == (Path("a"), "no_such_package.Outer.Color.RED", (1,), "no_such_package.Train")
    assert array.shape == [2, 2]
    assert repr(view) == "<no_such_package.Pair: left=no_such_package.Train(...), right=no_such_package.Value(...)>"
    assert view == pickle.loads(pickle.dumps(view))


def test_view_is_read_only():
    """A view refuses to be changed, and says which fields there are."""
    view = from_dict(to_dict(Train()), strict=False)
    with pytest.raises(AttributeError, match="read-only"):
        view.lr = 1
    with pytest.raises(AttributeError, match="read-only"):
        del view.lr
    with pytest.raises(AttributeError, match="has no field 'rate'; it has: lr, steps"):
        _ = view.rate


def test_view_of_shared_and_deep_data():
    """A view follows references."""
    view = from_dict(to_dict(diamond(60)), strict=False)
    for _ in range(60):
        view = view.left
    assert view.x == 1


# The registry


class Celsius:
    def __init__(self, degrees: float) -> None:
        self.degrees = degrees


class Freezing(Celsius):
    pass


def test_registered_type_is_hashed_written_and_spelled():
    """One call teaches hashing, data and Python a type, its subclasses included."""
    FuruSerializer.register(
        Celsius, encode=lambda c: {"degrees": c.degrees}, decode=lambda d: Celsius(**d), tag="celsius"
    )
    assert Value(x=Celsius(1.0)).furu_hash == Value(x=Celsius(1.0)).furu_hash != Value(x=Celsius(2.0)).furu_hash
    assert through_json(Value(x=[Celsius(3.5)])).x[0].degrees == 3.5
    assert through_python(Value(x=[Celsius(3.5)])).x[0].degrees == 3.5
    assert Value(x=Freezing(0.0)).furu_hash


@pytest.mark.parametrize(
    ("cls", "tag", "why"),
    [
        (Celsius, "money", "taken by"),
        (int, "int", "meaning of its own"),
        (Train, "train", "own"),
        (Celsius, "", "empty"),
    ],
)
def test_bad_registration_is_refused(cls, tag, why):
    """A tag that is taken, JSON's own types and Furu classes are refused."""
    with pytest.raises(FuruIdentityError, match=why):
        FuruSerializer.register(cls, encode=id, decode=id, tag=tag)


def test_names_in_python_are_told_apart():
    """Two classes of one name in one config are spelled by their full names."""
    import values as other

    other.Train = type("Train", (furu.Furu,), {"__module__": "values", "__annotations__": {"y": int}})
    obj = Pair(left=Train(), right=other.Train(y=1))
    assert "values.Train(y=1)" in render.to_python(obj)
    assert through_python(obj) == obj


def test_another_process_reads_what_this_one_wrote(tmp_path):
    """Data and key agree between processes."""
    obj = Pair(left=Value(x={1, "a", (2.5, None)}), right=Value(x=Settings(model=Train())))
    file = tmp_path / "config.json"
    file.write_text(json.dumps(to_dict(obj)))
    code = "import json, sys, furu; print(furu.FuruSerializer.from_dict(json.load(open(sys.argv[1]))).furu_hash)"
    env = {"PYTHONPATH": str(Path(furu_golden.__file__).parent), "PYTHONHASHSEED": "5"}
    done = subprocess.run([sys.executable, "-c", code, str(file)], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == obj.furu_hash
