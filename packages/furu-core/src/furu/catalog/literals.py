"""Literals: what stands right of an operator, read as the field's kind asks: texts, numbers, sizes, times."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta

TYPE_CHECKING = False
if TYPE_CHECKING:
    Plain = str | int | float | bool | None

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$")
_DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w|y)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*([kKMGTP]?)(i?)[bB]?$")
_MONTH = re.compile(r"(\d{4})(?:-(\d{2}))?$")

#: What lies behind so many characters of a text is not looked at.
LONGEST_TEXT = 4096

#: SQLite keeps whole numbers in 64 bits; larger ones are compared as floats, in Python too.
_LARGEST = 2**63 - 1


def number(text: str) -> int | float | None:
    """Return the number a word stands for, or None when it is none."""
    if not _NUMBER.match(text):
        return None
    try:
        return normal(int(text))
    except ValueError:
        return float(text)


def normal(value: int | float) -> int | float:
    """Return a number as the index can hold it."""
    if isinstance(value, float) or -_LARGEST <= value <= _LARGEST:
        return value
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def config_value(text: str) -> Plain:
    """Return the typed value of a word: true, false, null, a number, or else the text itself."""
    known: dict[str, Plain] = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
    if text in known:
        return known[text]
    found = number(text)
    return text if found is None else found


def duration_sec(text: str) -> float | None:
    """Return the seconds of a duration such as ``90``, ``2h`` or ``1h30m``, or None when it is none."""
    plain = number(text)
    if plain is not None:
        return float(plain)
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(size + unit for size, unit in parts) != text:
        return None
    return math.fsum(float(size) * _SECONDS[unit] for size, unit in parts)


def size_bytes(text: str) -> float | None:
    """Return the bytes of a size such as ``1000``, ``1.5GB`` (powers of 1000) or ``2GiB`` (powers of 1024)."""
    match = _BYTES.match(text)
    if match is None:
        return None
    step = 1024 if match[3] else 1000
    return float(match[1]) * float(step) ** " KMGTP".index(match[2].upper() or " ")


def moment(text: str, now: float) -> tuple[float, float] | None:
    """Return the span of time (seconds since the epoch, end excluded) that a date, a time or a distance from now means.

    ``2026``, ``2026-01``, ``2026-01-31``, ``2026-01-31T09:30``, ``today``, ``yesterday``, ``now``, ``-2d``, ``-1h30m``.  Without an offset (``Z``,
    ``+02:00``) the time is local.  None when it is none of these.
    """
    if text == "now":
        return now, now
    if text[:1] == "-" and (ago := duration_sec(text[1:])) is not None and text[-1].isalpha():
        return now - ago, now - ago
    try:
        return _span(text, now)
    except (ValueError, OverflowError):
        return None


def _span(text: str, now: float) -> tuple[float, float] | None:
    if text in ("today", "yesterday"):
        midnight = _local(datetime.fromtimestamp(now, UTC).astimezone().date().isoformat())
        start = midnight if text == "today" else midnight - timedelta(days=1)
        return start.timestamp(), (start + timedelta(days=1)).timestamp()
    if month := _MONTH.match(text):
        year, number = int(month[1]), int(month[2] or 1)
        following = (year + 1, 1) if month[2] is None or number == 12 else (year, number + 1)
        return _local(f"{year:04}-{number:02}-01").timestamp(), _local("{:04}-{:02}-01".format(*following)).timestamp()
    start = _local(text)
    colons = text[10:].partition("+")[0].count(":")
    width = timedelta(days=1) if len(text) <= 10 else timedelta(minutes=1) if colons == 1 else timedelta(seconds=1)
    return start.timestamp(), (start + width).timestamp()


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


def clean(value: str) -> str:
    """Return a text without what the index cannot hold: zero bytes and lone surrogates."""
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def text(value: str) -> str:
    """Return a text as it is looked at: cleaned, and cut where it is very long."""
    return clean(value[:LONGEST_TEXT])
