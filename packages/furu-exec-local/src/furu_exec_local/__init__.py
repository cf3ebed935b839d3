"""Will run furu pipelines in parallel worker processes on this machine; nothing is here yet."""

__version__ = "0.1.0"
