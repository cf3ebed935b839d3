"""The table of settings: each one's variable, what it takes, its default, and a line for people."""

from __future__ import annotations

import os
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import Any

_TRUE = frozenset(("1", "true", "yes", "on"))
_FALSE = frozenset(("0", "false", "no", "off"))


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of setting is read: ``check`` takes text or a Python value and raises ``ValueError`` on bad ones."""

    check: Callable[[Any], Any]
    allowed: str


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError(value)
    return text in _TRUE


def _seconds(least: float, *, exclusive: bool) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        number = float(value)
        if isinstance(value, bool) or not least <= number < float("inf") or (exclusive and number == least):
            raise ValueError(value)
        return number

    return check


def _count(value: Any) -> int:
    number = int(value)
    if isinstance(value, (bool, float)) or number < 0:
        raise ValueError(value)
    return number


def _path(value: Any) -> Path:
    if not isinstance(value, (str, os.PathLike)) or not str(value).strip():
        raise ValueError(value)
    from pathlib import Path  # here, because importing furu should cost little

    return Path(os.path.abspath(os.path.expanduser(os.fspath(value))))


def _or_none(check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else check(value)


def _word(*words: str, fold: Callable[[str], str] = str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        text = fold(str(value).strip())
        if text not in words:
            raise ValueError(value)
        return text

    return check


def _names(value: Any) -> frozenset[str]:
    parts = value.split(",") if isinstance(value, str) else value
    names = frozenset(part.strip() for part in parts if part.strip())
    if "ALL" in names and len(names) > 1:
        raise ValueError(value)
    return names


FLAG = Kind(_flag, "1/true/yes/on or 0/false/no/off")
POSITIVE_SEC = Kind(_seconds(0, exclusive=True), "a number of seconds greater than 0")
OPTIONAL_SEC = Kind(_or_none(_seconds(0, exclusive=False)), "a number of seconds, at least 0")
COUNT = Kind(_count, "a whole number, at least 0")
PATH = Kind(_path, "a path")
OPTIONAL_PATH = Kind(_or_none(_path), "a path")
RECORD_GIT = Kind(_word("ignore", "cached", "uncached", fold=str.lower), "ignore, cached or uncached")
FSYNC = Kind(_word("always", "auto", "never", fold=str.lower), "always, auto or never")
LOCAL_BACKEND = Kind(_word("process", "thread", fold=str.lower), "process or thread")
STALE = Kind(_word("warn", "error", "ignore", fold=str.lower), "warn, error or ignore")
LOG_LEVEL = Kind(
    _word("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", fold=str.upper), "DEBUG, INFO, WARNING, ERROR or CRITICAL"
)
NAMES = Kind(_names, "class names such as my_project.pipelines.TrainModel, separated by commas, or ALL alone")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its variable, how it is read, what it is when unset, and one line for people."""

    env: str | None
    kind: Kind
    default: Any
    doc: str


def _default_heartbeat(config: Any) -> float:
    return float(config.lease_duration_sec) / 3


SETTINGS: dict[str, Setting] = {
    "base_root": Setting(
        "FURU_PATH",
        PATH,
        lambda config: config.project_root / "furu-data",
        "Base storage directory for artifacts that are not version controlled.",
    ),
    "version_controlled_root_override": Setting(
        "FURU_VERSION_CONTROLLED_PATH", OPTIONAL_PATH, None, "Root of version-controlled artifacts."
    ),
    "submitit_root": Setting(
        "FURU_SUBMITIT_PATH", PATH, lambda config: config.base_root / "submitit", "Root of scheduler logs."
    ),
    "raw_dir": Setting(None, PATH, lambda config: config.base_root / "raw", "Directory shared by all artifacts."),
    "log_level": Setting("FURU_LOG_LEVEL", LOG_LEVEL, "INFO", "Console verbosity."),
    "rich_uncaught_tracebacks": Setting(
        "FURU_RICH_UNCAUGHT_TRACEBACKS", FLAG, True, "Whether Rich formats uncaught exceptions."
    ),
    "record_git": Setting(
        "FURU_RECORD_GIT", RECORD_GIT, "cached", "Whether git facts are recorded: never, once per process, every time."
    ),
    "allow_no_git_origin": Setting(
        "FURU_ALLOW_NO_GIT_ORIGIN", FLAG, False, "Whether a git repository may lack the remote origin."
    ),
    "always_rerun": Setting("FURU_ALWAYS_RERUN", NAMES, frozenset(), "Classes whose artifacts are always recomputed."),
    "retry_failed": Setting("FURU_RETRY_FAILED", FLAG, True, "Whether a failed artifact is tried again."),
    "max_compute_retries": Setting(
        "FURU_MAX_COMPUTE_RETRIES", COUNT, 3, "Retries per node of an executor run after the first failure."
    ),
    "local_backend": Setting(
        "FURU_LOCAL_BACKEND", LOCAL_BACKEND, "process", "Whether run_local runs jobs in child processes or in threads."
    ),
    "poll_interval": Setting(
        "FURU_POLL_INTERVAL_SECS", POSITIVE_SEC, 10.0, "Longest pause between two looks at somebody else's computation."
    ),
    "max_wait_time_sec": Setting(
        "FURU_MAX_WAIT_SECS", OPTIONAL_SEC, None, "Longest wait for somebody else's computation; overrides the class."
    ),
    "wait_log_every_sec": Setting(
        "FURU_WAIT_LOG_EVERY_SECS", POSITIVE_SEC, 10.0, "Interval of log lines while waiting."
    ),
    "stale_timeout": Setting(
        "FURU_STALE_AFTER_SECS", POSITIVE_SEC, 1800.0, "When a scheduled job without news counts as stale."
    ),
    "lease_duration_sec": Setting(
        "FURU_LEASE_SECS", POSITIVE_SEC, 120.0, "How long a computation without heartbeat keeps its lease."
    ),
    "heartbeat_interval_sec": Setting(
        "FURU_HEARTBEAT_SECS", POSITIVE_SEC, _default_heartbeat, "Heartbeat interval of a running computation."
    ),
    "max_requeues": Setting("FURU_PREEMPT_MAX", COUNT, 5, "Requeues of a preempted job."),
    "cancelled_is_preempted": Setting(
        "FURU_CANCELLED_IS_PREEMPTED", FLAG, False, "Whether a job the scheduler calls CANCELLED counts as preempted."
    ),
    "stale": Setting(
        "FURU_STALE", STALE, "warn", "What to do where only an earlier form of a config has a result; it is recomputed."
    ),
    "source_in_key": Setting(
        "FURU_SOURCE_IN_KEY", FLAG, False, "Whether the source behind a class enters the keys of its artifacts."
    ),
    "strict_deps": Setting(
        "FURU_STRICT_DEPS",
        FLAG,
        False,
        "Whether an executor refuses a dependency that is used and not declared, instead of building it.",
    ),
    "allow_main": Setting(
        "FURU_ALLOW_MAIN", FLAG, False, "Whether classes of a script or a function may have artifacts, in scratch."
    ),
    "fsync": Setting("FURU_FSYNC", FSYNC, "auto", "Whether an artifact is flushed to disk before it counts."),
    "scratch": Setting("FURU_SCRATCH", FLAG, False, "Whether everything new goes to a temporary root."),
    "trace": Setting(
        "FURU_TRACE", OPTIONAL_PATH, None, "File to which every get() appends what it does, one JSON line each."
    ),
    "cache_root": Setting(
        "FURU_CACHE_PATH", OPTIONAL_PATH, None, "Directory of indexes; by default `furu` in the user's cache directory."
    ),
    "scratch_root": Setting(None, OPTIONAL_PATH, None, "The temporary root; made at the first use when unset."),
}
