"""Speakers are followed from window to window by when they speak."""

from __future__ import annotations

import numpy as np

from ovdiar.streaming.consensus import Consensus
from ovdiar.streaming.tracks import LiveWindow, Tracks


def activity(*runs: tuple[int, int], frames: int = 100) -> np.ndarray:
    active = np.zeros((frames, len(runs)), dtype=bool)
    for speaker, (first, last) in enumerate(runs):
        active[max(first, 0) : max(last, 0), speaker] = True
    return active


def test_tracks_go_on_whatever_the_order_of_speakers() -> None:
    tracks = Tracks()
    assert tracks.link(0, activity((0, 40), (30, 100))).tolist() == [0, 1]
    assert tracks.link(10, activity((20, 90), (-10, 30))).tolist() == [1, 0]


def test_a_speaker_who_comes_later_is_a_new_track() -> None:
    tracks = Tracks()
    tracks.link(0, activity((0, 50)))
    assert tracks.link(10, activity((0, 40), (95, 100))).tolist() == [0, 1]


def test_a_speaker_who_was_missing_in_one_window_goes_on() -> None:
    tracks = Tracks()
    tracks.link(0, activity((0, 40), (60, 90)))
    tracks.link(10, activity((-10, 30), (0, 0)))
    assert tracks.link(20, activity((-20, 20), (40, 80))).tolist() == [0, 1]


def test_a_track_ends_when_its_speech_has_left_the_window() -> None:
    tracks = Tracks()
    tracks.link(0, activity((0, 40)))
    assert tracks.link(50, activity((0, 0))).tolist() == [-1]
    assert tracks.link(60, activity((20, 60))).tolist() == [1]


def test_the_count_decides_how_many_tracks_are_active() -> None:
    consensus = Consensus()
    both, one = activity((0, 100), (50, 100)), activity((0, 100), (90, 100))
    scores = both * np.array([1.0, 0.5], np.float32)
    consensus.add(LiveWindow(0, scores, both, np.array([3, 5])))
    consensus.add(LiveWindow(0, one.astype(np.float32), one, np.array([3, 5])))
    consensus.add(LiveWindow(0, one.astype(np.float32), one, np.array([3, 5])))
    region = consensus.region(0, 100)
    assert region.tracks.tolist() == [3, 5]
    assert region.count[[10, 60, 95]].tolist() == [1, 1, 2]
    assert [run[:3] for run in region.runs(0, 100)] == [(3, 0, 100), (5, 90, 100)]
    assert region.clean_runs(0, 100) == [(3, 0, 90)]
