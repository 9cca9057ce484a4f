"""What a notebook shows of turns plays: a turn by its button, the recording by its timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reference.pages import ROWS, annotation

from ovdiar.report import listen
from ovdiar.timeline_svg import END, GUTTER, WIDTH

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reference.pages import Report

PLACE = "document.querySelector('audio').currentTime"
PAUSED = "document.querySelector('audio').paused"


@pytest.fixture
def cell(visit: Callable[..., Report], conversation: Path, tmp_path: Path) -> Report:
    """Open a page with what a notebook shows below a cell."""
    shown = listen(conversation, annotation(ROWS, "talk"))._repr_html_()
    text = f"<!doctype html><meta charset=utf-8><body style='width: 900px'>{shown}"
    (tmp_path / "cell.html").write_text(text, encoding="utf-8")
    return visit(tmp_path / "cell.html")


def test_a_button_plays_its_turn_to_its_end(cell: Report) -> None:
    cell.page.get_by_label("Play SPEAKER_03 at 19.5 s").click()
    cell.until(lambda: cell.page.evaluate(PLACE) > 19.5)
    cell.until(lambda: cell.page.evaluate(PAUSED))
    assert cell.page.evaluate(PLACE) == pytest.approx(20.0, abs=0.1)


def test_the_timeline_plays_from_where_it_is_clicked(cell: Report) -> None:
    box = cell.box("svg")
    share = (8.0 - ROWS[0][0]) / (21.125 - ROWS[0][0])
    x = box["x"] + box["width"] * (GUTTER + share * (END - GUTTER)) / WIDTH
    cell.page.mouse.click(x, box["y"] + 10)
    cell.until(lambda: 8.0 <= cell.page.evaluate(PLACE) < 11)
    assert not cell.page.evaluate(PAUSED)


def test_a_name_is_no_place_to_play(cell: Report) -> None:
    box = cell.box("svg")
    cell.page.mouse.click(box["x"] + 20, box["y"] + 10)
    assert cell.page.evaluate(PAUSED)
