"""Corrections: what is downloaded is what was done, and every step can be taken back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from reference.pages import ROWS, Report, annotation, rows

from ovdiar import formats
from ovdiar.formats import rttm, srt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ORIGINAL = annotation(ROWS, "conversation")
TURNS = rows(ORIGINAL)


def changed(place: int, start: float, end: float, who: str) -> list[tuple[float, float, str]]:
    """List the turns as they came but for one."""
    return [*TURNS[:place], (start, end, who), *TURNS[place + 1 :]]


def select(report: Report, place: int) -> None:
    """Go to a turn of the list with the keyboard."""
    report.press(*["j"] * (place + 1))
    assert report.is_chosen(place)


def test_untouched_turns_are_downloaded_as_python_writes_them(report: Report) -> None:
    assert report.download("rttm").read_text() == rttm.dumps(ORIGINAL)
    assert report.download("srt").read_text() == srt.dumps(ORIGINAL)
    ours = json.loads(formats.dumps(ORIGINAL, "json"))
    told = json.loads(report.download("json").read_text())
    assert told.pop("provenance") == {**ours.pop("provenance"), "corrections": 0}
    assert told == ours


def test_a_file_is_called_as_the_recording(report: Report) -> None:
    assert report.download("srt").name == "conversation.srt"


def test_renaming_a_speaker_renames_all_of_its_turns(report: Report) -> None:
    report.name(0).fill("  Anna \t Maria ")
    report.name(0).press("Enter")
    expected = ORIGINAL.rename_labels({"SPEAKER_00": "Anna Maria"})
    assert rows(report.turns("json")) == rows(expected)
    assert rows(report.turns("srt")) == rows(expected)
    blanks = expected.rename_labels({"Anna Maria": "Anna_Maria"})
    assert rows(report.turns("rttm")) == rows(blanks)
    assert "Anna Maria" in report.option(0).inner_text()
    assert report.said() == "SPEAKER_00 is now Anna Maria"


def test_an_empty_name_and_escape_leave_the_old_one(report: Report) -> None:
    report.name(0).fill("  ")
    report.name(0).press("Enter")
    report.name(1).fill("Bert")
    report.name(1).press("Escape")
    assert rows(report.turns()) == TURNS
    assert [report.name(place).input_value() for place in (0, 1)] == ["SPEAKER_00", "SPEAKER_01"]


def test_a_name_that_is_taken_makes_one_speaker_of_two(report: Report) -> None:
    report.name(1).fill("SPEAKER_03")
    report.name(1).press("Enter")
    assert rows(report.turns()) == rows(ORIGINAL.rename_labels({"SPEAKER_01": "SPEAKER_03"}))
    assert report.page.locator("#speakers input").count() == 3


def test_merging_speakers_joins_their_turns_where_they_overlap(report: Report) -> None:
    report.page.get_by_role("button", name="Merge SPEAKER_02 into another speaker").click()
    report.page.locator("#choice").get_by_role("option", name="SPEAKER_01").click()
    found = report.turns()
    assert rows(found) == [*TURNS[:2], (8.0, 13.375, "SPEAKER_01"), *TURNS[4:]]
    mean = (3.25 * 0.93 + 2.75 * 0.42) / 6
    assert found.turns[2].confidence == pytest.approx(mean, abs=0.001)


def test_a_turn_is_split_at_the_cursor_and_the_second_part_given_away(report: Report) -> None:
    select(report, 5)
    report.seek(20.5)
    report.press("s", "2")
    found = report.turns()
    at = found.turns[5].segment.end
    assert at == pytest.approx(20.5, abs=0.1)
    assert rows(found) == [
        *TURNS[:5],
        (18.0, at, "SPEAKER_00"),
        TURNS[6],
        (at, 21.125, "SPEAKER_01"),
    ]


def test_a_cursor_outside_splits_nothing_and_says_what_to_do(report: Report) -> None:
    select(report, 5)
    report.seek(2)
    report.page.click("#split")
    assert report.said() == "Move the cursor into the turn first."
    assert rows(report.turns()) == TURNS


def test_a_turn_is_given_to_another_speaker_and_is_then_no_longer_doubted(report: Report) -> None:
    select(report, 3)
    assert "low" in (report.option(3).get_attribute("aria-label") or "")
    report.page.click("#relabel")
    report.page.locator("#choice").get_by_role("option", name="SPEAKER_03").click()
    found = report.turns()
    assert rows(found) == changed(3, 10.625, 13.375, "SPEAKER_03")
    assert found.turns[3].confidence is None
    label = report.option(3).get_attribute("aria-label") or ""
    assert "low" not in label
    assert "corrected by hand" in label


def test_a_turn_is_given_to_somebody_new(report: Report) -> None:
    select(report, 6)
    report.page.click("#relabel")
    report.page.get_by_role("option", name="New speaker").click()
    report.name(4).fill("Eve")
    report.name(4).press("Enter")
    assert rows(report.turns()) == changed(6, 19.5, 20.0, "Eve")


def test_borders_are_moved_to_the_cursor_and_turns_deleted(report: Report) -> None:
    select(report, 4)
    report.seek(14)
    report.press("[")
    report.seek(17)
    report.press("]")
    found = report.turns().turns[4].segment
    assert (found.start, found.end) == pytest.approx((14, 17), abs=0.1)
    report.press("Delete")
    assert rows(report.turns()) == [*TURNS[:4], *TURNS[5:]]


def test_every_correction_is_undone_and_redone_in_order(report: Report) -> None:
    states = [TURNS]
    select(report, 3)
    for keys in (["1"], ["0"], ["Delete"]):
        report.press(*keys)
        states.append(rows(report.turns()))
    report.name(1).fill("Bert")
    report.name(1).press("Enter")
    states.append(rows(report.turns()))
    report.page.click("#reset")
    states.append(TURNS)
    assert rows(report.turns()) == TURNS
    for state in states[-2::-1]:
        report.press("Control+z")
        assert rows(report.turns()) == state
    assert report.page.locator("#undo").is_disabled()
    for state in states[1:]:
        report.press("Control+Shift+Z")
        assert rows(report.turns()) == state
    assert report.page.locator("#redo").is_disabled()


def test_corrections_count_in_the_totals(report: Report) -> None:
    cells = report.page.locator("#speakers tbody tr").nth(3).locator("td")
    assert cells.nth(1).inner_text().split("·")[0].strip() == "4.1 s"
    assert [cells.nth(column).inner_text() for column in (2, 3, 4, 5)] == [
        "2",
        "2.1 s",
        "3.6 s",
        "0.5 s",
    ]
    select(report, 6)
    report.press("Delete")
    assert [cells.nth(column).inner_text() for column in (2, 3, 4, 5)] == [
        "1",
        "3.6 s",
        "3.6 s",
        "\N{EN DASH}",
    ]
    assert "6 turns" in report.page.inner_text("#summary")


def test_everything_can_be_done_without_a_mouse(report: Report) -> None:
    report.press("n")
    assert report.is_chosen(3)
    report.press("n")
    assert report.is_chosen(6)
    report.press("p", "ArrowRight", "Home", "ArrowRight", "ArrowRight", "Shift+ArrowRight")
    assert report.time() == 11
    report.press("s", "e")
    report.page.keyboard.type("Cleo")
    report.press("Enter", "m", "0", "0", "Enter")
    report.page.locator("#list").focus()
    report.press("End", "ArrowUp", "Enter")
    report.until(report.plays)
    report.press(" ", "3", "Control+z", "Control+y", "+", "-", "a", "t")
    found = report.turns()
    report.press("?")
    assert report.page.locator("#keys").is_visible()
    report.press("Escape")
    assert not report.page.locator("#keys").is_visible()
    merged = [
        (start, end, "SPEAKER_00" if who == "SPEAKER_02" else who) for start, end, who in TURNS
    ]
    merged[3:4] = [(10.625, 11.0, "SPEAKER_00"), (11.0, 13.375, "SPEAKER_00")]
    assert rows(found) == [*merged[:6], (18.0, 21.125, "SPEAKER_03")]


def test_keys_without_control_can_be_switched_off(report: Report) -> None:
    report.press("?")
    report.page.uncheck("#single-keys")
    report.press("Escape", "j", "Delete")
    assert rows(report.turns()) == TURNS
    report.page.reload()
    report.press("j", "Delete")
    assert report.page.locator("#undo").is_disabled()


def test_names_that_are_code_stay_names(
    visit: Callable[..., Report], conversation: Path, tmp_path: Path
) -> None:
    from ovdiar.report import write_page

    nasty = "</script><img src=x onerror=alert(1)>"
    turns = annotation([(1, 2, nasty, None), (2, 3, "\"'&lt;<!--", None)], 'it\'s "quoted"')
    path = tmp_path / 'it\'s "quoted".html'
    write_page(path, conversation, turns, title=f"{nasty} &amp;")
    report = visit(path)
    assert report.page.inner_text("h1") == report.page.title() == f"{nasty} &amp;"
    assert report.page.locator("img").count() == 0
    assert [report.name(place).input_value() for place in (0, 1)] == [nasty, "\"'&lt;<!--"]
    report.name(0).fill(f"{nasty}2")
    report.name(0).press("Enter")
    assert report.turns().labels() == ["\"'&lt;<!--", f"{nasty}2"]
    assert report.page.locator("img").count() == 0
