"""The pipeline: a recording in, speaker turns out."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.bundles import write_bundle
from reference.recordings import (
    FRAMES,
    Recording,
    ReplayedVoices,
    record,
    silent,
    write_plda,
)
from reference.replay import WINDOWS, Replay

from ovdiar import FrameGrid, SpeakerDiarization
from ovdiar.conditioning import high_passed
from ovdiar.errors import ConfigError
from ovdiar.formats import rttm
from ovdiar.networks.bundle import load_bundle
from ovdiar.parameters import DiarizationParameters, Linkage, declarations
from ovdiar.presets import DIARIZATION
from ovdiar.segment import Segment
from ovdiar.windows import slide

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar import DiarizationResult

MEETING = record(11, voices=4, windows=24)


def _diarize(recording: Recording = MEETING, **more: Any) -> DiarizationResult:
    return SpeakerDiarization(recording.models(), **more)(recording.audio())


def _decode(recording: Recording = MEETING, **more: Any) -> DiarizationResult:
    pipeline = SpeakerDiarization(None)
    return pipeline.decode(recording.scores, recording.embeddings, **recording.how() | more)


def test_the_voices_of_a_meeting_are_told_apart_where_they_speak() -> None:
    annotation = _diarize().speaker_diarization
    said = np.zeros((len(MEETING.talk), len(annotation.labels())), dtype=bool)
    centres_s = FRAMES.centres_s(len(said))
    for segment, speaker in annotation:
        column = annotation.labels().index(speaker)
        said[(segment.start <= centres_s) & (centres_s < segment.end), column] = True
    last = len(said) - 1  # the last turn ends at the last frame
    expected = {frozenset(np.flatnonzero(voice[:last])) for voice in MEETING.talk.T}
    assert {frozenset(np.flatnonzero(voice[:last])) for voice in said.T} == expected


def test_a_call_is_the_networks_and_then_decoding() -> None:
    called, exact = _diarize(), _diarize(strict_parity=True)
    decoded = _decode(uri="meeting")
    assert called.provenance is not None
    recorded = Segment(0, called.provenance["duration_s"])  # which decoding does not know
    assert called.speaker_diarization == decoded.speaker_diarization.crop(recorded)
    exclusive = decoded.exclusive_speaker_diarization.crop(recorded)
    assert called.exclusive_speaker_diarization == exclusive
    np.testing.assert_allclose(called.speaker_embeddings, decoded.speaker_embeddings, atol=1e-3)
    by_text = SpeakerDiarization(None, strict_parity=True)
    strict = by_text.decode(MEETING.scores, MEETING.embeddings, **MEETING.how())
    np.testing.assert_array_equal(exact.speaker_embeddings, strict.speaker_embeddings)


def test_the_same_recording_gives_the_same_bytes_twice() -> None:
    pipeline = SpeakerDiarization(MEETING.models())
    first, second = (rttm.dumps(pipeline(MEETING.audio()).speaker_diarization) for _ in range(2))
    assert first
    assert first.encode() == second.encode()


@pytest.mark.parametrize("batch_size", [1, 7, 24, 32])
def test_batches_of_any_size_give_the_same_bytes(batch_size: int) -> None:
    texts = {rttm.dumps(_diarize(batch_size=size).speaker_diarization) for size in (batch_size, 5)}
    assert len(texts) == 1


def test_network_answers_are_not_written_to() -> None:
    scores, embeddings = MEETING.scores.copy(), MEETING.embeddings.copy()
    _decode()
    _diarize()
    np.testing.assert_array_equal(MEETING.scores, scores)
    np.testing.assert_array_equal(MEETING.embeddings, embeddings)


def test_frozen_arrays_are_welcome() -> None:
    scores, embeddings = MEETING.scores.copy(), MEETING.embeddings.copy()
    scores.flags.writeable = embeddings.flags.writeable = False
    frozen = Recording(scores, embeddings, MEETING.talk)
    assert _decode(frozen).speaker_diarization == _decode().speaker_diarization


def test_lists_are_as_good_as_arrays() -> None:
    listed = SpeakerDiarization(None).decode(
        MEETING.scores.tolist(), MEETING.embeddings.tolist(), **MEETING.how()
    )
    assert listed.speaker_diarization == _decode().speaker_diarization


def test_a_powerset_network_answers_like_one_that_scores_speakers() -> None:
    members = [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    sets = np.zeros((*MEETING.scores.shape[:2], len(members)), dtype=np.float32) - 9
    expected = MEETING.scores.copy()
    for number, who in enumerate(members):
        here = np.all(MEETING.scores == np.isin(range(3), who), axis=2)
        sets[here, number] = 0
    expected[MEETING.scores.sum(axis=2) > 2] = 0  # three at once are no class
    models = MEETING.models()
    classes = replace(models, segmentation=Replay(sets, powerset=2, frames=FRAMES))
    plain = Recording(expected, MEETING.embeddings, MEETING.talk)
    by_sets = SpeakerDiarization(classes)(MEETING.audio())
    assert by_sets.speaker_diarization == _diarize(plain).speaker_diarization


@pytest.mark.parametrize("missing", [1, WINDOWS.step - 1])
def test_the_last_window_is_filled_with_silence(missing: int) -> None:
    audio = MEETING.audio()
    audio["waveform"] = audio["waveform"][: len(audio["waveform"]) - missing]
    trace: dict[str, Any] = {}
    SpeakerDiarization(MEETING.models())(audio, trace=trace)
    assert len(trace["segmentations"]) == 24


@pytest.mark.parametrize("samples", [1, WINDOWS.width - 1, WINDOWS.width])
def test_a_recording_up_to_one_window_is_one_window(samples: int) -> None:
    trace: dict[str, Any] = {}
    audio = {"waveform": np.zeros(samples, dtype=np.float32), "sample_rate": 16000}
    result = SpeakerDiarization(MEETING.models())(audio, trace=trace)
    assert len(trace["segmentations"]) == 1
    assert result.speaker_diarization.uri == "waveform"


def test_windows_can_lie_further_apart() -> None:
    trace: dict[str, Any] = {}
    longer = record(0, voices=2, windows=26)
    SpeakerDiarization(longer.models(), segmentation_step=0.5)(longer.audio(), trace=trace)
    assert trace["segmentations"].windows == FrameGrid(40000, 80000)
    np.testing.assert_array_equal(trace["segmentations"].data, longer.scores[::5])


def test_silence_is_not_embedded() -> None:
    models = silent(5).models()
    result = SpeakerDiarization(models)(silent(5).audio())
    assert models.embedding.asked == 0  # type: ignore[attr-defined]
    assert (len(result.speaker_diarization), result.speaker_diarization.uri) == (0, "meeting")
    assert result.speaker_embeddings.shape == (0, 16)


def test_rows_of_embeddings_belong_to_the_labels() -> None:
    result = _diarize()
    labels = result.speaker_diarization.labels()
    assert len(result.speaker_embeddings) == len(labels) == 4
    similar = result.speaker_embeddings @ result.speaker_embeddings.T
    assert np.abs(similar - np.eye(4)).max() < 0.2


def test_the_trace_holds_every_intermediate() -> None:
    trace: dict[str, Any] = {}
    _decode(trace=trace)
    windows, frames, speakers = MEETING.scores.shape
    assert trace["segmentations"].data.shape == (windows, frames, speakers)
    assert trace["binarized_segmentations"].data.dtype == bool
    assert trace["count"].data.shape[1] == 1
    assert trace["embeddings"].shape == (windows, speakers, 16)
    assert trace["hard_clusters"].shape == (windows, speakers)
    assert trace["soft_clusters"].shape == (windows, speakers, 4)
    assert trace["centroids"].shape == (4, 16)
    rows = len(trace["training_labels"])
    assert len(trace["training_windows"]) == len(trace["training_speakers"]) == rows
    assert trace["discrete_diarization"].data.shape == (len(trace["count"]), 4)
    exclusive = trace["exclusive_discrete_diarization"].data
    assert exclusive.shape == trace["discrete_diarization"].data.shape


def test_the_trace_of_vbx_holds_its_beliefs(tmp_path: Path) -> None:
    trace: dict[str, Any] = {}
    pipeline = SpeakerDiarization(None, preset="community-1", plda=write_plda(tmp_path))
    pipeline.decode(MEETING.scores, MEETING.embeddings, **MEETING.how(), trace=trace)
    rows = len(trace["training_labels"])
    assert trace["plda_features"].shape == (rows, 16)
    assert trace["responsibilities"].shape == (rows, len(trace["priors"]))
    assert len(trace["elbo"]) >= 1


def _renamed(result: DiarizationResult) -> DiarizationResult:
    """Rename speakers in the order in which they first speak."""
    spoken = dict.fromkeys(who for _, who in result.speaker_diarization)
    names = {who: f"SPEAKER_{index:02d}" for index, who in enumerate(spoken)}
    return replace(result, speaker_diarization=result.speaker_diarization.rename_labels(names))


def test_labels_are_in_the_order_of_first_speech_and_strict_ones_in_that_of_text() -> None:
    crowd = record(4, voices=12, windows=90)
    plain, strict = (
        SpeakerDiarization(None, strict_parity=parity, threshold=0.5, min_cluster_size=1).decode(
            crowd.scores, crowd.embeddings, **crowd.how()
        )
        for parity in (False, True)
    )
    assert len(plain.speaker_diarization.labels()) == 12
    assert plain.speaker_diarization == _renamed(plain).speaker_diarization
    assert strict.speaker_diarization != plain.speaker_diarization
    assert _renamed(strict).speaker_diarization == plain.speaker_diarization


def test_strict_parity_leaves_out_what_is_not_pyannotes() -> None:
    ours = {
        "recording_level": -26.0,
        "segmentation_highpass": 80.0,
        "segmentation_lowpass": 7000.0,
        "segmentation_noise": 0.01,
        "embedding_highpass": 80.0,
        "min_duration_on": 0.1,
        "side_by_side": 0.3,
        "refine_clusters": True,
    }
    declared = declarations(DiarizationParameters)
    parity = {name: each.parity for name, each in declared.items() if each.parity is not None}
    assert set(ours) == set(parity)
    models = MEETING.models(linkage="average", **ours)
    assert ours.items() <= vars(SpeakerDiarization(models).parameters).items()
    strict = SpeakerDiarization(models, strict_parity=True).parameters
    for parameters in (strict, *DIARIZATION.values()):
        assert parity.items() <= vars(parameters).items()


class Recorded(ReplayedVoices):
    """Embeddings of a meeting, and the windows that they were computed from."""

    def __init__(self) -> None:
        super().__init__(MEETING.embeddings)
        self.windows: list[NDArray[np.float32]] = []

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        self.windows += [*windows]
        return np.ones((*masks.shape[:2], self.spec.dimension), np.float32)


def test_the_embedding_has_a_high_pass_filter_of_its_own() -> None:
    plain, filtered = Recorded(), Recorded()
    audio = MEETING.audio()
    SpeakerDiarization(replace(MEETING.models(), embedding=plain)).prepare(audio)
    pipeline = SpeakerDiarization(
        replace(MEETING.models(), embedding=filtered), embedding_highpass=80.0
    )
    prepared = pipeline.prepare(audio)
    np.testing.assert_array_equal(prepared.scores.data, MEETING.scores)
    expected = [*slide(high_passed([audio["waveform"]], 80.0, 16000), prepared.scores.windows, 1)]
    np.testing.assert_array_equal(filtered.windows, np.concatenate(expected))
    assert not np.array_equal(filtered.windows, plain.windows)


@pytest.mark.parametrize("linkage", ["centroid", "median", "ward"])
def test_a_price_that_the_linkage_cannot_add_is_refused_at_once(linkage: Linkage) -> None:
    with pytest.raises(ConfigError, match=f"side_by_side does not fit linkage '{linkage}'"):
        SpeakerDiarization(None, linkage=linkage, side_by_side=0.1)
    SpeakerDiarization(None, linkage=linkage, side_by_side=0.0)


def test_hyper_parameters_are_those_of_the_bundle() -> None:
    models = MEETING.models(threshold=0.4, linkage="average", min_cluster_size=3)
    expected = DiarizationParameters(threshold=0.4, linkage="average", min_cluster_size=3)
    assert SpeakerDiarization(models).parameters == expected


def test_a_preset_outweighs_the_bundle_and_a_keyword_the_preset() -> None:
    models = MEETING.models(threshold=0.4, fa=9)
    pipeline = SpeakerDiarization(models, preset="2.1", min_cluster_size=3)
    assert pipeline.parameters == replace(DIARIZATION["2.1"], min_cluster_size=3)


def test_a_preset_file_changes_the_bundles(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"threshold": 0.3}), encoding="utf-8")
    pipeline = SpeakerDiarization(MEETING.models(linkage="average"), preset=file)
    assert pipeline.parameters == DiarizationParameters(threshold=0.3, linkage="average")


def test_a_bundle_with_an_unknown_hyper_parameter_is_refused() -> None:
    with pytest.raises(ConfigError, match="'loudness' is unknown"):
        SpeakerDiarization(MEETING.models(loudness=1))


@pytest.mark.parametrize("name", ["threshold", "segmentation_threshold", "fa", "min_cluster_size"])
def test_an_impossible_hyper_parameter_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is -1"):
        SpeakerDiarization(None, **{name: -1})  # type: ignore[arg-type]


@pytest.mark.parametrize("batch_size", [0, -1])
def test_a_batch_holds_at_least_one_window(batch_size: int) -> None:
    with pytest.raises(ConfigError, match=f"batch_size is {batch_size}"):
        SpeakerDiarization(None, batch_size=batch_size)


def test_vbx_takes_the_plda_of_the_bundle(tmp_path: Path) -> None:
    write_plda(tmp_path / "plda")
    bundle = load_bundle(write_bundle(tmp_path))
    models = replace(MEETING.models(), bundle=replace(bundle, pipeline={}))
    result = SpeakerDiarization(models, preset="community-1")(MEETING.audio())
    assert len(result.speaker_diarization.labels()) == 4


def test_vbx_without_a_plda_is_refused() -> None:
    for models in (None, replace(MEETING.models(), bundle=MEETING.models().bundle)):
        with pytest.raises(ConfigError, match="needs a PLDA: give plda=FOLDER"):
            SpeakerDiarization(models, preset="community-1")


def test_a_pipeline_without_networks_only_decodes() -> None:
    with pytest.raises(ConfigError, match="made without models: give them, or use decode"):
        SpeakerDiarization(None)(MEETING.audio())


def test_decoding_takes_pyannets_grid_unless_told() -> None:
    trace: dict[str, Any] = {}
    scores, embeddings = np.zeros((2, 589, 3)), np.zeros((2, 3, 4))
    SpeakerDiarization(None).decode(scores, embeddings, trace=trace)
    assert trace["segmentations"].frames == FrameGrid(step=270, width=991)
    assert trace["segmentations"].windows == FrameGrid(step=16000, width=160000)


@pytest.mark.parametrize(
    ("scores", "embeddings", "message"),
    [
        ((2, 10), (2, 3, 4), "scores of shape (2, 10)"),
        ((2, 10, 3), (2, 3), "embeddings of shape (2, 3)"),
        ((0, 10, 3), (0, 3, 4), "scores of shape (0, 10, 3)"),
        ((2, 10, 3), (3, 3, 4), "windows and speakers must agree"),
        ((2, 10, 3), (2, 2, 4), "windows and speakers must agree"),
        ((2, 594, 3), (2, 3, 4), "scores of 594 frames a window, and 10.0 s hold 593"),
        ((), (2, 3, 4), "scores of shape ()"),
    ],
)
def test_tensors_that_do_not_fit_are_refused_by_their_shapes(
    scores: tuple[int, ...], embeddings: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        SpeakerDiarization(None).decode(np.zeros(scores), np.zeros(embeddings))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("count", [1, 588, 589, 592, 593])
@pytest.mark.parametrize("windows", [1, 2, 9])
def test_as_many_frames_as_a_window_holds_can_be_decoded(count: int, windows: int) -> None:
    scores, embeddings = np.ones((windows, count, 1)), np.ones((windows, 1, 4))
    result = SpeakerDiarization(None).decode(scores, embeddings)
    assert result.speaker_diarization.labels() == ["SPEAKER_00"]


@pytest.mark.parametrize(
    "times",
    [
        {"window_s": 0.0},
        {"window_s": -5.0},
        {"step_s": 0.0},
        {"step_s": 1e-9},
        {"window_s": np.nan},
        {"step_s": np.inf},
    ],
)
def test_windows_need_positive_times(times: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"give positive times|is not finite"):
        SpeakerDiarization(None).decode(np.zeros((1, 5, 1)), np.zeros((1, 1, 4)), **times)


@pytest.mark.parametrize("shape", [(2, 0, 3), (2, 5, 0), (1, 1, 1)])
def test_no_frames_and_no_speakers_are_silence(shape: tuple[int, int, int]) -> None:
    embeddings = np.zeros((shape[0], shape[2], 4))
    result = SpeakerDiarization(None).decode(np.zeros(shape), embeddings)
    assert len(result.speaker_diarization) == 0


@pytest.mark.parametrize("value", [np.nan, 0.0, np.inf])
def test_speech_whose_voices_are_unknown_is_one_speakers(value: float) -> None:
    unknown = np.full_like(MEETING.embeddings, value)
    result = _decode(Recording(MEETING.scores, unknown, MEETING.talk), max_speakers=1)
    assert result.speaker_diarization.labels() == ["SPEAKER_00"]
    assert result.speaker_embeddings.tolist() == [[0.0] * 16]


def test_scores_that_are_unknown_are_silence() -> None:
    unknown = np.full_like(MEETING.scores, np.nan)
    result = _decode(Recording(unknown, MEETING.embeddings, MEETING.talk))
    assert len(result.speaker_diarization) == 0


def test_a_threshold_decides_who_is_active() -> None:
    quiet = Recording(MEETING.scores * 0.45, MEETING.embeddings, MEETING.talk)
    heard = {
        threshold: SpeakerDiarization(None, segmentation_threshold=threshold).decode(
            quiet.scores, quiet.embeddings, **quiet.how()
        )
        for threshold in (0.4, 0.5)
    }
    assert heard[0.4].speaker_diarization == _decode().speaker_diarization
    assert len(heard[0.5].speaker_diarization) == 0


class Listener(ReplayedVoices):
    """Remembers how many frames it was shown."""

    shown = 0.0

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        self.shown += masks.sum()
        return super().__call__(windows, masks)


def test_embeddings_can_be_taken_with_the_overlap() -> None:
    shown = {}
    for exclude in (True, False):
        listener = Listener(MEETING.embeddings)
        models = replace(MEETING.models(), embedding=listener)
        SpeakerDiarization(models, embedding_exclude_overlap=exclude)(MEETING.audio())
        shown[exclude] = listener.shown
    assert shown[True] < shown[False] == MEETING.scores.sum()
