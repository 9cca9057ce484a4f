"""Which window speakers are clustered, and what all of them become."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.agglomeration import partition_of
from reference.recordings import FRAMES, Recording, record, silent, write_plda
from reference.replay import WINDOWS

from ovdiar.clustering import cluster as speakers
from ovdiar.clustering.ahc import FREE, CountBounds, dendrogram
from ovdiar.clustering.assignment import UNASSIGNED, similarities
from ovdiar.clustering.attenuation import merge_tree
from ovdiar.clustering.cluster import Clusters, cluster_speakers, plausible_counts
from ovdiar.clustering.corrected import alternatives
from ovdiar.clustering.rows import LEAST_S, RowSource
from ovdiar.clustering.window_speakers import (
    TreeSettings,
    WindowSpeakers,
    attenuation_of,
    merge_settings,
    training_rows,
    tree_settings,
)
from ovdiar.errors import ConfigError
from ovdiar.frames import WindowedFrames
from ovdiar.networks.bundle import load_plda
from ovdiar.parameters import ClusteringParameters
from ovdiar.presets import DIARIZATION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.clustering.attenuation import Attenuation, Links, MergeTree, Rows
    from ovdiar.clustering.plda import Plda
    from ovdiar.parameters import Linkage

AHC, VBX = DIARIZATION["3.1"], DIARIZATION["community-1"]
KMEANS = replace(AHC, clustering="kmeans")
CORRECTED = ClusteringParameters(clustering="corrected", threshold=0.75)
MEETING = record(7, voices=4, windows=30)


@pytest.fixture(scope="module")
def plda(tmp_path_factory: pytest.TempPathFactory) -> Plda:
    return load_plda(write_plda(tmp_path_factory.mktemp("plda")))


def _cluster(
    recording: Recording,
    parameters: ClusteringParameters = AHC,
    bounds: CountBounds = FREE,
    plda: Plda | None = None,
) -> Clusters:
    return cluster_speakers(_speakers(recording), parameters, bounds, plda)


def _speakers(recording: Recording) -> WindowSpeakers:
    active = recording.scores > 0.5
    windowed = WindowedFrames(active, WINDOWS, FRAMES)
    return WindowSpeakers(
        recording.embeddings, active, source=lambda: RowSource(recording.embeddings, windowed)
    )


def _truth(recording: Recording) -> list[int]:
    """Name the voice of each window speaker who speaks, by its direction."""
    rows = recording.embeddings[~np.isnan(recording.embeddings).any(axis=2)]
    directions: list[NDArray[np.float32]] = []
    voices = []
    for row in rows:
        known = [k for k, direction in enumerate(directions) if row @ direction > 0.5]
        if not known:
            directions.append(row)
        voices.append(known[0] if known else len(directions) - 1)
    return voices


@given(
    st.data(), st.integers(1, 3), st.integers(1, 12), st.integers(0, 3), st.sampled_from([0.2, 0.5])
)
def test_training_rows_are_those_found_by_hand(
    data: st.DataObject, windows: int, frames: int, speakers: int, share: float
) -> None:
    active = data.draw(arrays(bool, (windows, frames, speakers)))
    values = st.sampled_from([1.0, 0.5, 0.0, np.nan, np.inf])
    embeddings = data.draw(arrays(np.float32, (windows, speakers, 2), elements=values))
    for training_filter in ("active", "clean"):
        expected = []
        for window in range(windows):
            for speaker in range(speakers):
                own = active[window, :, speaker]
                alone = sum(
                    bool(o) and sum(row) == 1 for o, row in zip(own, active[window], strict=True)
                )
                vector = embeddings[window, speaker]
                enough = any(own) if training_filter == "active" else alone >= share * frames
                if enough and np.isfinite(vector).all() and vector.any():
                    expected.append((window, speaker))
        found = zip(*training_rows(embeddings, active, training_filter, share), strict=True)
        assert list(found) == expected


@pytest.mark.parametrize(("alone", "trains"), [(117, False), (118, True)])
def test_a_fifth_of_a_window_alone_is_clean(alone: int, trains: bool) -> None:  # noqa: FBT001 - pytest's
    active = np.zeros((1, 589, 1), dtype=bool)
    active[0, :alone] = True
    windows, _ = training_rows(np.ones((1, 1, 4)), active, "clean")
    assert (len(windows) == 1) == trains


def test_more_clean_speech_can_be_asked_of_what_is_clustered() -> None:
    clean = replace(AHC, training_filter="clean")
    sizes = [
        len(_cluster(MEETING, replace(clean, clean_share=share)).training_labels)
        for share in (0.0, 0.2, 0.5)
    ]
    assert sizes[0] > sizes[1] > sizes[2] > 0


def test_refined_clusters_hold_who_is_nearest_to_their_centroid() -> None:
    rng = np.random.default_rng(1)
    noisy = MEETING.embeddings + rng.normal(0, 0.35, MEETING.embeddings.shape).astype(np.float32)
    blurred = MEETING._replace(embeddings=noisy)
    average = replace(AHC, linkage="average", threshold=0.8, min_cluster_size=2)
    moved = []
    for refine in (False, True):
        clusters = _cluster(blurred, replace(average, refine_clusters=refine))
        moved.append((clusters.labels[clusters.training] != clusters.training_labels).sum())
    assert moved[0] > moved[1] == 0


def test_voices_that_speak_side_by_side_are_clustered_apart_for_a_price() -> None:
    """Two alike voices in every window, each alone for a half of it."""
    rows = np.array([[1.0, 0.0], [0.9, np.sqrt(1 - 0.81)]], dtype=np.float32)
    embeddings, active = np.tile(rows, (30, 1, 1)), np.zeros((30, 10, 2), dtype=bool)
    active[:, :5, 0] = active[:, 5:, 1] = True
    average = replace(AHC, linkage="average", threshold=0.2, min_cluster_size=1)

    def found(price: float) -> list[list[int]]:
        parameters = replace(average, side_by_side=price)
        clusters = cluster_speakers(WindowSpeakers(embeddings, active), parameters, FREE, None)
        labels: list[list[int]] = clusters.labels.tolist()
        return labels

    assert found(0.0) == [[0, 0]] * 30
    assert found(0.3) == [[0, 1]] * 30


def test_a_price_does_not_fit_linkages_that_are_not_of_cosine_distances() -> None:
    message = (
        r"^side_by_side does not fit linkage 'centroid', which is not of cosine distances: give "
        r"side_by_side=0, or one of average, complete, single, weighted$"
    )
    with pytest.raises(ConfigError, match=message):
        _cluster(MEETING, replace(AHC, linkage="centroid", side_by_side=0.3))


def test_a_tree_is_made_once_and_not_at_all_where_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []

    def spy(embeddings: NDArray[np.float32], linkage: Linkage, apart: None) -> NDArray[np.float64]:
        made.append(len(embeddings))
        return dendrogram(embeddings, linkage, apart)

    monkeypatch.setattr("ovdiar.clustering.window_speakers.dendrogram", spy)
    speakers = _speakers(MEETING)
    settings = tree_settings(AHC)
    assert isinstance(settings, TreeSettings)
    tree = speakers.tree(settings)
    assert speakers.tree(settings) is tree
    known = WindowSpeakers(MEETING.embeddings, MEETING.scores > 0.5, {settings: tree})
    assert known.tree(settings) is tree
    assert made == [len(tree) + 1]


def test_corrected_clusters_need_a_source_of_rows() -> None:
    speakers = WindowSpeakers(MEETING.embeddings, MEETING.scores > 0.5)
    with pytest.raises(ConfigError, match=r"^clustering 'corrected' needs the windows' grid: give"):
        cluster_speakers(speakers, CORRECTED, FREE, None)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_embeddings_whose_length_is_lost_in_their_precision_do_not_train(scale: float) -> None:
    embeddings = np.full((1, 1, 4), scale, dtype=np.float32)
    windows, _ = training_rows(embeddings, np.ones((1, 5, 1), dtype=bool), "active")
    assert len(windows) == 0


def test_an_unknown_filter_is_refused() -> None:
    with pytest.raises(ConfigError, match="training_filter 'loud' is unknown"):
        training_rows(np.ones((1, 1, 4)), np.ones((1, 5, 1), dtype=bool), "loud")


@pytest.mark.parametrize("name", ["ahc", "kmeans", "vbx", "corrected"])
def test_window_speakers_are_labelled_by_their_voices(name: str, plda: Plda) -> None:
    parameters = {"ahc": AHC, "kmeans": KMEANS, "vbx": VBX, "corrected": CORRECTED}[name]
    bounds = CountBounds(4, 4) if name == "kmeans" else FREE
    clusters = _cluster(MEETING, parameters, bounds, plda)
    speaks = MEETING.scores.any(axis=1)
    assert partition_of(clusters.labels[speaks].tolist()) == partition_of(_truth(MEETING))
    assert clusters.centroids.shape == (4, MEETING.embeddings.shape[2])
    assert clusters.soft.shape == (*MEETING.embeddings.shape[:2], 4)


def test_corrected_clusters_hold_who_is_most_similar_and_leave_out_who_has_no_embedding() -> None:
    clusters = _cluster(MEETING, CORRECTED)
    known = ~np.isnan(MEETING.embeddings).any(axis=2)
    assert 0 < known.sum() < known.size
    assert np.array_equal(clusters.labels[known], clusters.soft[known].argmax(axis=1))
    assert (clusters.labels[~known] == UNASSIGNED).all()
    assert np.isnan(clusters.soft[~known]).all()
    assert clusters.labels.dtype == np.int64
    assert MEETING.embeddings[clusters.training].shape == (0, MEETING.embeddings.shape[2])
    rows = _speakers(MEETING).source.rows
    assert len(clusters.training_labels) == len(rows.seconds)
    assert set(clusters.training_labels.tolist()) == {-1, 0, 1, 2, 3}


def test_one_voice_makes_one_corrected_cluster() -> None:
    monologue = record(3, voices=1, windows=10)
    clusters = _cluster(monologue, CORRECTED)
    speaks = monologue.scores.any(axis=1)
    assert clusters.soft.shape == (10, 3, 1)
    assert (clusters.labels[speaks] == 0).all()
    assert (clusters.labels[~speaks] == UNASSIGNED).all()


@pytest.mark.parametrize("parameters", [AHC, CORRECTED])
def test_where_nobody_speaks_there_is_a_cluster_without_a_centroid(
    parameters: ClusteringParameters,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clusters = _cluster(silent(4), parameters)
    assert clusters.labels.tolist() == [[0, 0, 0]] * 4
    assert clusters.labels.dtype == np.int64
    assert clusters.centroids.shape == (1, MEETING.embeddings.shape[2])
    assert np.isnan(clusters.centroids).all()
    assert clusters.soft.tolist() == [[[1.0]] * 3] * 4
    assert MEETING.embeddings[clusters.training].shape == (0, MEETING.embeddings.shape[2])
    assert clusters.training_labels.dtype == np.int64
    assert len(clusters.training_labels) == 0


@pytest.mark.parametrize(("more", "trees"), [(0, 1), (1, 2)])
def test_a_fine_tree_is_made_once_where_first_clusters_are_too_few(
    more: int, trees: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def spy(rows: Rows, links: Links, parameters: Attenuation) -> MergeTree:
        made.append(parameters)
        return merge_tree(rows, links, parameters)

    monkeypatch.setattr("ovdiar.clustering.window_speakers.merge_tree", spy)
    speakers = _speakers(MEETING)
    number = len(speakers.merge_tree(merge_settings(CORRECTED)).seconds) + more
    for bounds in (FREE, CountBounds(number, number), CountBounds(number, number)):
        cluster_speakers(speakers, CORRECTED, bounds, None)
    assert len(made) == trees


def test_a_fine_tree_takes_shorter_rows_and_joins_none_at_first() -> None:
    usual = merge_settings(CORRECTED)
    assert attenuation_of(usual._replace(fine=True)) == replace(
        attenuation_of(usual), first=0.0, least_s=LEAST_S, leftover_s=LEAST_S
    )


def test_plausible_numbers_are_those_of_the_tree() -> None:
    speakers = _speakers(MEETING)
    tree = speakers.merge_tree(merge_settings(CORRECTED))
    expected = alternatives(tree, 0.75, attenuation_of(merge_settings(CORRECTED)))
    assert expected[0].speakers == 4
    assert plausible_counts(speakers, CORRECTED) == expected


def test_silence_has_no_plausible_number() -> None:
    assert plausible_counts(_speakers(silent(4)), CORRECTED) == []


def test_only_corrected_clustering_tells_what_is_plausible() -> None:
    message = (
        r"^clustering 'ahc' does not tell how plausible other numbers of speakers are: use "
        r"clustering 'corrected'$"
    )
    with pytest.raises(ConfigError, match=message):
        plausible_counts(_speakers(MEETING), AHC)


def test_only_vbx_leaves_a_posterior(plda: Plda) -> None:
    assert _cluster(MEETING).posterior is None
    posterior = _cluster(MEETING, VBX, plda=plda).posterior
    assert posterior is not None
    assert len(posterior.responsibilities) == len(_cluster(MEETING, VBX, plda=plda).training[0])


@pytest.mark.parametrize("bounds", [FREE, CountBounds(3, 3)])
def test_vbx_hands_out_what_it_started_from(bounds: CountBounds, plda: Plda) -> None:
    clusters = _cluster(MEETING, VBX, bounds, plda)
    windows, numbers = training_rows(MEETING.embeddings, MEETING.scores > 0.5, "clean", 0.2)
    assert np.array_equal(clusters.training[0], windows)
    assert np.array_equal(clusters.training[1], numbers)
    rows = MEETING.embeddings[windows, numbers]
    assert clusters.features is not None
    np.testing.assert_array_equal(clusters.features, plda(rows))
    truth = np.array(_truth(MEETING))
    speaks = ~np.isnan(MEETING.embeddings[..., 0])
    voices = np.full(speaks.shape, -1)
    voices[speaks] = truth
    assert partition_of(clusters.training_labels.tolist()) == partition_of(
        voices[windows, numbers].tolist()
    )
    assert clusters.posterior is not None
    assert clusters.posterior.responsibilities.shape == (len(rows), 4)


def test_vbx_centroids_are_means_by_responsibility_and_silent_speakers_the_least_similar(
    plda: Plda,
) -> None:
    clusters = _cluster(MEETING, VBX, plda=plda)
    assert clusters.posterior is not None
    weights = clusters.posterior.alive()
    rows = MEETING.embeddings[clusters.training]
    for centroid, responsible in zip(clusters.centroids, weights.T, strict=True):
        mean = np.average(rows, axis=0, weights=responsible)
        np.testing.assert_allclose(centroid, mean, rtol=1e-6, atol=1e-8)
    soft = similarities(MEETING.embeddings, clusters.centroids)
    silent_ones = ~(MEETING.scores > 0.5).any(axis=1)
    assert silent_ones.any()
    soft[silent_ones] = np.nanmin(soft) - 1
    np.testing.assert_array_equal(clusters.soft, soft)


def test_k_means_after_vbx_assigns_by_the_nearest_of_its_centroids(plda: Plda) -> None:
    clusters = _cluster(MEETING, VBX, CountBounds(3, 3), plda)
    soft = similarities(MEETING.embeddings, clusters.centroids)
    np.testing.assert_array_equal(clusters.soft, soft)
    known = ~np.isnan(soft[..., 0])
    assert np.array_equal(clusters.labels[known], soft[known].argmax(axis=1))


def test_vbx_starts_from_no_more_clusters_than_memory_allows(
    plda: Plda, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = len(_cluster(MEETING, VBX, plda=plda).training[0])
    monkeypatch.setattr(speakers, "MOST_RESPONSIBILITIES", 2 * rows + 1)
    posterior = _cluster(MEETING, VBX, plda=plda).posterior
    assert posterior is not None
    assert posterior.responsibilities.shape == (rows, 2)
    monkeypatch.setattr(speakers, "MOST_RESPONSIBILITIES", 1)
    posterior = _cluster(MEETING, VBX, plda=plda).posterior
    assert posterior is not None
    assert posterior.responsibilities.shape == (rows, 1)


def test_two_rows_of_two_voices_are_two_speakers_with_vbx(plda: Plda) -> None:
    """Each first cluster of one row is refined; none of them is too small."""
    active = np.zeros((1, 10, 2), dtype=bool)
    active[0, :5, 0] = active[0, 5:, 1] = True
    embeddings = np.eye(2, MEETING.embeddings.shape[2], dtype=np.float32)[np.newaxis]
    clusters = cluster_speakers(WindowSpeakers(embeddings, active), VBX, FREE, plda)
    assert sorted(clusters.labels[0].tolist()) == [0, 1]
    assert sorted(clusters.training_labels.tolist()) == [0, 1]


def test_speakers_of_one_window_stay_apart_with_vbx_and_the_rest_is_left_over(plda: Plda) -> None:
    echo = record(2, voices=2, windows=20)
    embeddings = echo.embeddings.copy()
    embeddings[:, 2] = embeddings[:, 0]
    scores = echo.scores.copy()
    scores[:, :, 2] = scores[:, :, 0]
    labels = _cluster(Recording(scores, embeddings, echo.talk), VBX, plda=plda).labels
    chosen = [sorted(int(k) for k in row if k != UNASSIGNED) for row in labels]
    assert all(len(set(row)) == len(row) for row in chosen)
    assert (labels == UNASSIGNED).any()


def test_silent_speakers_do_not_take_a_cluster_from_others_with_vbx(plda: Plda) -> None:
    duo = record(2, voices=2, windows=20)
    plain = _cluster(duo, VBX, plda=plda)
    speaks = duo.scores.any(axis=1)
    embeddings = duo.embeddings.copy()
    embeddings[~speaks] = plain.centroids[0]  # more like the first voice than its own embeddings
    tempted = _cluster(Recording(duo.scores, embeddings, duo.talk), VBX, plda=plda)
    assert np.array_equal(plain.labels[speaks], tempted.labels[speaks])


@pytest.mark.parametrize("number", [2, 3, 6])
def test_k_means_replaces_vbx_where_the_number_differs(number: int, plda: Plda) -> None:
    clusters = _cluster(MEETING, VBX, CountBounds(number, number), plda)
    assert len(clusters.centroids) == number
    assert clusters.labels.min() >= 0


@pytest.mark.parametrize("parameters", [AHC, KMEANS])
def test_one_speaker_at_most_takes_everything(parameters: ClusteringParameters) -> None:
    clusters = _cluster(MEETING, parameters, CountBounds(1, 1))
    rows = MEETING.embeddings[clusters.training]
    assert not clusters.labels.any()
    assert clusters.training_labels.tolist() == [0] * len(rows)
    np.testing.assert_array_equal(clusters.centroids, rows.mean(axis=0)[np.newaxis])


@pytest.mark.parametrize("usable", [0, 1])
def test_hardly_any_voice_makes_one_cluster(usable: int, plda: Plda) -> None:
    embeddings = np.full_like(MEETING.embeddings, np.nan)
    where = np.argwhere(MEETING.scores.sum(axis=1) > 20)[:usable]
    embeddings[tuple(where.T)] = 1
    unheard = Recording(MEETING.scores, embeddings, MEETING.talk)
    for parameters in (AHC, VBX):
        clusters = _cluster(unheard, replace(parameters, training_filter="active"), plda=plda)
        assert not clusters.labels.any()
        assert np.isnan(clusters.centroids).all() == (usable == 0)


def test_vbx_without_a_plda_is_refused() -> None:
    message = r"^clustering 'vbx' needs a PLDA: give plda=FOLDER with its two \.npz files$"
    with pytest.raises(ConfigError, match=message):
        _cluster(MEETING, VBX)


def test_k_means_without_a_number_is_refused() -> None:
    with pytest.raises(ConfigError, match="'kmeans' needs the number of speakers"):
        _cluster(MEETING, KMEANS)
