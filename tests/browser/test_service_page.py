"""The page of the service tries a recording: it shows the progress and the answer."""

from __future__ import annotations

import threading
import time
from http.server import HTTPServer, SimpleHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
from reference.serving import PATH, Server, serving, wav

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
    page = browser.new_context().new_page()
    page.goto(server.url)
    page.get_by_label("Recording").set_input_files(tmp_path / "talk.wav")
    return page


def wait_until(page: Page, expression: str, most_s: float = 30) -> None:
    """Wait for JavaScript to be true, which the page's own policy lets no page evaluate."""
    last = time.monotonic() + most_s
    while not page.evaluate(expression):
        assert time.monotonic() < last, f"{expression} never was so"
        page.wait_for_timeout(20)


def test_it_shows_progress_and_then_the_answer(page: Page) -> None:
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_label("Format").select_option("rttm")
    page.get_by_text("Diarize", exact=True).click()
    wait_until(page, "document.getElementById('progress').value > 0")
    wait_until(page, "document.getElementById('answer').textContent.includes('SPEAKER')")
    text = page.locator("#answer").text_content() or ""
    assert text.startswith("SPEAKER talk 1 ")
    assert page.locator("#state").is_hidden()


def test_it_says_what_is_wrong(page: Page) -> None:
    page.get_by_text("Diarize", exact=True).click()
    wait_until(page, "document.getElementById('answer').textContent.includes('error')")
    assert '"code": "unauthorized"' in (page.locator("#answer").text_content() or "")


def test_it_cancels(page: Page, server: Server) -> None:
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_text("Diarize", exact=True).click()
    wait_until(page, "document.getElementById('progress').value >= 0")
    page.get_by_text("Cancel", exact=True).click()
    wait_until(page, "document.getElementById('answer').textContent === 'cancelled'")
    server.wait_until_running(0, within_s=10)


SEND = """async ([url, body]) => {
    await fetch(url, {method: "POST", mode: "no-cors", body: new URLSearchParams(body)});
}"""
CONNECT = """url => new Promise(resolve => {
    const socket = new WebSocket(url);
    socket.onmessage = ({data}) => resolve(data);
    socket.onclose = ({code}) => resolve(code);
})"""
NOT_OPENED = 1006


@pytest.fixture
def page_elsewhere(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """Open an empty page of another server on this machine."""
    (tmp_path / "index.html").write_text("<!doctype html>")

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given, directory=str(tmp_path))

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_context().new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        server.shutdown()


def test_a_page_of_another_site_reaches_neither_requests_nor_streams(
    page_elsewhere: Page, tiny: Path, tmp_path: Path
) -> None:
    log, path = tmp_path / "log", "/v1/audio/stream"
    with serving(log, "--models", tiny) as server:
        page_elsewhere.evaluate(SEND, [f"{server.url}{PATH}", {"file": "a"}])
        stream = server.url.replace("http", "ws") + path
        assert page_elsewhere.evaluate(CONNECT, stream) == NOT_OPENED
        own = page_elsewhere.context.browser.new_page()  # type: ignore[union-attr]
        own.goto(f"{server.url}/docs")
        assert '"ready"' in own.evaluate(CONNECT, stream)
        own.evaluate(SEND, [f"{server.url}{PATH}", {"file": "a"}])
        own.close()
    told = log.read_text()
    assert [told.count(f"method=POST path={PATH} status={status} ") for status in (403, 422)] == [
        1,
        1,
    ]
    assert told.count(f"method=WS path={path} status=403 ") == 1
