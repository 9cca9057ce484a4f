"""Turns become frames as pyannote.core discretizes them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovdiar import Annotation, FrameGrid, Segment
from ovdiar.errors import ConfigError

PYANNET = FrameGrid(step=270, width=991)
TURNS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(1, 90), st.sampled_from("ABC")), max_size=6
)
"""Start and length in centiseconds."""


def _slow(annotation: Annotation, support: Segment, step_s: float, width_s: float) -> list[str]:
    """List who talks in each frame: from the centre nearest to a start to that nearest to an end.

    Of two equally near, the even frame.
    """
    centres_s = {frame: support.start + frame * step_s + width_s / 2 for frame in range(-4, 400)}

    def nearest(time_s: float) -> int:
        return min(
            centres_s, key=lambda frame: (round(abs(centres_s[frame] - time_s), 9), frame % 2)
        )

    frames = [""] * (nearest(support.end) - nearest(support.start))
    for segment, label in annotation.crop(support):
        for frame in range(nearest(segment.start), nearest(segment.end) + 1):
            if 0 <= frame < len(frames) and label not in frames[frame]:
                frames[frame] += label
    return ["".join(sorted(labels)) for labels in frames]


@pytest.mark.parametrize("resolution", [0.01, 0.1, PYANNET])
@settings(max_examples=40, deadline=None)
@given(turns=TURNS)
def test_frames_are_those_of_the_slow_reference(
    resolution: float | FrameGrid, turns: list[tuple[int, int, str]]
) -> None:
    rows = [(a / 100 + 0.003, (a + length) / 100 + 0.003, who) for a, length, who in turns]
    annotation, support = Annotation.of(rows), Segment(0.5, 3.71)
    frames = annotation.discretize(support, resolution, labels=["A", "B", "C"])
    width_s = resolution.width_s if isinstance(resolution, FrameGrid) else resolution
    expected = _slow(annotation, support, frames.grid.step_s, width_s)
    found = ["".join(np.array(["A", "B", "C"])[row == 1]) for row in frames.data]
    assert found == expected


def test_columns_are_the_speakers_of_the_support_by_name() -> None:
    annotation = Annotation.of([(0, 1, "C"), (1, 2, "A"), (5, 6, "B")])
    assert annotation.discretize().data.shape == (600, 3)
    part = annotation.discretize(Segment(0, 3), 0.5)
    assert part.data.tolist() == [[0, 1], [0, 1], [1, 1], [1, 0], [1, 0], [0, 0]]
    assert annotation.discretize(Segment(0, 3), 0.5, labels=["Z", "A"]).data[:, 0].max() == 0


def test_a_duration_fixes_the_number_of_frames() -> None:
    annotation = Annotation.of([(0, 1, "A")])
    for duration, count in [(0.5, 50), (1.999, 200), (0.0, 0)]:
        frames = annotation.discretize(duration=duration)
        assert frames.data.shape == (count, 1)


def test_the_grid_begins_with_the_support() -> None:
    annotation = Annotation.of([(2.5, 3.5, "A")])
    assert annotation.discretize(resolution=PYANNET).grid == PYANNET.at(40_000)
    assert annotation.discretize(Segment(1, 4)).grid == FrameGrid(10_000, 10_000, 10**6, 10**6)


def test_a_turn_before_the_first_centre_marks_nothing() -> None:
    # pyannote.core marks all frames but the last one or two
    annotation = Annotation.of([(0.0, 0.002, "A"), (0.5, 0.6, "B")])
    frames = annotation.discretize(Segment(0, 1), PYANNET)
    assert frames.data[:, 0].sum() == 0
    assert frames.data[:, 1].sum() == 7


def test_no_speakers_make_no_columns() -> None:
    assert Annotation().discretize().data.shape == (0, 0)
    assert Annotation().discretize(Segment(0, 1)).data.shape == (100, 0)


@pytest.mark.parametrize("resolution", [0.0, -0.01, 1e-7, math.nan])
def test_frames_shorter_than_a_microsecond_are_refused(resolution: float) -> None:
    with pytest.raises(ConfigError):
        Annotation.of([(0, 1, "A")]).discretize(resolution=resolution)
