"""``run_local``: works through a graph of artifacts with several processes or threads of this machine."""

from __future__ import annotations

from furu_exec_local.run import run_local

__all__ = ["__version__", "run_local"]

__version__ = "0.1.0"
