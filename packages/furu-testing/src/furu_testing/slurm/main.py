"""Where every command of the fake cluster begins: ``main.pyc NAME DIRECTORY ARGUMENT...``."""

from __future__ import annotations

import os
import sys


def main(name: str, path: str, arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    sys.path.insert(0, os.path.join(path, "lib"))
    if name == "supervise":
        from furu_testing.slurm.supervisor import supervise

        supervise(path, arguments[0], int(arguments[1]))
        return 0
    from furu_testing.slurm.commands.run import run

    return run(name, path, arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
