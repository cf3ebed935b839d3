"""Starting the dashboard."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest
from dashboard_pipelines import Numbers
from test_detail import address

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULES = (["-m", "furu_dashboard"], ["-m", "furu.dashboard"], ["-m", "furu.cli.app", "dashboard"])


@pytest.fixture
def start(furu_tmp_root: Path) -> Iterator[object]:
    """Give a function that starts a dashboard as a user does, and returns the line it prints."""
    running = []

    def begin(*arguments: str, module: list[str] | None = None, **variables: str) -> tuple[subprocess.Popen[str], str]:
        child = subprocess.Popen(
            [sys.executable, *(module or MODULES[0]), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | variables | {"PYTHONUNBUFFERED": "1"},
        )
        running.append(child)
        assert child.stdout is not None
        return child, child.stdout.readline()

    yield begin
    for child in running:
        child.kill()
        child.communicate()


def url(line: str) -> str:
    """Return the URL in a line."""
    found = re.search(r"http://\S+", line)
    assert found is not None, line
    return found[0]


@pytest.mark.parametrize("module", MODULES[:2], ids=["furu_dashboard", "furu.dashboard"])
@pytest.mark.parametrize("verb", ["serve", "api"])
def test_it_serves_the_store_of_the_settings(start, module: list[str], verb: str) -> None:  # type: ignore[no-untyped-def]
    """Each spelling of the command shows what ``FURU_PATH`` names, and ends at Ctrl-C."""
    numbers = Numbers()
    numbers.get()

    child, line = start(verb, "--port", "0", module=module)

    with urllib.request.urlopen(url(line).rstrip("/") + address(numbers)) as answer:
        assert answer.status == 200
    child.send_signal(signal.SIGINT)
    assert child.wait(10) in (0, 130, -signal.SIGINT)


def test_another_store_is_named_by_root(start, furu_tmp_root: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """``--root`` counts, not the setting."""
    Numbers().get()
    (tmp_path / "other").mkdir()

    _, line = start("api", "--port", "0", "--root", str(tmp_path / "other"))

    assert str(tmp_path / "other") in line
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(url(line).rstrip("/") + address(Numbers()))


@pytest.mark.scenario
def test_on_other_hosts_a_token_is_made_up_and_printed(start) -> None:  # type: ignore[no-untyped-def]
    """Without it nobody gets in; the printed URL has it."""
    _, line = start("api", "--host", "0.0.0.0", "--port", "0")
    token = url(line).partition("?token=")[2]
    port = re.search(r":(\d+)/", line)
    assert port is not None
    asked = urllib.request.Request(f"http://127.0.0.1:{port[1]}/api/health")

    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(asked)
    asked.add_header("Authorization", f"Bearer {token}")
    assert urllib.request.urlopen(asked).status == 200
    assert len(token) >= 32


def test_a_token_is_taken_from_the_environment(start) -> None:  # type: ignore[no-untyped-def]
    """``FURU_DASHBOARD_TOKEN`` is the token, on this machine's own address too."""
    _, line = start("api", "--port", "0", FURU_DASHBOARD_TOKEN="mine")

    assert url(line).endswith("?token=mine")


def test_a_port_that_is_taken_is_told(start) -> None:  # type: ignore[no-untyped-def]
    """The message says what to do."""
    _, line = start("api", "--port", "0")
    port = url(line).rpartition(":")[2].rstrip("/")

    second, _ = start("api", "--port", port)

    _, said = second.communicate(timeout=20)
    assert second.returncode == 1
    assert "--port" in said


def test_reload_serves_as_well(start) -> None:  # type: ignore[no-untyped-def]
    """With ``--reload`` a second process serves what the first one listens for."""
    numbers = Numbers()
    numbers.get()

    child, line = start("api", "--port", "0", "--reload")

    with urllib.request.urlopen(url(line).rstrip("/") + address(numbers), timeout=30) as answer:
        assert answer.status == 200
    child.send_signal(signal.SIGINT)
    child.wait(10)


def test_without_the_package_the_core_says_what_to_install(tmp_path: Path) -> None:
    """``python -m furu.dashboard`` names the package."""
    code = "import sys; sys.modules['furu_dashboard'] = None; import runpy; runpy.run_module('furu.dashboard', run_name='__main__')"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "pip install furu-dashboard" in done.stderr
