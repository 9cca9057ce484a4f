"""Many speakers: lanes in the order of their speech, told apart, and always within reach."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference.pages import Report

FIRST, LANE = 66, 26
"""Top of the first lane and height of each in the timeline of a crowd, px."""


def test_speakers_are_in_the_order_of_their_first_turns(
    visit: Callable[..., Report], crowd_file: Path
) -> None:
    report = visit(crowd_file)
    names = [report.name(place).input_value() for place in range(28)]
    assert names == [f"P{27 - place:02d}" for place in range(28)]


def test_more_than_a_dozen_lanes_are_only_those_in_view(
    visit: Callable[..., Report], crowd_file: Path
) -> None:
    report = visit(crowd_file)
    whole = report.box("#timeline")["height"]
    report.press("j")
    report.press(*["+"] * 5)
    assert report.box("#timeline")["height"] < whole - 15 * 26


def test_player_and_editor_stay_in_sight(visit: Callable[..., Report], crowd_file: Path) -> None:
    report = visit(crowd_file)
    for place in ("0", "document.body.scrollHeight"):
        report.page.evaluate(f"scrollTo(0, {place})")
        top, bottom = report.box("#play"), report.box("#split")
        assert top["y"] >= 0
        assert bottom["y"] + bottom["height"] <= 900


def test_speakers_of_one_colour_differ_in_pattern(
    visit: Callable[..., Report], crowd_file: Path
) -> None:
    report = visit(crowd_file)
    looks = report.page.locator("#speakers .swatch").evaluate_all(
        "all => all.map(x => getComputedStyle(x)).map(s => s.backgroundColor + s.backgroundImage)"
    )
    assert len(looks) == len(set(looks)) == 28


def bar(report: Report, place: int) -> Counter[tuple[int, ...]]:
    """Count the colours of the middle of a lane, while the person of its place speaks."""
    top = report.box("#timeline canvas")["y"] + FIRST + place * LANE + LANE / 2
    return Counter(map(tuple, report.ink(report.x_of(place + 0.4), top - 4, 8)))


def test_lanes_are_in_the_order_of_speech(visit: Callable[..., Report], crowd_file: Path) -> None:
    report = visit(crowd_file)
    top = report.box("#timeline canvas")["y"] + FIRST + LANE / 2
    for lane in range(1, 28):
        before, there, after = (
            report.ink(report.x_of(lane + shift), top + lane * LANE)[0][3] > 0
            for shift in (-0.55, 0.45, 1.45)
        )
        assert (before, there, after) == (False, True, False)


def test_bars_of_one_colour_differ_in_pattern(
    visit: Callable[..., Report], crowd_file: Path
) -> None:
    report = visit(crowd_file)
    looks = [bar(report, place) for place in range(28)]
    assert all(one != other for place, one in enumerate(looks) for other in looks[:place])
