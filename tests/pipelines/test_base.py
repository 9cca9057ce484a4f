"""What the pipelines without embeddings share: conditioning, and thresholds by network."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.recordings import record
from reference.replay import Replay

from ovdiar import (
    OverlappedSpeechDetection,
    Resegmentation,
    SpeakerSegmentation,
    VoiceActivityDetection,
    load,
)
from ovdiar.audio.reading import load as load_audio
from ovdiar.conditioning import high_passed
from ovdiar.errors import ConfigError
from ovdiar.metrics.detection import detection_errors
from ovdiar.parameters import ConditioningParameters
from ovdiar.windows import slide

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

POWERSET = Replay(np.zeros((1, 293, 7)), powerset=2)
MEETING = record(0, voices=2, windows=4)
CONDITIONING: dict[str, Any] = {
    "segmentation_highpass": 80.0,
    "segmentation_lowpass": 7000.0,
    "segmentation_noise": 0.007,
}
BUNDLE = MEETING.models(**CONDITIONING, embedding_highpass=80.0, threshold=0.3)
WITH_PRESETS = (VoiceActivityDetection, OverlappedSpeechDetection, Resegmentation)
EVERY = pytest.mark.parametrize("kind", [*WITH_PRESETS, SpeakerSegmentation])
PRESETS = pytest.mark.parametrize("kind", WITH_PRESETS)


def conditioning(pipeline: Any) -> ConditioningParameters:
    found: ConditioningParameters = pipeline.parameters.section(ConditioningParameters)
    return found


@EVERY
def test_the_conditioning_is_the_bundles(kind: Any) -> None:
    assert conditioning(kind(BUNDLE)) == ConditioningParameters(**CONDITIONING)


@EVERY
def test_a_network_without_its_bundle_is_not_conditioned(kind: Any) -> None:
    assert conditioning(kind(BUNDLE.segmentation)) == ConditioningParameters()


@EVERY
def test_strict_parity_is_without_conditioning(kind: Any) -> None:
    strict = kind(BUNDLE, strict_parity=True, segmentation_highpass=100.0)
    assert strict.parameters == kind(BUNDLE.segmentation).parameters


@PRESETS
@pytest.mark.parametrize("preset", ["ami", "dihard3", "voxconverse"])
def test_a_published_preset_is_without_conditioning(kind: Any, preset: str) -> None:
    published = kind(BUNDLE, preset=preset)
    assert published.parameters == kind(BUNDLE.segmentation, preset=preset).parameters
    assert conditioning(published) == ConditioningParameters()


@PRESETS
def test_conditioning_may_be_given_beside_a_preset(kind: Any) -> None:
    given = kind(BUNDLE, preset="ami", segmentation_highpass=100.0)
    assert conditioning(given) == ConditioningParameters(segmentation_highpass=100.0)


@EVERY
def test_every_window_is_conditioned(kind: Any) -> None:
    seen: list[NDArray[np.float32]] = []

    class Seeing(Replay):
        def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
            seen.extend(windows)
            return np.zeros((len(windows), 293, 3), np.float32)

    samples = np.random.default_rng(0).normal(0.1, 0.01, 100_000).astype(np.float32)
    audio = {"waveform": samples, "sample_rate": 16000}
    with kind(Seeing(np.zeros((1, 293, 3))), segmentation_highpass=80.0).run(
        audio, *[None] * 3
    ) as run:
        windows = run.scores.windows
    expected = [*slide(high_passed([samples], 80.0, 16000), windows, 1)]
    np.testing.assert_array_equal(seen, np.concatenate(expected))


@EVERY
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"onset": 0.6}, "onset 0.6"),
        ({"offset": 0.5}, "offset 0.5"),
        ({"onset": 0.6, "offset": 0.4}, "onset 0.6 and offset 0.4"),
    ],
)
def test_a_powerset_network_has_no_thresholds(kind: Any, given: dict[str, Any], named: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{named}: [^\n]*\(--models tiny\)$"):
        kind(POWERSET, **given)


@PRESETS
@pytest.mark.parametrize("preset", ["ami", "dihard3", "voxconverse"])
def test_a_powerset_network_takes_no_preset_of_a_sigmoid_one(kind: Any, preset: str) -> None:
    with pytest.raises(ConfigError, match=rf"^preset '{preset}': .*\(--models tiny\)$"):
        kind(POWERSET, preset=preset)


@EVERY
def test_a_powerset_network_takes_minimum_durations(kind: Any) -> None:
    parameters = kind(POWERSET, min_duration_on=0.1, min_duration_off=0.2).parameters
    assert (parameters.min_duration_on, parameters.min_duration_off) == (0.1, 0.2)
    assert parameters.thresholds == (0.5, 0.5)


@PRESETS
def test_a_file_tuned_for_diarization_serves_a_powerset_network(kind: Any, tmp_path: Path) -> None:
    file = tmp_path / "tuned.json"
    values = {"segmentation_threshold": 0.5, "threshold": 0.6, "min_duration_off": 0.3}
    file.write_text(json.dumps(values | {"segmentation_highpass": 60.0}))
    parameters = kind(POWERSET, preset=file).parameters
    assert (parameters.min_duration_off, parameters.segmentation_highpass) == (0.3, 60.0)
    file.write_text(json.dumps(values | {"segmentation_threshold": 0.44}))
    with pytest.raises(ConfigError, match=r"tuned\.json': "):
        kind(POWERSET, preset=file)


def test_an_offset_of_the_waveform_does_not_change_speech(tiny: Path, conversation: Path) -> None:
    clean = load_audio(conversation)
    moved = {"waveform": clean.samples + np.float32(0.1), "sample_rate": clean.rate}
    detect = VoiceActivityDetection(load(tiny), segmentation_highpass=80.0)
    assert detection_errors(detect(conversation), detect(moved)).rate < 0.01


def test_the_level_of_the_waveform_does_not_change_speech(tiny: Path, conversation: Path) -> None:
    clean = load_audio(conversation)
    quiet = {"waveform": clean.samples * np.float32(0.001), "sample_rate": clean.rate}
    detect = VoiceActivityDetection(load(tiny), recording_level=-26.0)
    assert detection_errors(detect(conversation), detect(quiet)).rate < 0.01
