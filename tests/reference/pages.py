"""Reports in a real browser: what stands in them, and how a test gets hold of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ovdiar import formats
from ovdiar.annotation import Annotation, Turn
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page

ROWS = [
    (1.0, 4.0, "SPEAKER_00", 0.94),
    (4.25, 7.5, "SPEAKER_00", 0.9),
    (8.0, 11.25, "SPEAKER_01", 0.93),
    (10.625, 13.375, "SPEAKER_02", 0.42),
    (13.5, 17.125, "SPEAKER_03", 0.8),
    (18.0, 21.125, "SPEAKER_00", None),
    (19.5, 20.0, "SPEAKER_03", 0.65),
]
"""Of our conversation's first 22 s; the last turn is not the right speaker's."""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
INK = """([x, y, side]) => {
    const canvas = document.querySelector("#timeline canvas");
    const box = canvas.getBoundingClientRect();
    const scale = canvas.width / box.width;
    const copy = new OffscreenCanvas(side, side).getContext("2d");
    const corner = [box.x - x, box.y - y].map((shift) => Math.round(shift * scale));
    copy.drawImage(canvas, ...corner);
    const { data } = copy.getImageData(0, 0, side, side);
    return Array.from({ length: side * side }, (_, at) => [...data.slice(4 * at, 4 * at + 4)]);
}"""
PACE_MS = 110
"""Between downloads: of more than ten in a second Chromium drops the rest without a word."""


def annotation(rows: list[tuple[float, float, str, float | None]], uri: str) -> Annotation:
    """Build turns from rows of start, end, speaker and confidence."""
    return Annotation(
        tuple(
            Turn(Segment(start, end), who, f"{place:04d}", confidence)
            for place, (start, end, who, confidence) in enumerate(rows)
        ),
        uri,
    )


def rows(found: Annotation) -> list[tuple[float, float, str]]:
    """List turns to the millisecond."""
    return [(round(s.start, 3), round(s.end, 3), who) for s, who in found]


class Report:
    """An open report; ``complaints`` are the browser's, which a test must not leave.

    ``downloads`` is the browser's folder of downloads where Playwright does not tell of them, as in
    Firefox; else None.
    """

    def __init__(
        self, page: Page, folder: Path, complaints: list[str], downloads: Path | None = None
    ) -> None:
        self.page = page
        self.complaints = complaints
        self._folder = folder
        self._downloads = downloads

    def option(self, place: int) -> Locator:
        """Give a turn of the list, counted from 0."""
        return self.page.locator(f'#list [aria-posinset="{place + 1}"]')

    def name(self, place: int) -> Locator:
        """Give the field of a speaker's name, counted from 0."""
        return self.page.locator("#speakers input").nth(place)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, and let the page draw what came of it."""
        for key in keys:
            self.page.keyboard.press(key)
        for _ in range(2):  # the second frame begins when the first is drawn
            self.page.evaluate("() => new Promise(requestAnimationFrame)")

    def is_chosen(self, place: int) -> bool:
        """Tell whether a turn of the list is the selected one."""
        return self.option(place).get_attribute("aria-selected") == "true"

    def time(self) -> float:
        """Tell where the cursor is, s."""
        return float(self.page.get_attribute("#timeline", "aria-valuenow") or "nan")

    def plays(self) -> bool:
        """Tell whether the page says that it plays."""
        return self.page.get_attribute("#play", "aria-label") == "Pause"

    def until(self, condition: Callable[[], bool], most_s: float = 10) -> None:
        """Wait for something to be so."""
        last = time.monotonic() + most_s
        while not condition():
            assert time.monotonic() < last, "it never was so"
            self.page.wait_for_timeout(20)

    def seek(self, time_s: float) -> None:
        """Click an empty place of the timeline at a time; all of it must be in sight."""
        self.page.mouse.click(self.x_of(time_s), self.box("#timeline")["y"] + 12)

    def x_of(self, time_s: float) -> float:
        """Tell where a time is in the timeline, while it shows all."""
        whole = float(self.page.get_attribute("#timeline", "aria-valuemax") or "nan")
        box, gutter = self.box("#timeline"), 132.0
        return float(box["x"] + gutter + time_s / whole * (box["width"] - gutter))

    def ink(self, x: float, y: float, side: int = 1) -> list[list[int]]:
        """Read the colours of a square of the timeline's picture, from a place of the page on."""
        found: list[list[int]] = self.page.evaluate(INK, [x, y, side])
        return found

    def box(self, selector: str) -> Any:
        """Tell where a part of the page is."""
        return self.page.locator(selector).bounding_box()

    def said(self) -> str:
        """Tell what screen readers were told last."""
        return self.page.locator("#live").inner_text()

    def download(self, format_name: str) -> Path:
        """Download the turns."""
        return self.downloaded(lambda: self.page.click(f"[data-download={format_name}]"))

    def downloaded(self, action: Callable[[], None]) -> Path:
        """Do what downloads a file, after the time that Chromium wants between downloads."""
        self.page.wait_for_timeout(PACE_MS)
        if self._downloads is not None:
            for left in self._downloads.iterdir():  # Firefox may write a file twice
                left.unlink()
            action()
            return self._arrived(self._downloads)
        with self.page.expect_download() as coming:
            action()
        path = self._folder / coming.value.suggested_filename
        coming.value.save_as(path)
        return path

    def _arrived(self, downloads: Path) -> Path:
        """Wait for the one file of the folder, and take it out."""

        def complete() -> list[Path]:
            files = [each for each in downloads.iterdir() if each.stat().st_size]
            return [] if any(each.suffix == ".part" for each in files) else files

        self.until(lambda: bool(complete()))
        found = complete()[0]
        return found.replace(self._folder / found.name)

    def turns(self, format_name: str = "json") -> Annotation:
        """Download the turns and read them."""
        return formats.read(self.download(format_name))
