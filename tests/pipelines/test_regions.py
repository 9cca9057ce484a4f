"""What both detections share: hyper-parameters, averaging, hysteresis, labels, hooks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.hysteresis import smooth, toggle, turns
from reference.overlap_add import overlap_add
from reference.replay import Replay

from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, Frames, WindowedFrames
from ovdiar.parameters import ActivityParameters
from ovdiar.pipelines.overlapped_speech import OverlappedSpeechDetection
from ovdiar.pipelines.voice_activity import VoiceActivityDetection
from ovdiar.presets import OVERLAPPED_SPEECH, VOICE_ACTIVITY

if TYPE_CHECKING:
    from pathlib import Path

    from ovdiar.pipelines.regions import RegionDetection

WINDOWS = FrameGrid(step=400, width=4000)
FRAMES = FrameGrid(step=100, width=150)
BOTH = pytest.mark.parametrize("kind", [VoiceActivityDetection, OverlappedSpeechDetection])
SIGMOID = Replay(np.zeros((1, 293, 3)))
POWERSET = Replay(np.zeros((1, 293, 7)), powerset=2)


def test_sigmoid_networks_get_the_published_defaults() -> None:
    speech, overlap = VoiceActivityDetection(SIGMOID), OverlappedSpeechDetection(SIGMOID)
    assert speech.parameters == VOICE_ACTIVITY["dihard3"]
    assert overlap.parameters == OVERLAPPED_SPEECH["dihard3"]


@BOTH
def test_powerset_networks_are_cut_in_the_middle(kind: type[RegionDetection]) -> None:
    assert kind(POWERSET).parameters == ActivityParameters(onset=0.5, offset=0.5)


@BOTH
def test_what_is_given_by_name_outweighs_the_preset(kind: type[RegionDetection]) -> None:
    preset, changed = kind(SIGMOID, preset="ami"), kind(SIGMOID, preset="ami", offset=0.25)
    assert preset.parameters == kind.table["ami"]
    assert changed.parameters.offset == 0.25
    assert changed.parameters.onset == preset.parameters.onset


@BOTH
def test_a_preset_may_be_a_file(kind: type[RegionDetection], tmp_path: Path) -> None:
    file = tmp_path / "tuned.json"
    file.write_text(json.dumps({"onset": 0.25, "min_duration_on": 1}))
    parameters = kind(SIGMOID, preset=file).parameters
    assert (parameters.onset, parameters.min_duration_on) == (0.25, 1.0)
    assert parameters.offset == kind.table["dihard3"].offset


@BOTH
@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"onset": 1.5}, "onset is 1.5: give a number from 0 to 1"),
        ({"offset": -0.1}, "offset is -0.1"),
        ({"onset": float("nan")}, "onset is nan"),
        ({"min_duration_on": -1.0}, "min_duration_on is -1"),
        ({"min_duration_off": -1.0}, "min_duration_off is -1"),
        ({"preset": "broadcast"}, r"neither published \(ami, dihard3, voxconverse\)"),
        ({"batch_size": 0}, "batch_size is 0"),
    ],
)
def test_impossible_parameters_are_refused(
    kind: type[RegionDetection], given: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=complaint):
        kind(SIGMOID, **given)


def _network(seed: int, windows: int, speakers: int) -> Replay:
    rng = np.random.default_rng(seed)
    scores = rng.random((windows, 38, speakers)) ** rng.choice([0.5, 1.0, 2.0])
    return Replay(scores, windows=WINDOWS, frames=FRAMES)


@BOTH
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    windows=st.integers(1, 6),
    speakers=st.integers(2, 4),
    thresholds=st.tuples(st.floats(0.2, 0.8), st.floats(0.2, 0.8)),
    durations=st.tuples(st.floats(0, 0.05), st.floats(0, 0.05)),
)
def test_regions_are_those_of_the_slow_references(
    kind: type[RegionDetection],
    *,
    seed: int,
    windows: int,
    speakers: int,
    thresholds: tuple[float, float],
    durations: tuple[float, float],
) -> None:
    network = _network(seed, windows, speakers)
    (onset, offset), (on_s, off_s) = thresholds, durations
    pipeline = kind(
        network, onset=onset, offset=offset, min_duration_on=on_s, min_duration_off=off_s
    )
    trace: dict[str, Any] = {}
    found = pipeline(network.recording(), trace=trace)
    scores: WindowedFrames = trace["segmentations"]
    rank = -1 if kind is VoiceActivityDetection else -2
    ranked = np.array([[[sorted(row)[rank]] for row in window] for window in scores.data.tolist()])
    average = overlap_add(scores.with_data(ranked), hamming=True, missing=0.0)[:, 0]
    np.testing.assert_allclose(trace["aggregated"].data[:, 0], average, rtol=1e-5, atol=1e-7)
    frames: Frames = trace["aggregated"]
    states = toggle(frames.data[:, 0].tolist(), onset, offset)
    expected = smooth(turns(states, frames.grid.centres_s(len(frames)).tolist()), on_s, off_s)
    assert [(segment.start, segment.end, label) for segment, label in found] == [
        (*times, kind.label) for times in expected
    ]


@BOTH
def test_the_answer_bears_the_name_of_the_recording(kind: type[RegionDetection]) -> None:
    network = _network(0, 2, 3)
    assert kind(network)(network.recording(uri="meeting")).uri == "meeting"


@BOTH
def test_a_hook_hears_of_windows_and_then_of_frames(kind: type[RegionDetection]) -> None:
    heard: list[tuple[str, Any, Any]] = []

    def hook(
        step_name: str,
        step_artifact: Any,
        *,
        file: Any = None,
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        assert file["uri"] == "recording"
        heard.append((step_name, type(step_artifact), (completed, total)))

    network = _network(0, 5, 3)
    kind(network, batch_size=3)(network.recording(), hook=hook)
    silent = type(None)
    assert heard == [
        ("segmentation", silent, (0, 5)),
        ("segmentation", silent, (3, 5)),
        ("segmentation", silent, (5, 5)),
        ("segmentation", Frames, (None, None)),
    ]


@BOTH
@pytest.mark.parametrize("length", [1, 990, 991, 20_000, 79_999])
def test_what_the_network_says_of_padding_is_cut_off(
    kind: type[RegionDetection], length: int
) -> None:
    network = Replay(np.ones((1, 293, 3)))
    audio = network.recording(missing=network.duration_samples - length)
    answer = kind(network, min_duration_on=0.0)(audio)
    last_centre_s = (length + 991 / 2) / 16000
    assert [segment for segment, _ in answer if segment.end > last_centre_s] == []
    assert len(answer) == (length > 270)
