"""Runs furu pipelines on a Slurm cluster, through submitit."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu_exec_slurm.adapter import SubmititAdapter, submit

__all__ = ["SubmititAdapter", "__version__", "submit"]

__version__ = "0.1.0"

#: Public name -> the module that defines it.
_HOME = {
    "SubmititAdapter": "adapter",
    "submit": "adapter",
}


if not TYPE_CHECKING:  # type checkers would take any misspelt name as known

    def __getattr__(name: str) -> Any:
        """Import what is asked for: a job needs little of this package, and begins sooner without the rest."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = found
        return found
