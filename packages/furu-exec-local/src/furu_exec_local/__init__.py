"""``run_local``: works through a graph of artifacts with several processes or threads of this machine."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from furu_exec_local.run import run_local

__all__ = ["__version__", "run_local"]

__version__ = "0.1.0"


if not TYPE_CHECKING:  # type checkers would take any misspelt name as known

    def __getattr__(name: str) -> Any:
        """Import what is asked for: a worker process needs little of this package, and begins sooner without the rest."""
        if name != "run_local":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from furu_exec_local.run import run_local

        globals()[name] = run_local
        return run_local
