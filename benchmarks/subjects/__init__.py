"""The systems that are compared, each doing the same work: a small dictionary, computed once per number and then stored.

Each module has ``opened(root)``, which returns a function that obtains the dictionary for a number from the store in
``root``: loaded when it is there, else computed and stored.  Each call works on a fresh object, as in a new process.
A module imports only the system that it is about, so that a fresh process that uses it pays for nothing else.
"""

from __future__ import annotations


def result(number: int) -> dict[str, float]:
    """Return what every system stores."""
    return {"number": number, "loss": number / 7, "accuracy": 0.5}
