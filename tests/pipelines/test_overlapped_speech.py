"""Overlap is wherever a second speaker is."""

from __future__ import annotations

import numpy as np
import pytest
from reference.replay import Replay

from ovdiar.pipelines.overlapped_speech import OverlappedSpeechDetection


def _replay(*speakers: slice) -> Replay:
    scores = np.zeros((1, 293, len(speakers)))
    for column, frames in enumerate(speakers):
        scores[0, frames, column] = 0.9
    return Replay(scores)


@pytest.mark.parametrize("silent", [0, 1])
def test_overlap_is_where_two_of_any_number_speak(silent: int) -> None:
    nobody = [slice(0, 0)] * silent
    network = _replay(slice(50, 150), *nobody, slice(100, 200))
    [(segment, label)] = OverlappedSpeechDetection(network)(network.recording())
    assert label == "OVERLAP"
    assert segment.start == pytest.approx((100 * 270 + 991 / 2) / 16000)
    assert segment.duration == pytest.approx(50 * 270 / 16000)


def test_one_speaker_alone_never_overlaps() -> None:
    network = _replay(slice(50, 150), slice(150, 250), slice(250, 280))
    assert len(OverlappedSpeechDetection(network)(network.recording())) == 0


def test_a_network_with_one_column_scores_overlap_itself() -> None:
    network = _replay(slice(50, 150))
    [(segment, _)] = OverlappedSpeechDetection(network)(network.recording())
    assert segment.duration == pytest.approx(100 * 270 / 16000)
