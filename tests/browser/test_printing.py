"""On paper there is all of it: every turn, every lane, in light colours."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from reference.pages import ROWS, Report, annotation

from ovdiar.annotation import Annotation
from ovdiar.report import write_page
from ovdiar.transcripts import from_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser


def test_all_turns_are_printed(visit: Callable[..., Report], report_file: Path) -> None:
    report = visit(report_file, color_scheme="dark")
    report.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    cells = report.page.locator("#paper tbody tr")
    assert cells.count() == len(ROWS)
    told = [text.strip() for text in cells.nth(3).locator("td").all_text_contents()]
    assert told == ["0:10.63", "0:13.38", "2.8 s", "SPEAKER_02", "42 % \N{EN DASH} low"]
    canvas = report.page.locator("#paper canvas")
    assert canvas.count() == 1
    report.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert cells.count() == 0


def test_paper_has_all_lanes_and_the_page_then_shows_what_it_did(
    visit: Callable[..., Report], crowd_file: Path
) -> None:
    report = visit(crowd_file)
    report.press("j", *["+"] * 6)
    before = report.page.get_attribute("#timeline", "data-view")
    report.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert report.page.locator("#paper tbody tr").count() == 28
    shape = "canvas => canvas.height / canvas.width"
    assert report.page.locator("#paper canvas").evaluate(shape) >= 28 * 26 / 1000
    report.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert report.page.get_attribute("#timeline", "data-view") == before
    assert report.is_chosen(0)


def test_paper_has_the_words(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path
) -> None:
    words = [{"word": " Good", "start": 1.2, "end": 1.6}]
    said = from_document({"segments": [{"start": 1, "end": 2, "text": " Good", "words": words}]})
    write_page(tmp_path / "a.html", conversation, annotation(ROWS, "talk"), transcript=said)
    report = visit(tmp_path / "a.html")
    report.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert report.page.locator("#paper .spoken").all_inner_texts() == ["Good", *[""] * 6]


def test_a_pdf_goes_on_for_as_many_pages_as_there_are_turns(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path, browser: Browser
) -> None:
    if browser.browser_type.name != "chromium":
        pytest.skip("Playwright prints in Chromium only")
    turns = Annotation.of([(place / 10, place / 10 + 0.05, "A") for place in range(500)], "talk")
    write_page(tmp_path / "a.html", conversation, turns)
    report = visit(tmp_path / "a.html")
    pdf = report.page.pdf()
    assert len(re.findall(rb"/Type /Page\b", pdf)) >= 8
