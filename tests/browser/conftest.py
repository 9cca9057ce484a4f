"""Real browsers, driven by Playwright: Chromium, and Firefox where there is one that can be driven.

``OVDIAR_BROWSER`` names the only one to run. Firefox is the system's own; a Playwright that is
newer than it sends it commands that it does not know.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from reference.material import missing
from reference.pages import ROWS, Report, annotation

from ovdiar import formats
from ovdiar.annotation import Annotation
from ovdiar.report import write_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from playwright.sync_api import Browser

    Open = Callable[..., Report]

WANTED = os.environ.get("OVDIAR_BROWSER")
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
        "firefox_user_prefs": {
            "media.autoplay.default": 0,
            # its panel of downloads takes the focus, and fields then tell of no change
            "browser.download.alwaysOpenPanel": False,
        },
    },
}


@pytest.fixture(scope="session")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the browser's folder of downloads."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="session")
def faults() -> dict[str, str]:
    """Make the place where it is noted why a browser cannot be driven."""
    return {}


@pytest.fixture(scope="module", params=[WANTED] if WANTED else PROGRAMS)
def browser(
    request: pytest.FixtureRequest, downloads: Path, faults: dict[str, str]
) -> Iterator[Browser]:
    """Start a browser, see `reference.material`; without the one that nobody wants, tests skip.

    A module's tests share it. It ends with them: while it runs, so does its event loop, which
    other tests could not stand.
    """
    name = request.param
    lacking = missing if name in (WANTED, "chromium") else pytest.skip
    program = next(filter(None, map(shutil.which, PROGRAMS[name])), None)
    if program is None:
        lacking(f"no browser: install one of {', '.join(PROGRAMS[name])}")
    if name in faults:
        lacking(faults[name])
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        missing("playwright is not installed: pip install playwright")
    with sync_playwright() as playwright:
        kind = getattr(playwright, name)
        try:
            started = kind.launch(
                executable_path=program, downloads_path=downloads, **OPTIONS[name]
            )
            started.new_context().close()
        except Error as error:
            faults[name] = f"playwright cannot drive {program}: {error.message.splitlines()[0]}"
            lacking(faults[name])
        yield started
        started.close()


@pytest.fixture(scope="session")
def report_file(conversation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of our conversation's first turns, beside its reference."""
    path = tmp_path_factory.mktemp("report") / "report.html"
    reference = formats.read(conversation.with_suffix(".rttm"))
    write_page(path, conversation, annotation(ROWS, "conversation"), reference=reference)
    return path


@pytest.fixture(scope="session")
def crowd_file(conversation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the report of 28 people who speak in turn, in the reverse order of their names."""
    path = tmp_path_factory.mktemp("crowd") / "crowd.html"
    turns = Annotation.of([(s, s + 0.9, f"P{27 - s:02d}") for s in range(28)], "crowd")
    write_page(path, conversation, turns)
    return path


@pytest.fixture
def visit(browser: Browser, downloads: Path, tmp_path: Path) -> Iterator[Open]:
    """Open files in a browser of their own; what it complains of, or asks for, is an error."""
    wrong: list[str] = []
    contexts = []
    name = browser.browser_type.name

    def visit(
        path: Path, *, script: str = "", allowed: Sequence[str] = (), **context: object
    ) -> Report:
        if name == "firefox" and context.get("has_touch"):
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
        return Report(page, tmp_path, wrong, downloads if name == "firefox" else None)

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
