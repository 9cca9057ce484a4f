"""Speakers are told apart for as long as windows connect them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from reference.replay import Replay

from ovdiar.errors import ConfigError
from ovdiar.frames import Frames, WindowedFrames
from ovdiar.parameters import ConditioningParameters, SpeakerSegmentationParameters
from ovdiar.pipelines.speaker_segmentation import SpeakerSegmentation

FRAMES_PER_WINDOW = 293


def _network(turns: list[tuple[float, float, int]], windows: int, speakers: int = 3) -> Replay:
    """Score turns (start, end in s, speaker); each window has its speakers in another order."""
    rng = np.random.default_rng(0)
    scores = np.full((windows, FRAMES_PER_WINDOW, speakers), 0.02)
    scores += 0.01 * rng.random(scores.shape)
    for window, data in enumerate(scores):
        centres_s = 0.5 * window + (np.arange(FRAMES_PER_WINDOW) * 270 + 991 / 2) / 16000
        order = rng.permutation(speakers)
        for start_s, end_s, speaker in turns:
            data[(start_s <= centres_s) & (centres_s < end_s), order[speaker]] += 0.95
    return Replay(scores)


def _spoken(network: Replay, **given: Any) -> list[tuple[float, float, str]]:
    answer = SpeakerSegmentation(network, **given)(network.recording())
    return [(round(segment.start, 1), round(segment.end, 1), label) for segment, label in answer]


def test_turns_of_one_voice_get_one_label() -> None:
    network = _network([(1, 4, 0), (3, 6, 1), (5.5, 8, 0), (7, 10, 2)], windows=20)
    assert _spoken(network) == [
        (1.0, 4.0, "SPEAKER_00"),
        (3.0, 6.0, "SPEAKER_01"),
        (5.5, 8.0, "SPEAKER_00"),
        (7.0, 10.0, "SPEAKER_02"),
    ]


def test_labels_follow_the_text_of_the_numbers_as_pyannotes_do() -> None:
    # twelve turns, each too far from the next for a window to hold both
    network = _network([(1 + 7 * k, 3 + 7 * k, k % 3) for k in range(12)], windows=170)
    numbers = [int(label.removeprefix("SPEAKER_")) for _, _, label in _spoken(network)]
    assert numbers == [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3]


def test_the_speakers_of_a_short_recording_are_not_forgotten() -> None:
    network = _network([(0.5, 2, 0), (2, 4, 1)], windows=1)
    first, second = _spoken(network)
    assert (first[:2], second[:2]) == ((0.5, 2.0), (2.0, 4.0))
    assert {first[2], second[2]} == {"SPEAKER_00", "SPEAKER_01"}


def test_minimum_durations_fill_gaps_and_drop_turns() -> None:
    network = _network([(1, 3, 0), (3.3, 5, 0), (6, 6.2, 1)], windows=6)
    assert _spoken(network, min_duration_off=0.5, min_duration_on=0.5) == [(1.0, 5.0, "SPEAKER_00")]


def test_silence_holds_nobody() -> None:
    assert _spoken(_network([], windows=8)) == []


def test_defaults_are_those_published() -> None:
    sigmoid = SpeakerSegmentation(Replay(np.zeros((1, 293, 3))))
    powerset = SpeakerSegmentation(Replay(np.zeros((1, 293, 7)), powerset=2))
    expected = {"onset": 0.84, "offset": 0.46, "min_duration_on": 0, "min_duration_off": 0}
    assert sigmoid.parameters.to_dict() == expected | {
        "stitch_threshold": 0.39,
        **ConditioningParameters().to_dict(),
    }
    assert powerset.parameters == SpeakerSegmentationParameters(onset=0.5, offset=0.5)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"stitch_threshold": 1.5}, "stitch_threshold is 1.5: give a number from 0 to 1"),
        ({"onset": 2.0}, "onset is 2"),
        ({"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_impossible_parameters_are_refused(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        SpeakerSegmentation(Replay(np.zeros((1, 293, 3))), **given)


def test_steps_are_told_and_traced() -> None:
    heard: list[str] = []

    def hook(step_name: str, step_artifact: Any, **_: Any) -> None:
        if step_artifact is not None:
            heard.append(step_name)

    network = _network([(1, 4, 0)], windows=4)
    trace: dict[str, Any] = {}
    SpeakerSegmentation(network)(network.recording(), hook=hook, trace=trace)
    assert heard == ["segmentation", "speaker_counting", "stitching", "aggregation"]
    assert {name: type(value) for name, value in trace.items()} == {
        "segmentations": WindowedFrames,
        "count": Frames,
        "stitches": np.ndarray,
        "discrete_diarization": Frames,
    }
    assert trace["stitches"].shape == (4, 3)
