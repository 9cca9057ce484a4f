"""Everything behind the networks: turns, exclusive turns, names, embeddings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import reconstruction as slow
from reference.clustered import alone, clusters_of
from reference.hysteresis import smooth, turns
from reference.recordings import FRAMES, record, silent
from reference.replay import WINDOWS

from ovdiar.activity import binarize
from ovdiar.clustering.ahc import FREE
from ovdiar.clustering.assignment import UNASSIGNED
from ovdiar.clustering.cluster import Clusters, cluster_speakers
from ovdiar.counting import speaker_count
from ovdiar.frames import WindowedFrames
from ovdiar.pipelines.diarization.back_end import Decoded, decode, silence, traces
from ovdiar.pipelines.diarization.front_end import Evidence
from ovdiar.presets import DIARIZATION

if TYPE_CHECKING:
    from reference.recordings import Recording

NO_CAP = 99


def _evidence(recording: Recording, uri: str | None = None) -> Evidence:
    scores = WindowedFrames(recording.scores, WINDOWS, FRAMES)
    active = scores.with_data(binarize(scores.data, 0.5))
    return Evidence(scores, active, speaker_count(active), recording.embeddings, uri)


def _decode(evidence: Evidence, clusters: Clusters, **more: Any) -> Decoded:
    return decode(evidence, clusters, **{"most": NO_CAP, "min_duration_off": 0.0, **more})


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    on_s=st.sampled_from([0.0, 0.2]),
    gap_s=st.sampled_from([0.0, 0.35]),
    most=st.integers(1, 3),
)
def test_equals_the_slow_reconstruction(seed: int, on_s: float, gap_s: float, most: int) -> None:
    evidence = _evidence(record(seed, voices=4, windows=12))
    labels = np.random.default_rng(seed).integers(0, 4, (12, 3))
    durations = {"min_duration_on": on_s, "min_duration_off": gap_s}
    decoded = _decode(evidence, clusters_of(labels, np.eye(4)), most=most, **durations)
    speaks = evidence.active.data.any(axis=1)
    loudness = slow.cluster_activations(evidence.scores, np.where(speaks, labels, UNASSIGNED))
    count = np.minimum(evidence.count.data[:, 0], most)
    centres_s = FRAMES.centres_s(len(count)).tolist()
    for frames, wanted, annotation in (
        (decoded.discrete, count, decoded.result.speaker_diarization),
        (decoded.exclusive, np.minimum(count, 1), decoded.result.exclusive_speaker_diarization),
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
    evidence, clusters = alone([0, 1])
    scores = evidence.scores.data.copy()
    scores[1] = 0.4
    quiet = evidence.scores.with_data(scores)
    hushed = Evidence(quiet, quiet.with_data(scores > 0.5), evidence.count, evidence.embeddings)
    assert _decode(hushed, clusters).discrete.data.shape[1] == 1


def test_where_only_a_left_over_speaker_talks_the_count_still_wants_somebody() -> None:
    # As in pyannote: the first of the columns, which are all silent there.
    evidence, clusters = alone([0, 1, UNASSIGNED])
    spoken = [who for _, who in _decode(evidence, clusters).result.speaker_diarization]
    assert spoken == ["SPEAKER_00", "SPEAKER_01", "SPEAKER_00"]


def test_at_most_as_many_as_allowed_speak_at_once() -> None:
    recording = record(3, voices=3, windows=10)
    evidence = _evidence(recording)
    clusters = cluster_speakers(
        recording.embeddings, evidence.active.data, DIARIZATION["3.1"], FREE, None
    )
    assert _decode(evidence, clusters).discrete.data.sum(axis=1).max() == 2
    assert _decode(evidence, clusters, most=1).discrete.data.sum(axis=1).max() == 1


def test_exclusive_turns_never_overlap_and_cover_the_same_time() -> None:
    recording = record(3, voices=3, windows=10)
    evidence = _evidence(recording)
    clusters = cluster_speakers(
        recording.embeddings, evidence.active.data, DIARIZATION["3.1"], FREE, None
    )
    result = _decode(evidence, clusters).result
    assert len(result.speaker_diarization.get_overlap()) > 0
    assert result.exclusive_speaker_diarization.get_overlap() == ()
    together, apart = (
        annotation.rename_labels(dict.fromkeys(annotation.labels(), "")).support()
        for annotation in (result.speaker_diarization, result.exclusive_speaker_diarization)
    )
    assert [segment for segment, _ in together] == [segment for segment, _ in apart]


def test_speakers_are_numbered_in_the_order_of_their_clusters() -> None:
    evidence, clusters = alone([*range(12)])
    spoken = [who for _, who in _decode(evidence, clusters).result.speaker_diarization]
    assert spoken == [f"SPEAKER_{number:02d}" for number in range(12)]


def test_a_cluster_without_a_turn_long_enough_gets_no_label() -> None:
    evidence, clusters = alone([0, 1, 2], frames=[3, 20, 20])
    decoded = _decode(evidence, clusters, min_duration_on=0.5)
    assert decoded.discrete.data.any(axis=0).all()
    assert decoded.result.speaker_diarization.labels() == ["SPEAKER_00", "SPEAKER_01"]
    assert decoded.columns.tolist() == [1, 2]
    assert np.array_equal(decoded.result.speaker_embeddings, clusters.centroids[1:])


def test_numbers_can_be_ordered_as_text_which_puts_ten_before_two() -> None:
    evidence, clusters = alone([*range(12)])
    result = _decode(evidence, clusters, order="text").result
    spoken = [who for _, who in result.speaker_diarization]
    numbers = [0, 1, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3]
    assert spoken == [f"SPEAKER_{number:02d}" for number in numbers]


@pytest.mark.parametrize("order", ["number", "text"])
def test_rows_of_embeddings_belong_to_the_labels(order: str) -> None:
    evidence, clusters = alone([11, 2, 10, 0])
    result = _decode(evidence, clusters, order=order).result
    spoken = [who for _, who in result.speaker_diarization]
    rows = [result.speaker_diarization.labels().index(who) for who in spoken]
    np.testing.assert_array_equal(
        result.speaker_embeddings[rows], clusters.centroids[[11, 2, 10, 0]]
    )


def test_exclusive_turns_bear_the_same_names() -> None:
    evidence, clusters = alone([5, 3, 5])
    result = _decode(evidence, clusters).result
    assert result.exclusive_speaker_diarization == result.speaker_diarization


def test_an_invented_speaker_has_an_embedding_of_zeros() -> None:
    evidence, clusters = alone([0, 0])
    two = evidence.count.data * 2
    counted = Evidence(
        evidence.scores, evidence.active, type(evidence.count)(two, FRAMES), evidence.embeddings
    )
    result = _decode(counted, clusters).result
    assert result.speaker_diarization.labels() == ["SPEAKER_00", "SPEAKER_01"]
    assert result.speaker_embeddings.tolist() == [[1, 2], [0, 0]]


def test_a_speaker_without_a_usable_embedding_has_zeros() -> None:
    evidence, _ = alone([0])
    unknown = clusters_of(np.zeros((1, 1), dtype=np.int64), np.full((1, 2), np.nan))
    assert _decode(evidence, unknown).result.speaker_embeddings.tolist() == [[0, 0]]


def test_gaps_shorter_than_asked_are_filled_in_both_annotations() -> None:
    evidence, clusters = alone([0, 0])
    for gap_s, found in ((2.0, 2), (4.0, 1)):
        result = _decode(evidence, clusters, min_duration_off=gap_s).result
        assert len(result.speaker_diarization) == found
        assert len(result.exclusive_speaker_diarization) == found


def test_the_recordings_name_is_on_both_annotations() -> None:
    evidence = _evidence(record(0, voices=2, windows=3), uri="meeting")
    clusters = clusters_of(np.zeros((3, 3), dtype=np.int64), np.ones((1, 2)))
    result = _decode(evidence, clusters).result
    assert result.speaker_diarization.uri == "meeting"
    assert result.exclusive_speaker_diarization.uri == "meeting"


def test_silence_has_no_speakers_but_a_name_and_a_dimension() -> None:
    result = silence(_evidence(silent(2), uri="meeting"))
    assert (len(result.speaker_diarization), result.speaker_diarization.uri) == (0, "meeting")
    assert len(result.exclusive_speaker_diarization) == 0
    assert result.speaker_embeddings.shape == (0, 16)


def test_traces_of_silence_end_with_the_embeddings() -> None:
    assert list(traces(_evidence(silent(2)), None)) == [
        "segmentations",
        "binarized_segmentations",
        "count",
        "embeddings",
    ]


def test_traces_name_every_step_behind_the_networks() -> None:
    evidence, clusters = alone([0, 1])
    decoded = _decode(evidence, clusters)
    named = traces(evidence, decoded)
    assert named["hard_clusters"] is clusters.labels
    assert named["centroids"] is clusters.centroids
    assert named["discrete_diarization"] is decoded.discrete
    assert named["exclusive_discrete_diarization"] is decoded.exclusive
    assert "responsibilities" not in named
