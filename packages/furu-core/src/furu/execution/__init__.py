"""Running many tasks at once: what a task asks for, and the executors of optional packages.

``SlurmSpec`` is plain data of furu-core.  ``run_local`` comes with furu-exec-local, ``submit_slurm_dag`` and
``run_slurm_pool`` with furu-exec-slurm; each is imported when first used, and an ``ImportError`` names the package to
install.  Packages of third parties add names through the entry-point group ``furu.executors``.

``hasattr`` on the name of a missing package raises as well; ``dir`` lists only what installed packages register.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu.execution.executor import Blocked, Done, Elsewhere, Executor, Failed, Job, Outcome
    from furu.resources import SlurmSpec
    from furu_exec_local import run_local as run_local
    from furu_exec_slurm import run_slurm_pool as run_slurm_pool
    from furu_exec_slurm import submit_slurm_dag as submit_slurm_dag

__all__ = ["Blocked", "Done", "Elsewhere", "Executor", "Failed", "Job", "Outcome", "SlurmSpec"]

_GROUP = "furu.executors"
_DISTRIBUTIONS = {
    "run_local": "furu-exec-local",
    "run_slurm_pool": "furu-exec-slurm",
    "submit_slurm_dag": "furu-exec-slurm",
}


def _resolve(name: str) -> Any:
    if name == "SlurmSpec":
        from furu.resources import SlurmSpec

        return SlurmSpec
    if name in __all__:
        from furu.execution import executor

        return getattr(executor, name)
    if not name.startswith("_") and not _is_module(name):
        from furu import _plugins

        if name in _DISTRIBUTIONS:
            return _plugins.provided(name, distribution=_DISTRIBUTIONS[name], face=__name__)
        if name in _plugins.names(_GROUP):
            return _plugins.load(_GROUP, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _is_module(name: str) -> bool:
    """Return whether there is a module of that name here; ``from furu.execution import plan`` asks before it imports it."""
    from importlib.machinery import PathFinder

    return PathFinder.find_spec(f"{__name__}.{name}", __path__) is not None


if not TYPE_CHECKING:  # type checkers would take any misspelt name as known

    def __getattr__(name: str) -> Any:
        found = _resolve(name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    from furu import _plugins

    return sorted({*globals(), *__all__, *_plugins.available(_GROUP)})
