"""Errors: one tree, both classes at once, and a journey through pickle."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import furu
from furu.errors import FuruLeaseLost, compute_error


class Awkward(Exception):
    """An exception whose constructor wants arguments that it does not keep in ``args``."""

    def __init__(self, code: int, *, where: str) -> None:
        super().__init__(f"{code} at {where}")
        self.code = code


class Final(Exception):
    """An exception that does not allow subclasses."""

    def __init_subclass__(cls) -> None:
        raise TypeError("final")


ORIGINALS: list[Exception] = [
    ValueError("bad"),
    KeyError("name"),
    OSError(28, "No space left on device", "out.bin"),
    FileNotFoundError(2, "No such file", "in.bin"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
    StopIteration(3),
    ImportError("no module", name="torch"),
    Awkward(7, where="here"),
    furu.FuruValidationError("not valid"),
    ExceptionGroup("several", [ValueError("a"), KeyError("b")]),
]


@pytest.mark.parametrize("original", ORIGINALS, ids=lambda error: type(error).__name__)
def test_a_compute_error_is_also_the_original(original: Exception) -> None:
    """It is caught by either class, keeps the original's fields, and survives pickling with all of it."""
    made = compute_error(
        "TrainModel abc failed", original=original, state_path=Path("state.json"), recorded_traceback="tb", hints=["do"]
    )
    for error in (made, pickle.loads(pickle.dumps(made))):
        assert isinstance(error, furu.FuruComputeError)
        assert isinstance(error, type(original))
        assert str(error) == "TrainModel abc failed\n  hint: do"
        assert type(error.original_error) is type(original)
        assert type(error.__cause__) is type(original)
        assert (error.state_path, error.recorded_traceback) == (Path("state.json"), "tb")
        for name in ("errno", "filename", "encoding", "value", "name", "code"):
            assert getattr(error, name, None) == getattr(original, name, None)


def test_where_python_refuses_the_original_stays_as_the_cause() -> None:
    """A class that allows no subclasses is still there as cause and original_error."""
    error = compute_error("failed", original=Final("x"))
    assert type(error) is furu.FuruComputeError
    assert isinstance(error.__cause__, Final)


def test_nested_failures_stay_instances_of_the_first() -> None:
    """A failure that passes through several artifacts is caught by the class of the innermost one."""
    inner = compute_error("inner", original=ValueError("bad"))
    outer = compute_error("outer", original=inner)
    assert isinstance(outer, ValueError)
    assert isinstance(outer, furu.FuruComputeError)
    assert outer.original_error is inner
    assert isinstance(pickle.loads(pickle.dumps(outer)), ValueError)


@pytest.mark.parametrize(
    "error",
    [
        furu.FuruWaitTimeout("waited", hints=["wait longer"]),
        furu.FuruLockNotAcquired("no"),
        FuruLeaseLost("lost", token="t"),
        furu.FuruMissingArtifact("none"),
        furu.FuruCycleError("a -> a"),
        furu.FuruConfigError("FURU_X=1"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_error_survives_pickling(error: furu.FuruError) -> None:
    """Class, text and attributes are the same after a journey to a worker and back."""
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is type(error)
    assert str(back) == str(error)
    assert back.__dict__ == error.__dict__


def test_missing_is_one_falsy_value() -> None:
    """MISSING is falsy, prints as MISSING, and is the same object after pickling."""
    assert not furu.MISSING
    assert repr(furu.MISSING) == "MISSING"
    assert pickle.loads(pickle.dumps(furu.MISSING)) is furu.MISSING
