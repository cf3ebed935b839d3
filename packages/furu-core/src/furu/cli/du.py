"""``furu du``: what takes the space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from furu.catalog.fields import FIELDS
from furu.catalog.query import field_named
from furu.cli import cells, options, output, shelf

if TYPE_CHECKING:
    from collections.abc import Iterable

BAR = 10


@dataclass(frozen=True, slots=True)
class Group:
    """What several artifacts take together: bytes, files and directories, seconds of computation."""

    keys: tuple[str, ...]
    artifacts: int
    size: int
    files: int
    took_sec: float

    def to_json(self) -> dict[str, float]:
        """Return the figures as JSON-ready data."""
        return {"artifacts": self.artifacts, "size": self.size, "files": self.files, "took_sec": self.took_sec}


def du(
    query: shelf.Query = None,
    by: Annotated[
        str, typer.Option("--by", "-b", help="Fields to add up by: namespace, class, user, host, result, ...")
    ] = "namespace",
    depth: Annotated[int | None, typer.Option("--depth", min=1, help="Add up so many parts of the namespace.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="At most so many lines; 0 for all.")] = 30,
    as_json: options.AsJson = False,
    root: options.Root = None,
) -> None:
    """Show what takes the space: bytes on disk, files (inodes), and what it took to compute. No content is read.

    Example:  furu du --by user,class 'started<-90d'
    """
    fields = [_field(name.strip()) for name in by.split(",")]
    meaning = shelf.meaning(query)
    groups = [Group(tuple(line[:-4]), *line[-4:]) for line in shelf.opened(root).sums(fields, meaning)]
    if depth is not None and fields == ["namespace"]:
        groups = _rolled_up(groups, depth)
    if as_json:
        listed = [dict(zip(fields, one.keys, strict=True)) | one.to_json() for one in groups]
        output.print_json({"groups": listed, "total": _sum((), groups).to_json()})
        return
    _print(fields, groups, limit or len(groups))


def _print(fields: list[str], groups: list[Group], limit: int) -> None:
    whole = _sum(("in all",), groups)
    rows = [_line(one, len(fields), whole.size) for one in groups[:limit]]
    if len(groups) > limit:
        rest = _sum((f"and {len(groups) - limit} more",), groups[limit:])
        rows.append(_line(rest, len(fields), style="dim"))
    rows.append(_line(whole, len(fields), style="bold"))
    header = [*fields, "artifacts", "size", "share", "files", "computed in"]
    cells.show_rows(header, rows, right=("artifacts", "size", "files", "computed in"), first=fields[0])


def _line(one: Group, keys: int, whole: int = 0, style: str = "") -> list[str | Text]:
    """Return the cells of a group, with a bar for its share where the whole is given."""
    bar = Text("█" * round(BAR * one.size / whole) if whole else "", style="cyan")
    named = [*map(_key, one.keys), *[""] * (keys - len(one.keys))]
    figures = (f"{one.artifacts:,}", cells.size(one.size)), (f"{one.files:,}", cells.duration(one.took_sec))
    texts = [Text(text, style=style) for text in (*named, *figures[0])]
    return [*texts, bar, *(Text(text, style=style) for text in figures[1])]


def _field(name: str) -> str:
    field = field_named(name)
    if field is None or field not in FIELDS or FIELDS[field].kind not in ("text", "flag"):
        raise typer.BadParameter(f"space cannot be added up by {name!r}", param_hint="--by")
    return field


def _key(value: object) -> str:
    return "" if value is None else str(value)


def _sum(keys: tuple[str, ...], groups: Iterable[Group]) -> Group:
    listed = list(groups)
    return Group(
        keys,
        sum(one.artifacts for one in listed),
        sum(one.size for one in listed),
        sum(one.files for one in listed),
        sum(one.took_sec for one in listed),
    )


def _rolled_up(groups: list[Group], depth: int) -> list[Group]:
    """Return the groups by the first parts of their namespaces."""
    parts: dict[str, list[Group]] = {}
    for one in groups:
        parts.setdefault(".".join(one.keys[0].split(".")[:depth]), []).append(one)
    return sorted([_sum((name,), some) for name, some in parts.items()], key=lambda one: -one.size)
