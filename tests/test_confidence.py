"""Confidence: high where windows agree and voices lie apart, low elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import confidence as slow
from reference.recordings import FRAMES, Recording, record
from reference.replay import WINDOWS

from ovdiar import Annotation, DiarizationResult, Segment, SpeakerDiarization, Turn
from ovdiar.activity import SpeakerTurns, speaker_turns
from ovdiar.calibration import Calibration
from ovdiar.confidence import confidence, turn_features
from ovdiar.formats import rttm
from ovdiar.frames import FrameGrid, Frames, WindowedFrames
from ovdiar.reconstruction import cluster_activations

SURE = Annotation(
    (
        Turn(Segment(0, 3), "A", confidence=0.9),
        Turn(Segment(4, 5), "A", confidence=0.5),
        Turn(Segment(2, 6), "B", confidence=0.7),
    )
)


CALIBRATION = Calibration(activation=0.575, margin=2.118, bias=-1.049, largest_margin=1.5)


def _decode(recording: Recording, **more: object) -> DiarizationResult:
    models = recording.models()
    calibrated = replace(models, bundle=replace(models.bundle, calibration=CALIBRATION))
    return SpeakerDiarization(calibrated).decode(
        recording.scores,
        recording.embeddings,
        **recording.how(),
        **more,  # type: ignore[arg-type]
    )


def _known(result: DiarizationResult) -> list[float]:
    return [value for value in result.confidence if value is not None]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 30))
def test_every_turn_has_a_confidence_between_0_and_1(seed: int, voices: int, windows: int) -> None:
    result = _decode(record(seed, voices=voices, windows=windows))
    values = _known(result)
    assert len(values) == len(result.speaker_diarization)
    assert all(0 <= value <= 1 for value in values)


def test_voices_far_apart_are_surer_than_voices_alike() -> None:
    clear = record(5, voices=3, windows=30)
    noise = np.random.default_rng(0).normal(size=clear.embeddings.shape)
    vague = clear._replace(embeddings=clear.embeddings + 0.5 * noise.astype(np.float32))
    assert np.mean(_known(_decode(clear))) > np.mean(_known(_decode(vague, num_speakers=3)))


def test_faint_scores_are_less_sure() -> None:
    loud = record(6, voices=2, windows=30)
    faint = loud._replace(scores=0.6 * loud.scores)
    assert max(_known(_decode(faint))) < min(_known(_decode(loud)))


def _turn(end_s: float, column: int = 0) -> SpeakerTurns:
    return SpeakerTurns(np.array([column]), np.array([0.05]), np.array([end_s]))


def _features(on: list[list[float]], soft: list[list[float]]) -> list[float]:
    """Rate a turn of one speaker over all of some windows of four frames, two frames apart."""
    scores = np.array(on)[:, :, np.newaxis]
    windowed = WindowedFrames(scores, FrameGrid(2, 4, 0, 10), FrameGrid(1, 1, 0, 10))
    end_s = (2 * (len(on) - 1) + 4) / 10
    labels = np.zeros((len(on), 1), dtype=np.int64)
    turn = _turn(end_s + 0.05)
    found = turn_features(windowed, scores > 0.5, labels, np.array(soft)[:, np.newaxis], turn)
    (row,) = found[0].tolist()
    return [float(value) for value in row]


def test_the_activation_is_the_mean_over_frames_and_windows() -> None:
    near = [1.8, 1.4]
    assert _features([[1, 1, 1, 1]] * 3, [near] * 3)[0] == pytest.approx(1)
    assert _features([[1, 1, 1, 1], [0.8, 0.8, 0, 0]], [near] * 2)[0] == pytest.approx(5.6 / 8)
    assert _features([[1, 1, 1, 1], [0, 0, 0, 0]], [near] * 2)[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("soft", "margin"),
    [
        ([1.8, 1.4], np.log(3)),
        ([1.4, 1.8], -np.log(3)),
        ([1.99, 1.0], np.log(100)),
        ([2.0, 1.0], np.log(1e6)),
        ([1.5], np.inf),
        ([np.nan, np.nan], 0),
    ],
)
def test_the_margin_compares_own_and_second_best_voice(soft: list[float], margin: float) -> None:
    assert _features([[1, 1, 1, 1]] * 2, [soft] * 2)[1] == pytest.approx(margin)


def test_a_speaker_without_a_cluster_has_no_support() -> None:
    windowed = WindowedFrames(np.ones((1, 4, 1)), FrameGrid(2, 4, 0, 10), FrameGrid(1, 1, 0, 10))
    active, labels = np.ones((1, 4, 1), dtype=bool), np.zeros((1, 1), dtype=np.int64)
    turn = _turn(0.35, column=3)
    (found,) = turn_features(windowed, active, labels, np.ones((1, 1, 1)), turn)
    assert found.tolist() == [[0, 0]]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 12))
def test_features_equal_sums_over_turns_and_windows(seed: int, voices: int, windows: int) -> None:
    recording = record(seed, voices=voices, windows=windows)
    rng = np.random.default_rng(seed)
    scores = WindowedFrames(rng.random(recording.scores.shape) * recording.scores, WINDOWS, FRAMES)
    active, labels = scores.data > 0.5, rng.integers(0, 3, recording.scores.shape[::2])
    soft = 2 - rng.random((*labels.shape, 3))
    activations = cluster_activations(scores, labels)
    turns = speaker_turns(Frames(activations.data > 0, activations.grid))
    expected = slow.turn_features(turns, scores, active, labels, soft)
    for found in turn_features(scores, active, labels, soft, turns, turns):
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_the_formula_grows_with_either_feature_up_to_the_largest_margin() -> None:
    grid = np.array([[a, m] for a in (0, 0.5, 1) for m in (-1.5, 0, 1.5, 9)])
    shares = confidence(grid, CALIBRATION).reshape(3, 4)
    assert (np.diff(shares, axis=0) > 0).all()
    assert (np.diff(shares[:, :3], axis=1) > 0).all()
    assert np.array_equal(shares[:, 2], shares[:, 3])


def test_without_a_calibration_no_turn_has_a_confidence() -> None:
    meeting = record(11, voices=3, windows=12)
    bare = SpeakerDiarization(None)
    result = bare.decode(meeting.scores, meeting.embeddings, **meeting.how())
    assert set(result.confidence) == {None}


def test_turns_that_differ_in_confidence_alone_are_equal() -> None:
    bare = Annotation(tuple(replace(turn, confidence=None) for turn in SURE.turns))
    assert bare == SURE
    assert hash(bare) == hash(SURE)


def test_cutting_and_renaming_keep_the_confidence() -> None:
    assert [t.confidence for t in SURE.crop(Segment(1, 2.5)).turns] == [0.9, 0.7]
    assert [t.confidence for t in SURE.rename_labels().turns] == [0.9, 0.7, 0.5]


def test_joined_turns_have_the_mean_by_length() -> None:
    joined = SURE.support(collar=2)
    assert [t.speaker for t in joined.turns] == ["A", "B"]
    assert [t.confidence for t in joined.turns] == pytest.approx([0.8, 0.7])


def test_what_is_joined_with_the_unknown_is_unknown() -> None:
    turns = (*SURE.turns, Turn(Segment(3, 4), "A"))
    assert [t.confidence for t in Annotation(turns).support().subset(["A"]).turns] == [None]


def test_json_tells_the_confidence_of_every_turn() -> None:
    content = _decode(record(11, voices=3, windows=12)).serialize()
    for part in ("diarization", "exclusive_diarization"):
        assert all(list(row) == ["start", "end", "speaker", "confidence"] for row in content[part])
        assert all(0 <= row["confidence"] <= 1 for row in content[part])


def test_rttm_is_as_without() -> None:
    bare = Annotation(tuple(replace(turn, confidence=None) for turn in SURE.turns), "a")
    assert rttm.dumps(replace(SURE, uri="a")) == rttm.dumps(bare)
