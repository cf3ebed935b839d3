"""Runs furu pipelines on a Slurm cluster, through submitit."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu_exec_slurm.adapter import SubmititAdapter, submit
    from furu_exec_slurm.dag import SlurmDagSubmission, submit_slurm_dag
    from furu_exec_slurm.pool import PoolProtocolError
    from furu_exec_slurm.run import SlurmPoolRun, run_slurm_pool

__all__ = [
    "PoolProtocolError",
    "SlurmDagSubmission",
    "SlurmPoolRun",
    "SubmititAdapter",
    "__version__",
    "run_slurm_pool",
    "submit",
    "submit_slurm_dag",
]

__version__ = "0.1.0"

#: Public name -> the module that defines it.
_HOME = {
    "PoolProtocolError": "pool",
    "SlurmDagSubmission": "dag",
    "SlurmPoolRun": "run",
    "SubmititAdapter": "adapter",
    "run_slurm_pool": "run",
    "submit": "adapter",
    "submit_slurm_dag": "dag",
}


if not TYPE_CHECKING:  # type checkers would take any misspelt name as known

    def __getattr__(name: str) -> Any:
        """Import what is asked for: a job needs little of this package, and begins sooner without the rest."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = found
        return found
