"""The list of experiments, as a person uses it."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="pytest-playwright is not installed: the dependency group e2e has it")

from conftest import assert_accessible
from playwright.sync_api import expect

if TYPE_CHECKING:
    from playwright.sync_api import Page


@pytest.fixture
def listing(page: Page) -> Page:
    """Open the list and wait for its rows."""
    page.goto("/experiments")
    expect(page.get_by_role("row").nth(5)).to_be_visible()
    return page


def total(page: Page) -> int:
    """Return how many experiments the page says there are."""
    said = page.get_by_text(re.compile(r"^[\d\u202f]+ experiments?$"))
    return int(re.sub(r"\D", "", said.inner_text()))


def test_a_filter_is_written_with_completion(listing: Page) -> None:
    """Fields and values are offered, the address has the filter, and reloading keeps it."""
    listing.keyboard.press("/")
    listing.keyboard.type("resul")
    listing.keyboard.press("ArrowDown")
    listing.keyboard.press("Enter")
    expect(listing.get_by_role("option", name="failed")).to_be_visible()
    listing.keyboard.type("failed")
    listing.keyboard.press("Enter")

    expect(listing.get_by_text("3 experiments")).to_be_visible()
    assert "q=result%3Dfailed" in listing.url
    listing.reload()
    expect(listing.get_by_text("3 experiments")).to_be_visible()
    assert_accessible(listing)


@pytest.mark.wrong_on_purpose
def test_a_wrong_filter_is_pointed_at(listing: Page) -> None:
    """The message stands below the filter, with a suggestion; mending it brings the rows back."""
    box = listing.get_by_role("combobox", name="Filter")
    box.fill("class=Report reslt=failed")
    expect(listing.get_by_role("alert")).to_contain_text("there is no field 'reslt'")
    expect(listing.get_by_role("alert")).to_contain_text("result")
    expect(box).to_have_attribute("aria-invalid", "true")
    assert_accessible(listing)
    box.fill("class=Report result=success")
    expect(listing.get_by_text("1 experiment", exact=True)).to_be_visible()


def test_facets_narrow_the_list_and_can_be_taken_away(listing: Page) -> None:
    """Two values of one facet are either of them; two facets both."""
    everything = total(listing)
    listing.get_by_role("button", name="Class", exact=True).first.click()
    listing.get_by_role("group", name="Class").get_by_role("checkbox", name="Evaluate").click()
    expect(listing.get_by_text("15 experiments")).to_be_visible()
    listing.get_by_role("group", name="Class").get_by_role("checkbox", name="Report").click()
    expect(listing.get_by_text("16 experiments")).to_be_visible()
    assert_accessible(listing)
    listing.keyboard.press("Escape")
    listing.get_by_role("button", name="Result", exact=True).click()
    listing.get_by_role("group", name="Result").get_by_role("checkbox", name="failed").click()
    expect(listing.get_by_text("3 experiments")).to_be_visible()
    listing.keyboard.press("Escape")
    listing.get_by_role("button", name="Any result").click()
    listing.get_by_role("button", name="Any class").click()
    expect(listing.get_by_text(re.compile(r"experiments"))).to_be_visible()
    assert total(listing) >= everything


def test_fields_of_configs_are_columns_and_sort(listing: Page) -> None:
    """A chosen field is shown, sorted by its numbers, and stays in the address."""
    listing.goto("/experiments?q=class%3DTrainModel")
    listing.get_by_role("button", name="Columns").click()
    listing.get_by_role("textbox", name="Find a column").fill("optimizer.lr")
    listing.get_by_role("checkbox", name="optimizer.lr", exact=True).click()
    listing.keyboard.press("Escape")

    head = listing.get_by_role("columnheader", name="optimizer.lr")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(listing.get_by_role("row").nth(1)).to_contain_text("0.001")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(listing.get_by_role("row").nth(1)).to_contain_text("0.0001")


def test_columns_can_be_made_wider(listing: Page) -> None:
    """By drawing their edge, and by keys; the width is remembered."""
    edge = listing.get_by_role("separator", name="Width of Class")
    before = int(edge.get_attribute("aria-valuenow") or 0)
    place = edge.bounding_box()
    assert place is not None
    listing.mouse.move(place["x"] + 2, place["y"] + 5)
    listing.mouse.down()
    listing.mouse.move(place["x"] + 62, place["y"] + 5)
    listing.mouse.up()
    expect(edge).to_have_attribute("aria-valuenow", str(before + 60))
    edge.press("ArrowRight")
    expect(edge).to_have_attribute("aria-valuenow", str(before + 76))
    listing.reload()
    expect(edge).to_have_attribute("aria-valuenow", str(before + 76))


def test_the_keys_go_through_the_list(listing: Page) -> None:
    """Down, select, open, back."""
    listing.goto("/experiments?q=class%3DTrainModel&sort=hash")
    expect(listing.get_by_role("row").nth(3)).to_contain_text("TrainModel")
    for key in ("j", "j", "x"):
        listing.keyboard.press(key)
    expect(listing.get_by_text("1 selected")).to_be_visible()
    expect(listing.get_by_role("row").nth(2).get_by_role("checkbox")).to_be_checked()
    listing.keyboard.press("k")
    listing.keyboard.press("Enter")
    expect(listing.get_by_role("heading", name="TrainModel")).to_be_visible()
    listing.keyboard.press("u")
    expect(listing.get_by_role("table", name="Experiments")).to_be_visible()


def test_what_is_selected_is_copied(listing: Page) -> None:
    """As hashes, and as a program that makes the configs."""
    listing.goto("/experiments?q=class%3DTrainModel&sort=hash")
    listing.get_by_role("row").nth(1).get_by_role("checkbox").check()
    listing.get_by_role("row").nth(2).get_by_role("checkbox").check()
    listing.get_by_role("button", name="Hashes").click()
    expect(listing.get_by_role("status").filter(has_text="copied").first).to_be_attached()
    assert re.fullmatch(r"[0-9a-f]{20}\n[0-9a-f]{20}", listing.evaluate("navigator.clipboard.readText()"))
    listing.get_by_role("button", name="Python").click()
    listing.wait_for_function("navigator.clipboard.readText().then(text => text.includes('experiments = ['))")
    program = listing.evaluate("navigator.clipboard.readText()")
    compile(program, "<copied>", "exec")
    assert "from speech.pipeline import Corpus, Optimizer, Tokenizer, TrainModel" in program


def test_a_view_is_kept_under_a_name(listing: Page) -> None:
    """And chosen again later."""
    listing.goto("/experiments?q=class%3DReport")
    expect(listing.get_by_text("1 experiment", exact=True)).to_be_visible()
    listing.get_by_role("button", name="Views").click()
    listing.get_by_role("textbox", name="Name of the view").fill("Reports")
    listing.get_by_role("button", name="Keep").click()
    listing.goto("/experiments")
    listing.get_by_role("button", name="Views").click()
    listing.get_by_role("button", name="Reports", exact=True).click()
    expect(listing.get_by_text("1 experiment", exact=True)).to_be_visible()


def test_nothing_found_offers_a_way_back(page: Page) -> None:
    """An empty list says why, and shows all again."""
    page.goto("/experiments?q=class%3DNoSuchClass")
    expect(page.get_by_text("No experiment is like that")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("row").nth(5)).to_be_visible()


def test_new_experiments_appear_by_themselves(listing: Page) -> None:
    """No question is asked again by the reader."""
    before = total(listing)
    end = time.monotonic() + 15
    while total(listing) <= before:
        assert time.monotonic() < end
        listing.wait_for_timeout(50)


def test_everything_is_found_from_one_place(listing: Page) -> None:
    """The palette finds experiments by their name, and commands."""
    listing.keyboard.press("Control+k")
    listing.get_by_role("combobox", name="Find an experiment or a command").fill("8 layers")
    expect(listing.get_by_role("option").first).to_contain_text("8 layers")
    assert_accessible(listing)
    listing.keyboard.press("Enter")
    expect(listing.get_by_role("heading", name="TrainModel")).to_be_visible()
    listing.keyboard.press("Control+k")
    listing.keyboard.type("failed exp")
    listing.keyboard.press("Enter")
    expect(listing.get_by_text("3 experiments")).to_be_visible()


def test_the_keys_are_told(listing: Page) -> None:
    """And the colours can be changed, for good."""
    listing.keyboard.press("?")
    expect(listing.get_by_role("heading", name="Keys")).to_be_visible()
    assert_accessible(listing)
    listing.keyboard.press("Escape")
    dark = listing.evaluate("document.documentElement.classList.contains('dark')")
    listing.get_by_role("button", name=re.compile("colours")).click()
    assert listing.evaluate("document.documentElement.classList.contains('dark')") != dark
    listing.reload()
    assert listing.evaluate("document.documentElement.classList.contains('dark')") != dark


def test_how_fresh_the_list_is_can_be_seen(listing: Page) -> None:
    """With the roots of the store."""
    listing.get_by_role("button", name="Live").click()
    expect(listing.get_by_text("Version controlled", exact=True)).to_be_visible()
    expect(listing.get_by_text(re.compile("Looked at"))).to_be_visible()
    assert_accessible(listing)
