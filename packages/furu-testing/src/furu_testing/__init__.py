"""Tests of furu pipelines: isolated stores, results put in place, assertions on what ran, fakes, faults, contracts.

Installed, it registers itself with pytest; ``pytest -p furu_testing`` and ``pytest_plugins = ["furu.testing"]`` do the
same.  Everything but the fixtures is imported when it is first used, so that a test run that does not use furu pays next
to nothing.

PYTEST_DONT_REWRITE: there are no assertions in this module, and ``furu.testing`` may import it before pytest does.
"""

from __future__ import annotations

from importlib import import_module

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any

    from furu_testing.env import furu_test_env
    from furu_testing.hashes import HashFile, assert_hash_unchanged
    from furu_testing.observed import assert_computed, assert_loaded, computed, loaded
    from furu_testing.overrides import override_results, override_results_for
    from furu_testing.slurm import FakeCluster

__version__ = "0.1.0"

__all__ = [
    "__version__",
    "assert_computed",
    "assert_hash_unchanged",
    "assert_loaded",
    "computed",
    "fake_slurm",
    "furu_hashes",
    "furu_no_compute",
    "furu_test_env",
    "furu_tmp_root",
    "loaded",
    "override_results",
    "override_results_for",
]

# In a checkout pytest does not find out by itself which modules of a plugin have assertions to explain.
pytest.register_assert_rewrite("furu_testing.contracts")

#: Public name -> the module that defines it.
_HOME = {
    "assert_computed": "observed",
    "assert_hash_unchanged": "hashes",
    "assert_loaded": "observed",
    "computed": "observed",
    "furu_test_env": "env",
    "loaded": "observed",
    "override_results": "overrides",
    "override_results_for": "overrides",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of this plugin."""
    group = parser.getgroup("furu", "furu pipelines")
    group.addoption(
        "--furu-update-hashes",
        action="store_true",
        help="write the file of a project's hashes anew instead of comparing with it",
    )


@pytest.fixture
def furu_tmp_root(tmp_path: Path) -> Iterator[Path]:
    """Give the test a store of its own below ``tmp_path``, and put every setting back afterwards.

    Identical configs in two tests do not meet, also under pytest-xdist.  Child processes started by the test use the same
    store.  Git is not recorded; lease and poll intervals are short.
    """
    from furu_testing.env import furu_test_env

    with furu_test_env(tmp_path / "furu") as root:
        yield root


_FAILURE = pytest.StashKey[BaseException]()


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Remember how a test failed, for ``furu_no_compute`` to not say so twice."""
    if call.when == "call" and call.excinfo is not None:
        item.stash[_FAILURE] = call.excinfo.value


@pytest.fixture
def furu_no_compute(furu_tmp_root: Path, request: pytest.FixtureRequest) -> Iterator[None]:  # noqa: ARG001 - needed first
    """Fail the test as soon as it computes an artifact; what it needs has to be overridden.

    A computation of a child process, or one whose failure was swallowed, fails the test at its end.
    """
    from furu_testing import observed

    with observed.nothing_computed():
        yield
    failure = request.node.stash.get(_FAILURE, None)
    if isinstance(failure, pytest.fail.Exception) and observed.NO_COMPUTE in str(failure):
        return
    computed = observed.told_computed()
    if computed is not None:
        pytest.fail(computed, pytrace=False)


@pytest.fixture
def furu_hashes(request: pytest.FixtureRequest) -> HashFile:
    """Give the file of hashes that belongs to the test's directory: ``furu_hashes.json`` beside the test."""
    from furu_testing.hashes import HashFile

    return HashFile(
        request.path.parent / "furu_hashes.json", update=bool(request.config.getoption("--furu-update-hashes"))
    )


@pytest.fixture
def fake_slurm(tmp_path: Path) -> Iterator[FakeCluster]:
    """Put fake ``sbatch squeue sacct scancel`` on PATH; the value scripts what they say and tells what was asked."""
    from furu_testing import slurm

    with slurm.fake_slurm(tmp_path / "slurm") as cluster:
        yield cluster


if not TYPE_CHECKING:  # type checkers would take any misspelt name as known

    def __getattr__(name: str) -> Any:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"furu_testing.{_HOME[name]}"), name)
