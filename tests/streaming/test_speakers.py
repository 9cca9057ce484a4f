"""Speakers are sums, which give the similarities of offline clustering and forget nobody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.clustering.attenuation import Attenuation, Links, PairSums, Rows
from ovdiar.streaming.speakers import Evidence, Speakers

USUAL = Attenuation(fade_s=0.66, usual_level=0.68, margin_s=0.25, side=0.3)
SECONDS = st.floats(0.3, 3.0)


def evidence(embeddings: np.ndarray, seconds: list[float]) -> Evidence:
    pieces = [Evidence.of(e, s, USUAL.fade_s) for e, s in zip(embeddings, seconds, strict=True)]
    total = pieces[0]
    for piece in pieces[1:]:
        total = total + piece
    return total


@given(
    one=st.lists(SECONDS, min_size=1, max_size=5),
    two=st.lists(SECONDS, min_size=1, max_size=5),
    same=st.integers(0, 4),
    apart=st.integers(0, 4),
    seed=st.integers(0, 1000),
)
def test_similarities_are_those_of_offline_clustering(
    one: list[float], two: list[float], same: int, apart: int, seed: int
) -> None:
    count = len(one) + len(two)
    vectors = np.random.default_rng(seed).standard_normal((count, 6)).astype(np.float32)
    labels = np.repeat([0, 1], [len(one), len(two)])
    spans = np.column_stack([np.arange(count), np.arange(count) + 1])
    none = np.zeros((0, 2), dtype=np.int64)
    linked = Links(
        same=np.repeat([[0, len(one)]], same, axis=0) if same else none,
        apart=np.repeat([[0, len(one)]], apart, axis=0) if apart else none,
    )
    sums = PairSums(Rows(vectors, np.array(one + two), spans, 1.0), linked, labels, USUAL)
    speakers = Speakers(USUAL, 0.75)
    speakers.cosines = (
        sums.level * (1.0 + USUAL.level_pairs) - USUAL.level_pairs * USUAL.usual_level
    )
    speakers.weights = 1.0
    assert speakers.level == pytest.approx(sums.level)
    ours, theirs = evidence(vectors[: len(one)], one), evidence(vectors[len(one) :], two)
    found = speakers.similarity(ours, theirs, (same, apart))
    assert found == pytest.approx(sums.scores(0)[1], rel=1e-4, abs=1e-5)


def test_numbers_of_abandoned_speakers_are_given_again() -> None:
    speakers = Speakers(USUAL, 0.75)
    first, second = speakers.add(), speakers.add()
    speakers.merge(second, first)
    third = speakers.add()
    assert [speakers.known[each].number for each in (first, third)] == [0, 1]


def test_a_number_that_was_final_is_not_given_again() -> None:
    speakers = Speakers(USUAL, 0.75)
    first, second = speakers.add(), speakers.add()
    speakers.known[second].used = True
    speakers.merge(second, first)
    speakers.forget(set())
    assert speakers.known[speakers.add()].number == 2


def test_speakers_are_not_forgotten() -> None:
    speakers = Speakers(USUAL, 0.75)
    known = speakers.add()
    speakers.known[known].evidence = evidence(np.ones((1, 4), np.float32), [2.0])
    for _ in range(100):
        speakers.merge(speakers.add(), known)
        speakers.forget(set())
    assert list(speakers.known) == [known]
    assert speakers.candidates() == [known]
