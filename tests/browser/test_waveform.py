"""Zoomed in, the waveform shows the samples where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from ovdiar.annotation import Annotation
from ovdiar.report import write_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference.pages import Report

HIGHEST = """() => {
    const canvas = document.querySelector("#timeline canvas");
    const scale = canvas.width / canvas.clientWidth;
    const [left, top, height] = [132, 27, 38].map((side) => Math.round(side * scale));
    const copy = new OffscreenCanvas(canvas.width - left, height).getContext("2d");
    copy.drawImage(canvas, -left, -top);
    const strip = copy.getImageData(0, 0, canvas.width - left, height);
    let [best, last, most] = [0, 0, 0];
    for (let x = 0; x < strip.width; x++) {
        let first = height;
        for (let y = 0; y < height && first === height; y++) {
            const [red, , , shown] = strip.data.slice(4 * (y * strip.width + x));
            if (shown > 60 && red < 140) first = y; // the line of the samples, not the axis
        }
        if (height - first > most) [best, most] = [x, height - first];
        if (height - first === most) last = x;
    }
    return (best + last) / 2 / strip.width;
}"""


def test_a_click_is_drawn_at_its_sample(visit: Callable[..., Report], tmp_path: Path) -> None:
    clicks_s, rate = (20.25, 40.5), 16_000
    sound = np.zeros(60 * rate)
    for click_s in clicks_s:
        at = round(click_s * rate)
        sound[at - 32 : at + 33] = 0.8 * np.hanning(65)
    turns = Annotation.of([(c - 0.051, c + 0.1, "A") for c in clicks_s], "clicks")
    write_page(tmp_path / "a.html", {"waveform": sound, "sample_rate": rate}, turns)
    report = visit(tmp_path / "a.html")
    for click_s in clicks_s:
        report.press("a", "j", *["+"] * 12)
        seen = report.page.evaluate("document.getElementById('timeline').dataset.view")
        start, span = map(float, seen.split())
        assert start < click_s < start + span < start + 1
        report.until(lambda: place(report, start, span) == pytest.approx(click_s, abs=0.001))  # noqa: B023


def place(report: Report, start: float, span: float) -> float:
    """Tell where the highest sample is drawn, s."""
    return float(start + report.page.evaluate(HIGHEST) * span)
