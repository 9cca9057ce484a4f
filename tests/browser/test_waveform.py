"""Zoomed in, the waveform shows the samples where they are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ovdiar.annotation import Annotation
from ovdiar.audio.encoding import encode
from ovdiar.report import write_page
from ovdiar.report.content import content
from ovdiar.report.page import page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference.pages import Report

HIGHEST = """() => {
    const canvas = document.querySelector("#timeline canvas");
    const scale = canvas.width / canvas.clientWidth;
    const gutter = canvas.clientWidth < 560 ? 0 : 132;
    const [left, top, height] = [gutter, 27, 38].map((side) => Math.round(side * scale));
    const copy = new OffscreenCanvas(canvas.width - left, height).getContext("2d");
    copy.drawImage(canvas, -left, -top);
    const strip = copy.getImageData(0, 0, canvas.width - left, height);
    let [best, last, most] = [0, 0, 0];
    for (let x = 0; x < strip.width; x++) {
        let first = height;
        for (let y = 0; y < height && first === height; y++) {
            const [red, , , shown] = strip.data.slice(4 * (y * strip.width + x));
            if (shown > 60 && red < 180) first = y; // the line of the samples, not the axis
        }
        if (height - first > most) [best, most] = [x, height - first];
        if (height - first === most) last = x;
    }
    return (best + last) / 2 / strip.width;
}"""


RATE = 16_000
FLAT = np.full(3, 255, np.uint8)
"""An outline without any place."""


def clicks(path: Path, *times_s: float, before_s: float) -> Path:
    """Write the report of a minute with clicks, and turns that begin shortly before them."""
    sound = np.zeros(60 * RATE)
    for time_s in times_s:
        at = round(time_s * RATE)
        sound[at - 32 : at + 33] = 0.8 * np.hanning(65)
    turns = Annotation.of([(time_s - before_s, time_s + 0.1, "A") for time_s in times_s], "clicks")
    write_page(path, {"waveform": sound, "sample_rate": RATE}, turns)
    return path


def test_a_click_is_drawn_at_its_sample(visit: Callable[..., Report], tmp_path: Path) -> None:
    times_s = (20.25, 40.5)
    report = visit(clicks(tmp_path / "a.html", *times_s, before_s=0.051))
    for time_s in times_s:
        report.press("a", "j", *["+"] * 12)
        start, span = view(report)
        assert start < time_s < start + span < start + 1
        report.until(lambda: place(report, start, span) == pytest.approx(time_s, abs=0.001))  # noqa: B023


@pytest.mark.parametrize("width", [390, 1280])
def test_zoomed_in_fully_single_samples_are_told_apart(
    visit: Callable[..., Report], tmp_path: Path, width: int
) -> None:
    report = visit(
        clicks(tmp_path / "a.html", 20.25, before_s=0.0006),
        viewport={"width": width, "height": 900},
    )
    report.press("j", *["+"] * 25)
    start, span = view(report)
    assert span * RATE <= report.box("#timeline")["width"] / 5
    report.until(lambda: place(report, start, span) == pytest.approx(20.25, abs=1 / RATE))


def test_seconds_are_drawn_from_samples_where_the_outline_is_coarse(
    visit: Callable[..., Report], tmp_path: Path
) -> None:
    sound = np.zeros(60 * RATE)
    sound[round(20.25 * RATE) :][:65] = 0.8 * np.hanning(65)
    coded = replace(encode({"waveform": sound, "sample_rate": RATE}), peaks=FLAT)
    told = content(Annotation.of([(20, 21, "A")], "click"), coded, title="click")
    (tmp_path / "a.html").write_bytes(page(told, coded.mp3))
    report = visit(tmp_path / "a.html")
    report.press("j", "+")
    start, span = view(report)
    assert span > 30
    report.until(lambda: place(report, start, span) == pytest.approx(20.25, abs=0.05))


def view(report: Report) -> list[float]:
    """Tell the start and length of what is in sight, s."""
    seen = report.page.get_attribute("#timeline", "data-view") or ""
    return [float(value) for value in seen.split()]


def place(report: Report, start: float, span: float) -> float:
    """Tell where the highest sample is drawn, s."""
    return float(start + report.page.evaluate(HIGHEST) * span)
