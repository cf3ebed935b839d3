"""The web app as files, and what is said without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Serve


@pytest.fixture
def static(tmp_path: Path) -> Path:
    """Give a directory as the build makes it."""
    built = tmp_path / "static"
    (built / "assets").mkdir(parents=True)
    (built / "index.html").write_text("<!doctype html><title>app</title>")
    (built / "assets" / "app-1234.js").write_text("1;")
    (built / ".source-sha256").write_text("hidden")
    (tmp_path / "secret.txt").write_text("secret")
    return built


def test_every_page_is_the_app(serve: Serve, static: Path) -> None:
    """Deep links work; the page is asked for anew each time, its parts never."""
    client = serve(static=static)

    for path in ("/", "/experiments", "/experiments/a.B/0123456789abcdef0123?tab=log"):
        answer = client.get(path)
        assert answer.status == 200
        assert "<title>app</title>" in answer.text
        assert answer.headers["cache-control"] == "no-cache"
    part = client.get("/assets/app-1234.js")
    assert part.text == "1;"
    assert "immutable" in part.headers["cache-control"]


@pytest.mark.scenario
@pytest.mark.parametrize("path", ["/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/.source-sha256", "//"])
def test_only_files_of_the_app_are_sent(serve: Serve, static: Path, path: str) -> None:
    """Nothing beside the app, and nothing hidden in it."""
    answer = serve(static=static).get(path)

    assert "secret" not in answer.text
    assert "hidden" not in answer.text


def test_the_api_is_never_the_app(serve: Serve, static: Path) -> None:
    """What the API does not have is told in JSON; parts the app does not have are missing."""
    client = serve(static=static)

    assert client.get("/api/experimentz").json["detail"]
    assert client.get("/assets/gone-5678.js").status == 404


def test_without_the_app_it_says_how_to_build_it(serve: Serve, tmp_path: Path) -> None:
    """The API answers all the same."""
    client = serve(static=tmp_path / "nothing")

    answer = client.get("/")

    assert answer.status == 200
    assert "make ui" in answer.text
    assert client.get("/api/health").status == 200
