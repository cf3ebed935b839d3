"""What ``get()`` and its relatives promise for one artifact."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ClassVar

import pytest

import furu
from furu.errors import Missing

if TYPE_CHECKING:
    from pathlib import Path

calls: list[str] = []


@pytest.fixture(autouse=True)
def _fresh(furu_tmp_root: Path) -> None:
    calls.clear()


class Model(furu.Furu[dict[str, float]]):
    """A class with a ``_load`` of its own."""

    lr: float = furu.field(default=1e-3)
    fails: bool = furu.field(default=False, skip_hash=True)

    def _create(self) -> dict[str, float]:
        calls.append("create")
        (self.furu_dir / "partial.txt").write_text("begun")
        if self.fails:
            raise ValueError("bad lr")
        value = {"lr": self.lr}
        (self.furu_dir / "model.json").write_text(json.dumps(value))
        return value

    def _load(self) -> dict[str, float]:
        calls.append("load")
        loaded: dict[str, float] = json.loads((self.furu_dir / "model.json").read_text())
        return loaded


class Derived(Model):
    """A class derived from another."""


class Automatic(furu.Furu[list[int]]):
    """A class whose result is stored automatically."""

    n: int = 3

    def _create(self) -> list[int]:
        calls.append("create")
        return list(range(self.n))


class Checked(furu.Furu[str]):
    """A class that validates its result."""

    error: ClassVar[Exception | None] = None

    def _create(self) -> str:
        calls.append("create")
        (self.furu_dir / "out.txt").write_text("good")
        return "good"

    def _load(self) -> str:
        return (self.furu_dir / "out.txt").read_text()

    def _validate(self) -> bool:
        if Checked.error is not None:
            raise Checked.error
        return (self.furu_dir / "out.txt").exists()


class Clean(furu.Furu[list[str]], on_retry="clean"):
    """A class that wants an empty directory for every attempt."""

    fail_first: ClassVar[bool] = True

    def _create(self) -> list[str]:
        found = sorted(path.name for path in self.furu_dir.iterdir() if path.name != ".furu")
        (self.furu_dir / "half").mkdir()
        if Clean.fail_first:
            raise RuntimeError("first attempt")
        return found


class Outer:
    """A namespace of another class."""

    class Inner(furu.Furu[int]):
        """A nested class."""

        def _create(self) -> int:
            return 1


class Versioned(furu.Furu[int], version_controlled=True):
    """A class whose artifacts are version controlled."""

    def _create(self) -> int:
        return 7


def test_the_first_get_creates_and_returns_what_create_returned() -> None:
    """A get() that computed does not call _load."""
    assert Model().get() == {"lr": 1e-3}
    assert calls == ["create"]


def test_every_further_get_loads() -> None:
    """A hit calls _load every time, also on the same object."""
    model = Model()
    model.get()
    assert model.get() == {"lr": 1e-3}
    assert Model().get() == {"lr": 1e-3}
    assert calls == ["create", "load", "load"]


def test_a_class_without_load_gets_its_result_back() -> None:
    """The value _create returned is stored and read back, and its format is recorded."""
    assert Automatic(n=4).get() == [0, 1, 2, 3]
    assert Automatic(n=4).get() == [0, 1, 2, 3]
    assert calls == ["create"]
    assert Automatic(n=4).get_metadata().result_format == "json"


def test_exists_on_an_absent_artifact_creates_nothing(furu_tmp_root: Path) -> None:
    """Neither exists() nor furu_dir nor get_state() nor try_load() touches the store."""
    model = Model()
    assert not model.exists()
    assert model.get_state().result == "absent"
    assert model.try_load() is furu.MISSING
    assert model.furu_dir.name == model.furu_hash
    assert list(furu_tmp_root.iterdir()) == []


def test_load_existing_never_computes() -> None:
    """load_existing() raises FuruMissingArtifact naming the directory, and loads once the result is there."""
    with pytest.raises(furu.FuruMissingArtifact, match=Model().furu_hash):
        Model().load_existing()
    assert calls == []
    Model().get()
    assert Model().load_existing() == {"lr": 1e-3}
    assert not isinstance(Model().try_load(), Missing)


def test_a_failure_is_both_a_compute_error_and_the_original() -> None:
    """Either except clause catches it; the original is the cause; state and log say what happened."""
    with pytest.raises(ValueError, match="bad lr") as caught:
        Model(fails=True).get()
    error = caught.value
    assert isinstance(error, furu.FuruComputeError)
    assert error.original_error is error.__cause__
    assert type(error.original_error) is ValueError
    assert error.state_path == Model().furu_dir / ".furu" / "state.json"
    state = Model().get_state()
    assert state.result == "failed"
    assert state.attempt is not None
    assert state.attempt.error is not None
    assert state.attempt.error.type == "ValueError"
    assert "bad lr" in state.attempt.error.traceback
    assert "bad lr" in (Model().furu_dir / ".furu" / "furu.log").read_text()


def test_a_failed_artifact_is_tried_again() -> None:
    """The next get() runs another attempt, numbered after the first, with the partial output still there."""
    with pytest.raises(ValueError, match="bad lr"):
        Model(fails=True).get()
    assert (Model().furu_dir / "partial.txt").exists()
    assert Model().get() == {"lr": 1e-3}
    state = Model().get_state()
    assert state.attempt is not None
    assert (state.result, state.attempt.number) == ("success", 2)


def test_failures_are_sticky_on_request() -> None:
    """With retry_failed off a recorded failure is raised again, with its traceback, and nothing runs."""
    with pytest.raises(ValueError, match="bad lr"):
        Model(fails=True).get()
    furu.FURU_CONFIG.retry_failed = False
    with pytest.raises(furu.FuruComputeError, match="bad lr") as caught:
        Model().get()
    assert isinstance(caught.value, ValueError)
    assert "in _create" in (caught.value.recorded_traceback or "")
    assert "FURU_RETRY_FAILED" in str(caught.value)
    assert calls == ["create"]


def test_a_result_that_is_no_longer_valid_is_computed_again() -> None:
    """_validate returning False, or raising FuruValidationError, has the artifact recomputed."""
    checked = Checked()
    checked.get()
    (checked.furu_dir / "out.txt").unlink()
    assert not checked.exists()
    assert checked.get() == "good"
    Checked.error = furu.FuruValidationError("no")
    try:
        assert not checked.exists()
        assert checked.get() == "good"
    finally:
        Checked.error = None
    assert calls == ["create"] * 3


def test_another_exception_of_validate_surfaces_in_exists_and_recomputes_in_get() -> None:
    """A bug in _validate is shown by exists(), and get() computes rather than trusting the result."""
    checked = Checked()
    checked.get()
    Checked.error = KeyError("bug")
    try:
        with pytest.raises(KeyError):
            checked.exists()
        assert checked.get() == "good"
    finally:
        Checked.error = None
    assert calls == ["create"] * 2


def test_an_error_of_load_never_discards_the_artifact() -> None:
    """It surfaces as FuruLoadError, also of the original's class, and the artifact stays published."""
    model = Model()
    model.get()
    (model.furu_dir / "model.json").unlink()
    with pytest.raises(FileNotFoundError) as caught:
        model.get()
    assert isinstance(caught.value, furu.FuruLoadError)
    assert caught.value.errno == 2
    assert model.exists()
    assert calls == ["create", "load"]


def test_clean_on_retry_empties_the_directory() -> None:
    """on_retry="clean" gives another attempt an empty directory."""
    Clean.fail_first = True
    with pytest.raises(RuntimeError):
        Clean().get()
    Clean.fail_first = False
    assert Clean().get() == []


def test_always_rerun_names_classes() -> None:
    """Artifacts of the named classes, and of classes derived from them, are recomputed by every get(), others are not."""
    Derived().get()
    Automatic().get()
    furu.FURU_CONFIG.always_rerun = {f"{__name__}.Model"}
    Derived().get()
    Model().get()
    Model().get()
    Automatic().get()
    assert calls.count("create") == 5
    assert "load" not in calls


def test_always_rerun_names_the_classes_of_a_program(tmp_path: Path) -> None:
    """A class of a module run with -m is named by the module, and the module is not run a second time."""
    (tmp_path / "program.py").write_text(
        "import furu\n"
        "class Train(furu.Furu[int]):\n"
        "    def _create(self) -> int:\n"
        "        return 1\n"
        "print('run')\n"
        "if __name__ == '__main__':\n"
        "    Train().get()\n"
    )
    environ = {**os.environ, "FURU_PATH": str(tmp_path), "FURU_RECORD_GIT": "ignore"}
    environ |= {"FURU_ALWAYS_RERUN": "program.Train"}
    for told in ("missing->create", "rerun->create"):
        done = subprocess.run(
            [sys.executable, "-m", "program"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        )
        assert done.stdout == "run\n"
        assert told in done.stderr


def test_a_rerun_class_that_does_not_exist_is_named() -> None:
    """A misspelt entry is an error at the first use, with the variable's name."""
    furu.FURU_CONFIG.always_rerun = {"json.NoSuchClass"}
    with pytest.raises(furu.FuruConfigError, match=r"FURU_ALWAYS_RERUN.*NoSuchClass"):
        Model().get()


def test_artifacts_lie_where_the_documentation_says(furu_tmp_root: Path) -> None:
    """Module and class make the directory; version-controlled artifacts have their own root."""
    module = __name__.split(".")
    assert Outer.Inner().furu_dir == furu_tmp_root.joinpath("data", *module, "Outer", "Inner", Outer.Inner().furu_hash)
    assert Versioned().furu_dir == furu_tmp_root.joinpath("artifacts", *module, "Versioned", Versioned().furu_hash)
    Versioned().get()
    records = sorted(path.name for path in (Versioned().furu_dir / ".furu").iterdir())
    assert records == ["SUCCESS.json", "events.jsonl", "metadata.json", "result.json", "state.json"]


def test_a_list_is_obtained_in_order_and_once_each() -> None:
    """furu.get() shares equal objects' results."""
    assert furu.get([Automatic(n=1), Automatic(n=2), Automatic(n=1)]) == [[0], [0, 1], [0]]
    assert calls == ["create", "create"]


def test_threads_share_one_create() -> None:
    """Eight threads on each of 60 objects run one _create each and all get the value, however they interleave."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as pool:
            for n in range(60):
                values = list(pool.map(lambda n: Model(lr=n).get(), [n] * 8))
                assert values == [{"lr": n}] * 8
    finally:
        sys.setswitchinterval(interval)
    assert calls.count("create") == 60


def test_scratch_puts_new_artifacts_elsewhere(tmp_path_factory: pytest.TempPathFactory, furu_tmp_root: Path) -> None:
    """Inside scratch what exists is loaded where it is, and what is new goes to the temporary root."""
    Model().get()
    with furu.scratch(tmp_path_factory.mktemp("scratch")) as root:
        assert Model().get() == {"lr": 1e-3}
        assert Model().furu_dir.is_relative_to(furu_tmp_root)
        assert Model(lr=9.0).get() == {"lr": 9.0}
        assert Model(lr=9.0).furu_dir.is_relative_to(root)
        assert Model(lr=9.0).exists()
    assert not Model(lr=9.0).exists()
    assert calls == ["create", "load", "create"]


def test_raw_dir_is_made_at_the_first_use(furu_tmp_root: Path) -> None:
    """raw_dir is shared by all artifacts and is there once asked for."""
    assert Model().raw_dir == Automatic().raw_dir == furu_tmp_root / "raw"
    assert (furu_tmp_root / "raw").is_dir()


def test_a_trace_tells_what_every_get_did(tmp_path: Path) -> None:
    """FURU_TRACE names a file with one JSON line for each create and each load, repeated ones included."""
    furu.FURU_CONFIG.trace = tmp_path / "trace.jsonl"
    Model().get()
    Model().get()
    Model().get()
    lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    assert [line["outcome"] for line in lines] == ["missing->create", "success->load", "success->load"]
    assert {(line["class"], line["furu_hash"]) for line in lines} == {(f"{__name__}.Model", Model().furu_hash)}
