"""Every pipeline of pyannote.audio 3.3.2 (SpeakerSegmentation: 2.1.1), on four recordings.

Twice: from the scores that pyannote's network gave, and from audio through ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from reference.replay import FRAMES, WINDOWS, Remembering, Replay, positions

from ovdiar import Annotation, SpeakerDiarization, load
from ovdiar.activity import binarize
from ovdiar.audio.reading import load as load_audio
from ovdiar.counting import speaker_count
from ovdiar.formats import rttm
from ovdiar.frames import WindowedFrames
from ovdiar.pipelines.inference import Inference
from ovdiar.pipelines.overlapped_speech import OverlappedSpeechDetection
from ovdiar.pipelines.resegmentation import Resegmentation
from ovdiar.pipelines.speaker_segmentation import SpeakerSegmentation
from ovdiar.pipelines.voice_activity import VoiceActivityDetection

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar.audio.reading import AudioInput
    from ovdiar.networks.segmentation import SegmentationModel

RECORDINGS = {
    "sample": "sample/sample.wav",
    "trn03": "ami/trn03.wav",
    "trn05": "ami/trn05.wav",
    "dev00": "ami/dev00.wav",
}
PLAIN: dict[str, Any] = {
    "onset": 0.5,
    "offset": 0.5,
    "min_duration_on": 0.0,
    "min_duration_off": 0.0,
}
PIPELINES = ("vad_ami", "vad_plain", "osd_ami", "osd_plain", "segmentation", "resegmentation")
DIARIZATIONS: dict[str, tuple[float, dict[str, Any]]] = {
    "t020": (0.2, {}),
    "t050": (0.5, {}),
    "t090": (0.9, {}),
    "k1": (0.5, {"num_speakers": 1}),
    "k2": (0.5, {"num_speakers": 2}),
    "k4": (0.5, {"num_speakers": 4}),
    "min3": (0.9, {"min_speakers": 3}),
    "max2": (0.2, {"max_speakers": 2}),
}
"""Threshold of clustering, and what was said of the number of speakers."""


class Case(NamedTuple):
    """One recording and what pyannote answered."""

    uri: str
    audio: Path
    answers: Path

    def array(self, name: str) -> NDArray[Any]:
        with np.load(self.answers / f"{self.uri}.npz") as arrays:
            array: NDArray[Any] = arrays[name]
            return array

    def rttm(self, task: str) -> str:
        return (self.answers / f"{self.uri}.{task}.rttm").read_text()

    def replay(self) -> tuple[Replay, dict[str, Any]]:
        samples = len(load_audio(self.audio))
        return Replay(self.array("segmentations")), positions(samples, self.uri)


@pytest.fixture(scope="module", params=RECORDINGS)
def case(request: pytest.FixtureRequest, shared: Path) -> Case:
    audio = shared / "data" / RECORDINGS[request.param]
    return Case(request.param, audio, shared / "reference" / "pyannote-3.3.2")


@pytest.fixture(scope="module")
def network(tiny: Path) -> Remembering:
    return Remembering(load(tiny).segmentation)


def _run(task: str, network: SegmentationModel, audio: AudioInput, case: Case) -> str:
    answer: Annotation
    if task == "segmentation":
        answer = SpeakerSegmentation(network, strict_parity=True)(audio)
    elif task == "resegmentation":
        pipeline = Resegmentation(network, preset="ami", strict_parity=True)
        answer = pipeline(audio, case.answers / f"{case.uri}.baseline.rttm")
    else:
        kind, _, parameters = task.partition("_")
        detection = VoiceActivityDetection if kind == "vad" else OverlappedSpeechDetection
        if parameters == "ami":
            answer = detection(network, preset="ami", strict_parity=True)(audio)
        else:
            answer = detection(network, strict_parity=True, **PLAIN)(audio)
    return rttm.dumps(answer)


@pytest.mark.parametrize("task", PIPELINES)
def test_from_stored_scores_the_lines_are_equal(case: Case, task: str) -> None:
    replay, audio = case.replay()
    assert _run(task, replay, audio, case) == case.rttm(task)


@pytest.mark.parametrize("task", PIPELINES)
def test_from_audio_the_lines_are_equal(case: Case, network: SegmentationModel, task: str) -> None:
    assert _run(task, network, case.audio, case) == case.rttm(task)


def test_inference_keeps_the_windows_apart_as_pyannote_does(
    case: Case, network: SegmentationModel
) -> None:
    scores = Inference(network)(case.audio)
    expected = case.array("aggregated")
    assert isinstance(scores, WindowedFrames)
    assert scores.windows == WINDOWS
    assert scores.frames == FRAMES
    assert scores.data.shape == expected.shape
    assert np.abs(scores.data - expected).max() <= 1e-4


@pytest.mark.parametrize("source", ["stored scores", "audio"])
def test_the_speaker_count_is_equal(
    case: Case, source: str, request: pytest.FixtureRequest
) -> None:
    if source == "audio":
        scores = Inference(request.getfixturevalue("network"))(case.audio)
    else:
        scores = WindowedFrames(case.array("segmentations"), WINDOWS, FRAMES)
    assert isinstance(scores, WindowedFrames)
    count = speaker_count(scores.with_data(binarize(scores.data, 0.4442)))
    np.testing.assert_array_equal(count.data, case.array("count"))


@pytest.mark.filterwarnings("ignore:asked for")
@pytest.mark.parametrize("tag", DIARIZATIONS)
def test_the_lines_of_a_diarization_are_equal(case: Case, tag: str) -> None:
    threshold, asked = DIARIZATIONS[tag]
    pipeline = SpeakerDiarization(
        None,
        preset="2.1",
        segmentation_threshold=0.4442,
        min_duration_off=0.5817,
        min_cluster_size=6,
        threshold=threshold,
        strict_parity=True,
    )
    trace: dict[str, Any] = {}
    result = pipeline.decode(
        case.array("segmentations"),
        case.array("embeddings"),
        window_s=5.0,
        step_s=0.5,
        uri=case.uri,
        trace=trace,
        **asked,
    )
    assert rttm.dumps(result.speaker_diarization) == case.rttm(f"diarization_{tag}")
    np.testing.assert_array_equal(trace["discrete_diarization"].data, case.array(f"discrete_{tag}"))
