"""What several windows say of each frame is their mean."""

from __future__ import annotations

import numpy as np

from ovdiar.streaming.recent import LiveWindow, Recent, View


def window(start: int, scores: list[list[float]]) -> LiveWindow:
    values = np.array(scores, np.float32)
    return LiveWindow(start, values, values > 0.5)


def test_the_count_is_the_mean_over_windows() -> None:
    both, one = [[1.0, 1.0]] * 4, [[1.0, 0.0]] * 4
    view = View.of([window(0, both), window(2, one), window(3, one)])
    assert view.count(0, 7)[:, 0].tolist() == [2, 2, 2, 1, 1, 1, 1]
    assert view.count(3, 5)[:, 0].tolist() == [1, 1]


def test_activations_are_means_of_the_loudest_speaker_of_each_column() -> None:
    view = View.of([window(0, [[0.2, 0.8], [0.9, 0.1]]), window(1, [[0.6, 0.4], [1.0, 0.0]])])
    columns = np.array([[[0, 0], [0, 1]], [[1, -1], [1, -1]]])
    expected = [[0.8, 0.0], [0.45, 0.35], [0.0, 1.0]]
    np.testing.assert_allclose(view.activations(columns, 2, 0, 3), expected, rtol=1e-6)
    np.testing.assert_allclose(view.activations(columns, 2, 1, 2), expected[1:2], rtol=1e-6)


def test_a_longer_window_replaces_the_one_from_the_same_frame() -> None:
    recent = Recent()
    recent.add(window(0, [[1.0]] * 2))
    recent.add(window(0, [[1.0]] * 3))
    recent.add(window(1, [[1.0]] * 3))
    assert [(each.start, each.end) for each in recent.windows] == [(0, 3), (1, 4)]


def test_windows_are_dropped_when_all_their_frames_are_decided() -> None:
    recent = Recent([window(start, [[1.0]] * 4) for start in range(5)])
    recent.drop(6)
    assert [each.start for each in recent.windows] == [3, 4]
    recent.drop(100)
    assert [each.start for each in recent.windows] == [4]
