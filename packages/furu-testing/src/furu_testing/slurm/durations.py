"""Times as Slurm reads and writes them."""

from __future__ import annotations

from time import localtime, strftime


def parse_minutes(text: str) -> int | None:
    """Return what ``--time`` asks for in minutes, seconds counting as a started minute; None means no limit.

    Raises ValueError for anything but ``m``, ``m:s``, ``h:m:s``, ``d-h``, ``d-h:m``, ``d-h:m:s`` and ``UNLIMITED``.
    """
    if text.upper() in {"UNLIMITED", "INFINITE", "-1"}:
        return None
    days, dash, rest = text.partition("-")
    numbers = [int(part) for part in (rest if dash else text).split(":")]
    if len(numbers) > 3 or min(numbers) < 0:
        raise ValueError(text)
    if dash:
        hours, minutes, seconds = [*numbers, 0, 0][:3]
        hours += 24 * int(days)
    elif len(numbers) == 3:
        hours, minutes, seconds = numbers
    else:
        hours, (minutes, seconds) = 0, [*numbers, 0][:2]
    return (hours * 60 + minutes + (seconds > 0)) or None


def spell(sec: float, *, long: bool = False) -> str:
    """Return a duration: ``1-02:03:04``, ``2:03:04`` or ``3:04``; ``long`` always has two digits for hours."""
    days, rest = divmod(int(sec), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    if days:
        return f"{days}-{hours:02}:{minutes:02}:{seconds:02}"
    if long:
        return f"{hours:02}:{minutes:02}:{seconds:02}"
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def spell_limit(minutes: int | None, *, long: bool = False) -> str:
    """Return a time limit, which may be none."""
    return "UNLIMITED" if minutes is None else spell(60 * minutes, long=long)


def spell_moment(sec: float | None, unknown: str = "Unknown") -> str:
    """Return a point in time as ``2026-01-31T09:00:00``, in local time."""
    return unknown if sec is None else strftime("%Y-%m-%dT%H:%M:%S", localtime(sec))


def parse_moment(text: str, now: float) -> float:
    """Return the time that ``now+10``, ``now+1hour`` or a number of seconds since the epoch says.

    Raises ValueError for the other forms that Slurm knows.
    """
    if not text.startswith("now"):
        return float(text)
    amount = text[3:].lstrip("+") or "0"
    digits = amount.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[amount[len(digits) :][:1]]
    return now + int(digits) * unit
