"""Collections of experiments: FuruList and sweep."""

from __future__ import annotations

import pytest

import furu


class Train(furu.Furu[float]):
    """An experiment."""

    lr: float = 1e-3
    steps: int = 100
    layers: list[int] = furu.field(default_factory=list)

    def _create(self) -> float:
        return self.lr * self.steps


class Base(furu.FuruList[Train]):
    """Experiments that others build on."""

    baseline = Train()
    configs = {"tiny": Train(steps=1), "deep": {"inner": Train(steps=2)}}
    runs = [Train(lr=1.0), Train(lr=2.0)]
    note = "not an experiment"
    _hidden = Train(lr=9.0)


class More(Base):
    """A list that replaces one experiment of its parent and adds one."""

    baseline = Train(lr=0.5)
    extra = Train(lr=0.25)


def test_names_come_from_attributes_keys_and_places() -> None:
    """Dictionaries and lists are flattened; private and other attributes are left alone."""
    names = [name for name, _ in Base.items()]
    assert names == ["baseline", "configs.tiny", "configs.deep.inner", "runs.0", "runs.1"]


def test_the_class_behaves_like_a_collection() -> None:
    """It can be iterated, measured and asked what it contains."""
    assert list(Base) == Base.all()
    assert len(Base) == 5
    assert Train(steps=1) in Base
    assert Train(lr=9.0) not in Base
    assert bool(Base) is True


def test_an_experiment_is_found_by_name() -> None:
    """by_name finds flattened names, and lists the names when there is none."""
    assert Base.by_name("configs.tiny") == Train(steps=1)
    with pytest.raises(KeyError, match=r"runs\.1"):
        Base.by_name("tiny")


def test_a_subclass_has_its_parents_experiments_first() -> None:
    """An experiment declared again replaces the parent's."""
    assert [name for name, _ in More.items()] == [*(name for name, _ in Base.items()), "extra"]
    assert More.by_name("baseline") == Train(lr=0.5)
    assert Base.by_name("baseline") == Train()


def test_a_sweep_is_a_grid() -> None:
    """Every combination appears once, the last field varying fastest; other values are the same for all."""
    made = furu.sweep(Train, lr=[0.1, 0.2], steps=range(2), layers=[[3, 4]])
    assert [(one.lr, one.steps, one.layers) for one in made] == [
        (0.1, 0, [3, 4]),
        (0.1, 1, [3, 4]),
        (0.2, 0, [3, 4]),
        (0.2, 1, [3, 4]),
    ]
    assert furu.sweep(Train, lr=0.5) == [Train(lr=0.5)]


def test_zipped_fields_vary_together() -> None:
    """A zipped group counts as one axis of the grid."""
    made = furu.sweep(Train, furu.zipped(lr=[0.1, 0.2], steps=[10, 20]), layers=[[], [1]])
    assert [(one.lr, one.steps, one.layers) for one in made] == [
        (0.1, 10, []),
        (0.1, 10, [1]),
        (0.2, 20, []),
        (0.2, 20, [1]),
    ]


def test_a_sweep_over_nothing_is_refused() -> None:
    """An empty list, lists of different lengths and a field given twice are errors that name the field."""
    with pytest.raises(ValueError, match="lr"):
        furu.sweep(Train, lr=[])
    with pytest.raises(ValueError, match="steps"):
        furu.zipped(lr=[1], steps=[1, 2])
    with pytest.raises(TypeError, match="lr"):
        furu.sweep(Train, furu.zipped(lr=[1.0]), lr=[2.0])
    with pytest.raises(TypeError, match="rate"):
        furu.sweep(Train, rate=[1])


def test_a_sweep_feeds_get(furu_tmp_root: object) -> None:
    """The objects are ordinary: lists of them are obtained at once."""
    assert furu.get(furu.sweep(Train, lr=[1.0, 2.0])) == [100.0, 200.0]
