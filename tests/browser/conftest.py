"""A real browser, driven by Playwright: Chromium, or Firefox where ``OVDIAR_BROWSER=firefox``.

Firefox is the system's own; a Playwright that is much newer than it cannot drive it.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from reference.material import missing
from reference.pages import ROWS, Report, annotation

from ovdiar import formats
from ovdiar.report import write_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser

    Open = Callable[..., Report]

NAME = os.environ.get("OVDIAR_BROWSER", "chromium")
PROGRAMS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox-esr", "firefox"),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "chromium": {
        "args": ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
    },
    "firefox": {
        "channel": "moz-firefox",
        "firefox_user_prefs": {"media.autoplay.default": 0},
    },
}


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the browser's folder of downloads."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads: Path) -> Iterator[Browser]:
    """Start the browser, see `reference.material`.

    A module's tests share it. It ends with them: while it runs, so does its event loop, which
    other tests could not stand.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS[NAME])), None)
    if program is None:
        missing(f"no browser: install one of {', '.join(PROGRAMS[NAME])}")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        missing("playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        kind = getattr(playwright, NAME)
        try:
            started = kind.launch(
                executable_path=program, downloads_path=downloads, **OPTIONS[NAME]
            )
            started.new_context().close()
        except Error as error:
            missing(f"playwright cannot drive {program}: {error.message.splitlines()[0]}")
        yield started
        started.close()


@pytest.fixture(scope="session")
def report_file(conversation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of our conversation's first turns, beside its reference."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    reference = formats.read(conversation.with_suffix(".rttm"))
    write_page(path, conversation, annotation(ROWS, "conversation"), reference=reference)
    return path


@pytest.fixture
def visit(browser: Browser, downloads: Path, tmp_path: Path) -> Iterator[Open]:
    """Open files in a browser of their own; what it complains of, or asks for, is an error."""
    wrong: list[str] = []
    contexts = []

    def visit(
        path: Path, *, script: str = "", allowed: Sequence[str] = (), **context: object
    ) -> Report:
        if NAME == "firefox" and context.get("has_touch"):
            pytest.skip("Playwright has no touch in the system's Firefox")
        settings = {"viewport": {"width": 1280, "height": 900}, **context}
        contexts.append(browser.new_context(**settings))  # type: ignore[arg-type]
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)  # a busy machine is no failure
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: _check(asked.url, [path.as_uri(), *allowed], wrong))
        page.add_init_script(script)
        page.goto(path.as_uri())
        return Report(page, tmp_path, wrong, downloads if NAME == "firefox" else None)

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []


def _check(url: str, allowed: list[str], wrong: list[str]) -> None:
    """Note whatever is asked for beside the page itself and what it holds."""
    if url not in allowed and not url.startswith(("blob:", "data:")):
        wrong.append(f"asked for {url}")


@pytest.fixture
def report(visit: Open, report_file: Path) -> Report:
    """Open the report."""
    return visit(report_file)
