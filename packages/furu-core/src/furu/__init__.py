"""Cacheable, nested pipelines: declare a computation as a config object, compute it once, load it ever after.

Names are resolved on first use, so ``import furu`` costs little more than ``import chz``.
"""

from __future__ import annotations

from importlib import import_module as _import_module

import chz

from furu.objects.fields import field, furu_dep
from furu.objects.furu import Furu

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    import submitit as submitit

    from furu.catalog.find import find
    from furu.config import FuruConfig, get_furu_root, load_env, set_furu_root
    from furu.engine.compare import diff
    from furu.engine.many import get
    from furu.engine.scratch import scratch
    from furu.errors import (
        MISSING,
        FuruComputeError,
        FuruConfigError,
        FuruCycleError,
        FuruError,
        FuruIdentityError,
        FuruLeaseLost,
        FuruLoadError,
        FuruLockNotAcquired,
        FuruMissingArtifact,
        FuruQueryError,
        FuruRecordError,
        FuruStaleError,
        FuruValidationError,
        FuruWaitTimeout,
    )
    from furu.identity.changes import Added, MovedFrom, Removed, Renamed, Retyped, Rewrite
    from furu.identity.serializer import FuruSerializer
    from furu.identity.source import harmless
    from furu.objects.furu_list import FuruList
    from furu.objects.sweep import sweep, zipped
    from furu.resources import SlurmSpec
    from furu.runtime.deadline import time_left
    from furu.runtime.logging import configure_logging, get_logger
    from furu.storage.managers import MetadataManager, StateManager
    from furu_exec_slurm import SubmititAdapter as SubmititAdapter
    from furu_exec_slurm import submit as submit

    FURU_CONFIG: FuruConfig
    __version__: str

#: Public name -> the module that defines it.
_HOME = {
    "FuruConfig": "furu.config",
    "FuruList": "furu.objects.furu_list",
    "FuruSerializer": "furu.identity.serializer",
    "MetadataManager": "furu.storage.managers",
    "SlurmSpec": "furu.resources",
    "StateManager": "furu.storage.managers",
    "configure_logging": "furu.runtime.logging",
    "find": "furu.catalog.find",
    "diff": "furu.engine.compare",
    "get": "furu.engine.many",
    "get_furu_root": "furu.config",
    "get_logger": "furu.runtime.logging",
    "harmless": "furu.identity.source",
    "load_env": "furu.config",
    "scratch": "furu.engine.scratch",
    "set_furu_root": "furu.config",
    "sweep": "furu.objects.sweep",
    "time_left": "furu.runtime.deadline",
    "zipped": "furu.objects.sweep",
} | dict.fromkeys(
    (
        "MISSING",
        "FuruComputeError",
        "FuruConfigError",
        "FuruCycleError",
        "FuruError",
        "FuruIdentityError",
        "FuruLeaseLost",
        "FuruLoadError",
        "FuruLockNotAcquired",
        "FuruMissingArtifact",
        "FuruQueryError",
        "FuruRecordError",
        "FuruStaleError",
        "FuruValidationError",
        "FuruWaitTimeout",
    ),
    "furu.errors",
)
_HOME |= dict.fromkeys(("Added", "MovedFrom", "Removed", "Renamed", "Retyped", "Rewrite"), "furu.identity.changes")

#: Public name -> (module, distribution) of the optional package that brings it.
_OPTIONAL = {
    "SubmititAdapter": ("furu_exec_slurm", "furu-exec-slurm"),
    "submit": ("furu_exec_slurm", "furu-exec-slurm"),
    "submitit": ("submitit", "furu-exec-slurm"),
}

__all__ = [
    "FURU_CONFIG",
    "MISSING",
    "Added",
    "Furu",
    "FuruComputeError",
    "FuruConfig",
    "FuruConfigError",
    "FuruCycleError",
    "FuruError",
    "FuruIdentityError",
    "FuruLeaseLost",
    "FuruList",
    "FuruLoadError",
    "FuruLockNotAcquired",
    "FuruMissingArtifact",
    "FuruQueryError",
    "FuruRecordError",
    "FuruSerializer",
    "FuruStaleError",
    "FuruValidationError",
    "FuruWaitTimeout",
    "MetadataManager",
    "MovedFrom",
    "Removed",
    "Renamed",
    "Retyped",
    "Rewrite",
    "SlurmSpec",
    "StateManager",
    "__version__",
    "chz",
    "configure_logging",
    "diff",
    "field",
    "find",
    "furu_dep",
    "get",
    "get_furu_root",
    "get_logger",
    "harmless",
    "load_env",
    "scratch",
    "set_furu_root",
    "sweep",
    "time_left",
    "zipped",
]


def _resolve(name: str) -> Any:
    if name == "FURU_CONFIG":
        from furu.config import current

        return current()
    if name == "__version__":
        from importlib.metadata import version

        return version("furu-core")
    if name in _HOME:
        return getattr(_import_module(_HOME[name]), name)
    if name in _OPTIONAL:
        return _optional(name)
    raise AttributeError(f"module 'furu' has no attribute {name!r}")


def _optional(name: str) -> Any:
    module, distribution = _OPTIONAL[name]
    try:
        found = _import_module(module)
        return found if name == module else getattr(found, name)
    except (ModuleNotFoundError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name != module:
            raise  # it is installed, and something it needs is not
        raise ImportError(
            f"furu.{name} comes with the optional package {distribution!r}. "
            f"Install or upgrade it with:  pip install -U {distribution}",
            name=f"furu.{name}",
        ) from None


if not TYPE_CHECKING:  # hidden from type checkers, so that they report unknown names

    def __getattr__(name: str) -> Any:
        value = _resolve(name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, "FURU_CONFIG", "__version__"})
