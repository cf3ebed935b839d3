"""The Furu class: what subclassing makes, how objects compare, what classes may say about themselves."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import furu
from furu.errors import FuruIdentityError


class Plain(furu.Furu[int]):
    """A class with every kind of field."""

    lr: float = 0.1
    layers: list[int] = furu.field(default_factory=list)
    device: str = furu.field(default="cpu", skip_hash=True)
    _private: int = 0

    def _create(self) -> int:
        return 1


class Child(Plain, version_controlled=True):
    """A subclass with an option of its own."""

    extra: int = 5


class Grandchild(Child, revision=2):
    """A subclass of a subclass."""

    _max_wait_time_sec: float | None = 3.0


class Dependent(furu.Furu[int]):
    """A class with dependencies that are computed from its fields."""

    n: int = 1

    @furu.furu_dep
    def parts(self) -> list[Plain]:
        """Return what this needs."""
        return [Plain(lr=float(i)) for i in range(self.n)]

    def _create(self) -> int:
        return sum(part.get() for part in self.parts())


def test_fields_are_keyword_only_and_frozen() -> None:
    """A subclass is a chz class."""
    with pytest.raises(TypeError, match="keyword"):
        Plain(0.1)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        Plain().lr = 2.0  # type: ignore[misc]
    with pytest.raises(TypeError, match="learning_rate"):
        Plain(learning_rate=1)  # type: ignore[call-arg]


def test_options_are_inherited_and_added_to() -> None:
    """Each class keyword counts for the class and its subclasses until said otherwise."""
    assert Grandchild().furu_ref.root == "artifacts"
    assert Grandchild._furu_options.revision == 2
    assert Child._furu_options.revision is None
    assert Grandchild._max_wait_time_sec == 3.0
    assert "_max_wait_time_sec" not in furu.chz.chz_fields(Grandchild)


def test_an_unknown_option_is_refused() -> None:
    """on_retry takes two words only."""
    with pytest.raises(TypeError, match="on_retry"):

        class _Bad(furu.Furu[int], on_retry="sometimes"):  # type: ignore[arg-type]
            pass


def test_equal_objects_are_equal_and_hash_alike() -> None:
    """Equality is class, key and excluded fields; lists as field values are no obstacle to sets and dicts."""
    assert Plain(layers=[1, 2]) == Plain(layers=[1, 2])
    assert len({Plain(layers=[1]), Plain(layers=[1]), Plain(layers=[2])}) == 2
    assert Plain(device="gpu") != Plain()
    assert Plain(device="gpu").furu_hash == Plain().furu_hash
    assert Child() != Plain()
    assert Plain(lr=float("nan")) == Plain(lr=float("nan"))


@pytest.mark.parametrize("journey", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_objects_survive_copies_and_pickling(journey: Any) -> None:
    """A copy is equal and carries nothing that was cached on the original."""
    original = Child(layers=[1, 2], extra=7)
    assert original.furu_dir is not None
    made = journey(original)
    assert [name for name in vars(made) if name.startswith("_furu_")] == []
    assert made == original


def test_replace_makes_another_config() -> None:
    """chz.replace works as on any chz class and the key follows."""
    changed = furu.chz.replace(Plain(), lr=0.2)
    assert changed.lr == 0.2
    assert changed.furu_hash != Plain().furu_hash


def test_computed_dependencies_are_the_same_objects_every_time(furu_tmp_root: object) -> None:
    """A furu_dep method runs once per object, and its artifacts are used by get()."""
    dependent = Dependent(n=3)
    assert dependent.parts()[0] is dependent.parts()[0]
    assert dependent.get() == 3
    assert Dependent(n=2).furu_hash != Dependent(n=3).furu_hash


def test_a_class_without_create_says_so(furu_tmp_root: object) -> None:
    """get() fails with the class's name and what to do."""
    with pytest.raises(NotImplementedError, match="Empty has no _create"):
        Empty().get()


class Empty(furu.Furu[int]):
    """A class without _create."""


def test_a_local_class_is_refused_with_the_way_out() -> None:
    """The error names the class and the flag that accepts it."""

    class Local(furu.Furu[int]):
        pass

    with pytest.raises(FuruIdentityError, match="FURU_ALLOW_MAIN"):
        _ = Local().furu_hash


def test_a_local_class_goes_to_scratch_when_allowed(furu_tmp_root: Any, tmp_path_factory: Any) -> None:
    """With allow_main its artifacts go to the temporary root, never to the store."""
    furu.FURU_CONFIG.allow_main = True
    furu.FURU_CONFIG.scratch_root = tmp_path_factory.mktemp("scratch")

    class Local(furu.Furu[int]):
        def _create(self) -> int:
            return 4

    assert Local().get() == 4
    assert Local().get() == 4
    assert Local().furu_dir.is_relative_to(furu.FURU_CONFIG.scratch_root)
    assert not (furu_tmp_root / "data").exists()


def test_what_depends_on_a_local_class_goes_to_scratch_too(furu_tmp_root: Any, tmp_path_factory: Any) -> None:
    """A stable class whose config holds a nameless one must not leave results under a name others may reuse."""
    furu.FURU_CONFIG.allow_main = True
    furu.FURU_CONFIG.scratch_root = tmp_path_factory.mktemp("scratch")

    class Local(furu.Furu[int]):
        pass

    assert Holder(inside=[Local()]).furu_ref.root == "scratch"
    assert Holder(inside=[Empty()]).furu_ref.root == "data"


class Holder(furu.Furu[int]):
    """A class that holds other objects."""

    inside: list[furu.Furu[int]]

    def _create(self) -> int:
        return len(self.inside)


def test_round_trips(furu_tmp_root: object) -> None:
    """to_dict, from_dict and to_python describe the same object."""
    original = Child(lr=1, layers=[1], extra=3)
    assert Child.from_dict(original.to_dict()) == original
    assert eval(original.to_python(), {"Child": Child}) == original
    with pytest.raises(TypeError, match="Child"):
        Dependent.from_dict(original.to_dict())


async def _asynchronous(self: Any) -> int:
    return 1


def _generating(self: Any) -> Any:
    yield 1


async def _generating_asynchronously(self: Any) -> Any:
    yield 1


@pytest.mark.parametrize("method", ["_create", "_validate"])
@pytest.mark.parametrize(
    ("body", "what"),
    [
        (_asynchronous, "an async function.*asyncio.run"),
        (_generating, "a generator.*return a list"),
        (_generating_asynchronously, "an async function"),
        (staticmethod(_generating), "a generator"),
    ],
    ids=["async", "generator", "async generator", "static"],
)
def test_a_hook_that_would_not_run_is_refused_with_the_class(method: str, body: Any, what: str) -> None:
    """Calling an async function or a generator computes nothing, so the class is an error, also when it inherits that."""
    with pytest.raises(TypeError, match=rf"Deferred\.{method} is {what}"):
        type("Deferred", (furu.Furu,), {method: body})
    mixin = type("Mixin", (), {method: body})
    with pytest.raises(TypeError, match=rf"Deferred\.{method} is {what}"):
        type("Deferred", (mixin, furu.Furu), {})


class Unfinished(furu.Furu[Any]):
    """Returns what is still to be computed."""

    how: str

    def _create(self) -> Any:
        (self.furu_dir / "part").write_text("x")
        return {"coroutine": _asynchronous, "generator": _generating, "async_generator": _generating_asynchronously}[
            self.how
        ](self)


class UnfinishedWithLoad(Unfinished):
    """The same in a class that reads its own files."""

    def _load(self) -> str:
        return (self.furu_dir / "part").read_text()


@pytest.mark.parametrize("cls", [Unfinished, UnfinishedWithLoad])
@pytest.mark.parametrize("how", ["coroutine", "generator", "async_generator"])
@pytest.mark.filterwarnings("error")
def test_a_result_that_is_still_to_be_computed_is_refused(cls: Any, how: str, furu_tmp_root: object) -> None:
    """A coroutine or generator is no result; nothing is published, whether or not the class has a ``_load``."""
    with pytest.raises(furu.FuruComputeError, match=f"returned {how}"):
        cls(how=how).get()

    assert not cls(how=how).exists()
