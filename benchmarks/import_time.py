"""How long a fresh Python takes to import furu, compared with chz, which furu is built on, and with importing nothing.

The aim is at most 1.3 times `import chz`.
"""

from __future__ import annotations

import sys
from functools import partial
from importlib.util import find_spec

from timing import Size, compiled_once, interleaved, machine, process_sec, show, size

PROGRAMS = {
    "import chz": "import chz",
    "python alone": "pass",
    "import furu": "import furu",
    "import furu, a class": "import furu\nclass A(furu.Furu[int]):\n    a: int = 1",
    "import chz, a class": "import chz\n@chz.chz\nclass A:\n    a: int = 1",
    "import numpy": "import numpy",
    "import joblib": "import joblib",
    "import exca": "import exca",
}


def main() -> None:
    """Print the table."""
    chosen = size(__doc__, full=Size(rounds=25, items=1), smoke=Size(rounds=1, items=1))
    programs = {
        name: [sys.executable, "-c", text]
        for name, text in PROGRAMS.items()
        if text == "pass" or find_spec(text.split()[1].rstrip("\n")) is not None
    }
    with compiled_once() as environ:
        systems = {name: partial(process_sec, command, environ) for name, command in programs.items()}
        interleaved(systems, rounds=1)  # compiles
        measured = interleaved(systems, chosen.rounds)
    print(f"{machine()}\n")
    show("fresh process", measured, floor="import chz", unit="ms")


if __name__ == "__main__":
    main()
