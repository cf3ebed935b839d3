"""The plugin in other people's test runs, however it gets there: what its fixtures give, and what it costs unused."""

from __future__ import annotations

import os
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytest_plugins = ["pytester"]

#: The testing section of furu's first README, block by block.
CONFTEST = 'pytest_plugins = ["furu.testing"]\n'
ISOLATED = """
    # test_pipeline.py
    import json
    from pathlib import Path
    import furu

    class TrainModel(furu.Furu[Path]):
        lr: float = furu.chz.field(default=1e-3)

        def _create(self) -> Path:
            path = self.furu_dir / "metrics.json"
            path.write_text(json.dumps({"lr": self.lr}))
            return path

        def _load(self) -> Path:
            return self.furu_dir / "metrics.json"

    def test_create_and_reload(furu_tmp_root):
        obj = TrainModel(lr=1e-3)
        first = obj.get()
        second = obj.get()
        assert first.read_text() == second.read_text()
        assert (furu_tmp_root / "data").exists()
"""
OVERRIDDEN = """
    import furu
    from furu.testing import override_results

    class Normalize(furu.Furu[str]):
        def _create(self) -> str:
            return "normalized"

        def _load(self) -> str:
            return "normalized"

    class TrainModel(furu.Furu[str]):
        normalizer: Normalize = furu.chz.field(default_factory=Normalize)

        def _create(self) -> str:
            return f"trained:{self.normalizer.get()}"

        def _load(self) -> str:
            return "trained"

    def test_override_dependency(furu_tmp_root):
        normalizer = Normalize()
        model = TrainModel(normalizer=normalizer)
        with override_results({normalizer: "stub"}):
            assert model.get() == "trained:stub"

    from furu.testing import override_results_for

    def test_override_by_path(furu_tmp_root):
        model = TrainModel()
        with override_results_for(model, {"normalizer": "stub"}):
            assert model.get() == "trained:stub"
"""

#: A pipeline that the tests below use.
PIPELINE = """
    import furu

    class Step(furu.Furu[int]):
        n: int = 1

        def _create(self) -> int:
            return self.n
"""

NO_AUTOLOAD = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing of the run that tests the plugin reach the runs that use it."""
    for name in list(os.environ):
        if name.startswith(("FURU_", "PYTEST_XDIST")) or name in ("PYTEST_ADDOPTS", *NO_AUTOLOAD):
            monkeypatch.delenv(name)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run the tests that were written, in a Python of their own, with no other plugin."""
    with pytest.MonkeyPatch.context() as patch:
        for name, text in NO_AUTOLOAD.items():
            patch.setenv(name, text)
        return pytester.runpytest_subprocess("-p", "furu_testing", *arguments)


@pytest.mark.parametrize(
    ("conftest", "arguments", "environ"),
    [
        pytest.param("", [], {}, id="registered by itself"),
        pytest.param("", ["-p", "furu_testing"], NO_AUTOLOAD, id="by -p, autoload off"),
        pytest.param("", ["-p", "furu_testing"], {}, id="by -p and by itself"),
        pytest.param(CONFTEST, [], {}, id="by conftest and by itself"),
        pytest.param(CONFTEST, [], NO_AUTOLOAD, id="by conftest, autoload off"),
        pytest.param(CONFTEST, ["-n", "2"], {}, id="two workers"),
        pytest.param("", ["-p", "furu_testing", "-p", "xdist", "-n", "2"], NO_AUTOLOAD, id="two workers, autoload off"),
        pytest.param(CONFTEST, ["-p", "no:cacheprovider"], {}, id="no cache provider"),
        pytest.param("", ["--import-mode=importlib"], {}, id="importlib mode"),
    ],
)
def test_the_first_readme_runs_as_written(
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    conftest: str,
    arguments: list[str],
    environ: dict[str, str],
) -> None:
    """The documented blocks pass, however the plugin is asked for."""
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    pytester.makeconftest(conftest)
    pytester.makepyfile(test_pipeline=dedent(ISOLATED), test_overrides=dedent(OVERRIDDEN))

    others = ["-p", "no:hypothesispytest", "-p", "no:anyio"]
    result = pytester.runpytest_subprocess("-W", "error", *others, *arguments)

    result.assert_outcomes(passed=3)


def test_identical_configs_of_two_tests_do_not_meet(pytester: pytest.Pytester) -> None:
    """Each test finds an empty store and computes for itself; what it logs is what a first run logs."""
    pytester.makepyfile(
        dedent(PIPELINE)
        + dedent(
            """
            import pytest
            from furu_testing import computed, loaded

            @pytest.mark.parametrize("turn", [1, 2, 3])
            def test_alone(furu_tmp_root, tmp_path, turn, caplog):
                assert furu_tmp_root.is_relative_to(tmp_path)
                assert not Step().exists()
                caplog.set_level("INFO")
                Step().get()
                Step().get()
                assert (computed(Step), loaded(Step)) == (1, 1)
                assert [record.getMessage().split("(")[1] for record in caplog.records] == [
                    "missing->create)", "success->load)",
                ]

            def test_scratch(furu_tmp_root):
                furu.FURU_CONFIG.allow_main = True

                class Local(furu.Furu[int]):
                    def _create(self):
                        return 1

                assert not Local().exists()
                Local().get()
                assert Local().furu_dir.is_relative_to(furu_tmp_root)

            test_scratch_again = test_scratch
            """
        )
    )

    run(pytester).assert_outcomes(passed=5)


def test_child_processes_use_the_same_store(pytester: pytest.Pytester) -> None:
    """A program that the test starts finds what the test computed, and counts as part of the test."""
    pytester.makepyfile(steps=dedent(PIPELINE))
    pytester.makepyfile(
        """
        import subprocess, sys
        from furu_testing import assert_loaded, computed
        from steps import Step

        def test_child(furu_tmp_root):
            Step(n=1).get()
            code = "from steps import Step; print(Step(n=1).get() + Step(n=2).get())"
            assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "3\\n"
            assert computed(Step) == 2
            assert_loaded(Step(n=1), times=1)
        """
    )

    run(pytester).assert_outcomes(passed=1)


NO_COMPUTE = """
    import subprocess, sys, threading
    import pytest
    from furu_testing import override_results
    from steps import Step

    pytestmark = pytest.mark.usefixtures("furu_no_compute")
"""


def test_no_compute_fails_what_computes(pytester: pytest.Pytester) -> None:
    """A test that computes fails as soon as it does, saying what; one that overrides or looks only passes."""
    pytester.makepyfile(steps=dedent(PIPELINE))
    pytester.makepyfile(
        dedent(NO_COMPUTE)
        + dedent(
            """
            def test_computes():
                try:
                    Step().get()
                except Exception:
                    pass
                raise KeyError("not reached")

            def test_overrides():
                assert not Step().exists()
                with override_results({Step(): 7}):
                    assert Step().get() == 7
            """
        )
    )

    result = run(pytester)

    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*Failed: furu_no_compute: this test computes Step *"])
    result.stdout.no_fnmatch_line("E *KeyError*")


def test_no_compute_sees_what_is_hidden(pytester: pytest.Pytester) -> None:
    """What a child process computes, and what was swallowed in this one, fails the test at its end."""
    pytester.makepyfile(steps=dedent(PIPELINE))
    pytester.makepyfile(
        dedent(NO_COMPUTE)
        + dedent(
            """
            def test_child():
                subprocess.run([sys.executable, "-c", "from steps import Step; Step(n=5).get()"], check=True)

            def test_swallowed():
                try:
                    Step().get()
                except BaseException:
                    pass

            def test_fails_too():
                subprocess.run([sys.executable, "-c", "from steps import Step; Step(n=6).get()"], check=True)
                assert False
            """
        )
    )

    result = run(pytester)

    result.assert_outcomes(passed=2, failed=1, errors=3)
    result.stdout.fnmatch_lines(
        [
            "furu_no_compute: this test has computed 1 artifact",
            "what ran in this test:",
            "  Step * missing->create (pid *)",
        ]
    )


def test_a_failed_count_says_what_ran(pytester: pytest.Pytester) -> None:
    """The messages name the config, how often it ran and how often it should have, and list all that ran."""
    pytester.makepyfile(
        dedent(PIPELINE)
        + dedent(
            """
            import pytest
            from furu_testing import assert_computed, assert_loaded

            def test_computed(furu_tmp_root):
                Step(n=3).get()
                assert_computed(Step(n=4))

            def test_loaded(furu_tmp_root):
                Step(n=3).get()
                Step(n=3).get()
                assert_loaded(Step(n=3), times=5)

            def test_nothing(furu_tmp_root):
                assert_loaded(Step(n=3))

            def test_outside():
                assert_computed(Step(n=3))
            """
        )
    )

    result = run(pytester)

    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(
        [
            "E * AssertionError: Step * (*Step(n=4)) was computed never, not once",
            "E * what ran in this test:",
            "E * Step * missing->create (pid *)",
            "E * AssertionError: Step * (*Step(n=3)) was loaded once, not 5 times",
            "E * Step * success->load (pid *)",
            "E * AssertionError: Step * (*Step(n=3)) was loaded never",
            "E * nothing",
            "E * RuntimeError: nothing is observed here: use the fixture furu_tmp_root, or furu_test_env(path)",
        ]
    )


HASHES = """
    import furu

    class Train(furu.Furu[int]):
        lr: float = {lr}
        {more}

    def test_baseline(furu_hashes):
        furu_hashes.check({{"baseline": Train()}})

    def test_sweep(furu_hashes):
        furu_hashes.check({{f"sweep/{{lr}}": Train(lr=lr) for lr in (1.0, 2.0)}})
"""


def test_a_hash_file_is_written_on_request_and_guards_afterwards(pytester: pytest.Pytester) -> None:
    """Missing names fail with the way out; the flag writes the file; a refactoring that changes a hash is named."""
    path = pytester.makepyfile(test_hashes=dedent(HASHES).format(lr=0.5, more=""))
    result = run(pytester)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*baseline: not in the file yet", "*pytest --furu-update-hashes writes the file anew"])

    run(pytester, "--furu-update-hashes", "-p", "xdist", "-n", "2").assert_outcomes(passed=2)
    written = (pytester.path / "furu_hashes.json").read_text()
    assert written.count(":") == 3
    run(pytester).assert_outcomes(passed=2)

    path.write_text(dedent(HASHES).format(lr=0.25, more="depth: int = furu.field(default=3, hash_default=3)"))
    result = run(pytester)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*baseline: the hash was * and is *; results stored under the old one*"])
    assert (pytester.path / "furu_hashes.json").read_text() == written


def test_other_frameworks_use_the_context_manager(tmp_path: Path) -> None:
    """``furu_test_env`` isolates a unittest as the fixture isolates a test function, without a pytest run."""
    (tmp_path / "test_steps.py").write_text(
        dedent(PIPELINE)
        + dedent(
            """
            import tempfile, unittest
            from furu_testing import assert_computed, furu_test_env

            class TestStep(unittest.TestCase):
                def setUp(self):
                    directory = self.enterContext(tempfile.TemporaryDirectory())
                    self.root = self.enterContext(furu_test_env(directory))

                def test_one(self):
                    Step().get()
                    assert_computed(Step())
                    self.assertTrue((self.root / "data").exists())

                test_two = test_one
            """
        )
    )

    done = subprocess.run(
        [sys.executable, "-m", "unittest", "-q"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "Ran 2 tests" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == ["test_steps.py"]


def test_unused_it_costs_next_to_nothing() -> None:
    """In a run that uses no furu, the plugin is loaded in under 30 ms and imports neither furu nor what furu needs."""
    code = """
        import sys, time
        import pytest
        before = set(sys.modules)
        began = time.process_time()
        import furu_testing
        took = time.process_time() - began
        fresh = {name.partition(".")[0] for name in set(sys.modules) - before}
        print(took, *sorted(fresh - set(sys.stdlib_module_names)))
    """
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, check=True)

    took, *imported = done.stdout.split()
    assert imported == ["furu_testing"]
    assert float(took) < 0.030


def test_a_run_that_uses_no_furu_imports_none(pytester: pytest.Pytester) -> None:
    """Registered with pytest and asked for its fixtures, but not used, the plugin leaves furu alone."""
    pytester.makepyfile(
        """
        import sys

        def test_nothing():
            assert "furu_testing" in sys.modules
            assert not {"furu", "chz", "pydantic"} & set(sys.modules)
        """
    )

    pytester.runpytest_subprocess().assert_outcomes(passed=1)
