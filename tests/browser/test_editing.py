"""Turns are added, their edges dragged and nudged, and their speakers chosen by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reference.pages import PHONE, ROWS, Report, annotation, rows

from ovdiar.presets import PYANNET_FRAMES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TURNS = rows(annotation(ROWS, ""))


def select(report: Report, place: int) -> None:
    """Go to a turn of the list with the keyboard."""
    report.press(*["j"] * (place + 1))
    assert report.is_chosen(place)


def handle_middle(report: Report, edge: str) -> tuple[float, float]:
    box = report.box(f"#edge-{edge}")
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(report: Report, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag with the mouse, in steps."""
    report.page.mouse.move(*start)
    report.page.mouse.down()
    report.page.mouse.move(*end, steps=5)
    report.page.mouse.up()
    report.press()


def edge(report: Report, place: int, name: str) -> float:
    return float(getattr(report.turns().turns[place].segment, name))


def test_a_missed_turn_is_added_at_the_cursor_for_a_speaker_typed_by_name(report: Report) -> None:
    report.seek(23)
    at = report.time()
    report.press("i")
    report.page.keyboard.type("r_03")
    report.press("Enter")
    start, end, who = rows(report.turns())[-1]
    assert (start, end) == pytest.approx((at, at + 2), abs=0.06)
    assert who == "SPEAKER_03"
    assert report.is_chosen(7)
    report.press("Control+z")
    assert rows(report.turns()) == TURNS


def test_an_added_turn_ends_where_its_speaker_goes_on(report: Report) -> None:
    report.seek(12.5)
    report.page.click("#add")
    report.page.keyboard.type("speaker_03")
    report.press("Enter")
    added = rows(report.turns())[4]
    assert added[1:] == (13.5, "SPEAKER_03")


def test_a_turn_is_added_for_a_new_speaker_with_the_typed_name(report: Report) -> None:
    report.seek(23)
    report.press("i")
    report.page.keyboard.type("Zoë")
    report.press("Enter")
    assert report.name(4).input_value() == "Zoë"
    assert rows(report.turns())[-1][2] == "Zoë"


def test_a_turn_that_is_there_already_is_not_added(report: Report) -> None:
    report.seek(2)
    report.press("i", "Enter")
    assert report.said().startswith("SPEAKER_00 already speaks at 0:0")
    assert rows(report.turns()) == TURNS


def test_a_turn_is_drawn_on_a_lane_with_shift(report: Report) -> None:
    select(report, 2)
    _, y = handle_middle(report, "start")
    report.page.keyboard.down("Shift")
    drag(report, (report.x_of(24), y), (report.x_of(22), y))
    report.page.keyboard.up("Shift")
    start, end, who = rows(report.turns())[-1]
    assert who == "SPEAKER_01"
    assert (start, end) == pytest.approx((22, 24), abs=0.1)
    report.press("Control+z")
    assert rows(report.turns()) == TURNS


@pytest.mark.parametrize(("name", "to"), [("start", 2.0), ("end", 3.0)])
def test_the_edges_of_a_turn_are_dragged(report: Report, name: str, to: float) -> None:
    select(report, 0)
    x, y = handle_middle(report, name)
    far = report.x_of(to) - report.x_of({"start": 1.0, "end": 4.0}[name])
    drag(report, (x, y), (x + far, y))
    assert edge(report, 0, name) == pytest.approx(to, abs=0.1)
    report.press("Control+z")
    assert rows(report.turns()) == TURNS


def test_an_edge_does_not_pass_the_other_or_leave_the_recording(report: Report) -> None:
    select(report, 0)
    x, y = handle_middle(report, "start")
    drag(report, (x, y), (report.x_of(9), y))
    assert edge(report, 0, "start") == pytest.approx(3.98)
    x, y = handle_middle(report, "start")
    drag(report, (x, y), (report.x_of(-3), y))
    assert edge(report, 0, "start") == 0


def test_an_edge_moves_by_a_tenth_of_a_second_and_by_a_frame(report: Report) -> None:
    select(report, 0)
    report.press(".", "ArrowLeft", "ArrowLeft", "Shift+ArrowRight")
    assert edge(report, 0, "end") == pytest.approx(3.8 + PYANNET_FRAMES.step_s, abs=0.0005)
    report.press("Control+z")
    assert edge(report, 0, "end") == pytest.approx(3.8)
    report.page.locator("body").press("Alt+ArrowLeft")
    report.page.locator("body").press("Alt+Shift+ArrowLeft")
    assert edge(report, 0, "end") == pytest.approx(3.7 - PYANNET_FRAMES.step_s, abs=0.0005)
    report.press(*["Control+z"] * 4)
    assert rows(report.turns()) == TURNS


def test_buttons_move_an_edge_as_the_keys_do(report: Report) -> None:
    select(report, 0)
    report.page.click("[aria-label='Start earlier']")
    report.page.click("[aria-label='End later']", modifiers=["Shift"])
    turn = report.turns().turns[0].segment
    assert turn.start == pytest.approx(0.9)
    assert turn.end == pytest.approx(4 + PYANNET_FRAMES.step_s, abs=0.0005)


def test_other_buttons_move_an_edge_by_a_frame(report: Report) -> None:
    select(report, 0)
    report.page.click("[aria-label='Start one frame later']")
    report.page.click("[aria-label='End one frame earlier']")
    turn = report.turns().turns[0].segment
    assert turn.start == pytest.approx(1 + PYANNET_FRAMES.step_s, abs=0.0005)
    assert turn.end == pytest.approx(4 - PYANNET_FRAMES.step_s, abs=0.0005)


def test_an_edge_dragged_over_the_same_speakers_turn_joins_the_two(report: Report) -> None:
    select(report, 0)
    x, y = handle_middle(report, "end")
    drag(report, (x, y), (report.x_of(5), y))
    assert rows(report.turns()) == [(1.0, 7.5, "SPEAKER_00"), *TURNS[2:]]
    assert report.is_chosen(0)
    report.press("Control+z")
    assert rows(report.turns()) == TURNS


def test_a_finger_drags_an_edge(visit: Callable[..., Report], report_file: Path) -> None:
    report = visit(report_file, **PHONE)
    report.option(0).tap()
    report.press(" ")
    report.page.evaluate("scrollTo(0, 0)")
    box = report.box("#edge-end")
    assert box["width"] >= 24
    cdp = report.page.context.new_cdp_session(report.page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for kind, shift in (("touchStart", 0), ("touchMove", 5), ("touchMove", -8), ("touchEnd", 0)):
        points = [] if kind == "touchEnd" else [{"x": x + shift, "y": y}]
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    report.press()
    assert edge(report, 0, "end") < 3.9


def test_a_speaker_of_many_is_found_by_typing_and_by_arrows(
    visit: Callable[..., Report], crowd_file: Path
) -> None:
    report = visit(crowd_file)
    select(report, 0)
    report.press("r")
    assert report.page.locator("#choice [role=option]").count() == 29
    report.page.keyboard.type("p1")
    report.press("ArrowDown", "ArrowDown", "Enter")
    assert rows(report.turns())[0][2] == "P17"  # P19, P18, P17: in the order of their turns


def test_digits_are_promised_to_nine_speakers_only(
    visit: Callable[..., Report], crowd_file: Path
) -> None:
    report = visit(crowd_file)
    assert report.page.locator("#speakers kbd").all_inner_texts() == list("123456789")
    assert report.page.get_attribute("#fit", "title") == "Show all (A)"
