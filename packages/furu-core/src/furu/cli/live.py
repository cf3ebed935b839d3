"""The live view of a store in a terminal: sections, a filter, logs that follow, configs side by side."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import work
from textual.app import App
from textual.binding import Binding
from textual.coordinate import Coordinate
from textual.screen import ModalScreen, Screen
from textual.widgets import DataTable, Footer, Input, RichLog, Static, Tab, Tabs

from furu._sys.clock import SYSTEM_CLOCK
from furu.catalog import configs, log, query
from furu.catalog.expression import both
from furu.cli import cells
from furu.errors import FuruError
from furu.storage.artifact import Artifact
from furu.task import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from furu._sys.clock import Clock
    from furu.catalog.catalog import Catalog
    from furu.catalog.row import Row

MOST_ROWS = 500
LAST_LINES = 500
LOG_EVERY_SEC = 0.5

#: The sections and what they are about, in the query language.
SECTIONS = {
    "running": "attempt=running",
    "queued": "attempt=queued",
    "failed": "(result=failed or attempt=crashed)",
    "recent": "",
}

KEYS = (
    ("j k", "move"),
    ("1 2 3 4", "running, queued, failed, recent"),
    ("Enter", "the log of an artifact, which follows; Esc closes it"),
    ("/", "filter, such as: class=Train* config.lr<0.01 started>-2d"),
    ("Space", "mark an artifact"),
    ("c", "compare the configs of those that are marked"),
    ("r", "look again now"),
    ("?", "these keys"),
    ("q", "leave"),
)


class Overlay(ModalScreen[None]):
    """Something shown above everything else until a key is pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,q,c,question_mark", "dismiss", "Close")]
    DEFAULT_CSS = """
    Overlay { align: center middle; }
    Overlay > Static, Overlay > DataTable {
        width: auto; max-width: 95%; height: auto; max-height: 90%; padding: 1 2; border: round $primary; background: $surface;
    }
    """


class Help(Overlay):
    """The keys."""

    def compose(self) -> ComposeResult:
        """Show what each key does."""
        text = Text("\n").join([Text.assemble((f"{key:9}", "bold"), does) for key, does in KEYS])
        yield Static(text, id="help")


class Compare(Overlay):
    """Configs side by side: the fields that differ."""

    def __init__(self, rows: Sequence[Row]) -> None:
        super().__init__()
        self.rows = rows

    def compose(self) -> ComposeResult:
        """Show one row for each field that differs."""
        table: DataTable[str] = DataTable(cursor_type="none", id="compare")
        table.add_columns("field", *(row.label for row in self.rows))
        different = differences(self.rows)
        for path, values in different:
            table.add_row(path, *values)
        if not different:
            table.add_row("no field differs", *("" for _ in self.rows))
        yield table


def differences(rows: Sequence[Row]) -> list[tuple[str, tuple[str, ...]]]:
    """Return (path, values) of the fields of configs that differ; one that a config lacks is a dash."""
    leaves = [dict(configs.leaves(row.config)) for row in rows]
    paths = dict.fromkeys(path for found in leaves for path in found)
    values = {path: tuple(_shown(found[path]) if path in found else "-" for found in leaves) for path in paths}
    return [(path, found) for path, found in values.items() if len({*found}) > 1]


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


class Live(App[None]):
    """What a store is doing: looks again every few seconds, never waits for a scan."""

    TITLE = "furu top"
    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #counts { height: 1; padding: 0 1; color: $text-muted; }
    #filter { display: none; }
    #filter.shown { display: block; }
    #trouble { display: none; color: $error; height: auto; padding: 0 1; }
    #trouble.shown { display: block; }
    #table { height: 1fr; }
    #log { display: none; height: 1fr; border-top: solid $primary; }
    #log.shown { display: block; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "move(1)", "Down", show=False),
        Binding("k", "move(-1)", "Up", show=False),
        Binding("enter", "open", "Log"),
        Binding("slash", "filter", "Filter"),
        Binding("space", "mark", "Mark"),
        Binding("c", "compare", "Compare"),
        Binding("r", "look", "Look again", show=False),
        Binding("question_mark", "help", "Keys"),
        Binding("escape", "close", "Close", show=False),
        Binding("q", "quit", "Leave"),
        *(
            Binding(str(number), f"section('{name}')", name, show=False)
            for number, name in enumerate(SECTIONS, start=1)
        ),
    ]

    def __init__(
        self, catalog: Catalog, wanted: str = "", *, every_sec: float = 2.0, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__()
        self.catalog = catalog
        self.wanted = wanted
        self.section = "running"
        self.rows: dict[str, Row] = {}
        self.marked: set[str] = set()
        self._every_sec = every_sec
        self._clock = clock
        self._tail: log.Tail | None = None

    def compose(self) -> ComposeResult:
        """Lay out the sections, the filter, the table and the log."""
        yield Static(id="counts")
        yield Tabs(*(Tab(name, id=name) for name in SECTIONS))
        yield Input(placeholder="class=Train* config.lr<0.01 started>-2d", value=self.wanted, id="filter")
        yield Static(id="trouble")
        yield DataTable(cursor_type="row", id="table")
        yield RichLog(id="log", max_lines=5_000, wrap=False)
        yield Footer()

    def on_mount(self) -> None:
        """Begin to look."""
        table = self.table
        table.add_columns("", "artifact", "status", "for", "host", "about")
        table.focus()
        self.set_interval(self._every_sec, self.action_look)
        self.set_interval(LOG_EVERY_SEC, self._follow)
        self.action_look()

    @property
    def ground(self) -> Screen[object]:
        """The screen below everything that is shown above it."""
        return self.screen_stack[0]

    @property
    def table(self) -> DataTable[Text]:
        """The table of artifacts."""
        return self.ground.query_one("#table", DataTable)

    @property
    def current(self) -> Row | None:
        """The artifact under the cursor."""
        table = self.table
        if not table.row_count:
            return None
        return self.rows.get(str(table.coordinate_to_cell_key(table.cursor_coordinate).row_key.value))

    # Looking

    @work(thread=True, exclusive=True)
    def action_look(self) -> None:
        """Ask the catalog, aside from the screen."""
        section = self.section
        try:
            asked = query.parse(self.wanted)
            self.catalog.freshen()
            rows = list(self.catalog.rows(both(query.parse(SECTIONS[section]), asked), limit=MOST_ROWS))
            counts = {name: self.catalog.count(both(query.parse(text), asked)) for name, text in SECTIONS.items()}
        except FuruError as error:
            self.call_from_thread(self._tell, str(error))
            return
        self.call_from_thread(self._show, section, rows, counts)

    def _tell(self, trouble: str) -> None:
        shown = self.ground.query_one("#trouble", Static)
        shown.update(Text(trouble))
        shown.set_class(bool(trouble), "shown")

    def _show(self, section: str, rows: list[Row], counts: dict[str, int]) -> None:
        """Put what was found into the table; the cursor stays on its artifact."""
        if section != self.section:
            return
        self._tell("")
        place = self.catalog.place.base
        said = "  ".join(f"{count:,} {name}" for name, count in counts.items())
        self.ground.query_one("#counts", Static).update(
            Text(f"{said}   {place}{f'   {self.wanted}' if self.wanted else ''}")
        )
        table, before = self.table, self.current
        at = table.cursor_row
        self.rows = {f"{row.root}/{row.namespace}/{row.hash}": row for row in rows}
        table.clear()
        now = self._clock.now()
        for key, row in self.rows.items():
            table.add_row(*self._cells(key, row, now), key=key)
        same = [number for number, row in enumerate(rows) if before is not None and row.hash == before.hash]
        table.move_cursor(row=same[0] if same else min(at, max(0, len(rows) - 1)))

    def _cells(self, key: str, row: Row, now: float) -> Iterable[Text]:
        live = row.attempt in ("running", "queued") and row.started is not None
        took = now - row.started if live and row.started is not None else row.duration
        said = row.error if row.result == "failed" and row.error else row.name or _summary(row)
        yield Text("●" if key in self.marked else " ", style="yellow")
        yield Text(row.label)
        yield cells.status_text(row)
        yield Text(cells.duration(took))
        yield Text(row.host or "")
        yield Text(said, overflow="ellipsis")

    # Keys

    def action_move(self, by: int) -> None:
        """Move the cursor."""
        self.table.move_cursor(row=self.table.cursor_row + by)

    def action_section(self, name: str) -> None:
        """Show another section."""
        self.ground.query_one(Tabs).active = name

    def on_tabs_tab_activated(self, event: Tabs.TabActivated) -> None:
        """Look at the section that was chosen."""
        self.section = event.tab.id or "running"
        self.action_look()

    def action_filter(self) -> None:
        """Ask for a query."""
        entry = self.ground.query_one("#filter", Input)
        entry.add_class("shown")
        entry.focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Look for what was asked."""
        self.wanted = event.value
        if not event.value:
            event.input.remove_class("shown")
        self.table.focus()
        self.action_look()

    def action_mark(self) -> None:
        """Mark the artifact under the cursor, or take the mark away."""
        row = self.current
        if row is not None:
            key = f"{row.root}/{row.namespace}/{row.hash}"
            self.marked ^= {key}
            table = self.table
            mark = Text("●" if key in self.marked else " ", style="yellow")
            table.update_cell_at(Coordinate(table.cursor_row, 0), mark)
            self.action_move(1)

    def action_compare(self) -> None:
        """Show the marked artifacts side by side, with the one under the cursor where only one is marked."""
        rows = [row for key, row in self.rows.items() if key in self.marked]
        if len(rows) == 1 and self.current is not None and self.current is not rows[0]:
            rows.append(self.current)
        if len(rows) < 2:
            self.notify("mark two artifacts or more with Space, then c compares them")
            return
        self.push_screen(Compare(rows))

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Help())

    def action_open(self) -> None:
        """Show the log of the artifact under the cursor, and follow it."""
        row = self.current
        if row is None:
            return
        ref = ArtifactRef(_root(row), row.namespace, row.hash)
        artifact = Artifact(ref, self.catalog.directory(row))
        self._tail = log.Tail(log.path_of(artifact))
        shown = self.ground.query_one("#log", RichLog)
        shown.clear()
        shown.add_class("shown")
        shown.border_title = f"{row.label}  {cells.status(row)}"
        before = log.last_lines(iter(self._tail.read, b""), LAST_LINES)
        self._write(before or b"nothing was logged\n")

    def on_data_table_row_selected(self, _: DataTable.RowSelected) -> None:
        """Open what Enter was pressed on."""
        self.action_open()

    def _follow(self) -> None:
        while self._tail is not None and (piece := self._tail.read()):
            self._write(piece)

    def _write(self, piece: bytes) -> None:
        text = piece.decode(errors="replace")
        self.ground.query_one("#log", RichLog).write(Text(text.removesuffix("\n")))

    def action_close(self) -> None:
        """Close the filter, or the log."""
        entry = self.ground.query_one("#filter", Input)
        if entry.has_focus:
            entry.value = self.wanted
            entry.remove_class("shown")
            self.table.focus()
            return
        self._tail = None
        self.ground.query_one("#log", RichLog).remove_class("shown")


def _root(row: Row) -> Any:
    return row.root


def _summary(row: Row) -> str:
    """Return a config in one line: the fields that are plain values."""
    plain = {
        path: value for path, value in row.config.items() if not isinstance(value, (dict, list)) and path[:1] != "$"
    }
    return "  ".join(f"{path}={_shown(value)}" for path, value in plain.items())
