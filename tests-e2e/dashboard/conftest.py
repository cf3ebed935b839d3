"""A browser, and a dashboard over a store that real runs made.  Skipped where the browser or the web app is not there."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

HERE = Path(__file__).parent
APP = HERE.parent.parent / "apps" / "dashboard"
AXE = APP / "node_modules" / "axe-core" / "axe.min.js"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = os.environ.get("FURU_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)

sys.path.insert(0, str(HERE))


def pytest_configure(config: pytest.Config) -> None:
    """Know the mark of these tests."""
    config.addinivalue_line("markers", "wrong_on_purpose: the server refuses a request in this test")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Use the machine's own Chromium."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium, or set FURU_CHROMIUM")
    return browser_type_launch_args | {
        "executable_path": CHROMIUM,
        "args": ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """Let pages copy."""
    return browser_context_args | {
        "viewport": {"width": 1280, "height": 800},
        "permissions": ["clipboard-read", "clipboard-write"],
    }


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make the store, in ``FURU_E2E_DATA_DIR`` where that is set; two streams run in it as long as the tests do."""
    said = os.environ.get("FURU_E2E_DATA_DIR")
    path = Path(said) if said else tmp_path_factory.mktemp("store")
    making = subprocess.Popen(
        [sys.executable, str(HERE / "made_store.py"), str(path), "--live"], stdout=subprocess.PIPE, text=True
    )
    assert making.stdout is not None
    assert making.stdout.readline() == "live\n"
    yield path
    making.send_signal(signal.SIGINT)
    making.wait(30)


@pytest.fixture(scope="session")
def base_url(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the store."""
    uvicorn = pytest.importorskip("uvicorn")
    from furu import config
    from furu.catalog import place as places
    from furu_dashboard.app import STATIC, create_app
    from furu_dashboard.options import Options
    from furu_dashboard.pages import is_built

    if not is_built(STATIC):
        pytest.skip("the web app is not built: make ui")
    before = config.current().snapshot()
    os.environ["FURU_CACHE_PATH"] = str(tmp_path_factory.mktemp("cache"))
    config.current().reread()
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    app = create_app(Options(place=places.below(store), port=port, static=STATIC))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)
    del os.environ["FURU_CACHE_PATH"]
    config.current().restore(before)


@pytest.fixture(autouse=True)
def nothing_goes_wrong(page: Page, request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which the browser reports an error or a request fails.

    Browsers report each refused request; a test marked ``wrong_on_purpose`` has the server refuse some.
    """
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on(
        "response",
        lambda answer: wrong.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None,
    )
    page.on(
        "requestfailed",
        # Streams, and questions that nobody waits for any more, end when a page is left.
        lambda asked: (
            wrong.append(f"{asked.url}: {asked.failure}") if "ERR_ABORTED" not in str(asked.failure) else None
        ),
    )
    yield
    if request.node.get_closest_marker("wrong_on_purpose"):
        wrong = [one for one in wrong if "status of 4" not in one]
    assert wrong == []


def assert_accessible(page: Page) -> None:
    """Fail when axe-core finds a violation of WCAG 2.1 AA."""
    if not AXE.is_file():
        pytest.skip("axe-core is not there: npm ci in apps/dashboard")
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']})")
    told = [f"{one['id']}: {one['help']} {[node['target'] for node in one['nodes']]}" for one in found["violations"]]
    assert told == []
