"""The blocks of furu's first README run as they were written: code that follows it goes on working."""

from __future__ import annotations

import importlib
import logging
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

import furu
from furu import config
from furu.storage import store
from furu_testing import furu_test_env

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS = dict(
    re.findall(
        r"^## (.*?)\n(.*?)(?=^## |\Z)",
        (Path(__file__).parent / "seed_blocks.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
)

#: What a project of that README has: the module of the quickstart, and the script that uses it.
FILES = ("my_project/pipelines.py", "run_train.py")


def blocks(section: str) -> list[str]:
    """Return the fenced blocks of a section, in order."""
    return re.findall(r"^```\w*\n(.*?)^```$", SECTIONS[section], re.MULTILINE | re.DOTALL)


class Reader:
    """Somebody who follows the README from the top, in one Python session inside their project."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.module: Any = ModuleType("reader")
        self.run_code("from my_project.pipelines import *")

    def run(self, section: str, number: int = 0) -> Any:
        """Run a block of a section; return the module that all blocks share."""
        return self.run_code(blocks(section)[number])

    def run_code(self, code: str) -> Any:
        """Run code in the module that all blocks share."""
        exec(compile(code, "README.md", "exec"), self.module.__dict__)
        return self.module


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with the files of the quickstart."""
    for name, text in zip(FILES, blocks("Quickstart"), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def reader(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """A session in the project, with a store of its own; all settings are put back afterwards."""
    with furu_test_env(project / "furu-data"):
        config.current().version_controlled_root_override = None  # the documents describe the default
        monkeypatch.chdir(project)
        monkeypatch.syspath_prepend(project)
        importlib.invalidate_caches()
        session = Reader(project)
        monkeypatch.setitem(sys.modules, "reader", session.module)
        yield session
    for name in [name for name in sys.modules if name == "run_train" or name.partition(".")[0] == "my_project"]:
        del sys.modules[name]


def test_quickstart(reader: Reader) -> None:
    """The first ``get()`` creates the files, the second loads what is there."""
    artifact = reader.run_code("import run_train").run_train.artifact

    model = reader.module.TrainModel(lr=3e-4, steps=5000)
    assert artifact == model.furu_dir / "checkpoint.bin"
    assert artifact.read_bytes() == b"..."
    assert (model.furu_dir / "metrics.json").read_text() == '{"lr": 0.0003, "steps": 5000}'
    assert model.get_state().attempt.number == 1


def test_the_artifact_is_in_the_documented_place(reader: Reader) -> None:
    """The directory is root, module, class and hash."""
    model = reader.module.TrainModel(lr=3e-4, steps=5000)

    place = reader.project / "furu-data" / "data" / "my_project" / "pipelines" / "TrainModel" / model.furu_hash
    assert model.furu_dir == place


def test_nested_pipelines(reader: Reader) -> None:
    """A dependency is computed on the way, in a directory of its own; ``get()`` does not reload what it computed."""
    page = reader.run("Nested Pipelines (Dependencies)")

    assert page.TrainTextModel().get() == "trained"
    assert page.TrainTextModel().get() == "trained on:\nready"
    assert page.Dataset().exists()
    assert page.Dataset().get() == "hello\nworld\n"


def test_furu_list(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """Experiments are iterated in order, found by name, and flattened out of a dict."""
    page = reader.run("FuruList: Managing Experiment Collections")

    assert capsys.readouterr().out.splitlines() == [
        "baseline: True",
        "fast_lr: True",
        "long_run: True",
        "configs.tiny: True",
        "configs.huge: True",
    ]
    assert page.MyExperiments.by_name("baseline") == page.TrainModel(lr=1e-3, steps=1000)
    assert len(page.all_exps) == 5


def test_custom_validation(reader: Reader) -> None:
    """A result that ``_validate`` refuses does not exist and is computed again."""
    model = reader.run("Custom Validation").ModelWithValidation()

    model.get()
    assert not model.exists()
    (model.furu_dir / "model.pt").write_bytes(b"weights")
    assert model.exists()
    model.get()
    assert model.get_state().attempt.number == 1
    (model.furu_dir / "model.pt").unlink()
    model.get()
    assert model.get_state().attempt.number == 2


def test_checking_state_without_loading(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """State, metadata, hash and directory of a computed artifact are there to look at."""
    reader.module.TrainModel(lr=3e-4, steps=5000).get()
    page = reader.run("Checking State Without Loading")

    assert capsys.readouterr().out.splitlines() == [
        "Already computed!",
        f"Hash: {page.obj.furu_hash}",
        f"Dir: {page.obj.furu_dir}",
    ]
    assert page.metadata.furu_hash == page.obj.furu_hash


def test_serialization(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """A config survives the round trip through a dict, and is written as the README says."""
    page = reader.run("Serialization")

    assert capsys.readouterr().out == "TrainModel(lr=0.0003, steps=5000)\n"
    assert page.obj2 == page.obj
    assert page.obj2.furu_hash == page.obj.furu_hash


def test_raw_directory(reader: Reader) -> None:
    """The raw directory is there when it is asked for, and a path outside the artifact comes back as it was."""
    processor = reader.run("Raw Directory").LargeDataProcessor()

    assert processor.get() == reader.project / "furu-data" / "raw" / processor.furu_hash / "huge_dataset.bin"
    assert processor.get() == processor.raw_dir / processor.furu_hash / "huge_dataset.bin"


def test_version_controlled_storage(reader: Reader) -> None:
    """A version-controlled artifact is below the project, wherever the other root points."""
    artifact = reader.run("Version-Controlled Storage").VersionedConfig()

    default = config.current().project_root / "furu-data" / "artifacts"
    assert artifact.furu_dir == default / "reader" / "VersionedConfig" / artifact.furu_hash


@pytest.mark.parametrize(("level", "lines"), [("INFO", 1), ("DEBUG", 2)])
def test_logging(reader: Reader, level: str, lines: int) -> None:
    """What ``_create`` logs goes to the artifact's furu.log; DEBUG only when that is asked for."""
    furu.FURU_CONFIG.log_level = level
    pipeline = reader.run("Logging").MyPipeline()

    assert pipeline.get() == "done"
    log = (pipeline.furu_dir / ".furu" / "furu.log").read_text()
    assert [text for text in ("Starting computation...", "Debug details...") if text in log] == [
        "Starting computation...",
        "Debug details...",
    ][:lines]


def test_console_output(project: Path) -> None:
    """Messages have the documented form and words, with the line of the caller; the default store is in the project."""
    form, messages = (block.splitlines() for block in blocks("Console Output"))
    (project / "pyproject.toml").touch()
    environ = {name: text for name, text in os.environ.items() if not name.startswith("FURU_")}

    done = subprocess.run(
        [sys.executable, "run_train.py"],
        cwd=project,
        env=environ | {"FURU_RECORD_GIT": "ignore"},
        capture_output=True,
        text=True,
        check=True,
    )

    def said(message: str) -> str:
        """Return a message with the example's hash masked."""
        return re.sub(r"\b[0-9a-f]{9}\b", "HASH", message)

    assert form == ["HHMMSS file.py:line message"]
    shown = [re.fullmatch(r"\d{6} run_train\.py:(\d+) (.*)", line) for line in done.stderr.splitlines()]
    assert [match and (int(match[1]), said(match[2])) for match in shown] == [
        (5, said(messages[0])),
        (8, said(messages[1])),
    ]
    assert len(list(project.glob("furu-data/data/my_project/pipelines/TrainModel/*/metrics.json"))) == 1


def test_explicit_setup(reader: Reader) -> None:
    """The logger that furu hands out is the one of the standard library called furu."""
    assert reader.run("Explicit Setup").logger is logging.getLogger("furu")


class Fails(furu.Furu[int]):
    """A computation that fails."""

    def _create(self) -> int:
        raise ValueError("no luck")


def test_error_handling(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure is caught as a FuruComputeError that knows the state file and the original error."""
    reader.module.obj = Fails()
    reader.run("Error Handling")

    failed, state, original = re.split(r"^(?=State file|Original)", capsys.readouterr().out, flags=re.MULTILINE)
    assert failed.startswith("Computation failed: Fails ")
    assert "ValueError: no luck" in failed
    assert state == f"State file: {Fails().furu_dir / '.furu' / 'state.json'}\n"
    assert original == "Original error: no luck\n"


def test_error_handling_of_a_wait_that_ended(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """A wait for another owner ends in the clause of FuruWaitTimeout."""
    reader.module.obj = Fails()
    furu.FURU_CONFIG.max_wait_time_sec = 0
    held = store.artifact(Fails().furu_ref).claim("0" * 32)
    assert held is not None
    reader.run("Error Handling")
    held.release()

    assert capsys.readouterr().out == "Timed out waiting for another process\n"


def test_error_handling_of_a_success(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """Without an error, none of the clauses is entered."""
    reader.module.obj = reader.module.TrainModel()
    page = reader.run("Error Handling")

    assert page.result.name == "checkpoint.bin"
    assert capsys.readouterr().out == ""


def test_programmatic_configuration(reader: Reader) -> None:
    """The root and other settings are changed while the program runs."""
    page = reader.run("Programmatic Configuration")

    assert page.root == Path("/my/storage")
    assert furu.FURU_CONFIG.record_git == "uncached"
    assert furu.FURU_CONFIG.poll_interval == 5.0


def test_class_level_options(reader: Reader) -> None:
    """Class options are no fields, and enter nothing but what they are for."""
    pipeline = reader.run("Class-Level Options").MyPipeline

    assert pipeline._max_wait_time_sec == 3600.0
    assert pipeline().furu_ref.root == "artifacts"
    assert pipeline().to_python() == "MyPipeline()"


def test_metadata(reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """Every documented field is there to read."""
    reader.module.obj = reader.module.TrainModel()
    reader.module.obj.get()
    metadata = reader.run("Metadata").metadata

    assert capsys.readouterr().out == f"None\n{socket.gethostname()}\n"
    documented = (
        "furu_python_def furu_obj furu_hash furu_path git_commit git_branch git_remote git_patch git_submodules "
        "timestamp command python_version executable platform hostname user pid"
    )
    assert [name for name in documented.split() if not hasattr(metadata, name)] == []


def test_public_api(reader: Reader) -> None:
    """Every documented name can be imported in one statement."""
    page = reader.run("Public API")

    assert page.Furu is furu.Furu
    assert page.FURU_CONFIG is furu.FURU_CONFIG
    assert page.submitit is sys.modules["submitit"]
    assert page.SubmititAdapter is sys.modules["furu_exec_slurm"].SubmititAdapter
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*", page.__version__)


@pytest.mark.parametrize("name", ["SubmititAdapter", "submit"])
def test_public_api_names_the_package_that_is_missing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without furu-exec-slurm its names are an ImportError that says what to install."""
    monkeypatch.setitem(sys.modules, "furu_exec_slurm", None)
    monkeypatch.delitem(vars(furu), name, raising=False)

    with pytest.raises(ImportError, match=rf"furu\.{name} comes with .*furu-exec-slurm"):
        getattr(furu, name)
