"""The pictures of the README, of our own recording: ``docs/report.png`` and ``docs/timeline.png``.

Needs the bundle ``tiny``, and what the tests need (Chromium among it)::

    python tests/benchmarks/pictures.py

The conversation is diarized, its report is opened in a browser and photographed while a turn of low
confidence is selected; Pillow, which matplotlib brings, makes the files small.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import soundfile
from PIL import Image
from playwright.sync_api import ViewportSize, sync_playwright

from ovdiar import SpeakerDiarization, load
from ovdiar.formats import rttm
from ovdiar.report import write_page, write_picture

CHECKOUT = Path(__file__).resolve().parent.parent.parent
RECORDING = CHECKOUT / "tests" / "data" / "conversation.flac"
DOCS = CHECKOUT / "docs"
WIDTH, HEIGHT = 1280, 1000
COLOURS = 128


def shrink(path: Path) -> None:
    """Save a picture with a palette; flat colours lose nothing."""
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.relative_to(CHECKOUT)}: {path.stat().st_size / 1000:.0f} kB")


def photograph(page: Path, picture: Path) -> None:
    """Open a report, select the first turn of low confidence, and save what is to be seen."""
    with sync_playwright() as playwright:
        program = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        window: ViewportSize = {"width": WIDTH, "height": HEIGHT}
        tab = browser.new_page(viewport=window, device_scale_factor=1.5)
        tab.goto(page.as_uri())
        tab.keyboard.press("n")
        tab.wait_for_timeout(500)
        tab.screenshot(path=picture, full_page=True)
        browser.close()


def main() -> None:
    """Make both."""
    duration_s = soundfile.info(RECORDING).duration
    DOCS.mkdir(exist_ok=True)
    turns = SpeakerDiarization(load("tiny"))(RECORDING).speaker_diarization
    reference = rttm.load(RECORDING.with_suffix(".rttm"))["conversation"]
    shown: dict[str, Any] = {"title": RECORDING.name, "reference": reference}
    write_picture(DOCS / "timeline.png", turns, duration_s=duration_s, **shown)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        write_page(page, RECORDING, turns, **shown)
        photograph(page, DOCS / "report.png")
    for name in ("timeline.png", "report.png"):
        shrink(DOCS / name)


if __name__ == "__main__":
    main()
