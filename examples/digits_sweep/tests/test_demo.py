"""The demo, run as ``make demo`` runs it, on a store of its own."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent.parent
STEPS = 17


class Demo:
    """The example program, and the store it works on."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the program to its end, with more ``FURU_`` variables if given."""
        environ = {name: text for name, text in os.environ.items() if not name.startswith("FURU_")}
        environ |= {
            "FURU_PATH": str(self.store),
            "FURU_VERSION_CONTROLLED_PATH": str(self.store / "artifacts"),
            "FURU_ALLOW_NO_GIT_ORIGIN": "1",
            **variables,
        }
        return subprocess.run(
            [sys.executable, EXAMPLES / "digits_sweep" / "main.py"],
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def records(self, name: str) -> dict[str, str]:
        """Return the content of each artifact's record called ``name``, by the artifact's directory."""
        return {
            str(path.parent.parent.relative_to(self.store)): path.read_text()
            for path in self.store.glob(f"**/.furu/{name}")
        }


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def first_run(demo: Demo) -> subprocess.CompletedProcess[str]:
    return demo.run()


def test_second_pass_computes_nothing(demo: Demo, first_run: subprocess.CompletedProcess[str]) -> None:
    """The first pass begins one attempt for each step; the second pass begins none."""
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr

    events = {
        place: [json.loads(line) for line in text.splitlines()] for place, text in demo.records("events.jsonl").items()
    }

    assert len(events) == STEPS
    assert {tuple(event["attempt"] for event in each) for each in events.values()} == {("running", "success")}
    assert len({each[0]["pid"] for each in events.values()}) == 1


def test_output_fits_a_narrow_screen(first_run: subprocess.CompletedProcess[str]) -> None:
    """Piped, the output is plain text of at most 80 columns."""
    assert "\x1b" not in first_run.stdout
    assert max(map(len, first_run.stdout.splitlines())) <= 80


def test_output_says_what_was_computed(first_run: subprocess.CompletedProcess[str]) -> None:
    """Each step is computed by the first pass and loaded by the second; each model shows its score."""
    rows = re.findall(r"computed +[\d.]+ [mµ]?s +loaded +[\d.]+ [mµ]?s(.*)", first_run.stdout)

    assert len(rows) == STEPS
    assert sum("%" in row for row in rows) == 10
    assert "the second pass computed nothing" in " ".join(first_run.stdout.split())


def test_report_lies_with_the_version_controlled_artifacts(
    demo: Demo, first_run: subprocess.CompletedProcess[str]
) -> None:
    """The report is the one artifact under FURU_VERSION_CONTROLLED_PATH, as Markdown and as JSON."""
    (report,) = (demo.store / "artifacts").glob("digits_sweep/pipeline/Report/[0-9a-f]*")

    summary = json.loads((report / "report.json").read_text())

    assert summary["scores"][summary["best"]]["test_accuracy"] > 0.97
    assert summary["best"] in (report / "report.md").read_text()


@pytest.fixture
def filled(demo: Demo, first_run: subprocess.CompletedProcess[str], tmp_path: Path) -> Demo:
    """The demo on a copy of the store that the first run left."""
    return Demo(shutil.copytree(demo.store, tmp_path / "store"))


def test_filled_store_is_said_to_be_filled(filled: Demo) -> None:
    """On a store filled by an earlier run both passes load, which is said; a step whose file is gone is computed."""
    states = filled.records("state.json")
    again = filled.run()

    assert again.returncode == 0, again.stdout + again.stderr
    assert "the first pass loaded as well" in " ".join(again.stdout.split())
    assert filled.records("state.json") == states

    next(filled.store.glob("data/**/digits.npz")).unlink()
    mended = filled.run()

    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert "The first pass computed 1 of 17" in " ".join(mended.stdout.split())


def test_second_pass_that_computes_is_found_out(filled: Demo) -> None:
    """When furu is told to compute a step always, the program says so and fails."""
    run = filled.run(FURU_ALWAYS_RERUN="digits_sweep.pipeline.Split")

    assert run.returncode == 1
    assert "The second pass computed again: split" in " ".join(run.stdout.split())


def test_a_result_of_the_demo_is_computed_once_more_from_its_commit(tmp_path: Path) -> None:
    """``furu repro`` brings back the code that computed a model, with what was not committed, and computes the same scores."""
    clone = tmp_path / "clone"
    made = subprocess.run(["git", "clone", "-q", EXAMPLES.parent, clone], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"the example is in no git repository: {made.stderr}")
    pipeline = clone / "examples/digits_sweep/pipeline.py"
    pipeline.write_text(pipeline.read_text().replace("random_state=0", "random_state=1"))
    environ = {name: text for name, text in os.environ.items() if not name.startswith("FURU_")}
    environ |= {"FURU_PATH": str(tmp_path / "store"), "FURU_VERSION_CONTROLLED_PATH": str(tmp_path / "store/artifacts")}
    ran = subprocess.run(
        [sys.executable, "-c", "from digits_sweep.pipeline import *; TrainModel(classifier=Forest(trees=5)).get()"],
        env=environ | {"PYTHONPATH": str(clone / "examples")},
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    (model,) = (tmp_path / "store/data/digits_sweep/pipeline/TrainModel").glob("*/.furu/result.json")
    subprocess.run(["git", "checkout", "-q", "--", "."], cwd=clone, check=True)

    again = subprocess.run(
        [Path(sys.executable).with_name("furu"), "repro", model.parent.parent.name, "--run", "--into", tmp_path / "then"],
        env=environ, cwd=clone, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert again.returncode == 0, again.stdout + again.stderr
    (result,) = (tmp_path / "then/.furu-repro/store/data/digits_sweep/pipeline/TrainModel").glob("*/.furu/result.json")
    assert json.loads(result.read_text()) == json.loads(model.read_text())
    assert "random_state=1" in (tmp_path / "then/examples/digits_sweep/pipeline.py").read_text()
