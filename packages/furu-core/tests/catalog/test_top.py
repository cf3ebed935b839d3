"""furu top: driven by keys, as somebody at a terminal does."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest
from holdings import Number, User
from holdings import Pair as Pairs
from typer.testing import CliRunner

from furu.catalog import place
from furu.catalog.catalog import Catalog
from furu.cli import live
from furu.cli.app import app
from furu.cli.live import Live
from furu.errors import FuruComputeError
from furu.storage import state, store

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from pathlib import Path

    from textual.pilot import Pilot

    from furu.storage.lease import Lease

SIZE = (100, 30)


@pytest.fixture(autouse=True)
def running(furu_tmp_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lease]:
    """Have a store with an artifact that runs, one that failed, and some that are there; give the lease of the first."""
    monkeypatch.setenv("FURU_CACHE_PATH", str(furu_tmp_root / "cache"))
    for number in range(3):
        Number(n=number).get()
    User(pair=Pairs()).get()
    with pytest.raises(FuruComputeError):
        Number(n=-1).get()
    artifact = store.artifact(Number(n=77).furu_ref)
    held = artifact.claim("1" * 32)
    assert held is not None
    begun = store.artifact(Number(n=0).furu_ref).recorded_state()
    assert begun is not None
    assert begun.attempt is not None
    attempt = state.Attempt("1" * 32, 1, "local", "running", begun.attempt.owner, begun.attempt.started_at)
    state.write(artifact.meta_dir, state.begin(None, attempt))
    log_line(held, "epoch 1")
    yield held
    held.release()


def log_line(held: Lease, text: str) -> None:
    """Append a line to the log of the artifact that runs."""
    with open(f"{held.meta_dir}/furu.log", "a") as file:
        file.write(f"{text}\n")


def driven(play: Callable[[Live, Pilot[None]], Awaitable[None]], wanted: str = "") -> None:
    """Run the view without a terminal, and let a test press keys."""

    async def run() -> None:
        view = Live(Catalog(place.of_settings()), wanted, every_sec=0.2)
        async with view.run_test(size=SIZE, notifications=True) as pilot:
            await seen(view, pilot, lambda: view.table.row_count)
            await play(view, pilot)

    asyncio.run(run())


async def seen(view: Live, pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait until something is on the screen."""
    for _ in range(400):
        await pilot.pause(0.02)
        if condition():
            return
    raise AssertionError(f"never seen; the screen has:\n{screen(view)}")


def screen(view: Live) -> str:
    """Return the text on the screen."""
    lines = view.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


def test_sections_show_what_runs_and_what_failed() -> None:
    """It begins with what runs; 3 shows what failed, with the error; 4 everything; the counts are there."""

    async def play(view: Live, pilot: Pilot[None]) -> None:
        assert f"Number-{Number(n=77).furu_hash[:8]}" in screen(view)
        assert "▶ running" in screen(view)
        assert "1 running  0 queued  1 failed  7 recent" in screen(view)
        await pilot.press("3")
        await seen(view, pilot, lambda: "ValueError: below zero" in screen(view))
        assert view.table.row_count == 1
        await pilot.press("4")
        await seen(view, pilot, lambda: view.table.row_count == 7)
        await pilot.press("2")
        await seen(view, pilot, lambda: view.table.row_count == 0)
        await pilot.press("enter", "space", "j", "c")
        assert view.current is None

    driven(play)


def test_the_cursor_moves_and_stays_on_its_artifact() -> None:
    """j and k move; when the view looks again the cursor is on the same artifact."""

    async def play(view: Live, pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await seen(view, pilot, lambda: view.table.row_count == 7)
        await pilot.press(*"kkkkkkk", "j", "j", "k", "j")
        chosen = view.current
        assert view.table.cursor_row == 2
        Number(n=1000).get()
        await pilot.press("r")
        await seen(view, pilot, lambda: view.table.row_count == 8)
        assert view.current is not None
        assert chosen is not None
        assert view.current.hash == chosen.hash

    driven(play)


def test_a_filter_is_a_query() -> None:
    """/ asks for a query, Enter looks; a wrong one says where; an empty one shows everything again."""

    async def play(view: Live, pilot: Pilot[None]) -> None:
        await pilot.press("4", "slash", *"class=User", "enter")
        await seen(view, pilot, lambda: view.table.row_count == 1)
        assert "User-" in screen(view)
        await pilot.press("slash", *" config.pair=(", "enter")
        await seen(view, pilot, lambda: "expected" in screen(view) or "(" in str(view.query_one("#trouble").render()))
        await pilot.press("slash", "ctrl+u", "enter")
        await seen(view, pilot, lambda: view.table.row_count == 7)
        await pilot.press("slash", "x", "escape")
        await seen(view, pilot, lambda: not view.query_one("#filter").has_focus)
        assert view.wanted == ""

    driven(play)


def test_a_view_may_begin_filtered() -> None:
    """What was asked on the command line holds in every section."""

    async def play(view: Live, pilot: Pilot[None]) -> None:
        await pilot.press("4")
        await seen(view, pilot, lambda: view.table.row_count == 6)

    driven(play, "class=Number or class=Pair")


def test_the_log_follows(running: Lease) -> None:
    """Enter shows the log, new lines come by themselves, Esc closes it."""

    async def play(view: Live, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        await seen(view, pilot, lambda: "epoch 1" in screen(view))
        log_line(running, "epoch 2")
        await seen(view, pilot, lambda: "epoch 2" in screen(view))
        await pilot.press("escape")
        await seen(view, pilot, lambda: "epoch" not in screen(view))

    driven(play)


def test_marked_artifacts_are_compared() -> None:
    """Space marks, c shows the fields that differ, with fewer than two it says how."""

    async def play(view: Live, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"class=Number result=success", "enter", "4")
        await seen(view, pilot, lambda: view.table.row_count == 3)
        await pilot.press("c")
        await seen(view, pilot, lambda: "mark two artifacts" in screen(view))
        await pilot.press("space", "space")
        assert len(view.marked) == 2
        await pilot.press("c")
        await seen(view, pilot, lambda: isinstance(view.screen, live.Compare))
        await seen(view, pilot, lambda: " n " in screen(view))
        Number(n=1000).get()
        await seen(view, pilot, lambda: view.table.row_count == 4)  # it goes on behind what is shown
        await pilot.press("escape")
        await seen(view, pilot, lambda: not isinstance(view.screen, live.Compare))
        await pilot.press("k", "space")
        assert len(view.marked) == 1

    driven(play)


def test_the_keys_are_listed() -> None:
    """? shows every key, and any of the closing keys leaves it; q ends the view."""

    async def play(view: Live, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        await seen(view, pilot, lambda: "compare the configs" in screen(view))
        await pilot.press("q")
        await seen(view, pilot, lambda: "compare the configs" not in screen(view))
        await pilot.press("q")
        assert view._exit

    driven(play)


def test_differences_are_the_fields_that_differ() -> None:
    """A field that one config lacks differs from every value, null included."""

    class Fake:
        """As much of a row as is asked for."""

        def __init__(self, config: dict[str, Any]) -> None:
            self.config = config

    rows: Any = [Fake({"a": 1, "b": None, "c": [1, 2]}), Fake({"a": 1, "c": [1, 3]})]
    assert live.differences(rows) == [("b", ("null", "-")), ("c.1", ("2", "3"))]


def test_without_textual_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is named, in place of a traceback; a wrong query is wrong usage."""
    done = CliRunner().invoke(app, ["top", "class=("])
    assert done.exit_code == 2
    monkeypatch.setitem(sys.modules, "furu.cli.live", None)
    monkeypatch.delattr("furu.cli.live", raising=False)
    done = CliRunner().invoke(app, ["top"])
    assert done.exit_code == 1
    assert "furu-core[tui]" in done.stderr
