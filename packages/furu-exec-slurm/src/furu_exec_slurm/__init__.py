"""Will run furu pipelines on a Slurm cluster; nothing is here yet."""

__version__ = "0.1.0"
