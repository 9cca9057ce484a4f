"""Everything behind the networks: turns, exclusive turns, names, embeddings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import reconstruction as slow
from reference.clustered import alone, clusters_of, prepared_of
from reference.hysteresis import smooth, turns
from reference.recordings import FRAMES, record, silent
from reference.replay import WINDOWS

from ovdiar.clustering.ahc import FREE
from ovdiar.clustering.assignment import UNASSIGNED
from ovdiar.clustering.cluster import Clusters, cluster_speakers
from ovdiar.clustering.window_speakers import WindowSpeakers
from ovdiar.frames import Frames, WindowedFrames
from ovdiar.parameters import DecodingParameters
from ovdiar.pipelines.diarization.back_end import (
    Decoded,
    decode,
    exclusive,
    intermediates,
    order_of_labels,
    silence,
    to_result,
)
from ovdiar.presets import DIARIZATION

if TYPE_CHECKING:
    from reference.recordings import Recording

    from ovdiar import DiarizationResult
    from ovdiar.pipelines.diarization.prepared import Prepared

NO_CAP = 99


def _prepared(recording: Recording, uri: str | None = None) -> Prepared:
    return prepared_of(WindowedFrames(recording.scores, WINDOWS, FRAMES), recording.embeddings, uri)


def _clustered(prepared: Prepared) -> Clusters:
    speakers = WindowSpeakers(prepared.embeddings, prepared.active.data)
    return cluster_speakers(speakers, DIARIZATION["3.1"], FREE, None)


def _decode(
    prepared: Prepared, clusters: Clusters, most: int = NO_CAP, **durations: Any
) -> Decoded:
    return decode(prepared, clusters, DecodingParameters(**durations), most=most)


def _result(
    prepared: Prepared, clusters: Clusters, *, strict_parity: bool = False, **durations: Any
) -> DiarizationResult:
    decoded = _decode(prepared, clusters, **durations)
    columns = order_of_labels(decoded, strict_parity=strict_parity)
    parameters = DecodingParameters(**durations)
    return to_result(prepared, decoded, parameters, columns, strict_parity=strict_parity)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    on_s=st.sampled_from([0.0, 0.2]),
    gap_s=st.sampled_from([0.0, 0.35]),
    most=st.integers(1, 3),
)
def test_equals_the_slow_reconstruction(seed: int, on_s: float, gap_s: float, most: int) -> None:
    prepared = _prepared(record(seed, voices=4, windows=12))
    labels = np.random.default_rng(seed).integers(0, 4, (12, 3))
    parameters = DecodingParameters(min_duration_on=on_s, min_duration_off=gap_s)
    decoded = decode(prepared, clusters_of(labels, np.eye(4)), parameters, most=most)
    columns = order_of_labels(decoded, strict_parity=False)
    result = to_result(prepared, decoded, parameters, columns, strict_parity=False)
    speaks = prepared.active.data.any(axis=1)
    loudness = slow.cluster_activations(prepared.scores, np.where(speaks, labels, UNASSIGNED))
    count = np.minimum(prepared.count.data[:, 0], most)
    centres_s = FRAMES.centres_s(len(count)).tolist()
    for frames, wanted, annotation in (
        (decoded.discrete, count, result.speaker_diarization),
        (exclusive(prepared, decoded), np.minimum(count, 1), result.exclusive_speaker_diarization),
    ):
        on = slow.select_loudest(loudness.tolist(), wanted.tolist())
        assert frames.data.tolist() == on
        rows = [
            (*turn, column)
            for column, states in enumerate(zip(*on, strict=True))
            for turn in smooth(turns([bool(state) for state in states], centres_s), on_s, gap_s)
        ]
        assert [(s.start, s.end) for s, _ in annotation] == [row[:2] for row in sorted(rows)]


def test_a_silent_window_speaker_belongs_nowhere() -> None:
    prepared, clusters = alone([0, 1])
    scores = prepared.scores.data.copy()
    scores[1] = 0.4
    quiet = prepared.scores.with_data(scores)
    hushed = replace(prepared, scores=quiet, active=quiet.with_data(scores > 0.5))
    assert _decode(hushed, clusters).discrete.data.shape[1] == 1


def test_where_only_a_left_over_speaker_talks_the_count_still_wants_somebody() -> None:
    # As in pyannote: the first of the columns, which are all silent there.
    prepared, clusters = alone([0, 1, UNASSIGNED])
    spoken = [who for _, who in _result(prepared, clusters).speaker_diarization]
    assert spoken == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]


def test_at_most_as_many_as_allowed_speak_at_once() -> None:
    prepared = _prepared(record(3, voices=3, windows=10))
    clusters = _clustered(prepared)
    assert _decode(prepared, clusters).discrete.data.sum(axis=1).max() == 2
    assert _decode(prepared, clusters, most=1).discrete.data.sum(axis=1).max() == 1


def test_exclusive_turns_never_overlap_and_cover_the_same_time() -> None:
    prepared = _prepared(record(3, voices=3, windows=10))
    clusters = _clustered(prepared)
    result = _result(prepared, clusters)
    assert len(result.speaker_diarization.get_overlap()) > 0
    assert result.exclusive_speaker_diarization.get_overlap() == ()
    together, apart = (
        annotation.rename_labels(dict.fromkeys(annotation.labels(), "")).support()
        for annotation in (result.speaker_diarization, result.exclusive_speaker_diarization)
    )
    assert [segment for segment, _ in together] == [segment for segment, _ in apart]


def test_labels_are_in_the_order_in_which_speakers_first_speak() -> None:
    prepared, clusters = alone([5, 3, 5, *range(12)])
    spoken = [who for _, who in _result(prepared, clusters).speaker_diarization]
    first = list(dict.fromkeys(spoken))
    assert spoken[:3] == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]
    assert first == [f"SPEAKER_{number:02d}" for number in range(12)]


def test_a_cluster_without_a_turn_long_enough_gets_no_label() -> None:
    prepared, clusters = alone([0, 1, 2], frames=[3, 20, 20])
    decoded = _decode(prepared, clusters, min_duration_on=0.5)
    result = _result(prepared, clusters, min_duration_on=0.5)
    assert decoded.discrete.data.any(axis=0).all()
    assert result.speaker_diarization.labels() == ["SPEAKER_00", "SPEAKER_01"]
    assert decoded.speakers.tolist() == [1, 2]
    assert np.array_equal(result.speaker_embeddings, clusters.centroids[1:])


def test_strict_parity_orders_numbers_as_text_which_puts_ten_before_two() -> None:
    prepared, clusters = alone([*range(12)])
    result = _result(prepared, clusters, strict_parity=True)
    spoken = [who for _, who in result.speaker_diarization]
    numbers = [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3]
    assert spoken == [f"SPEAKER_{number:02d}" for number in numbers]


@pytest.mark.parametrize("strict", [False, True])
def test_rows_of_embeddings_belong_to_the_labels(*, strict: bool) -> None:
    prepared, clusters = alone([11, 2, 10, 0])
    result = _result(prepared, clusters, strict_parity=strict)
    spoken = [who for _, who in result.speaker_diarization]
    rows = [result.speaker_diarization.labels().index(who) for who in spoken]
    np.testing.assert_array_equal(
        result.speaker_embeddings[rows], clusters.centroids[[11, 2, 10, 0]]
    )


def test_exclusive_turns_bear_the_same_names() -> None:
    prepared, clusters = alone([5, 3, 5])
    result = _result(prepared, clusters)
    assert result.exclusive_speaker_diarization == result.speaker_diarization


def test_an_invented_speaker_has_an_embedding_of_zeros() -> None:
    prepared, clusters = alone([0, 0])
    counted = replace(prepared, count=Frames(prepared.count.data * 2, FRAMES))
    result = _result(counted, clusters)
    assert result.speaker_diarization.labels() == ["SPEAKER_00", "SPEAKER_01"]
    assert result.speaker_embeddings.tolist() == [[1, 2], [0, 0]]


def test_a_speaker_without_a_usable_embedding_has_zeros() -> None:
    prepared, _ = alone([0])
    unknown = clusters_of(np.zeros((1, 1), dtype=np.int64), np.full((1, 2), np.nan))
    assert _result(prepared, unknown).speaker_embeddings.tolist() == [[0, 0]]


def test_gaps_shorter_than_asked_are_filled_in_both_annotations() -> None:
    prepared, clusters = alone([0, 0])
    for gap_s, found in ((2.0, 2), (4.0, 1)):
        result = _result(prepared, clusters, min_duration_off=gap_s)
        assert len(result.speaker_diarization) == found
        assert len(result.exclusive_speaker_diarization) == found


def test_the_recordings_name_is_on_both_annotations() -> None:
    prepared = _prepared(record(0, voices=2, windows=3), uri="meeting")
    clusters = clusters_of(np.zeros((3, 3), dtype=np.int64), np.ones((1, 2)))
    result = _result(prepared, clusters)
    assert result.speaker_diarization.uri == "meeting"
    assert result.exclusive_speaker_diarization.uri == "meeting"


def test_silence_has_no_speakers_but_a_name_and_a_dimension() -> None:
    result = silence(_prepared(silent(2), uri="meeting"))
    assert (len(result.speaker_diarization), result.speaker_diarization.uri) == (0, "meeting")
    assert len(result.exclusive_speaker_diarization) == 0
    assert result.speaker_embeddings.shape == (0, 16)


def test_traces_of_silence_end_with_the_embeddings() -> None:
    assert list(intermediates(_prepared(silent(2)), None)) == [
        "segmentations",
        "binarized_segmentations",
        "count",
        "embeddings",
    ]


def test_traces_name_every_step_behind_the_networks() -> None:
    prepared, clusters = alone([0, 1])
    decoded = _decode(prepared, clusters)
    named = intermediates(prepared, decoded)
    assert named["hard_clusters"] is clusters.labels
    assert named["centroids"] is clusters.centroids
    assert named["discrete_diarization"] is decoded.discrete
    loudest = exclusive(prepared, decoded).data
    assert np.array_equal(named["exclusive_discrete_diarization"].data, loudest)
    assert "responsibilities" not in named


def test_beyond_a_hundred_speakers_rows_still_belong_to_the_labels() -> None:
    prepared, clusters = alone([*range(102)])
    result = _result(prepared, clusters)
    spoken = [who for _, who in result.speaker_diarization]
    rows = [result.speaker_diarization.labels().index(who) for who in spoken]
    np.testing.assert_array_equal(result.speaker_embeddings[rows], clusters.centroids)
