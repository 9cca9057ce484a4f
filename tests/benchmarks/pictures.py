"""The pictures of the documentation, of our own recording: ``report.png`` and ``timeline.png``.

Needs the bundle ``base``, and what the tests need (Chromium among it)::

    python tests/benchmarks/pictures.py [--looks FOLDER]

The conversation is diarized, its report is opened in a browser and photographed while its longest
turn of low confidence is selected; Pillow, which matplotlib brings, makes the files small.
``--looks`` also writes the report in light, in dark, on a phone and on paper, to be looked at.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import soundfile
from PIL import Image
from playwright.sync_api import sync_playwright

from ovdiar import SpeakerDiarization, load
from ovdiar.formats import rttm
from ovdiar.report import write_page, write_picture
from ovdiar.report.content import LOW_CONFIDENCE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from ovdiar import Annotation

CHECKOUT = Path(__file__).resolve().parent.parent.parent
RECORDING = CHECKOUT / "tests" / "data" / "conversation.flac"
DOCS = CHECKOUT / "docs"
DESK = {"viewport": {"width": 1280, "height": 1000}, "device_scale_factor": 1.5}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
LOOKS = {"light": DESK, "dark": {**DESK, "color_scheme": "dark"}, "phone": PHONE}
COLOURS = 128


def shrink(path: Path) -> None:
    """Save a picture with a palette; flat colours lose nothing."""
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(CHECKOUT)}: {path.stat().st_size / 1000:.0f} kB")


def doubtful(turns: Annotation) -> int:
    """Return the place of the longest turn of low confidence among those."""
    low = [turn for turn in turns.turns if (turn.confidence or 1) < LOW_CONFIDENCE]
    return max(range(len(low)), key=lambda place: low[place].segment.duration)


def opened(browser: Browser, page: Path, look: dict[str, Any], place: int) -> Page:
    """Open a report, and select a turn of low confidence."""
    tab = browser.new_context(**look).new_page()
    tab.goto(page.as_uri())
    for _ in range(place + 1):
        tab.keyboard.press("n")
    tab.wait_for_timeout(500)
    return tab


def whole(tab: Page, picture: Path) -> None:
    """Save all of a page, in a window that holds it: what sticks to the window is at its ends."""
    width = tab.evaluate("innerWidth")
    tab.set_viewport_size({"width": width, "height": tab.evaluate("document.body.scrollHeight")})
    tab.wait_for_timeout(500)
    tab.screenshot(path=picture)


def photograph(page: Path, picture: Path, looks: Path | None, place: int) -> None:
    """Save what is to be seen of a report; in all its looks if there is a folder for them."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        whole(opened(browser, page, DESK, place), picture)
        if looks is not None:
            looks.mkdir(parents=True, exist_ok=True)
            for name, look in LOOKS.items():
                tab = opened(browser, page, look, place)
                tab.screenshot(path=looks / f"{name}.png")
                whole(tab, looks / f"{name}-whole.png")
            opened(browser, page, DESK, place).pdf(path=looks / "paper.pdf", format="A4")
        browser.close()


def main() -> None:
    """Make both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=Path, metavar="FOLDER")
    looks = parser.parse_args().looks
    duration_s = soundfile.info(RECORDING).duration
    DOCS.mkdir(exist_ok=True)
    turns = SpeakerDiarization(load("base"))(RECORDING).speaker_diarization
    reference = rttm.load(RECORDING.with_suffix(".rttm"))["conversation"]
    shown: dict[str, Any] = {"title": RECORDING.name, "reference": reference}
    write_picture(DOCS / "timeline.png", turns, duration_s=duration_s, **shown)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        write_page(page, RECORDING, turns, **shown)
        photograph(page, DOCS / "report.png", looks, doubtful(turns))
    for name in ("timeline.png", "report.png"):
        shrink(DOCS / name)


if __name__ == "__main__":
    main()
