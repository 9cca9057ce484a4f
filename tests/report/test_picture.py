"""A timeline as PNG and SVG: to scale, with marks, the same every time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import ConfigError, MissingPackageError
from ovdiar.report import write_picture
from ovdiar.report.picture import LANE_IN, _lanes
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from pathlib import Path

TURNS = Annotation(
    (
        Turn(Segment(0, 4), "SPEAKER_00", "A", 0.9),
        Turn(Segment(3, 6), "SPEAKER_01", "B", 0.4),
        Turn(Segment(8, 9), "SPEAKER_01", "C"),
    ),
    "talk",
)
REFERENCE = Annotation.of([(0, 4, "Ann"), (9, 10, "Eve")])


@pytest.mark.parametrize("suffix", ["png", "svg", "PNG"])
def test_the_suffix_determines_the_kind_of_picture(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"timeline.{suffix}"
    write_picture(path, TURNS)
    begin = {"png": b"\x89PNG", "svg": b"<?xml"}[suffix.lower()]
    assert path.read_bytes().startswith(begin)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_turns_give_the_same_picture(suffix: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_picture(tmp_path / f"{name}.{suffix}", TURNS, reference=REFERENCE)
    one, two = ((tmp_path / f"{name}.{suffix}").read_bytes() for name in ("one", "two"))
    assert one == two


def test_lanes_tell_overlap_doubts_and_errors_against_the_reference() -> None:
    lanes = {
        lane.name: [list(bars.segments) for bars in lane.bars] for lane in _lanes(TURNS, REFERENCE)
    }
    assert lanes == {
        "Overlap": [[Segment(3, 4)]],
        "SPEAKER_00": [[Segment(0, 4)], []],
        "ref. Ann": [[Segment(0, 4)]],
        "SPEAKER_01": [[Segment(8, 9)], [Segment(3, 6)]],
        "ref. Eve": [[Segment(9, 10)]],
        "Missed": [[Segment(9, 10)]],
        "False alarm": [[Segment(3, 6), Segment(8, 9)]],
        "Confusion": [[]],
    }


def test_low_confidence_is_lower_and_hatched() -> None:
    lane = next(lane for lane in _lanes(TURNS, None) if lane.name == "SPEAKER_01")
    sure, doubted = lane.bars
    assert lane.height_in == LANE_IN
    assert doubted.height < sure.height
    assert "hatch" in doubted.style
    assert "hatch" not in sure.style


@pytest.mark.filterwarnings("ignore:Glyph")  # the font lacks them, the file has them
@pytest.mark.parametrize("name", ["<b>&co", "$x^2$", "a\nb", "日本", "x" * 99])
def test_any_name_can_be_drawn(name: str, tmp_path: Path) -> None:
    path = tmp_path / "timeline.svg"
    write_picture(path, TURNS.rename_labels({"SPEAKER_00": name}), title=name)
    ET.parse(path)  # noqa: S314 - our own text


def test_a_picture_without_turns_says_so(tmp_path: Path) -> None:
    write_picture(tmp_path / "timeline.svg", Annotation(uri="talk"), duration_s=3)
    text = (tmp_path / "timeline.svg").read_text(encoding="utf-8")
    assert "no speech" in text


def test_without_matplotlib_the_error_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackageError, match="pip install matplotlib") as caught:
        write_picture(tmp_path / "timeline.png", TURNS)
    assert isinstance(caught.value, ImportError)
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_path_raises_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_picture(tmp_path / f"{'x' * 300}.png", TURNS)


def test_speakers_of_one_colour_differ_in_pattern() -> None:
    turns = Annotation.of([(k, k + 1, f"P{k:02d}") for k in range(30)])
    looks = {
        tuple((bars.style["facecolor"], bars.style.get("hatch")) for bars in lane.bars)
        for lane in _lanes(turns, None)
    }
    assert len(looks) == 30
