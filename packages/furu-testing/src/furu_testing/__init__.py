"""Will help to test furu pipelines with pytest; nothing is here yet."""

__version__ = "0.1.0"
