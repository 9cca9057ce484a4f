"""Speakers are sums, which give the similarities of offline clustering and forget nobody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.clustering.attenuation import Attenuation, Links, PairSums, Rows
from ovdiar.streaming.speakers import Evidence, Speakers
from ovdiar.streaming.speech import LivePiece

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
    speakers.level = sums.level
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
    speakers.known[known].settled = evidence(np.ones((1, 4), np.float32), [2.0])
    for _ in range(100):
        speakers.merge(speakers.add(), known)
        speakers.forget(set())
    assert list(speakers.known) == [known]
    assert list(speakers.candidates()) == [known]


def test_whom_a_final_speaker_became_is_not_forgotten() -> None:
    speakers = Speakers(USUAL, 0.75)
    lost, kept = speakers.add(), speakers.add()
    speakers.known[lost].used = True
    speakers.merge(lost, kept)
    speakers.forget(set())
    assert speakers.root(lost) == kept


def piece(speaker: int, seed: int) -> LivePiece:
    vector = np.random.default_rng(seed).standard_normal(6).astype(np.float32)
    one = Evidence.of(vector, 1.0 + seed % 3, USUAL.fade_s)
    return LivePiece([(0, 10)], embedding=vector, evidence=one, speaker=speaker)


@given(st.integers(0, 1000))
def test_sums_follow_pieces_that_are_settled(seed: int) -> None:
    pieces = [piece(number % 3, seed + number) for number in range(8)]
    whole, stepwise = (Speakers(USUAL, 0.75) for _ in range(2))
    for speakers in (whole, stepwise):
        for _ in range(3):
            speakers.add()
    whole.sum(pieces[:6], pieces[6:])
    stepwise.sum(pieces[:2], pieces[2:5])
    stepwise.add_pieces(pieces[2:6], pieces[6:])
    for key, evidence_ in whole.candidates().items():
        np.testing.assert_allclose(stepwise.candidates()[key].total, evidence_.total)
        assert stepwise.candidates()[key].seconds == pytest.approx(evidence_.seconds)


def test_voices_are_nearest_to_their_own_speaker() -> None:
    speakers = Speakers(USUAL, 0.75)
    pieces = [piece(number, number) for number in range(3)]
    for each in pieces:
        speakers.add()
        each.runs = [(0, 10)]
    speakers.sum(pieces, [])
    speakers.known[1].confirmed = True
    voices = np.stack([each.embedding for each in pieces if each.embedding is not None])
    keys, distances = speakers.distances(voices)
    assert [keys[place] for place in distances.argmin(axis=1)] == [0, 1, 2]
    assert speakers.distances(voices, confirmed=True)[0] == [1]
    assert pieces[0].evidence is not None
    assert speakers.margin(pieces[0].evidence, 0) > 0 > speakers.margin(pieces[0].evidence, 1)
