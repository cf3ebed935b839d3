"""Tables of text."""

from __future__ import annotations

import sys


def print_table(lines: list[list[str]], columns: list[tuple[int, bool, str]]) -> None:
    """Print lines of cells in columns of a width (0: as they come), flush right or left, with a text behind each."""
    for cells in lines:
        out = ""
        for cell, (width, right, behind) in zip(cells, columns, strict=True):
            shown = cell[:width] if width else cell
            out += (shown.rjust(width) if right else shown.ljust(width)) + behind
        sys.stdout.write(f"{out}\n")
