"""Every page looks as it should: nothing wrong in the console, nothing out of reach, nothing wider than the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

pytest.importorskip("playwright.sync_api", reason="pytest-playwright is not installed: the dependency group e2e has it")

from conftest import assert_accessible
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page

SIZES = {"wide": (1280, 800), "narrow": (390, 844)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TABS = ("summary", "log", "files", "relations", "provenance")


def open_one(page: Page, query: str, tab: str = "summary") -> None:
    """Open the first experiment of a list at one of its tabs."""
    answer = page.request.get("/api/experiments", params={"q": query, "limit": "1"}).json()
    item = answer["items"][0]
    page.goto(f"/experiments/{item['namespace']}/{item['furu_hash']}?tab={tab}")
    expect(page.get_by_role("heading", level=1)).to_have_text(item["class_name"])


def assert_fits(page: Page) -> None:
    """Fail when the page is wider than its window."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def assert_fine_in_every_window(page: Page) -> None:
    """Fail unless the page fits and is accessible in wide and narrow windows, light and dark."""
    for width, height in SIZES.values():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            expect(page.locator("html.dark")).to_have_count(int(scheme == "dark"))
            assert_fits(page)
            assert_accessible(page)


def test_the_list_of_experiments(page: Page) -> None:
    """It has rows in every window."""
    page.goto("/experiments")
    expect(page.get_by_role("row").nth(5)).to_be_visible()

    assert_fine_in_every_window(page)


def test_the_overview(page: Page) -> None:
    """Counts, what runs, what failed, the days and the classes, in every window."""
    page.goto("/")
    expect(page.get_by_role("link", name="All: Running")).to_be_visible()
    expect(page.get_by_role("region", name="Overview").get_by_text("Stream").first).to_be_visible()
    expect(page.get_by_text("MemoryError: a beam of 8").first).to_be_visible()
    expect(page.get_by_role("img", name="Attempts that ended in the last 30 days")).to_be_visible()

    assert_fine_in_every_window(page)
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("list", name="Counts").get_by_role("link", name="failed").click()
    expect(page.get_by_text("3 experiments")).to_be_visible()


@pytest.mark.parametrize(
    ("query", "tab"),
    [
        *[("class=TrainModel", tab) for tab in TABS],
        ("result=failed", "summary"),
        ("attempt=running", "summary"),
        ("attempt=running", "log"),
        ("class=Report", "files"),
        ("class=AVery*", "summary"),
        ("class=AVery*", "files"),
    ],
)
def test_one_experiment(page: Page, query: str, tab: str) -> None:
    """Tabs of experiments of each kind, in every window."""
    open_one(page, query, tab)
    expect(page.get_by_role("tabpanel")).to_be_visible()
    expect(page.locator(".animate-pulse")).to_have_count(0)

    assert_fine_in_every_window(page)


def test_what_is_not_there(page: Page) -> None:
    """A page or experiment that does not exist says so."""
    page.goto("/nothing")
    expect(page.get_by_text("There is no such page")).to_be_visible()
    assert_accessible(page)
