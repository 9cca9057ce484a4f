"""Segments, turns and annotations behave as those of pyannote.core, and never change."""

from __future__ import annotations

import dataclasses
import math
import sys
from itertools import pairwise
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar import Annotation, Segment, Turn
from ovdiar.errors import ConfigError, MissingPackageError
from ovdiar.labels import letters
from ovdiar.notebook import MOST_ROWS
from ovdiar.segment import merge

Row = tuple[float, float, str]
LAST = 60
ROWS = st.lists(
    st.builds(
        lambda start, length, who: (float(start), float(start + length), who),
        st.integers(0, LAST - 10),
        st.integers(0, 10),
        st.sampled_from("ABC"),
    ),
    max_size=8,
)
"""Turns on whole seconds, some of them empty or alike."""
SPAN = st.tuples(st.integers(0, LAST), st.integers(1, LAST)).map(lambda p: Segment(p[0], sum(p)))


def _seconds(segments: Any) -> set[int]:
    """List the whole seconds that segments cover."""
    return {second for each in segments for second in range(int(each.start), int(each.end))}


def test_a_segment_up_to_a_microsecond_is_empty() -> None:
    assert not Segment(1.0, 1.0 + 1e-6)
    assert Segment(1.0, 1.0 + 2e-6)
    assert Segment(2.0, 1.0).duration == 0.0
    assert Segment(1.0, 4.0).duration == 3.0
    assert Segment(1.0, 4.0).middle == 2.5


def test_segments_intersect_and_join() -> None:
    assert Segment(0, 3) & Segment(2, 5) == Segment(2, 3)
    assert not Segment(0, 2) & Segment(2, 5)
    assert Segment(0, 1) | Segment(4, 5) == Segment(0, 5)
    assert Segment(3, 3) | Segment(4, 5) == Segment(4, 5)
    assert Segment(1, 2) in Segment(1, 3)
    assert Segment(1, 4) not in Segment(1, 3)
    assert not Segment(0, 2).intersects(Segment(2, 3))


@pytest.mark.parametrize(
    ("segment", "text"),
    [
        (Segment(3.25, 3725.5), "[ 00:00:03.250 -->  01:02:05.500]"),
        (Segment(-1.5, 2), "[-00:00:01.500 -->  00:00:02.000]"),
        (Segment(1, 1), "[]"),
    ],
)
def test_segments_print_as_clock_times(segment: Segment, text: str) -> None:
    assert str(segment) == text


@pytest.mark.parametrize("time", [math.nan, math.inf])
def test_times_that_are_no_times_are_refused(time: float) -> None:
    with pytest.raises(ConfigError, match="not finite"):
        Segment(0.0, time)


@given(ROWS, st.integers(0, 4))
def test_merging_fills_gaps_shorter_than_the_collar_only(rows: list[Row], collar: int) -> None:
    segments = [Segment(start, end) for start, end, _ in rows]
    merged = merge(segments, collar)
    covered, found = _seconds(segments), _seconds(merged)
    assert covered <= found
    for one, other in pairwise(merged):
        assert other.start - one.end >= max(collar, 1)
    for second in found - covered:
        left = max(s for s in covered if s < second)
        right = min(s for s in covered if s > second)
        assert right - left - 1 < collar


def test_turns_are_sorted_and_empty_ones_left_out() -> None:
    turns = (Turn(Segment(2, 3), "B"), Turn(Segment(1, 1), "C"), Turn(Segment(0, 5), "A"))
    annotation = Annotation(turns)
    assert list(annotation) == [(Segment(0, 5), "A"), (Segment(2, 3), "B")]
    assert len(annotation) == 2
    assert annotation.labels() == ["A", "B"]
    assert annotation.extent == Segment(0, 5)


def test_tracks_order_turns_over_the_same_segment() -> None:
    same = Segment(0, 1)
    annotation = Annotation((Turn(same, "A", "2"), Turn(same, "B", "1"), Turn(same, "C", "10")))
    assert list(annotation.itertracks()) == [(same, "1"), (same, "10"), (same, "2")]
    assert [row[2:] for row in annotation.itertracks(yield_label=True)] == [("B",), ("C",), ("A",)]
    assert annotation.get_timeline() == (same,)


def test_annotations_cannot_be_changed() -> None:
    annotation = Annotation.of([(0, 1, "A")])
    with pytest.raises(dataclasses.FrozenInstanceError):
        annotation.uri = "other"  # type: ignore[misc]


@given(ROWS)
def test_talk_counts_once_and_the_longest_comes_first(rows: list[Row]) -> None:
    annotation = Annotation.of(rows)
    talk = {label: len(_seconds(annotation.label_timeline(label))) for label in annotation.labels()}
    chart = annotation.chart()
    assert dict(chart) == talk
    assert [duration for _, duration in chart] == sorted(talk.values(), reverse=True)
    assert annotation.argmax() == next((label for label, _ in chart), None)


def test_the_main_speaker_of_an_excerpt_may_be_another() -> None:
    annotation = Annotation.of([(0, 10, "A"), (8, 13, "B")])
    assert annotation.argmax() == "A"
    assert annotation.argmax(Segment(9, 20)) == "B"
    assert annotation.argmax([Segment(8, 9), Segment(9, 11)]) == "B"
    assert annotation.argmax(Segment(20, 30)) is None


@given(ROWS, st.lists(SPAN, max_size=3))
def test_cropping_cuts_to_the_union_of_segments(rows: list[Row], spans: list[Segment]) -> None:
    annotation = Annotation.of(rows)
    cropped = annotation.crop(spans)
    for label in "ABC":
        kept = _seconds(annotation.label_timeline(label)) & _seconds(spans)
        assert _seconds(cropped.label_timeline(label)) == kept


@given(ROWS, st.lists(SPAN, min_size=1, max_size=3))
def test_strict_and_loose_cropping_keep_turns_whole(rows: list[Row], spans: list[Segment]) -> None:
    annotation, inside = Annotation.of(rows), _seconds(spans)
    every = [(turn, _seconds([turn.segment])) for turn in annotation.turns]
    strict = tuple(turn for turn, seconds in every if seconds <= inside)
    loose = tuple(turn for turn, seconds in every if seconds & inside)
    assert annotation.crop(spans, "strict").turns == strict
    assert annotation.crop(spans, "loose").turns == loose


def test_an_unknown_way_to_crop_is_refused() -> None:
    with pytest.raises(ConfigError, match="crop mode 'tight' is unknown"):
        Annotation().crop(Segment(0, 1), "tight")


def test_support_joins_each_speakers_turns_and_names_tracks_anew() -> None:
    annotation = Annotation.of([(0, 1, "B"), (1.5, 2, "B"), (3, 4, "B"), (0, 5, "A")])
    assert list(annotation.support(1.0).itertracks(yield_label=True)) == [
        (Segment(0, 2), "B", "B"),
        (Segment(0, 5), "A", "A"),
        (Segment(3, 4), "C", "B"),
    ]


@given(ROWS)
def test_overlap_is_where_two_different_speakers_talk(rows: list[Row]) -> None:
    annotation = Annotation.of(rows)
    talk = [_seconds(annotation.label_timeline(label)) for label in "ABC"]
    several = {s for s in range(LAST) if sum(s in seconds for seconds in talk) > 1}
    assert _seconds(annotation.get_overlap()) == several
    assert _seconds(annotation.get_overlap(["A", "B"])) == talk[0] & talk[1]


def test_speakers_are_renamed_by_a_mapping_or_by_letters() -> None:
    annotation = Annotation.of([(0, 1, "spk2"), (1, 2, "spk1")], "meeting")
    assert annotation.rename_labels({"spk1": "Ann"}).labels() == ["Ann", "spk2"]
    assert list(annotation.rename_labels()) == [(Segment(0, 1), "B"), (Segment(1, 2), "A")]
    assert annotation.rename_labels().uri == "meeting"


def test_subset_keeps_some_speakers() -> None:
    annotation = Annotation.of([(0, 1, "A"), (1, 2, "B"), (2, 3, "C")])
    assert annotation.subset(["C", "A", "Z"]).labels() == ["A", "C"]


def test_letters_go_on_after_z() -> None:
    assert [letters(index) for index in (0, 25, 26, 51, 52, 701, 702)] == [
        *["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
    ]


class _Theirs(dict[tuple[Any, str], str]):
    """As much of pyannote.core's Annotation as is filled."""

    def __init__(self, uri: str | None) -> None:
        super().__init__()
        self.uri = uri


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> None:
    package, module = ModuleType("pyannote"), ModuleType("pyannote.core")
    vars(module).update(Annotation=_Theirs, Segment=lambda start, end: (start, end))
    package.core = module  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyannote", package)
    monkeypatch.setitem(sys.modules, "pyannote.core", module)


@pytest.mark.usefixtures("core")
def test_pyannote_gets_turns_tracks_and_name() -> None:
    turns = (Turn(Segment(0, 1), "A", "0"), Turn(Segment(0, 1), "B", "1"))
    theirs = Annotation(turns, "meeting").to_pyannote()
    assert theirs.uri == "meeting"
    assert theirs == {((0, 1), "0"): "A", ((0, 1), "1"): "B"}


@pytest.mark.usefixtures("core")
def test_pyannote_loses_no_turns_over_the_same_segment() -> None:
    theirs = Annotation.of([(0, 1, "A"), (0, 1, "B")]).to_pyannote()
    assert theirs == {((0, 1), "A"): "A", ((0, 1), "B"): "B"}


def test_without_pyannote_the_error_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyannote.core", None)
    with pytest.raises(MissingPackageError, match=r"pip install pyannote\.core"):
        Annotation().to_pyannote()


def test_a_notebook_shows_a_picture_and_a_table() -> None:
    annotation = Annotation(
        (Turn(Segment(0, 1.5), "A", confidence=0.912), Turn(Segment(2, 3), "B"))
    )
    shown = annotation._repr_html_()
    assert annotation._repr_svg_() in shown
    page = ET.fromstring(shown)  # noqa: S314 - our own text
    rows = [[cell.text or "" for cell in row.iter("td")] for row in page.iter("tr")]
    assert rows[1:] == [["0.000", "1.500", "A", "0.91"], ["2.000", "3.000", "B", ""]]


def test_a_notebook_lists_the_first_turns_and_says_how_many_follow() -> None:
    shown = Annotation.of([(k, k + 0.5, "A") for k in range(MOST_ROWS + 3)])._repr_html_()
    assert shown.count("<tr>") == 1 + MOST_ROWS
    assert f"{MOST_ROWS + 3} turns" in shown
    assert "and 3 more" in shown


def test_names_are_text_in_a_notebook() -> None:
    shown = Annotation.of([(0, 1, "<script>alert(1)</script>")], "<b>")._repr_html_()
    assert "<script" not in shown
    assert "<b>" not in shown
