"""Signals by name and number, without the time that importing `signal` takes."""

from __future__ import annotations

import sys

SIGKILL, SIGTERM = 9, 15

_NUMBERS = {"HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": SIGKILL, "ALRM": 14, "TERM": SIGTERM}
if sys.platform == "darwin":
    _NUMBERS |= {"USR1": 30, "USR2": 31, "STOP": 17, "TSTP": 18, "CONT": 19, "URG": 16}
else:
    _NUMBERS |= {"USR1": 10, "USR2": 12, "STOP": 19, "TSTP": 20, "CONT": 18, "URG": 23}

#: What a shell may have set to be ignored and a job expects to be deadly: HUP, INT, QUIT, PIPE, TERM.
DEADLY = (1, 2, 3, 13, SIGTERM)

#: How a shell words a death.
NAMES = {2: "Interrupt", 3: "Quit", 6: "Aborted", SIGKILL: "Killed", 11: "Segmentation fault", SIGTERM: "Terminated"}

SIGSTOP, SIGCONT = _NUMBERS["STOP"], _NUMBERS["CONT"]


def number(text: str) -> int:
    """Return the number of a signal that is given as ``USR2``, ``SIGUSR2`` or ``12``.

    Raises ValueError for an unknown one.
    """
    if text.isdigit():
        return int(text)
    found = _NUMBERS.get(text.upper().removeprefix("SIG"))
    if found is None:
        raise ValueError(text)
    return found
