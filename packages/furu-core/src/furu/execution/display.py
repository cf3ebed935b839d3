"""How a run looks: the live display, the line for logs, the summary.  From figures to Rich objects and text, no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from furu.execution.tally import Line, Tally

#: Most lines the live display takes, for classes and for running jobs.
MOST_CLASSES, MOST_RUNNING = 8, 8


def live(tally: Tally, name: str, note: str = "") -> RenderableType:
    """Return the live display of the run ``name``: the whole, a note, each class, what runs."""
    noted = [Text(f"  {note}", "dim")] if note else []
    return Group(_bars(tally, name), *noted, _running(tally))


def line(tally: Tally, name: str, note: str = "") -> str:
    """Return the state of a run in one line, for logs."""
    whole = tally.whole
    parts = [f"{whole.done}/{whole.total} done", f"{len(tally.running)} running"]
    if tally.waited_for:
        parts.append(f"{tally.waited_for} running elsewhere")
    if tally.failed:
        parts.append(f"{tally.failed} failed")
    parts.append(f"{rate(tally.rate())}, {duration(tally.elapsed_sec)} so far")
    left = tally.left_sec()
    if left is not None and whole.done < whole.total:
        parts.append(f"about {duration(left)} left")
    if note:
        parts.append(note)
    return f"{name}: " + ", ".join(parts)


def summary(tally: Tally, name: str, logs: Sequence[tuple[str, str]], *, ended: str) -> RenderableType:
    """Return what is shown after a run; ``logs`` are (label, path) of failures, ``ended`` says how it ended."""
    whole = tally.whole
    wall = tally.elapsed_sec
    head = Text.assemble((f"{name} ", "bold"), ended, f" after {duration(wall)}")
    if whole.computed:
        head.append(f": {whole.computed} computed, {rate(whole.computed / wall)}, {duration(whole.cpu_sec)} of CPU")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("class", overflow="ellipsis", no_wrap=True)  # the one that gives way where there is little room
    counts = ["computed", "loaded", "failed", *(["not run"] if whole.left else [])]
    for heading in (*counts, "wall", "CPU", "mean"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, one in sorted(tally.lines.items()):
        table.add_row(name, *_figures(one, len(counts)))
    if len(tally.lines) > 1:
        table.add_row("all", *_figures(whole, len(counts)), style="bold")
    parts: list[RenderableType] = [head, table]
    slow = [(sec, label) for sec, _, label in sorted(tally.slowest, reverse=True) if sec >= 0.1]
    if slow:
        parts.append(_listed("slowest:", slow))
    for label, path in logs:
        line = Text.assemble((f"{label} failed", "red"), f", log: {path}")
        line.no_wrap, line.overflow = True, "ignore"  # a path that is broken cannot be copied
        parts.append(line)
    return Group(*parts)


def duration(sec: float) -> str:
    """Return a duration for people: ``4 ms``, ``0.42 s``, ``12 s``, ``3 min 05 s``, ``2 h 07 min``."""
    if sec < 10:
        return f"{sec * 1000:.0f} ms" if sec < 0.1 else f"{sec:.2f} s" if sec < 1 else f"{sec:.1f} s"
    whole = round(sec)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def in_short(sec: float) -> str:
    """Return a duration for a column: ``42 s``, ``3.1 min``, ``2.1 h``."""
    if sec < 59.5:
        return duration(sec)
    value, unit = (sec / 60, "min") if sec < 3570 else (sec / 3600, "h")
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def rate(per_sec: float) -> str:
    """Return a rate for people: per second, minute or hour."""
    for unit, sec in (("s", 1), ("min", 60), ("h", 3600)):
        if per_sec * sec >= 1:
            return f"{per_sec * sec:.0f}/{unit}" if per_sec * sec >= 10 else f"{per_sec * sec:.1f}/{unit}"
    return "0/s"


def _figures(one: Line, counts: int) -> list[str]:
    loaded = one.loaded + one.elsewhere
    mean = "" if one.mean_sec is None else in_short(one.mean_sec)
    texts = [str(count) if count else "" for count in (one.computed, loaded, one.failed, one.left)[:counts]]
    return [*texts, in_short(one.wall_sec), in_short(one.cpu_sec), mean] if one.wall_sec else [*texts, "", "", ""]


def _bars(tally: Tally, name: str) -> Table:
    """Return one row for the whole and, when there are several, one for each class that is not done, in building order."""
    table = Table.grid(padding=(0, 1))
    table.add_column(overflow="ellipsis", max_width=40)
    table.add_column(width=16)
    table.add_column(no_wrap=True)
    table.add_row(Text(name, "bold"), _bar(tally.whole), _headline(tally))
    rows = [(name, one) for name, one in tally.lines.items() if one.total]
    if len(rows) < 2:
        return table
    unfinished = [row for row in reversed(rows) if row[1].done < row[1].total]
    for name, one in unfinished[:MOST_CLASSES]:
        table.add_row(Text(f"  {name}", "cyan"), _bar(one), _with_failed(f"{one.done}/{one.total}", one.failed))
    if len(unfinished) > MOST_CLASSES:
        table.add_row(Text(f"  and {len(unfinished) - MOST_CLASSES} more", "dim"))
    return table


def _headline(tally: Tally) -> Text:
    whole = tally.whole
    left = tally.left_sec()
    so_far = f"{duration(tally.elapsed_sec)} so far"
    if left is not None and whole.done < whole.total:
        so_far += f", ~{duration(left)} left"
    words = [f"{whole.done}/{whole.total}", rate(tally.rate()), so_far]
    if tally.waited_for:
        words.append(f"{tally.waited_for} elsewhere")
    return _with_failed("  ".join(words), tally.failed)


def _with_failed(words: str, failed: int) -> Text:
    text = Text(words)
    if failed:
        text.append(f"  {failed} failed", "bold red")
    return text


def _running(tally: Tally) -> RenderableType:
    now = tally.clock.monotonic()
    longest = sorted(tally.running.values(), key=lambda one: one.since)
    shown = _listed(None, [(now - one.since, one.label) for one in longest[:MOST_RUNNING]])
    if len(longest) > MOST_RUNNING:
        shown.add_row("", Text(f"and {len(longest) - MOST_RUNNING} more", "dim"))
    return shown


def _listed(heading: str | None, jobs: Sequence[tuple[float, str]]) -> Table:
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", width=13, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    if heading is not None:
        table.add_row(Text(heading, justify="left"))
    for sec, label in jobs:
        table.add_row(Text(duration(sec), "dim"), label)
    return table


def _bar(one: Line) -> ProgressBar:
    return ProgressBar(total=max(one.total, 1), completed=one.done)
