"""Settings: ``FURU_`` variables become ``FURU_CONFIG``; the only reader of the environment.

Every setting is parsed when it is first asked for, so a bad value never breaks ``import furu``: it raises
``FuruConfigError`` naming the variable and the values it takes, at the first use.
"""

from __future__ import annotations

import os

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
        strict_deps: bool
        allow_main: bool
        fsync: Literal["always", "auto", "never"]
        scratch: bool
        scratch_root: Path | None
        trace: Path | None

    def __init__(self) -> None:
        self.__dict__["_environ"] = _furu_variables()
        self.__dict__["_explicit"] = frozenset()  # names set from Python

    def __getattr__(self, name: str) -> Any:
        """Parse a setting the first time it is asked for; afterwards it is a plain attribute."""
        setting = SETTINGS.get(name)
        if setting is None:
            raise AttributeError(f"FURU_CONFIG has no setting {name!r}; it has: {', '.join(SETTINGS)}")
        value = self.__dict__[name] = self._read(name, setting)
        return value

    def __setattr__(self, name: str, value: object) -> None:
        if name == "always_rerun_all":
            name, value = "always_rerun", ("ALL",) if FLAG.check(value) else ()
        setting = SETTINGS.get(name)
        if setting is None:
            raise AttributeError(f"FURU_CONFIG has no setting {name!r}; it has: {', '.join(SETTINGS)}")
        checked = _checked(setting, f"FURU_CONFIG.{name}", value)
        self._forget_parsed()  # a default may depend on what is set now
        self.__dict__["_explicit"] |= {name}
        self.__dict__[name] = checked

    def __delattr__(self, name: str) -> None:
        """Forget what was set; the variable or the default counts again."""
        self.__dict__["_explicit"] -= {name}
        self._forget_parsed()

    def _forget_parsed(self) -> None:
        for name in [*SETTINGS, "_root_texts"]:
            if name not in self._explicit:
                self.__dict__.pop(name, None)

    def reread(self) -> None:
        """Take the environment as it is now; what was set from Python stays."""
        self.__dict__["_environ"] = _furu_variables()
        self._forget_parsed()

    def root_text(self, kind: RootKind) -> str:
        """Return the absolute directory of a root (``data``, ``artifacts`` or ``scratch``) as text; computed once."""
        texts = self.__dict__.setdefault("_root_texts", {})
        if kind not in texts:
            texts[kind] = os.fspath(self._root(kind))
        text: str = texts[kind]
        return text

    def _root(self, kind: RootKind) -> Path:
        match kind:
            case "data":
                return self.base_root / "data"
            case "artifacts":
                return self.version_controlled_root_override or self.project_root / "furu-data" / "artifacts"
            case "scratch":
                return self.scratch_root or scratch_root()

    def _read(self, name: str, setting: Setting) -> Any:
        text = self._environ.get(setting.env) if setting.env else None
        if text is not None and text.strip():
            value = _checked(setting, str(setting.env), text)
            return max(1.0, value) if name == "heartbeat_interval_sec" else self._agreed(name, value)
        return setting.default(self) if callable(setting.default) else setting.default

    def _agreed(self, name: str, value: Any) -> Any:
        if name == "allow_no_git_origin" and value and self._environ.get("FURU_RECORD_GIT", "").strip() == "ignore":
            raise FuruConfigError(
                "FURU_ALLOW_NO_GIT_ORIGIN=1 has no meaning together with FURU_RECORD_GIT=ignore",
                hints=["unset one of the two"],
            )
        return value

    @property
    def project_root(self) -> Path:
        """The nearest ancestor of the working directory with ``pyproject.toml``, else with ``.git``, else that directory."""
        return _project_root()

    @property
    def always_rerun_all(self) -> bool:
        """Whether every artifact is recomputed."""
        return "ALL" in self.always_rerun

    def snapshot(self) -> dict[str, Any]:
        """Return everything that was set or read so far, for ``restore``."""
        return {name: value for name, value in self.__dict__.items() if name != "_root_texts"}

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Put back what ``snapshot`` returned, whatever was set since."""
        self.__dict__.clear()
        self.__dict__.update(snapshot)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *SETTINGS})

    def __repr__(self) -> str:
        return f"FuruConfig({', '.join(f'{name}={getattr(self, name)!r}' for name in SETTINGS)})"


def _furu_variables() -> dict[str, str]:
    """Return the variables of the environment, relative paths as they are meant now: the program may move later."""
    found = {name: text for name, text in os.environ.items() if name.startswith("FURU_")}
    for setting in SETTINGS.values():
        text = found.get(setting.env or "", "").strip()
        if setting.kind in (PATH, OPTIONAL_PATH) and text and text[0] not in "/~":
            found[str(setting.env)] = os.path.abspath(text)
    return found


def _checked(setting: Setting, name: str, value: object) -> Any:
    try:
        return setting.kind.check(value)
    except (ValueError, TypeError, OverflowError):
        raise FuruConfigError(f"{name}={value!r} is not allowed: it takes {setting.kind.allowed}") from None


_project: Path | None = None


def _project_root() -> Path:
    global _project
    if _project is None:
        from pathlib import Path

        here = Path.cwd()
        above = [here, *here.parents]
        found = [path for mark in ("pyproject.toml", ".git") for path in above if (path / mark).exists()]
        _project = found[0] if found else here
    return _project


_scratch: Path | None = None


def scratch_root() -> Path:
    """Return the temporary root of this process; made, and printed once, at the first call."""
    global _scratch
    if _scratch is None:
        import sys
        import tempfile
        from pathlib import Path

        _scratch = Path(tempfile.mkdtemp(prefix="furu-scratch-"))
        sys.stderr.write(f"furu: new artifacts go to the scratch root {_scratch}\n")
    return _scratch


_config: FuruConfig | None = None


def current() -> FuruConfig:
    """Return the settings of this process; the environment is read at the first call."""
    global _config
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
    found = os.fspath(path) if path is not None else dotenv.find_dotenv(usecwd=True)
    if not found or not os.path.isfile(found):
        return False
    dotenv.load_dotenv(found, override=override)
    current().reread()
    return True


def slurm_job() -> dict[str, str | None] | None:
    """Return the job id and node of the Slurm job this process runs in (``SLURM_JOB_ID``), or None outside of one."""
    job_id = os.environ.get("SLURM_JOB_ID")
    return None if job_id is None else {"job_id": job_id, "node": os.environ.get("SLURMD_NODENAME")}
