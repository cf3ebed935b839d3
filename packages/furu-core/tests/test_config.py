"""Settings: variables, defaults, strict parsing, changes at run time."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import furu
from furu import config
from furu.config import FuruConfig
from furu.settings import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULTS: dict[str, object] = {
    "log_level": "INFO",
    "rich_uncaught_tracebacks": True,
    "record_git": "cached",
    "allow_no_git_origin": False,
    "always_rerun": frozenset(),
    "always_rerun_all": False,
    "retry_failed": True,
    "max_compute_retries": 3,
    "poll_interval": 10.0,
    "max_wait_time_sec": None,
    "wait_log_every_sec": 10.0,
    "stale_timeout": 1800.0,
    "lease_duration_sec": 120.0,
    "heartbeat_interval_sec": 40.0,
    "max_requeues": 5,
    "cancelled_is_preempted": False,
}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("FURU_"):
            monkeypatch.delenv(name)


@pytest.fixture
def settings(furu_tmp_root: Path) -> FuruConfig:
    """Give the settings of this process, with nothing said but the root and the pause between two looks."""
    for name in [name for name in os.environ if name.startswith("FURU_")]:
        del os.environ[name]  # put back by furu_tmp_root, as are the settings
    current = config.current()
    current.restore(FuruConfig().snapshot())
    current.base_root = furu_tmp_root
    current.poll_interval = 0.02
    return current


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items())
def test_unset_variables_have_the_documented_defaults(name: str, default: object) -> None:
    """Without any variable every setting has the default of the reference table."""
    assert getattr(FuruConfig(), name) == default


def test_roots_default_to_the_project(tmp_path: Path) -> None:
    """<project> is the nearest ancestor with pyproject.toml, before any nearer .git, and is resolved once."""
    (tmp_path / "pyproject.toml").touch()
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "a" / ".git").mkdir()
    code = (
        "import furu, os; c = furu.FURU_CONFIG; os.chdir('/');"
        "print(c.base_root, c.root_text('artifacts'), c.submitit_root, c.raw_dir, sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", "import furu; furu.get_furu_root();" + code],
        cwd=inner,
        capture_output=True,
        text=True,
        check=True,
    )
    store = tmp_path / "furu-data"
    assert done.stdout.split() == [str(store), str(store / "artifacts"), str(store / "submitit"), str(store / "raw")]


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("FURU_PATH", "/some/where", "base_root", Path("/some/where")),
        ("FURU_RETRY_FAILED", "0", "retry_failed", False),
        ("FURU_RETRY_FAILED", "Yes", "retry_failed", True),
        ("FURU_LEASE_SECS", "2.5", "lease_duration_sec", 2.5),
        ("FURU_HEARTBEAT_SECS", "0.2", "heartbeat_interval_sec", 1.0),
        ("FURU_HEARTBEAT_SECS", "60", "heartbeat_interval_sec", 60.0),
        ("FURU_LEASE_SECS", "0.75", "heartbeat_interval_sec", 0.25),
        ("FURU_MAX_WAIT_SECS", "0", "max_wait_time_sec", 0.0),
        ("FURU_ALWAYS_RERUN", "a.B, c.D", "always_rerun", frozenset({"a.B", "c.D"})),
        ("FURU_ALWAYS_RERUN", "ALL", "always_rerun_all", True),
        ("FURU_LOG_LEVEL", "debug", "log_level", "DEBUG"),
        ("FURU_PREEMPT_MAX", "0", "max_requeues", 0),
        ("FURU_RECORD_GIT", "", "record_git", "cached"),
    ],
)
def test_variables_are_read(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, name: str, value: object
) -> None:
    """FuruConfig() built anew reads the environment; an empty variable counts as unset."""
    monkeypatch.setenv(variable, text)
    assert getattr(FuruConfig(), name) == value


@pytest.mark.parametrize(
    ("variable", "text", "name"),
    [
        ("FURU_RETRY_FAILED", "maybe", "retry_failed"),
        ("FURU_LEASE_SECS", "0", "lease_duration_sec"),
        ("FURU_LEASE_SECS", "nan", "lease_duration_sec"),
        ("FURU_LEASE_SECS", "2 min", "lease_duration_sec"),
        ("FURU_MAX_COMPUTE_RETRIES", "-1", "max_compute_retries"),
        ("FURU_RECORD_GIT", "sometimes", "record_git"),
        ("FURU_ALWAYS_RERUN", "ALL,a.B", "always_rerun"),
        ("FURU_LOG_LEVEL", "LOUD", "log_level"),
    ],
)
def test_a_bad_value_names_the_variable_and_what_it_takes(
    monkeypatch: pytest.MonkeyPatch, variable: str, text: str, name: str
) -> None:
    """The error is a ValueError naming variable, value and the allowed values, raised when the setting is used."""
    monkeypatch.setenv(variable, text)
    config = FuruConfig()
    with pytest.raises(ValueError, match=variable) as caught:
        getattr(config, name)
    assert SETTINGS[name].kind.allowed in str(caught.value)
    assert repr(text) in str(caught.value)


def test_a_bad_value_does_not_break_the_import() -> None:
    """import furu works in any environment; the error comes with the first use."""
    environ = {**os.environ, "FURU_LEASE_SECS": "soon"}
    code = (
        "import furu; from furu import FURU_CONFIG\ntry: FURU_CONFIG.lease_duration_sec\nexcept ValueError: print('ok')"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout == "ok\n"


def test_attributes_are_checked_when_set(furu_tmp_root: Path) -> None:
    """A bad value from Python is refused by name, and the old value stays."""
    with pytest.raises(furu.FuruConfigError, match=r"FURU_CONFIG\.record_git"):
        furu.FURU_CONFIG.record_git = "never"  # type: ignore[assignment]
    assert furu.FURU_CONFIG.record_git == "ignore"
    with pytest.raises(AttributeError, match="retry_fail"):
        furu.FURU_CONFIG.retry_fail = True


def test_a_default_follows_the_setting_it_depends_on(settings: FuruConfig) -> None:
    """The heartbeat is a third of the lease, the scheduler logs lie below the root, unless they are set themselves."""
    assert settings.heartbeat_interval_sec == 40.0
    settings.lease_duration_sec = 30
    assert settings.heartbeat_interval_sec == 10.0
    furu.set_furu_root("/elsewhere")
    assert furu.get_furu_root() == Path("/elsewhere")
    assert settings.submitit_root == Path("/elsewhere/submitit")


def test_git_settings_that_contradict_each_other_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """FURU_ALLOW_NO_GIT_ORIGIN has no meaning while git is ignored."""
    monkeypatch.setenv("FURU_RECORD_GIT", "ignore")
    monkeypatch.setenv("FURU_ALLOW_NO_GIT_ORIGIN", "1")
    with pytest.raises(furu.FuruConfigError, match="FURU_RECORD_GIT"):
        _ = FuruConfig().allow_no_git_origin


def test_load_env_reads_a_file(tmp_path: Path, settings: FuruConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables of a .env file count afterwards; what was set from Python stays."""
    (tmp_path / ".env").write_text("FURU_POLL_INTERVAL_SECS=7\nFURU_PREEMPT_MAX=9\n")
    monkeypatch.setenv("FURU_PREEMPT_MAX", "2")
    assert furu.load_env(tmp_path / ".env")
    assert os.environ.pop("FURU_POLL_INTERVAL_SECS") == "7"
    assert settings.poll_interval == 0.02
    assert settings.max_requeues == 2
    assert not furu.load_env(tmp_path / "absent.env")


def test_a_heartbeat_too_slow_for_the_lease_is_refused(monkeypatch: pytest.MonkeyPatch, settings: FuruConfig) -> None:
    """More than half a lease between heartbeats would have a healthy job taken over; the error names both variables."""
    monkeypatch.setenv("FURU_LEASE_SECS", "0.5")
    monkeypatch.setenv("FURU_HEARTBEAT_SECS", "0.2")
    assert FuruConfig().heartbeat_interval_sec == 0.2  # the least of 1 s is more than the lease allows
    monkeypatch.setenv("FURU_HEARTBEAT_SECS", "0.3")
    with pytest.raises(furu.FuruConfigError, match=r"FURU_HEARTBEAT_SECS.*0\.3.*FURU_LEASE_SECS.*0\.5"):
        _ = FuruConfig().heartbeat_interval_sec

    settings.heartbeat_interval_sec = 100  # in any order: what counts is what holds in the end
    settings.lease_duration_sec = 300
    assert settings.heartbeat_interval_sec == 100
    settings.lease_duration_sec = 150
    with pytest.raises(furu.FuruConfigError, match=r"FURU_HEARTBEAT_SECS.*FURU_LEASE_SECS"):
        _ = settings.heartbeat_interval_sec


def python(code: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a directory."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=cwd,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_roots_do_not_follow_the_program_when_it_moves(tmp_path: Path) -> None:
    """Every root is where the program was when its settings were made, also one that is asked for only later."""
    done = python(
        """
        import furu, os
        furu.FURU_CONFIG.log_level
        os.chdir("/")
        print(furu.FURU_CONFIG.root_text("data"), furu.FURU_CONFIG.root_text("artifacts"))
        os.environ["FURU_POLL_INTERVAL_SECS"] = "3"
        furu.FURU_CONFIG.reread()
        print(furu.FURU_CONFIG.root_text("data"))
        """,
        tmp_path,
        FURU_PATH="store",
    )
    data = f"{tmp_path}/store/data"
    assert done.stdout.split() == [data, f"{tmp_path}/furu-data/artifacts", data], done.stderr


IN_A_REMOVED_DIRECTORY = """
    import os, tempfile
    os.chdir(tempfile.mkdtemp())
    os.rmdir(os.getcwd())
    import furu
    import pages
    try:
        print(pages.Page().get(), furu.load_env())
    except furu.FuruConfigError as error:
        print("FURU_PATH" in str(error))
"""


@pytest.mark.parametrize(("root", "expected"), [("absolute", "7 False"), ("store", "True"), (None, "True")])
def test_a_removed_working_directory_matters_only_to_default_roots(
    root: str | None, expected: str, tmp_path: Path
) -> None:
    """With an absolute FURU_PATH all works, and git counts as absent; without it the error names the variable."""
    (tmp_path / "pages.py").write_text(
        "import furu\nclass Page(furu.Furu[int]):\n    def _create(self):\n        return 7\n"
    )
    where = {} if root is None else {"FURU_PATH": str(tmp_path / root) if root == "absolute" else root}
    done = python(IN_A_REMOVED_DIRECTORY, tmp_path, PYTHONPATH=str(tmp_path), **where)
    assert done.stdout.strip() == expected, done.stderr


def test_scratch_blocks_may_overlap(settings: FuruConfig, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The block that began last counts; each ends by itself, in any order, and leaves all other settings alone."""
    first, second = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    one, two = furu.scratch(first), furu.scratch(second)

    assert one.__enter__() == first
    before = settings.snapshot()
    assert two.__enter__() == second
    settings.poll_interval = 3
    assert (settings.scratch, settings.scratch_root, settings.root_text("scratch")) == (True, second, str(second))
    one.__exit__(None, None, None)
    assert (settings.scratch, settings.scratch_root) == (True, second)
    two.__exit__(None, None, None)
    assert (settings.scratch, settings.scratch_root, settings.poll_interval) == (False, None, 3)
    settings.restore(before)
    assert not settings.scratch
    assert settings.poll_interval == 0.02


def test_another_process_that_takes_over_the_settings_takes_over_scratch(
    settings: FuruConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A worker of a program that is in a scratch block puts its results there, too."""
    root = tmp_path_factory.mktemp("scratch")
    with furu.scratch(root):
        settings.poll_interval = 3
        sent = pickle.dumps(settings.snapshot())
    code = f"""
        import furu, pickle
        furu.FURU_CONFIG.restore(pickle.loads({sent!r}))
        furu.FURU_CONFIG.log_level = "DEBUG"
        print(furu.FURU_CONFIG.scratch, furu.FURU_CONFIG.scratch_root, furu.FURU_CONFIG.poll_interval)
    """
    done = python(code, root)
    assert done.stdout.split() == ["True", str(root), "3.0"], done.stderr


def test_settings_are_whole_whatever_other_threads_do(settings: FuruConfig, furu_tmp_root: Path) -> None:
    """Threads that set, read, take snapshots and put them back see all of the old or all of the new, and no error."""
    troubles: list[BaseException] = []
    end = threading.Event()

    def read() -> None:
        while not end.is_set():
            assert settings.base_root == furu_tmp_root
            assert settings.root_text("data") == f"{furu_tmp_root}/data"
            assert settings.heartbeat_interval_sec == 10

    def change() -> None:
        for number in range(200):
            before = settings.snapshot()
            settings.max_requeues = number
            settings.restore(before)
            with furu.scratch(furu_tmp_root):
                assert settings.scratch

    def watched(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as trouble:
            troubles.append(trouble)

    settings.lease_duration_sec = 30
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    readers = [threading.Thread(target=watched, args=(read,)) for _ in range(3)]
    changers = [threading.Thread(target=watched, args=(change,)) for _ in range(3)]
    try:
        for thread in (*readers, *changers):
            thread.start()
        for thread in changers:
            thread.join()
    finally:
        end.set()
        sys.setswitchinterval(interval)
    for thread in readers:
        thread.join()

    assert not troubles
    assert not settings.scratch
