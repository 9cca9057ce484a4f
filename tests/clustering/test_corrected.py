"""Numbers of speakers, their plausibility, and the assignment to centroids after the mean."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.clustering.ahc import FREE, CountBounds
from ovdiar.clustering.attenuation import Attenuation, Links, MergeTree, Rows, merge_tree
from ovdiar.clustering.cluster import cluster_speakers
from ovdiar.clustering.corrected import (
    MOST_ALTERNATIVES,
    SPREAD,
    Centroids,
    alternatives,
    cut_for,
    cut_tree,
    natural_cut,
    speakers_of,
)
from ovdiar.clustering.window_speakers import MergeSettings, WindowSpeakers
from ovdiar.parameters import ClusteringParameters

PARAMETERS = Attenuation(fade_s=0.66, usual_level=0.68, margin_s=0.25, side=0.3)
THRESHOLD = 0.75


def clusters(rows: Rows, links: Links, bounds: CountBounds = FREE) -> list[int]:
    """Cluster rows."""
    tree = merge_tree(rows, links, PARAMETERS)
    return [int(label) for label in cut_tree(tree, bounds, THRESHOLD, PARAMETERS)]


def two_voices(*, between: float, within: float) -> tuple[Rows, Links]:
    """Make rows of 3 s, alternately of two voices, of given mean cosines."""
    rng = np.random.default_rng(3)
    common, one, two = np.eye(300)[:3]
    count = 40
    noise = rng.normal(size=(count, 300)) * np.sqrt((1 - within) / 300)
    voice = np.where(np.arange(count)[:, np.newaxis] % 2, one, two)
    at = np.arange(count)
    rows = Rows(
        embeddings=np.sqrt(between) * common + np.sqrt(within - between) * voice + noise,
        seconds=np.full(count, 3.0),
        spans=np.column_stack([at, at + 1]),
        share=1.0,
    )
    return rows, Links(np.column_stack([at[:-2], at[2:]]), np.zeros((0, 2), dtype=np.int64))


def three_pairs() -> MergeTree:
    """Make a tree of six first clusters: three sure merges, then two that are refused."""
    return MergeTree(
        first=np.arange(6),
        merges=np.array([[0, 1], [2, 3], [4, 5], [0, 2], [0, 4]]),
        scores=THRESHOLD + np.array([0.2, 0.15, 0.14, -0.1, -0.4]),
        seconds=np.full(6, 10.0),
    )


def test_two_voices_that_a_channel_makes_alike_stay_two() -> None:
    """Cosines of 0.5 between the voices and 0.75 within them, as over the telephone."""
    assert max(clusters(*two_voices(between=0.5, within=0.75))) == 1


def test_one_voice_in_noise_stays_one() -> None:
    """Cosines of 0.4 within the voice; a plain threshold of 0.45 would split it."""
    assert max(clusters(*two_voices(between=0.4, within=0.4))) == 0


def test_one_row_is_one_speaker() -> None:
    one = Rows(np.ones((1, 8)), np.array([2.0]), np.array([[0, 1]]), 1.0)
    assert clusters(one, Links(*np.zeros((2, 0, 2), dtype=np.int64))) == [0]


@given(st.integers(0, 10_000), st.integers(1, 20), st.integers(1, 6))
def test_a_requested_number_is_met_as_far_as_first_clusters_allow_it(
    seed: int, count: int, wanted: int
) -> None:
    rng = np.random.default_rng(seed)
    at = np.arange(count)
    rows = Rows(
        rng.normal(size=(count, 8)),
        rng.uniform(1, 5, size=count) + PARAMETERS.leftover_s,
        np.column_stack([at, at + 1]),
        1.0,
    )
    links = Links(*np.zeros((2, 0, 2), dtype=np.int64))
    tree = merge_tree(rows, links, PARAMETERS)
    found = max(clusters(rows, links, CountBounds(wanted, wanted))) + 1
    assert found == min(wanted, len(tree.seconds))


def test_a_cut_for_more_speakers_only_splits() -> None:
    tree = three_pairs()
    natural = natural_cut(tree, THRESHOLD)
    more = cut_for(tree, 4, THRESHOLD, PARAMETERS)
    assert len(speakers_of(tree, natural, PARAMETERS)) == 3
    assert len(speakers_of(tree, more, PARAMETERS)) == 4
    coarse, fine = tree.owners(natural), tree.owners(more)
    assert all(len(np.unique(coarse[fine == k])) == 1 for k in np.unique(fine))


def test_a_cut_for_more_speakers_separates_the_one_with_the_least_speech() -> None:
    tree = replace(three_pairs(), seconds=np.array([10.0, 6, 10, 0.5, 10, 2]))
    (separated,) = np.flatnonzero(
        natural_cut(tree, THRESHOLD) != cut_for(tree, 4, THRESHOLD, PARAMETERS)
    )
    assert tree.merges[separated].tolist() == [4, 5]


@pytest.mark.parametrize(("little_s", "found"), [(0.4, 1), (0.5, 2)])
def test_who_is_separated_has_enough_speech_of_all_that_was_merged(
    little_s: float, found: int
) -> None:
    """The first merge is of two halves, which only together have enough speech for a speaker."""
    tree = MergeTree(
        first=np.arange(3),
        merges=np.array([[0, 1], [2, 0]]),
        scores=THRESHOLD + np.array([0.2, 0.1]),
        seconds=np.array([0.5, little_s, 10.0]),
    )
    undone = cut_for(tree, 2, THRESHOLD, PARAMETERS)
    assert undone.tolist() == [False, found == 2]
    assert len(speakers_of(tree, undone, PARAMETERS)) == found


@pytest.mark.parametrize(
    ("bounds", "speakers"),
    [
        (FREE, 3),
        (CountBounds(3, 3), 3),
        (CountBounds(1, 2), 2),
        (CountBounds(5, 9), 5),
        (CountBounds(9, 9), 6),
        (CountBounds(2, 4), 3),
    ],
)
def test_a_cut_has_a_number_within_the_bounds(bounds: CountBounds, speakers: int) -> None:
    labels = cut_tree(three_pairs(), bounds, THRESHOLD, PARAMETERS)
    assert set(labels.tolist()) == set(range(speakers))


def test_rows_without_a_first_cluster_are_of_no_speaker() -> None:
    tree = replace(three_pairs(), first=np.array([5, -1, 0, 2, -1]))
    assert cut_tree(tree, FREE, THRESHOLD, PARAMETERS).tolist() == [2, -1, 0, 1, -1]


def test_a_merge_at_the_threshold_is_made() -> None:
    tree = replace(three_pairs(), scores=np.array([0.9, 0.75, 0.74, 0.8, 0.1]))
    assert natural_cut(tree, 0.75).tolist() == [False, False, True, True, True]


def test_where_nobody_has_enough_speech_the_longest_is_a_speaker() -> None:
    tree = replace(three_pairs(), seconds=np.array([0.1, 0.1, 0.1, 0.2, 0.1, 0.1]))
    assert speakers_of(tree, natural_cut(tree, THRESHOLD), PARAMETERS).tolist() == [2]


def test_a_number_that_the_first_clusters_do_not_provide_comes_from_a_fine_tree() -> None:
    rows, links = two_voices(between=0.1, within=0.75)
    source = SimpleNamespace(rows=rows, links=lambda: links)
    speakers = WindowSpeakers(
        rows.embeddings[:, np.newaxis],
        np.ones((len(rows.seconds), 5, 1), dtype=np.bool_),
        source=lambda: source,  # type: ignore[arg-type, return-value]
    )
    corrected = ClusteringParameters(clustering="corrected", threshold=THRESHOLD)
    found = cluster_speakers(speakers, corrected, CountBounds(3, 3), None)
    assert len(speakers.merge_tree(MergeSettings(0.25, 0.66, 0.68, 0.3)).seconds) == 2
    assert len(found.centroids) == 3


def test_a_cut_for_fewer_speakers_only_merges() -> None:
    tree = three_pairs()
    fewer = tree.owners(cut_for(tree, 2, THRESHOLD, PARAMETERS))
    coarse = tree.owners(natural_cut(tree, THRESHOLD))
    assert len(np.unique(fewer)) == 2
    assert all(len(np.unique(fewer[coarse == k])) == 1 for k in np.unique(coarse))


def test_the_number_found_is_the_most_plausible() -> None:
    found = alternatives(three_pairs(), THRESHOLD, PARAMETERS)
    assert found[0].speakers == 3
    assert sum(each.plausibility for each in found) == pytest.approx(1)


def test_the_closest_merge_makes_the_second_number() -> None:
    assert alternatives(three_pairs(), THRESHOLD, PARAMETERS)[1].speakers == 2


def assert_plausible(tree: MergeTree, gains: dict[int, float]) -> None:
    """Compare the alternatives of a tree with odds of exp(gain / SPREAD)."""
    odds = {number: math.exp(gain / SPREAD) for number, gain in gains.items()}
    shown = sorted(odds, key=lambda number: -odds[number])[:MOST_ALTERNATIVES]
    total = sum(odds[number] for number in shown)
    found = alternatives(tree, THRESHOLD, PARAMETERS)
    assert [each.speakers for each in found] == shown
    assert [each.plausibility for each in found] == pytest.approx([odds[n] / total for n in shown])


def test_the_plausibility_of_a_number_sums_what_its_merges_exceed_the_threshold_by() -> None:
    """Six speakers make no merge; one makes all, those that are refused included."""
    gains = {3: 0.49, 2: 0.39, 4: 0.29, 5: 0.14, 6: 0.0, 1: -0.01}
    assert_plausible(three_pairs(), gains)


def test_one_speaker_is_an_alternative_to_others() -> None:
    tree = MergeTree(np.arange(2), np.array([[0, 1]]), np.array([0.9]), np.full(2, 10.0))
    assert_plausible(tree, {1: 0.9 - THRESHOLD, 2: 0.0})


def test_a_merge_exceeds_the_threshold_by_no_more_than_those_before_it() -> None:
    tree = replace(three_pairs(), scores=THRESHOLD + np.array([0.2, 0.05, 0.14, -0.1, -0.4]))
    gains = {3: 0.3, 2: 0.2, 4: 0.1, 5: 0.05, 6: 0.0, 1: -0.2}
    assert_plausible(tree, gains)


@pytest.mark.parametrize(("little_s", "gain"), [(0.9, 0.0), (1.0, 0.2)])
def test_only_merges_of_two_who_have_enough_speech_are_counted(
    little_s: float, gain: float
) -> None:
    """The first merge adds little speech, the second is of two speakers."""
    tree = MergeTree(
        first=np.arange(3),
        merges=np.array([[0, 1], [0, 2]]),
        scores=THRESHOLD + np.array([0.2, -0.1]),
        seconds=np.array([10.0, little_s, 10.0]),
    )
    gains = {2: gain, 1: gain - 0.1} | ({3: 0.0} if gain else {})
    assert_plausible(tree, gains)


def test_what_is_merged_counts_with_all_its_speech() -> None:
    tree = MergeTree(
        first=np.arange(3),
        merges=np.array([[0, 1], [2, 0]]),
        scores=THRESHOLD + np.array([0.2, 0.1]),
        seconds=np.array([0.6, 0.6, 10.0]),
    )
    assert_plausible(tree, {1: 0.1, 2: 0.0})


def test_clusters_with_little_speech_are_no_speakers() -> None:
    tree = replace(three_pairs(), seconds=np.array([10.0, 10, 10, 10, 0.4, 0.4]))
    labels = cut_tree(tree, FREE, THRESHOLD, PARAMETERS)
    assert labels.tolist() == [0, 0, 1, 1, -1, -1]


def test_window_speakers_without_an_embedding_have_no_similarity() -> None:
    rows, links = two_voices(between=0.1, within=0.75)
    centroids = Centroids.of(rows, np.array(clusters(rows, links)), PARAMETERS)
    windows = np.stack([rows.embeddings[:2], np.full_like(rows.embeddings[:2], np.nan)], axis=1)
    soft = centroids.similarities(windows)
    assert np.isnan(soft[:, 1]).all()
    assert soft[0, 0].argmax() != soft[1, 0].argmax()


@pytest.mark.parametrize("speakers", [1, 2, 3])
def test_centroids_and_similarities_are_those_of_the_definition(speakers: int) -> None:
    rng = np.random.default_rng(speakers)
    embeddings = (rng.normal(size=(12, 4)) + 0.5).astype(np.float32)
    seconds, at = rng.uniform(0.3, 3, size=12), np.arange(12)
    labels = at % (speakers + 1) - 1
    rows = Rows(embeddings, seconds, np.column_stack([at, at + 1]), 1.0)
    found = Centroids.of(rows, labels, PARAMETERS)

    units = [row / np.linalg.norm(row) for row in embeddings.astype(np.float64)]
    weights = [1 - math.exp(-each / PARAMETERS.fade_s) for each in seconds]
    mean = np.zeros(4)
    if speakers > 1:
        mean = sum(w * u for w, u in zip(weights, units, strict=True)) / sum(weights)
    apart = [(each - mean) / np.linalg.norm(each - mean) for each in units]
    np.testing.assert_allclose(found.mean, mean, rtol=1e-12)
    windows = embeddings.reshape(4, 3, 4)
    soft = found.similarities(windows)
    assert soft.shape == (4, 3, speakers)
    for speaker in range(speakers):
        members = np.flatnonzero(labels == speaker)
        raw = sum(weights[row] * units[row] for row in members)
        raw = raw / sum(weights[row] for row in members)
        centred = sum(weights[row] * apart[row] for row in members)
        centred = centred / np.linalg.norm(centred)
        np.testing.assert_allclose(found.raw[speaker], raw, rtol=1e-12)
        np.testing.assert_allclose(found.centred[speaker], centred, rtol=1e-12)
        np.testing.assert_allclose(
            soft.reshape(12, -1)[:, speaker], [1 + each @ centred for each in apart], rtol=1e-12
        )


def test_an_infinite_embedding_has_no_similarity() -> None:
    rows, links = two_voices(between=0.1, within=0.75)
    centroids = Centroids.of(rows, np.array(clusters(rows, links)), PARAMETERS)
    windows = rows.embeddings[:2, np.newaxis].copy()
    windows[0, 0, 5] = np.inf
    soft = centroids.similarities(windows)
    assert np.isnan(soft[0]).all()
    assert np.isfinite(soft[1]).all()
