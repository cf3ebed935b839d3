"""Which system calls are made on the store for one trivial create and for one hit, as ``strace`` sees them.

Counted in the steady state: in a process that has created and loaded other artifacts of the class before.  What processes
and threads started by furu do counts as well.  Aims: a create changes the store at most 20 times; a hit asks one stat,
and the rest of its calls are those of ``_load``.  ``--list`` prints every call.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter

from timing import compiled_once, machine, print_table

BEGIN, END = "/benchmark-begins", "/benchmark-ends"

#: Creates and loads a few artifacts, then creates or loads one more between two calls that can be found in the trace.
PROGRAM = """
import os, sys
from pathlib import Path
from subjects import {module} as subject

obtain = subject.opened(Path(sys.argv[1]))
for number in range(3):
    obtain(number), obtain(number)
if {hit}:
    obtain(3)
os.access("{begin}", os.F_OK)
obtain(3)
os.access("{end}", os.F_OK)
"""

MODULES = {"floor": "floor", "furu, automatic result": "furu_auto", "furu, own files": "furu_own"}

CHANGES = re.compile(
    r"(mkdir|rename|link|symlink|unlink|chmod|chown|utimens|mknod)(at2?)?|rmdir|p?write(v|64|v2)?|f?truncate|fallocate|"
    r"fsync|fdatasync|sync_file_range|fchmod|fchown|f?setxattr"
)


def changes(call: str) -> bool:
    """Return whether a line of the trace is a call that changes the store, or flushes it."""
    if re.search(r"\) = -1 E", call):
        return False
    return CHANGES.fullmatch(name_of(call)) is not None or "O_CREAT" in call or "O_TRUNC" in call


def on_store(call: str, root: str) -> bool:
    """Return whether a line of the trace is about a path below ``root``: an open file, or a path given as text."""
    descriptor = re.match(r"\w+\(\d+<([^>]*)>", call)
    return descriptor[1].startswith(root) if descriptor else f'"{root}' in call


def name_of(call: str) -> str:
    """Return the name of the system call in a line of the trace."""
    return call.partition("(")[0]


def calls_on_store(module: str, *, hit: bool) -> list[str]:
    """Return the lines of the trace that name the store, for one create or one hit."""
    program = PROGRAM.format(module=module, hit=hit, begin=BEGIN, end=END)
    with compiled_once() as environ, tempfile.TemporaryDirectory(prefix="benchmark-store-") as root:
        trace = f"{root}.trace"
        command = ["strace", "-f", "-y", "-qq", "-o", trace, sys.executable, "-c", program, root]
        subprocess.run(command, env=environ, check=True)
        try:
            with open(trace) as file:
                lines = [re.sub(r"^\d+ +", "", line.rstrip("\n")) for line in file]
        finally:
            os.unlink(trace)
    begin = next(number for number, line in enumerate(lines) if BEGIN in line)
    end = next(number for number, line in enumerate(lines) if END in line)
    between = lines[begin + 1 : end]
    return [line.replace(root, "STORE") for line in between if on_store(line, root)]


def main() -> None:
    """Print the table, and what it counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--smoke", action="store_true", help="accepted like everywhere; there is nothing to make smaller"
    )
    parser.add_argument("--list", action="store_true", help="print every call")
    given = parser.parse_args()
    if shutil.which("strace") is None:
        sys.exit("benchmarks/syscalls.py needs strace (Debian: apt-get install strace)")

    rows, details = [], []
    for hit in (False, True):
        for name, module in MODULES.items():
            calls = calls_on_store(module, hit=hit)
            what = f"{'hit' if hit else 'create'}, {name}"
            rows.append((what, str(len(calls)), str(sum(map(changes, calls)))))
            counted = Counter(name_of(call) + (" (creates)" if "O_CREAT" in call else "") for call in calls)
            details.append(f"* {what}: " + ", ".join(f"{count} {call}" for call, count in counted.most_common()))
            if given.list:
                details += [f"    {call}" for call in calls]
    print(f"{machine()}\n")
    print_table(("calls that name the store", "all", "that change it"), rows)
    print("\n".join(details))


if __name__ == "__main__":
    main()
