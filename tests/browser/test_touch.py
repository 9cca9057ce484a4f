"""All corrections can be made by a finger, on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reference.pages import PHONE, ROWS, Report, annotation, rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TURNS = rows(annotation(ROWS, ""))


@pytest.fixture
def phone(visit: Callable[..., Report], report_file: Path) -> Report:
    """Open the report on a phone."""
    return visit(report_file, **PHONE)


def choose(report: Report, name: str) -> None:
    """Tap a speaker of the dialog."""
    report.page.locator("#choice").get_by_role("option", name=name).tap()


def test_a_finger_gives_a_turn_away_and_takes_it_back(phone: Report) -> None:
    phone.option(3).tap()
    phone.page.locator("#relabel").tap()
    choose(phone, "SPEAKER_03")
    assert rows(phone.turns())[3][2] == "SPEAKER_03"
    phone.page.locator("#undo").tap()
    assert rows(phone.turns()) == TURNS


def test_a_finger_splits_and_deletes(phone: Report) -> None:
    phone.option(0).tap()
    phone.until(lambda: 1.2 < phone.time() < 3.5)
    phone.page.locator("#play").tap()
    phone.page.locator("#split").tap()
    first, second, *others = rows(phone.turns())
    assert (first[0], first[1], second[1]) == (1.0, second[0], 4.0)
    assert others == TURNS[1:]
    phone.page.locator("#remove").tap()
    assert len(rows(phone.turns())) == len(TURNS)


def test_a_finger_adds_a_turn(phone: Report) -> None:
    phone.page.locator("#add").tap()
    choose(phone, "SPEAKER_02")
    assert rows(phone.turns()) == [(0.0, pytest.approx(2, abs=0.02), "SPEAKER_02"), *TURNS]


def test_a_finger_moves_an_edge_by_a_tenth_and_by_a_frame(phone: Report) -> None:
    phone.option(0).tap()
    phone.page.get_by_label("End earlier").tap()
    phone.page.get_by_label("End one frame earlier").tap()
    assert rows(phone.turns())[0][1] == pytest.approx(3.9 - 270 / 16_000, abs=0.001)


def test_two_fingers_zoom(phone: Report) -> None:
    box = phone.box("#timeline")
    cdp = phone.page.context.new_cdp_session(phone.page)
    y, middle = box["y"] + 12, box["x"] + box["width"] / 2
    for kind, apart in (("touchStart", 20), ("touchMove", 60), ("touchMove", 100), ("touchEnd", 0)):
        sides = [] if kind == "touchEnd" else [-apart, apart]
        points = [{"x": middle + side, "y": y, "id": at} for at, side in enumerate(sides)]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    phone.press()
    start, span = map(float, (phone.page.get_attribute("#timeline", "data-view") or "").split())
    whole = float(phone.page.get_attribute("#timeline", "aria-valuemax") or "nan")
    assert span < whole / 4
    assert start > 0
