"""The words of a transcript are shown with their turns and move with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from reference.pages import ROWS, Report, annotation

from ovdiar.report import write_page
from ovdiar.transcripts import from_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORDS = [
    (1.2, 1.6, "Good"),
    (3.0, 3.5, "morning"),
    (4.5, 5.0, "again"),
    (7.6, 7.8, "well"),
    (30.0, 30.5, "lost"),
]


@pytest.fixture
def spoken(visit: Callable[..., Report], conversation: Path, tmp_path: Path) -> Report:
    """Open the report of a transcript, one word of which no turn is near."""
    words = [{"word": f" {text}", "start": start, "end": end} for start, end, text in WORDS]
    text = "".join(word["word"] for word in words)  # type: ignore[misc]
    document = {"segments": [{"start": 1.2, "end": 30.5, "text": text, "words": words}]}
    turns = annotation(ROWS, "talk")
    with pytest.warns(match="1 of 5 words"):
        write_page(tmp_path / "a.html", conversation, turns, transcript=from_document(document))
    return visit(tmp_path / "a.html")


def said(report: Report, place: int) -> str:
    return report.option(place).locator(".words").inner_text()


def test_words_are_shown_with_their_turns(spoken: Report) -> None:
    assert [said(spoken, place) for place in (0, 1, 2)] == ["Good morning", "again well", ""]
    spoken.press("j")
    assert spoken.page.inner_text("#said") == "Good morning"
    assert "1 word outside all turns, the first at 0:30.0" in spoken.page.inner_text("#legend")


def test_words_follow_a_split_and_its_undoing(spoken: Report) -> None:
    spoken.press("j")
    spoken.seek(2.5)
    spoken.press("s")
    assert [said(spoken, place) for place in (0, 1)] == ["Good", "morning"]
    spoken.press("Control+z")
    assert said(spoken, 0) == "Good morning"


def test_a_turn_given_away_takes_its_words_along_into_subtitles(spoken: Report) -> None:
    spoken.press("j", "2")
    subtitles = spoken.download("srt").read_text()
    assert "[SPEAKER_01] Good morning\n" in subtitles
    assert "[SPEAKER_00] again well\n" in subtitles
