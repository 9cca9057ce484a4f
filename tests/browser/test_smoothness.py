"""Four hours and 5,000 turns: the page stays light, and keeps up with hand and sound."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import numpy as np
import pytest

from ovdiar.annotation import Annotation, Turn
from ovdiar.audio.encoding import Sound, encode
from ovdiar.report.comparison import compare
from ovdiar.report.content import content
from ovdiar.report.page import page
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from reference.pages import Report

DURATION_S, TURNS, VOICES = 4 * 3600, 5000, 8
FRAME_MS = 34
"""Thirty pictures a second, without a graphics card, on a machine that has other things to do."""


def long_meeting(seed: int) -> Annotation:
    """Let eight people talk for four hours, now and then at once."""
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.uniform(0, DURATION_S - 10, TURNS))
    lengths = rng.uniform(0.4, 5, TURNS)
    voices = rng.integers(0, VOICES, TURNS)
    sure = rng.uniform(0.5, 0.95, TURNS)
    rows = zip(starts, lengths, voices, sure, strict=True)
    turns = [
        Turn(Segment(float(start), float(start + length)), f"SPEAKER_{who:02d}", "", float(share))
        for start, length, who, share in rows
    ]
    return Annotation(tuple(turns), "long")


@pytest.fixture(scope="module")
def long_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a report of four hours that holds a second of sound, since drawing needs none."""
    turns = long_meeting(0)
    outline = np.random.default_rng(0).integers(0, 255, 20_000).astype(np.uint8)
    sound = Sound(float(DURATION_S), outline)
    told = content(turns, sound, title="long", comparison=compare(long_meeting(1), turns))
    path = tmp_path_factory.mktemp("long") / "long.html"
    second = encode({"waveform": np.zeros(16_000), "sample_rate": 16_000})
    path.write_bytes(page(told, second.mp3))
    return path


MEASURE = """async ([id, options, frames]) => {
    const target = document.getElementById(id);
    const box = target.getBoundingClientRect();
    const middle = { clientX: box.x + box.width / 2, clientY: box.y + 60 };
    const both = ([name, value]) => [name, typeof value === "number" ? value * way : value];
    let way = 1;
    const times = [];
    let last = 0;
    for (let frame = 0; frame <= frames; frame++) {
        const now = await new Promise(requestAnimationFrame);
        if (last) times.push(now - last);
        last = now;
        way = frame % 40 < 20 ? 1 : -1;
        const turned = Object.fromEntries(Object.entries(options).map(both));
        const event = { ...middle, ...turned, bubbles: true, cancelable: true };
        target.dispatchEvent(new WheelEvent("wheel", event));
    }
    return times;
}"""
PAN, ZOOM = {"deltaX": 60}, {"deltaY": 40, "ctrlKey": True}


def median_ms(report: Report, gesture: Mapping[str, object]) -> float:
    """Take the time between pictures while a wheel turns; of five tries the best."""
    tries = [report.page.evaluate(MEASURE, ["timeline", gesture, 40]) for _ in range(5)]
    return float(min(statistics.median(times) for times in tries))


def test_panning_and_zooming_keep_up(
    visit: Callable[..., Report], long_file: Path, record_property: Callable[[str, object], None]
) -> None:
    report = visit(long_file)
    found = {"pan": median_ms(report, PAN), "zoom": median_ms(report, ZOOM)}
    report.press("a")  # all four hours at once
    found["zoom out of all"] = median_ms(report, ZOOM)
    for name, value in found.items():
        record_property(name, value)
    assert max(found.values()) < FRAME_MS, found


def test_only_turns_in_sight_are_in_the_document(
    visit: Callable[..., Report], long_file: Path
) -> None:
    report = visit(long_file)
    options = report.page.locator("#list [role=option]")
    assert options.count() < 40
    report.page.locator("#list").focus()
    report.press("End")
    report.until(lambda: report.is_chosen(TURNS - 1))
    assert options.count() < 40
    assert report.page.get_attribute("#list", "aria-activedescendant") == f"turn-{TURNS - 1}"
    report.press("PageUp")
    report.until(lambda: report.is_chosen(TURNS - 10))


def test_a_correction_is_done_at_once(visit: Callable[..., Report], long_file: Path) -> None:
    report = visit(long_file)
    report.press("j")
    spent_ms = report.page.evaluate("""() => {
        const began = performance.now();
        document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Delete", bubbles: true }));
        return performance.now() - began;
    }""")
    assert spent_ms < 500
    assert f"{TURNS - 1:,} turns" in report.page.inner_text("#summary")
