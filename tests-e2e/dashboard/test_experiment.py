"""One experiment, as a person uses it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("playwright.sync_api", reason="pytest-playwright is not installed: the dependency group e2e has it")

from conftest import assert_accessible
from playwright.sync_api import expect
from test_pages import open_one

if TYPE_CHECKING:
    from playwright.sync_api import Page


def test_a_failure_says_why(page: Page) -> None:
    """Kind, message, traceback, and every attempt."""
    open_one(page, "result=failed")

    expect(page.get_by_text("Why it failed: oom")).to_be_visible()
    expect(page.get_by_label("Traceback", exact=True)).to_contain_text("MemoryError: a beam of 8 does not fit")
    expect(page.get_by_role("heading", name="3 attempts")).to_be_visible()


def test_the_config_leads_to_what_it_depends_on(page: Page) -> None:
    """Dependencies are links; branches fold."""
    open_one(page, "class=TrainModel")
    page.get_by_role("button", name="Fold tokenizer").click()
    expect(page.get_by_role("button", name="Unfold tokenizer")).to_be_visible()
    page.get_by_role("link", name=re.compile("^Tokenizer")).click()
    expect(page.get_by_role("heading", name="Tokenizer", level=1)).to_be_visible()
    page.keyboard.press("4")
    expect(page.get_by_role("heading", name="Needed by 54")).to_be_visible()


def test_a_log_is_followed(page: Page) -> None:
    """Lines appear as they are written; what is sought is counted."""
    open_one(page, "attempt=running", "log")
    log = page.get_by_role("log")
    expect(log).to_contain_text(re.compile(r"block \d+"))
    newest = max(map(int, re.findall(r"block (\d+) of", log.inner_text())))
    expect(log).to_contain_text(f"block {newest + 3} of")
    page.get_by_role("textbox", name="Find in the log").fill("block 1 of")
    expect(log.locator("mark")).to_have_count(1)
    assert_accessible(page)


def test_files_are_looked_at_and_drawn(page: Page) -> None:
    """Tables in rows and as lines, JSON lines, pictures; bytes are not."""
    open_one(page, "class=TrainModel", "files")
    expect(page.get_by_role("columnheader", name="accuracy")).to_be_visible()
    page.get_by_role("button", name="Draw").click()
    expect(page.get_by_role("img", name="Lines of loss, accuracy")).to_be_visible()
    expect(page.locator(".u-over")).to_be_visible()
    assert_accessible(page)
    page.get_by_role("button", name="predictions.jsonl").click()
    expect(page.get_by_role("columnheader", name="score")).to_be_visible()
    page.get_by_role("button", name="attention.png").click()
    picture = page.get_by_role("img", name="plots/attention.png")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.complete && image.naturalWidth") == 64
    page.get_by_role("button", name="weights.bin").click()
    expect(page.get_by_text("Not shown here")).to_be_visible()
    page.get_by_role("button", name="result.json").click()
    expect(page.get_by_role("region", name="JSON")).to_contain_text("accuracy")


def test_a_file_is_downloaded(page: Page) -> None:
    """Under its own name, byte for byte."""
    open_one(page, "class=TrainModel", "files")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download curve.csv").click()
    assert caught.value.suggested_filename == "curve.csv"
    assert caught.value.path().read_text().startswith("step,loss,accuracy,phase")


def test_what_identifies_it_is_copied(page: Page) -> None:
    """Hash, directory, and a program that makes the config."""
    open_one(page, "class=TrainModel")
    for name, pattern in (
        ("Hash", r"[0-9a-f]{20}"),
        ("Directory", r"/.*/speech/pipeline/TrainModel/[0-9a-f]{20}"),
        ("Python", r"from speech\.pipeline import .*TrainModel\n\n[\s\S]*TrainModel\([\s\S]*"),
    ):
        page.get_by_role("button", name=name, exact=True).first.click()
        page.wait_for_function(
            "pattern => navigator.clipboard.readText().then(text => new RegExp(`^${pattern}$`).test(text.trim()))",
            arg=pattern,
        )


def test_the_tabs_have_keys_and_addresses(page: Page) -> None:
    """A tab can be linked to."""
    open_one(page, "class=Report")
    for key, name in (("2", "log"), ("3", "files"), ("5", "provenance")):
        page.keyboard.press(key)
        page.wait_for_url(f"**tab={name}*")
    page.keyboard.press("1")
    expect(page.get_by_role("tab", name="Summary")).to_have_attribute("data-state", "active")
    expect(page.get_by_text("version controlled").first).to_be_visible()
