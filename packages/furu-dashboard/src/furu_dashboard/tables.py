"""Rows of table files: CSV, JSON lines, Parquet.  Bounded, whatever the file holds."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from typing import TYPE_CHECKING, Any

from furu_dashboard.models import Column, NoPreview, TablePreview

if TYPE_CHECKING:
    from collections.abc import Iterator

    from furu_dashboard.interior import Opened

MOST_COLUMNS = 200
#: What is read of a text file to show rows of it; a page further down is cut off here.
MOST_BYTES = 16 * 1024 * 1024
#: A cell longer than this is cut: a table is to be looked over.
MOST_CELL = 2000


def csv_rows(opened: Opened, *, delimiter: str, offset: int, limit: int) -> TablePreview | NoPreview:
    """Return rows of a file of separated values whose first row names the columns."""
    lines, cut = _lines(opened)
    csv.field_size_limit(MOST_BYTES)
    try:
        reader = csv.reader(lines, delimiter=delimiter, strict=False)
        header = next(reader, None)
        if header is None:
            return NoPreview(size=opened.size, reason="The file is empty.")
        rows = [row for row in reader if row]
    except csv.Error as error:
        return NoPreview(size=opened.size, reason=f"This is no table of separated values: {error}.")
    page = [[_scalar(cell) for cell in row] for row in rows[offset : offset + limit]]
    return _preview("csv", opened, header, page, offset, len(rows), cut)


def json_lines(opened: Opened, *, offset: int, limit: int) -> TablePreview | NoPreview:
    """Return rows of a file with one JSON object a line; a line that is none becomes a row with its text."""
    lines, cut = _lines(opened)
    present = [line for line in lines if line.strip()]
    names: dict[str, None] = {}
    records = []
    for line in present[offset : offset + limit]:
        record = _record(line)
        names |= dict.fromkeys(record)
        records.append(record)
    rows = [[_plain(record.get(name)) for name in names] for record in records]
    return _preview("jsonl", opened, list(names), rows, offset, len(present), cut)


def parquet_rows(opened: Opened, *, offset: int, limit: int) -> TablePreview | NoPreview:
    """Return rows of a Parquet file; needs pyarrow, and says so where it is absent."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        return NoPreview(size=opened.size, reason="Parquet files are shown where pyarrow is installed.")
    try:
        with os.fdopen(os.dup(opened.fd), "rb") as stream:
            file = pq.ParquetFile(stream)
            schema = file.schema_arrow
            names = list(schema.names[:MOST_COLUMNS])
            rows = _parquet_page(file, names, offset, limit)
            total = file.metadata.num_rows
    except (pa.ArrowException, OSError, ValueError) as error:
        return NoPreview(size=opened.size, reason=f"This Parquet file cannot be read: {error}")
    columns = [
        Column(
            name=name,
            type=str(schema.field(name).type),
            numeric=pa.types.is_integer(schema.field(name).type) or pa.types.is_floating(schema.field(name).type),
        )
        for name in names
    ]
    return TablePreview(
        format="parquet",
        size=opened.size,
        columns=columns,
        rows=rows,
        offset=offset,
        total_rows=total,
        more=offset + len(rows) < total,
    )


def _parquet_page(file: Any, names: list[str], offset: int, limit: int) -> list[list[Any]]:
    """Return rows of a Parquet file, reading only the groups of rows that hold them."""
    rows: list[list[Any]] = []
    first = 0
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        if first + count > offset and len(rows) < limit:
            seen = first
            for batch in file.iter_batches(batch_size=1000, row_groups=[group], columns=names):
                begin = max(0, offset - seen)
                part = batch.slice(begin, max(0, limit - len(rows))) if begin < batch.num_rows else batch.slice(0, 0)
                columns = [column.to_pylist() for column in part.columns]
                rows += [[_plain(cell) for cell in row] for row in zip(*columns, strict=True)]
                seen += batch.num_rows
                if len(rows) >= limit:
                    break
        first += count
    return rows


def _preview(
    kind: Any, opened: Opened, names: list[str], rows: list[list[Any]], offset: int, count: int, cut: bool
) -> TablePreview:
    width = min(MOST_COLUMNS, max([len(names), *map(len, rows)], default=0))
    names = [*names, *(f"column {number}" for number in range(len(names) + 1, width + 1))][:width]
    rows = [[*row[:width], *([None] * (width - len(row)))] for row in rows]
    kinds = list(_kinds(rows, width))
    columns = [Column(name=name, type=one, numeric=one == "number") for name, one in zip(names, kinds, strict=True)]
    return TablePreview(
        format=kind,
        size=opened.size,
        columns=columns,
        rows=rows,
        offset=offset,
        total_rows=None if cut else count,
        more=cut or offset + len(rows) < count,
    )


def _kinds(rows: list[list[Any]], width: int) -> Iterator[str]:
    """Yield the kind of each column: ``number`` where every value there is one."""
    for column in range(width):
        present = [row[column] for row in rows if row[column] is not None]
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in present)
        yield "number" if present and numbers else "text"


def _lines(opened: Opened) -> tuple[list[str], bool]:
    """Return the lines that are read of a text file, and whether there are more."""
    content = os.pread(opened.fd, MOST_BYTES, 0)
    cut = len(content) < opened.size
    if cut:
        content = content[: content.rfind(b"\n") + 1]
    return io.StringIO(content.decode("utf-8-sig", errors="replace"), newline="").readlines(), cut


def _record(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {"(no JSON)": line.rstrip("\n")}
    return value if isinstance(value, dict) else {"value": value}


def _scalar(cell: str) -> Any:
    """Return the number a cell spells, None for an empty one, else its text."""
    if not cell:
        return None
    try:
        return int(cell) if len(cell) < 16 else float(cell)
    except ValueError:
        try:
            return _plain(float(cell))
        except ValueError:
            return cell[:MOST_CELL]


def _plain(value: Any) -> Any:
    """Return a value that JSON can carry to a browser without loss that matters for looking at it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return value[:MOST_CELL]
    if isinstance(value, bytes):
        return value[:MOST_CELL].hex()
    if isinstance(value, dict | list):
        return json.dumps(value, default=str)[:MOST_CELL]
    return str(value)[:MOST_CELL]
