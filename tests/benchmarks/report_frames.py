"""How long the report takes for a picture and for a correction, with four hours and 5,000 turns.

Prints, for 8 and for 28 speakers and 35,000 words, medians and 95th percentiles of the times
between pictures, and the times from a key to the picture it changes. Chromium draws without a
graphics card; a display shows a picture every 16.7 ms at most. Run it in ``tests``::

    python -m benchmarks.report_frames
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from playwright.sync_api import sync_playwright
from reference.long_report import PAN, ZOOM, long_sound, wheel_ms, write_long_page
from reference.pages import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser

    from ovdiar.audio.encoding import Sound

FRAMES = 120
RECORD = """() => {
    window.times = [];
    let last = 0;
    const step = (now) => {
        if (last) times.push(now - last);
        last = now;
        window.next = requestAnimationFrame(step);
    };
    window.next = requestAnimationFrame(step);
}"""
STOP = "() => { cancelAnimationFrame(window.next); return window.times; }"
SCROLL = """async (frames) => {
    const list = document.getElementById("list");
    for (let frame = 0; frame < frames; frame++) {
        list.scrollTop += 120;
        await new Promise(requestAnimationFrame);
    }
}"""
KEY = """async ([key, ctrlKey]) => {
    const began = performance.now();
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, bubbles: true }));
    await new Promise(requestAnimationFrame);
    await new Promise((done) => setTimeout(done, 0)); // the picture is drawn
    return performance.now() - began;
}"""


def recorded(report: Report, action: Callable[[], None]) -> list[float]:
    """Return the times between pictures during an action."""
    report.page.evaluate(RECORD)
    action()
    times: list[float] = report.page.evaluate(STOP)
    return times


def drag(report: Report) -> None:
    """Move the end of the selected turn back and forth."""
    box = report.box("#edge-end")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    report.page.mouse.move(x, y)
    report.page.mouse.down()
    for shift in (40, -40, 30):
        report.page.mouse.move(x + shift, y, steps=FRAMES // 3)
    report.page.mouse.up()


def frames(report: Report) -> dict[str, list[float]]:
    """Return the times between pictures of what is done by hand."""
    found = {
        "pan, 5 minutes in sight": wheel_ms(report, PAN, FRAMES),
        "zoom around 5 minutes": wheel_ms(report, ZOOM, FRAMES),
    }
    report.press("a")
    found["zoom around four hours"] = wheel_ms(report, ZOOM, FRAMES)
    report.press("a", "j", *["+"] * 15)
    report.page.wait_for_timeout(2000)  # samples are decoded
    found["pan, 12 s of samples in sight"] = wheel_ms(report, {"deltaX": 4}, FRAMES)
    found["drag an edge"] = recorded(report, lambda: drag(report))
    found["scroll the list"] = recorded(report, lambda: report.page.evaluate(SCROLL, FRAMES))
    report.press("Control+z", "a", " ")
    found["play"] = recorded(report, lambda: report.page.wait_for_timeout(2000))
    report.press(" ")
    return found


def corrections(report: Report) -> dict[str, float]:
    """Return the times of corrections by a key, ms."""
    keys: dict[str, Any] = {
        "delete": ["Delete", False],
        "undo": ["z", True],
        "relabel": ["2", False],
    }
    report.press("j", "j")
    return {name: report.page.evaluate(KEY, key) for name, key in keys.items()}


def measure(browser: Browser, folder: Path, speakers: int, sound: Sound) -> None:
    """Print the figures of one report."""
    path = folder / f"{speakers}.html"
    write_long_page(path, speakers=speakers, sound=sound, transcript=True)
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    began = time.monotonic()
    page.goto(path.as_uri())
    report = Report(page, folder, [])
    report.press()
    megabytes = path.stat().st_size / 1e6
    print(f"{speakers} speakers, {megabytes:.0f} MB: opened in {time.monotonic() - began:.1f} s")
    for name, times in frames(report).items():
        high = float(np.percentile(times, 95))
        print(f"  {name:32} median {statistics.median(times):5.1f} ms, 95 % below {high:5.1f} ms")
    for name, spent in corrections(report).items():
        print(f"  {name:32} {spent:5.0f} ms")
    page.close()


def main() -> None:
    """Measure with few and with many speakers."""
    sound = long_sound()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        program = shutil.which("chromium")
        options = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
        browser = playwright.chromium.launch(executable_path=program, args=options)
        for speakers in (8, 28):
            measure(browser, Path(folder), speakers, sound)
        browser.close()


if __name__ == "__main__":
    main()
