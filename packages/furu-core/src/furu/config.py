"""Settings: ``FURU_`` variables become ``FURU_CONFIG``; the only reader of the environment.

Every setting is parsed when it is first asked for, so a bad value never breaks ``import furu``: it raises
``FuruConfigError`` naming the variable and the values it takes, at the first use.
"""

from __future__ import annotations

import _thread
import os
from dataclasses import dataclass

from furu.errors import FuruConfigError
from furu.settings import FLAG, OPTIONAL_PATH, PATH, SETTINGS, Setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Set
    from pathlib import Path
    from typing import Any, Literal

    from furu.task import RootKind


class FuruConfig:
    """All settings of one process.

    ``FuruConfig()`` reads the environment anew; attributes may be set at run time and are checked as they are set.
    Raises ``FuruConfigError`` (also a ``ValueError``) naming the variable or attribute and the values it takes.
    """

    if TYPE_CHECKING:
        base_root: Path
        version_controlled_root_override: Path | None
        submitit_root: Path
        raw_dir: Path
        log_level: str
        rich_uncaught_tracebacks: bool
        record_git: Literal["ignore", "cached", "uncached"]
        allow_no_git_origin: bool
        always_rerun: Set[str]
        retry_failed: bool
        max_compute_retries: int
        local_backend: Literal["process", "thread"]
        poll_interval: float
        max_wait_time_sec: float | None
        wait_log_every_sec: float
        stale_timeout: float
        lease_duration_sec: float
        heartbeat_interval_sec: float
        max_requeues: int
        cancelled_is_preempted: bool
        stale: Literal["warn", "error", "ignore"]
        source_in_key: bool
        strict_deps: bool
        allow_main: bool
        fsync: Literal["always", "auto", "never"]
        scratch: bool
        scratch_root: Path | None
        trace: Path | None
        cache_root: Path | None

    def __init__(self) -> None:
        directory = _working_directory()
        self._start_over(_environ=_furu_variables(directory), _set={}, _directory=directory, _project=None)

    def _start_over(self, **said: Any) -> None:
        """Forget what was parsed, in one step: a thread that reads meanwhile has all of the old or all of the new.

        What is kept: the variables, what was set from Python, where the process was started, and in which project.
        """
        kept = {name: self.__dict__[name] for name in _SAID if name not in said}
        object.__setattr__(self, "__dict__", kept | said)

    def __getattr__(self, name: str) -> Any:
        """Parse a setting the first time it is asked for; afterwards it is a plain attribute."""
        setting = SETTINGS.get(name)
        if setting is None:
            raise AttributeError(f"FURU_CONFIG has no setting {name!r}; it has: {', '.join(SETTINGS)}")
        parsed = self.__dict__  # what changes meanwhile starts a new one
        value = parsed[name] = self._read(name, setting)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        if name == "always_rerun_all":
            name, value = "always_rerun", ("ALL",) if FLAG.check(value) else ()
        setting = SETTINGS.get(name)
        if setting is None:
            raise AttributeError(f"FURU_CONFIG has no setting {name!r}; it has: {', '.join(SETTINGS)}")
        checked = _checked(setting, f"FURU_CONFIG.{name}", value)
        with _lock:  # a default may depend on what is set now, so what was parsed is forgotten
            self._start_over(_set={**self._set, name: checked})

    def __delattr__(self, name: str) -> None:
        """Forget what was set; the variable or the default counts again."""
        with _lock:
            self._start_over(_set={one: value for one, value in self._set.items() if one != name})

    def forget_parsed(self) -> None:
        """Have every setting worked out anew from the variables and what was set."""
        with _lock:
            self._start_over()

    def reread(self) -> None:
        """Take the environment as it is now; what was set from Python stays."""
        with _lock:
            self._start_over(_environ=_furu_variables(self._directory))

    def root_text(self, kind: RootKind) -> str:
        """Return the absolute directory of a root (``data``, ``artifacts`` or ``scratch``) as text; computed once."""
        texts: dict[str, str] = self.__dict__.setdefault("_root_texts", {})
        if kind not in texts:
            texts[kind] = os.fspath(self._root(kind))
        return texts[kind]

    def _root(self, kind: RootKind) -> Path:
        match kind:
            case "data":
                return self.base_root / "data"
            case "artifacts":
                return self.version_controlled_root_override or self.project_root / "furu-data" / "artifacts"
            case "scratch":
                return self.scratch_root or scratch_root()

    def _read(self, name: str, setting: Setting) -> Any:
        if _scratched and name in ("scratch", "scratch_root"):
            return True if name == "scratch" else _scratched[-1].root
        if name in self._set:
            return self._in_time(self._set[name]) if name == "heartbeat_interval_sec" else self._set[name]
        text = self._environ.get(setting.env) if setting.env else None
        if text is None or not text.strip():
            return setting.default(self) if callable(setting.default) else setting.default
        value = _checked(setting, str(setting.env), text)
        if name == "heartbeat_interval_sec":
            return self._in_time(max(min(1.0, self.lease_duration_sec / 4), value))
        if name == "allow_no_git_origin" and value and self._environ.get("FURU_RECORD_GIT", "").strip() == "ignore":
            raise FuruConfigError(
                "FURU_ALLOW_NO_GIT_ORIGIN=1 has no meaning together with FURU_RECORD_GIT=ignore",
                hints=["unset one of the two"],
            )
        return value

    def _in_time(self, heartbeat_sec: float) -> float:
        if heartbeat_sec > self.lease_duration_sec / 2:
            raise FuruConfigError(
                f"FURU_HEARTBEAT_SECS (heartbeat_interval_sec) is {heartbeat_sec:g}, more than half of FURU_LEASE_SECS "
                f"(lease_duration_sec), which is {self.lease_duration_sec:g}: one late heartbeat would lose the lease",
                hints=["raise FURU_LEASE_SECS, or unset FURU_HEARTBEAT_SECS: it is a third of the lease by default"],
            )
        return heartbeat_sec

    @property
    def project_root(self) -> Path:
        """The nearest ancestor of the working directory with ``pyproject.toml``, else with ``.git``, else that directory.

        The working directory is the one at the time the settings were made, wherever the program has moved since.
        Raises ``FuruConfigError`` naming the variables to set when there was none: it had been removed.
        """
        if self._directory is None:
            raise FuruConfigError(
                "there is no working directory to look for the project from: it was removed",
                hints=["set FURU_PATH and FURU_VERSION_CONTROLLED_PATH to absolute paths, or start somewhere else"],
            )
        if self._project is None:
            self.__dict__["_project"] = _project_above(self._directory)
        found: Path = self._project
        return found

    @property
    def always_rerun_all(self) -> bool:
        """Whether every artifact is recomputed."""
        return "ALL" in self.always_rerun

    def snapshot(self) -> dict[str, Any]:
        """Return everything that was set, for ``restore``, here or in another process.  Safe while other threads set."""
        said = self.__dict__.copy()
        found = {**said["_set"], "_explicit": frozenset(said["_set"]), **{name: said[name] for name in _SAID}}
        if _scratched:
            found |= {"scratch": True, "scratch_root": _scratched[-1].root, "_scratched_in": _here}
        return found

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Put back what ``snapshot`` returned, whatever was set since.

        Blocks of ``furu.scratch()`` come and go by themselves; only in another process their root becomes a setting.
        """
        explicit = set(snapshot["_explicit"])
        if snapshot.get("_scratched_in", _here) != _here:
            explicit |= {"scratch", "scratch_root"}
        with _lock:
            said = {name: snapshot[name] for name in _SAID if name in snapshot}
            self._start_over(**said | {"_set": {name: snapshot[name] for name in explicit}})

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *SETTINGS})

    def __repr__(self) -> str:
        return f"FuruConfig({', '.join(f'{name}={getattr(self, name)!r}' for name in SETTINGS)})"


#: What a FuruConfig is made of; everything else in it was parsed from these.
_SAID = ("_environ", "_set", "_directory", "_project")

_lock = _thread.RLock()  # a signal handler may change a setting, too
_here = os.urandom(8).hex()  # this process, and what is forked from it


def _working_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return None


def _furu_variables(directory: str | None) -> dict[str, str]:
    """Return the variables of the environment, relative paths as they are meant now: the program may move later."""
    found = {name: text for name, text in os.environ.items() if name.startswith("FURU_")}
    for setting in SETTINGS.values():
        text = found.get(setting.env or "", "").strip()
        if setting.kind in (PATH, OPTIONAL_PATH) and text and text[0] not in "/~" and directory is not None:
            found[str(setting.env)] = os.path.normpath(os.path.join(directory, text))
    return found


def _checked(setting: Setting, name: str, value: object) -> Any:
    try:
        return setting.kind.check(value)
    except (ValueError, TypeError, OverflowError):
        raise FuruConfigError(f"{name}={value!r} is not allowed: it takes {setting.kind.allowed}") from None
    except FileNotFoundError:
        raise FuruConfigError(
            f"{name}={value!r} is relative, and there is no working directory: it was removed",
            hints=["make it an absolute path, or start somewhere else"],
        ) from None


def _project_above(directory: str) -> Path:
    from pathlib import Path

    here = Path(directory)
    above = [here, *here.parents]
    found = [path for mark in ("pyproject.toml", ".git") for path in above if os.path.exists(path / mark)]
    return found[0] if found else here


_scratch: Path | None = None


def scratch_root() -> Path:
    """Return the temporary root of this process; made, and told on stderr once, at the first call."""
    global _scratch
    with _lock:
        if _scratch is None:
            import sys
            import tempfile
            from pathlib import Path

            _scratch = Path(tempfile.mkdtemp(prefix="furu-scratch-"))
            try:
                sys.stderr.write(f"furu: new artifacts go to the scratch root {_scratch}\n")
            except Exception:  # noqa: BLE001 - stderr is absent, closed, or somebody's own object
                pass
        return _scratch


@dataclass(frozen=True, eq=False, slots=True)
class Scratched:
    """One block of ``furu.scratch()``."""

    root: Path


_scratched: tuple[Scratched, ...] = ()


def begin_scratch(root: str | os.PathLike[str]) -> Scratched:
    """Send what is new to ``root`` until ``end_scratch``, unless a block that begins later says otherwise."""
    global _scratched
    block = Scratched(_checked(SETTINGS["scratch_root"], "the path of scratch()", root))
    with _lock:
        _scratched = (*_scratched, block)
        current().forget_parsed()
    return block


def end_scratch(block: Scratched) -> None:
    """End one block, in whatever order blocks end."""
    global _scratched
    with _lock:
        _scratched = tuple(one for one in _scratched if one is not block)
        current().forget_parsed()


def _after_fork() -> None:
    """Give a forked child a lock that no vanished thread holds."""
    global _lock
    _lock = _thread.RLock()


os.register_at_fork(after_in_child=_after_fork)

_config: FuruConfig | None = None


def current() -> FuruConfig:
    """Return the settings of this process; the environment is read at the first call."""
    global _config
    if _config is None:
        with _lock:
            if _config is None:
                _config = FuruConfig()
    return _config


def set_furu_root(path: str | os.PathLike[str]) -> None:
    """Set the base storage directory, as ``FURU_PATH`` does."""
    current().base_root = path  # type: ignore[assignment]  # checked, and made a Path, as it is set


def get_furu_root() -> Path:
    """Return the base storage directory."""
    return current().base_root


def load_env(path: str | os.PathLike[str] | None = None, *, override: bool = False) -> bool:
    """Read a ``.env`` file into the environment and let ``FURU_CONFIG`` see its ``FURU_`` variables.

    Without ``path`` the nearest ``.env`` above the working directory is taken.  Variables that are set already win
    unless ``override``.  What was set on ``FURU_CONFIG`` from Python stays.  Returns whether a file was found.

    Raises ``ImportError`` naming the package to install when python-dotenv is absent.
    """
    try:
        import dotenv
    except ImportError:
        raise ImportError("furu.load_env() needs python-dotenv. Install it with:  pip install python-dotenv") from None
    if path is None and _working_directory() is None:
        return False
    found = os.fspath(path) if path is not None else dotenv.find_dotenv(usecwd=True)
    if not found or not os.path.isfile(found):
        return False
    dotenv.load_dotenv(found, override=override)
    current().reread()
    return True


def user_cache_directory() -> str:
    """Return the user's cache directory: ``XDG_CACHE_HOME``, else ``~/.cache``."""
    said = os.environ.get("XDG_CACHE_HOME", "")
    return said if os.path.isabs(said) else os.path.expanduser("~/.cache")


def slurm_job() -> dict[str, str | None] | None:
    """Return the job id and node of the Slurm job this process runs in (``SLURM_JOB_ID``), or None outside of one.

    An element of an array has the id ``123_4``, as Slurm's commands take and show it.
    """
    job_id = os.environ.get("SLURM_JOB_ID")
    array, index = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    if array and index:
        job_id = f"{array}_{index}"
    return None if job_id is None else {"job_id": job_id, "node": os.environ.get("SLURMD_NODENAME")}


def environment_outside_slurm() -> dict[str, str] | None:
    """Return the environment without what Slurm has told the job of this process; None outside of a job."""
    if slurm_job() is None:
        return None
    told = ("SLURM_", "SLURMD_", "SRUN_", "SUBMITIT_")
    return {name: text for name, text in os.environ.items() if not name.startswith(told) or name == "SLURM_CONF"}


def slurm_restarts() -> int:
    """Return how often the Slurm job of this process was requeued before (``SLURM_RESTART_COUNT``)."""
    return int(os.environ.get("SLURM_RESTART_COUNT") or 0)


def slurm_end_time() -> float | None:
    """Return when Slurm ends this job (``SLURM_JOB_END_TIME``, seconds since the epoch); None where it does not say."""
    text = os.environ.get("SLURM_JOB_END_TIME")
    return float(text) if text else None
