"""Names of optional packages resolve lazily, and say what to install when they cannot."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from furu import _plugins

if TYPE_CHECKING:
    from pathlib import Path


def package(site: Path, name: str, *, source: str = "", version: str = "2.5", entry_points: str = "") -> None:
    """Install a small distribution into a directory that is on the path of the child interpreter."""
    module = name.replace("-", "_")
    (site / module).mkdir(parents=True)
    (site / module / "__init__.py").write_text(dedent(source))
    metadata = site / f"{module}-{version}.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (metadata / "entry_points.txt").write_text(dedent(entry_points))


def python(source: str, *, site: Path | None = None, without: str = "") -> str:
    """Run code in a new interpreter and return what it prints.

    ``site`` comes first on its path; the modules named in ``without`` (space separated) cannot be found by it.
    """
    prelude = f"""
        import sys
        sys.modules.update(dict.fromkeys({without.split()!r}))
        sys.path[:0] = {[str(site)] if site else []!r}
    """
    code = dedent(prelude) + dedent(source)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


ASK = """
    import importlib
    face, name = {asked!r}.rsplit(".", 1)
    try:
        getattr(importlib.import_module(face), name)
    except ImportError as error:
        print(type(error).__name__, error.name, error)
"""

BELONGS_TO = {
    "furu.execution.run_local": "furu-exec-local",
    "furu.execution.run_slurm_pool": "furu-exec-slurm",
    "furu.execution.submit_slurm_dag": "furu-exec-slurm",
    "furu.testing.override_results": "furu-testing",
    "furu.testing.override_results_for": "furu-testing",
    "furu.testing.furu_tmp_root": "furu-testing",
}


@pytest.mark.parametrize(("asked", "distribution"), BELONGS_TO.items())
def test_a_documented_name_of_an_absent_package_says_what_to_install(asked: str, distribution: str) -> None:
    """Asking for the name raises an ImportError with the pip command, and carries the full name."""
    printed = python(ASK.format(asked=asked), without=distribution.replace("-", "_"))

    assert printed == (
        f"ImportError {asked} {asked} comes with the optional package {distribution}, which is not installed. "
        f"Install it with: pip install {distribution}"
    )


@pytest.mark.parametrize(("asked", "distribution"), BELONGS_TO.items())
def test_a_package_too_old_for_the_name_is_named_with_its_version(
    tmp_path: Path, asked: str, distribution: str
) -> None:
    """A package that is installed but lacks the name is not called missing: its version is in the error."""
    package(tmp_path, distribution, version="0.0.7")

    printed = python(ASK.format(asked=asked), site=tmp_path)

    assert "the installed version 0.0.7 does not have it" in printed
    assert f"pip install --upgrade {distribution}" in printed


def test_a_module_without_a_distribution_has_an_unknown_version(tmp_path: Path) -> None:
    """A bare module on the path, which has no metadata, still leads to a readable error."""
    (tmp_path / "some_plugin_on_the_path.py").write_text("")

    printed = python(
        """
        from furu import _plugins
        try:
            _plugins.provided("thing", distribution="some-plugin-on-the-path", face="furu.somewhere")
        except ImportError as error:
            print(error)
        """,
        site=tmp_path,
    )

    assert "the installed version (unknown) does not have it" in printed


def test_a_name_is_taken_from_its_package_and_kept(tmp_path: Path) -> None:
    """The package is imported when its name is first used, and the same object is returned ever after."""
    package(tmp_path, "furu-exec-local", source="def run_local(): return 'ran'")

    printed = python(
        """
        import sys
        import furu.execution
        print("furu_exec_local" in sys.modules)
        from furu.execution import run_local
        print(run_local(), run_local is furu.execution.run_local, "run_local" in vars(furu.execution))
        """,
        site=tmp_path,
    )

    assert printed.splitlines() == ["False", "ran True True"]


def test_a_broken_package_shows_its_own_error(tmp_path: Path) -> None:
    """When a plugin is there but something it needs is not, the error is about that something."""
    package(tmp_path, "furu-exec-local", source="import a_library_that_is_not_there")

    printed = python(ASK.format(asked="furu.execution.run_local"), site=tmp_path)

    assert printed.startswith("ModuleNotFoundError a_library_that_is_not_there")


def test_slurm_spec_needs_no_plugin() -> None:
    """``furu.execution.SlurmSpec`` is furu.resources.SlurmSpec, whatever is installed."""
    printed = python(
        """
        from furu.execution import SlurmSpec
        from furu.resources import SlurmSpec as original
        print(SlurmSpec is original)
        """,
        without="furu_exec_slurm submitit",
    )

    assert printed == "True"


@pytest.mark.parametrize("face", ["furu.execution", "furu.testing"])
def test_an_unknown_name_is_an_attribute_error(face: str) -> None:
    """A misspelt name fails like on any module, so that hasattr works and submodules can be imported."""
    printed = python(f"import {face}; print(hasattr({face}, 'run_lokal'), hasattr({face}, '__wrapped__'))")

    assert printed == "False False"


def test_third_parties_add_executors_by_entry_point(tmp_path: Path) -> None:
    """A name registered in ``furu.executors`` is an attribute of ``furu.execution``, listed before it is loaded."""
    package(
        tmp_path,
        "furu-on-a-fleet",
        source="def run_fleet(): return 'sailed'",
        entry_points="""
            [furu.executors]
            run_fleet = furu_on_a_fleet:run_fleet
        """,
    )

    printed = python(
        """
        import sys
        import furu.execution
        print("run_fleet" in dir(furu.execution), "furu_on_a_fleet" in sys.modules)
        print(furu.execution.run_fleet())
        """,
        site=tmp_path,
    )

    assert printed.splitlines() == ["True False", "sailed"]


def test_a_name_that_two_packages_claim_is_refused(tmp_path: Path) -> None:
    """Two packages with the same executor name are both named; neither wins by the order of the path."""
    for name in ("fleet-one", "fleet-two"):
        module = name.replace("-", "_")
        package(tmp_path, name, entry_points=f"[furu.executors]\nrun_fleet = {module}:run_fleet\n")

    printed = python(ASK.format(asked="furu.execution.run_fleet"), site=tmp_path)

    assert "fleet_one:run_fleet, fleet_two:run_fleet" in printed


def test_a_package_found_twice_is_no_clash(tmp_path: Path) -> None:
    """The same entry point seen at two places of the path counts once."""
    for site in (tmp_path / "one", tmp_path / "two"):
        package(
            site,
            "furu-on-a-fleet",
            source="run_fleet = 'sailed'",
            entry_points="[furu.executors]\nrun_fleet = furu_on_a_fleet:run_fleet\n",
        )

    printed = python(
        f"""
        sys.path.insert(0, {str(tmp_path / "two")!r})
        import furu.execution
        print(furu.execution.run_fleet)
        """,
        site=tmp_path / "one",
    )

    assert printed == "sailed"


def test_an_unregistered_entry_point_is_a_key_error() -> None:
    """Asking for an entry point that nobody registers is a KeyError of its name."""
    assert _plugins.names("furu.a_group_of_nobody") == []
    with pytest.raises(KeyError, match="run_fleet"):
        _plugins.load("furu.a_group_of_nobody", "run_fleet")


def test_every_listed_name_can_be_had() -> None:
    """``dir`` promises only what resolves, so that inspection of the module does not raise."""
    printed = python(
        """
        import inspect
        import furu.execution
        print("SlurmSpec" in dict(inspect.getmembers(furu.execution)))
        """,
        without="furu_exec_local furu_exec_slurm furu_testing",
    )

    assert printed == "True"


def test_looking_up_costs_no_search() -> None:
    """The documented names and the import itself do not touch importlib.metadata."""
    printed = python(
        """
        import sys
        import furu.execution, furu.testing
        furu.execution.SlurmSpec
        print("importlib.metadata" in sys.modules)
        """
    )

    assert printed == "False"


PIPELINE_TEST = """
    def test_root(furu_tmp_root):
        assert furu_tmp_root == "a root of its own"
"""


@pytest.mark.parametrize("registered", [False, True], ids=["by conftest only", "registered with pytest too"])
def test_fixtures_come_through_pytest_plugins(tmp_path: Path, *, registered: bool) -> None:
    """``pytest_plugins = ["furu.testing"]`` brings the fixtures, also when the package registers itself with pytest."""
    package(
        tmp_path / "site",
        "furu-testing",
        source="""
            import pytest

            @pytest.fixture
            def furu_tmp_root():
                return "a root of its own"
        """,
        entry_points="[pytest11]\nfuru_testing = furu_testing\n" if registered else "",
    )

    printed = run_pytest(tmp_path, site=tmp_path / "site")

    assert "1 passed" in printed


def test_fixtures_of_an_absent_package_say_what_to_install(tmp_path: Path) -> None:
    """A conftest that asks for the fixtures fails with the pip command when furu-testing is absent."""
    printed = run_pytest(tmp_path, without="furu_testing")

    assert "pip install furu-testing" in printed


def run_pytest(folder: Path, *, site: Path | None = None, without: str = "") -> str:
    """Run a pipeline's tests, which use the furu fixtures, in a new interpreter and return what pytest prints."""
    (folder / "conftest.py").write_text('pytest_plugins = ["furu.testing"]\n')
    (folder / "test_pipeline.py").write_text(dedent(PIPELINE_TEST))
    return python(
        f"""
        import contextlib, io, os, pytest
        if {bool(without)!r}:
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # what is absent registers nothing either
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", {str(folder)!r}, {str(folder)!r}])
        except Exception as error:
            printed.write(str(error))
        print(printed.getvalue())
        """,
        site=site,
        without=without,
    )
