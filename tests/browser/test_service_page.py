"""The page of the service tries a recording: it shows the progress and the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reference.serving import Server, serving, wav

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

TOKEN = "a-token-of-this-test"  # noqa: S105 - it opens nothing else


@pytest.fixture
def server(tiny: Path, tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "tokens").write_text(TOKEN)
    options = ("--models", tiny, "--token-file", tmp_path / "tokens")
    with serving(tmp_path / "log", *options) as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: Server, tmp_path: Path, conversation: Path) -> Page:
    (tmp_path / "talk.wav").write_bytes(wav(conversation, 30))
    page = browser.new_context(bypass_csp=True).new_page()  # waiting for a state evaluates strings
    page.goto(server.url)
    page.get_by_label("Recording").set_input_files(tmp_path / "talk.wav")
    return page


def test_it_shows_progress_and_then_the_answer(page: Page) -> None:
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_label("Format").select_option("rttm")
    page.get_by_text("Diarize", exact=True).click()
    page.wait_for_function("document.getElementById('progress').value > 0")
    page.wait_for_function("document.getElementById('answer').textContent.includes('SPEAKER')")
    text = page.locator("#answer").text_content() or ""
    assert text.startswith("SPEAKER talk 1 ")
    assert page.locator("#state").is_hidden()


def test_it_says_what_is_wrong(page: Page) -> None:
    page.get_by_text("Diarize", exact=True).click()
    page.wait_for_function("document.getElementById('answer').textContent.includes('error')")
    assert '"code": "unauthorized"' in (page.locator("#answer").text_content() or "")


def test_it_cancels(page: Page, server: Server) -> None:
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_text("Diarize", exact=True).click()
    page.wait_for_function("document.getElementById('progress').value >= 0")
    page.get_by_text("Cancel", exact=True).click()
    page.wait_for_function("document.getElementById('answer').textContent === 'cancelled'")
    server.wait_until_running(0, within_s=10)
