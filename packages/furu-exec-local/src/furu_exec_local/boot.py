"""The program a worker process begins with: makes this process look like the one that started it, then serves jobs.

Run as a file, ``python boot.py FD``, so that the main program of the user is not run again: a script without an
``if __name__ == "__main__"`` guard is none of a worker's business.  Until the first message has come nothing but the
standard library can be imported.
"""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Take over the parent's ``sys.path`` and ``sys.argv``, then serve jobs until the connection ends."""
    globals()["__name__"] = "furu_exec_local.boot"  # what is logged has not been caused by a main program of the user's
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [place for place in sys.path if os.path.abspath(place) != here]
    from multiprocessing.connection import Connection

    connection = Connection(int(sys.argv[1]))
    try:
        sys.path[:], sys.argv[:] = connection.recv()
        from furu_exec_local import child

        child.serve(connection)
    except (EOFError, KeyboardInterrupt):  # the parent is gone, or has no use for us
        pass


if __name__ == "__main__":
    main()
