"""Will show furu stores in the browser; nothing is here yet."""

__version__ = "0.1.0"
