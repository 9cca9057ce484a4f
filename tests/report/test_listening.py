"""Turns with their audio, as a notebook gets them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from ovdiar.annotation import Annotation
from ovdiar.notebook import MOST_ROWS
from ovdiar.report import listen

if TYPE_CHECKING:
    from pathlib import Path


def test_every_turn_has_a_button_and_the_recording_is_there_once(excerpt: Path) -> None:
    turns = Annotation.of([(k / 4, k / 4 + 0.2, "<A>") for k in range(MOST_ROWS + 3)], "talk")
    shown = ET.fromstring(listen(excerpt, turns)._repr_html_())  # noqa: S314 - our own text
    values = [button.attrib["value"] for button in shown.iter("button")]
    assert values == [f"{turn.segment.start} {turn.segment.end}" for turn in turns.turns]
    (sound,) = shown.iter("audio")
    assert sound.attrib["src"].startswith("data:audio/mpeg;base64,")


def test_nobody_speaking_still_plays(excerpt: Path) -> None:
    shown = ET.fromstring(listen(excerpt, Annotation())._repr_html_())  # noqa: S314 - our own text
    assert len(list(shown.iter("audio"))) == 1
    assert not list(shown.iter("button"))


def test_the_encoded_sound_is_not_printed(excerpt: Path) -> None:
    assert len(repr(listen(excerpt, Annotation.of([(0, 1, "A")])))) < 400


def test_progress_is_told(excerpt: Path) -> None:
    told: list[float] = []
    listen(excerpt, Annotation(), progress=lambda done, _left: told.append(done))
    assert told == sorted(told)
    assert told[-1] == 1
