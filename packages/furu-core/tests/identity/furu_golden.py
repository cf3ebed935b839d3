"""The configs of the golden file: one or more for each row of the identity table.

The module has the same name however pytest is started (``conftest.py`` puts this directory on the path), for class names
are part of the hash.  Add configs freely; never change one whose hash is in ``tests/golden/identity.json``.
"""

from __future__ import annotations

import builtins
import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import math
import pathlib
import types
import uuid
import zoneinfo
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

import chz
import numpy as np
import pydantic

import furu
from furu.identity.serializer import FuruSerializer

try:
    import attrs
except ImportError:
    attrs = None  # type: ignore[assignment]


class Value(furu.Furu[int]):
    x: Any = None


class Train(furu.Furu[int]):
    lr: float = 3e-4
    steps: int = 5000
    name: str = "base"
    warm: bool = False
    note: str | None = None


class Floats(furu.Furu[int]):
    one: float = 0.0
    maybe: float | None = None
    many: list[float] = chz.field(default_factory=list)
    named: dict[str, float] = chz.field(default_factory=dict)
    pair: tuple[float, ...] = ()
    fixed: tuple[int, float] = (1, 1.0)
    noted: Annotated[float, "unit: m"] = 0.0
    either: int | float = 0


class Outer:
    class Inner(furu.Furu[int]):
        x: int = 1

    class Color(enum.Enum):
        RED = "r"
        BLUE = "b"


class Node(furu.Furu[int]):
    deps: list[Node] = chz.field(default_factory=list)
    tag: str = ""


class Pair(furu.Furu[int]):
    left: furu.Furu[int]
    right: furu.Furu[int]


class Dependent(furu.Furu[int]):
    size: int = 3
    _scratch: Any = None

    @furu.furu_dep
    def base(self) -> Train:
        return Train(steps=self.size)

    @furu.furu_dep
    def shards(self) -> dict[str, list[Value]]:
        return {"all": [Value(x=at) for at in range(self.size)]}


class Skipping(furu.Furu[int]):
    x: int = 1
    device: str = furu.field(default="cpu", skip_hash=True)
    _cache: Any = None


class Added(furu.Furu[int]):
    x: int = 1
    width: int = furu.field(default=8, hash_default=8)
    rate: float = furu.field(default=1, hash_default=1)


class Revised(furu.Furu[int], revision=2):
    x: int = 1


class RevisedText(furu.Furu[int], revision="b"):
    x: int = 1


class Parent(furu.Furu[int]):
    x: int = 1


class Child(Parent):
    y: int = 2


T = TypeVar("T")


class Boxed(furu.Furu[T], Generic[T]):
    item: T


class Munged(furu.Furu[int]):
    x: int = chz.field(munger=lambda self, value: value * 2)
    mode: Literal["a", "b"] = "a"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Word(enum.StrEnum):
    A = "a"


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: float
    y: float = 0.0


Plain = collections.namedtuple("Plain", "a b")


@dataclasses.dataclass
class Data:
    a: int
    b: list[float] = dataclasses.field(default_factory=list)
    derived: int = dataclasses.field(init=False, default=0)

    def __post_init__(self) -> None:
        self.derived = self.a * 2


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    inner: Any = None


class Model(pydantic.BaseModel):
    a: int
    b: list[float] = []
    inner: Any = None


class Open(pydantic.BaseModel, extra="allow"):
    a: int = pydantic.Field(1, alias="A")


@chz.chz
class Settings:
    depth: int = 2
    model: Any = None
    where: str = furu.field(default="here", skip_hash=True)


class Tuned(dict):  # type: ignore[type-arg]
    """A subclass that adds no state."""


class Celsius(float):
    pass


class Money:
    def __init__(self, cents: int) -> None:
        self.cents = cents

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and self.cents == other.cents

    def __hash__(self) -> int:
        return hash(self.cents)


FuruSerializer.register(Money, encode=lambda money: money.cents, decode=Money, tag="money")


def transform(x: int) -> int:
    """Stand for any function of a module."""
    return x


CONFIGS: dict[str, Any] = {
    "none": Value(x=None),
    "true": Value(x=True),
    "false": Value(x=False),
    "text": Value(x="text"),
    "text empty": Value(x=""),
    "text accents and astral": Value(x='é漢\U0001f600\n"\\'),
    "text lone surrogate": Value(x="\udc80"),
    "text two surrogates": Value(x="\ud83d\ude00"),
    "text with a dollar": Value(x="$set"),
    "int 1": Value(x=1),
    "int negative": Value(x=-7),
    "int large": Value(x=2**70),
    "float 1.0": Value(x=1.0),
    "float 0.1": Value(x=0.1),
    "float large": Value(x=1e300),
    "float tiny": Value(x=5e-324),
    "float nan": Value(x=math.nan),
    "float inf": Value(x=math.inf),
    "float -inf": Value(x=-math.inf),
    "float -0.0": Value(x=-0.0),
    "list": Value(x=[1, "a", None, True, 1.5]),
    "list empty": Value(x=[]),
    "list nested": Value(x=[[1, [2]], (3,)]),
    "set mixed": Value(x={1, "1", 2.5, None, (1, 2)}),
    "set empty": Value(x=set()),
    "frozenset of configs": Value(x=frozenset({Train(), Train(lr=1.0)})),
    "dict": Value(x={"b": 1, "a": [1, {"c": None}]}),
    "dict empty": Value(x={}),
    "dict int keys": Value(x={1: 2, 10: 3}),
    "dict mixed keys": Value(x={1: "a", "1": "b", (1, 2): "c", None: "d"}),
    "dict dollar key": Value(x={"$set": [1]}),
    "dict of configs": Value(x={"tiny": Train(steps=1), "large": Train(steps=9)}),
    "dict keyed by config": Value(x={Train(): 1}),
    "path": Value(x=pathlib.Path("a/b.txt")),
    "path pure windows": Value(x=pathlib.PureWindowsPath("c:\\a\\b")),
    "enum": Value(x=Outer.Color.RED),
    "enum int": Value(x=Level.HIGH),
    "enum text": Value(x=Word.A),
    "enum flag": Value(x=Rights.READ),
    "enum flags combined": Value(x=Rights.READ | Rights.WRITE),
    "bytes": Value(x=b"\x00\xff"),
    "bytes empty": Value(x=b""),
    "bytearray": Value(x=bytearray(b"ab")),
    "datetime naive": Value(x=datetime.datetime(2024, 2, 29, 12, 30, 1, 5)),  # noqa: DTZ001
    "datetime utc": Value(x=datetime.datetime(2024, 2, 29, 12, 30, tzinfo=datetime.UTC)),
    "datetime zone": Value(x=datetime.datetime(2024, 7, 1, 12, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo"))),
    "datetime fold": Value(x=datetime.datetime(2024, 10, 27, 2, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo"), fold=1)),
    "date": Value(x=datetime.date(2024, 2, 29)),
    "time": Value(x=datetime.time(12, 30, 1)),
    "time zone": Value(x=datetime.time(12, 30, tzinfo=zoneinfo.ZoneInfo("Europe/Oslo"))),
    "timedelta": Value(x=datetime.timedelta(days=-1, seconds=5, microseconds=7)),
    "decimal": Value(x=decimal.Decimal("1.10")),
    "uuid": Value(x=uuid.UUID("12345678123456781234567812345678")),
    "complex": Value(x=complex(1.0, -0.0)),
    "range": Value(x=range(1, 10, 3)),
    "fraction": Value(x=fractions.Fraction(2, 6)),
    "dataclass": Value(x=Data(a=1, b=[1, 2])),
    "dataclass slots and nested": Value(x=Slotted(inner=Slotted(inner=Data(a=2)))),
    "chz": Value(x=Settings(depth=3, where="there")),
    "chz with a config": Value(x=Settings(model=Train())),
    "named tuple": Value(x=Point(1, 2)),
    "named tuple untyped": Value(x=Plain(1, "b")),
    "type": Value(x=Train),
    "type of the standard library": Value(x=pathlib.Path),
    "type built in": Value(x=int),
    "function": Value(x=transform),
    "function built in": Value(x=math.sqrt),
    "function of builtins": Value(x=builtins.len),
    "ordered dict": Value(x=collections.OrderedDict(b=1, a=2)),
    "default dict": Value(x=collections.defaultdict(list, a=[1])),
    "counter": Value(x=collections.Counter("aab")),
    "deque": Value(x=collections.deque([1, 2], maxlen=3)),
    "mapping proxy": Value(x=types.MappingProxyType({"a": 1})),
    "subclass of dict": Value(x=Tuned(a=1)),
    "subclass of float": Value(x=Celsius(1.5)),
    "registered": Value(x=[Money(5)]),
    "flat config": Train(),
    "flat config other values": Train(lr=1e-3, steps=10, name="x", warm=True, note="n"),
    "ints for floats": Floats(
        one=1, maybe=2, many=[1, 2.5], named={"a": 1}, pair=(1, 2), fixed=(3, 4), noted=1, either=1
    ),
    "nested class": Outer.Inner(),
    "nested config": Pair(left=Train(), right=Outer.Inner(x=2)),
    "chain": Node(tag="c", deps=[Node(tag="b", deps=[Node(tag="a")])]),
    "furu_dep": Dependent(),
    "furu_dep private ignored": Dependent(_scratch=[1]),
    "skip_hash": Skipping(device="cuda", _cache=object()),
    "hash_default kept": Added(),
    "hash_default changed": Added(width=9, rate=1.5),
    "revision": Revised(),
    "revision text": RevisedText(),
    "inherited": Child(x=3),
    "generic": Boxed[int](item=4),
    "munged": Munged(x=2),
}


CONFIGS |= {
    "numpy int": Value(x=np.int32(3)),
    "numpy float": Value(x=np.float64(0.5)),
    "numpy bool": Value(x=np.bool_(True)),
    "numpy array": Value(x=np.arange(6, dtype="<i4").reshape(2, 3)),
    "numpy array empty": Value(x=np.zeros((0, 3))),
    "numpy array of no dimension": Value(x=np.array(1.5)),
    "numpy array of moments": Value(x=np.array(["2024-02-29"], dtype="M8[D]")),
    "numpy array structured": Value(x=np.array([(1, 2.0)], dtype=[("a", "<i2"), ("b", "<f4")])),
    "numpy moment": Value(x=np.datetime64("2024-02-29T12:00", "ns")),
    "pydantic": Value(x=Model(a=1, b=[1], inner=Model(a=2))),
    "pydantic extra and alias": Value(x=Open.model_validate({"A": 2, "more": "m"})),
}

if attrs is not None:  # optional: none of our own packages needs it

    @attrs.define
    class Attrs:
        a: int
        _b: float = 1.0

    CONFIGS["attrs"] = Value(x=Attrs(a=1, b=2))
