"""VBx, against a version written number by number."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from reference import vbx as slow

from ovdiar.clustering.vbx import EXTINCT, Posterior, initial_responsibilities, vbx


class Case(NamedTuple):
    features: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    phi: np.ndarray[tuple[int], np.dtype[np.float64]]
    labels: np.ndarray[tuple[int], np.dtype[np.int64]]
    fa: float
    fb: float


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw 1 to 12 rows of a few voices, some of them equal, first labelled at random."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rows, voices, dimension = (draw(st.integers(1, most)) for most in (12, 4, 4))
    directions = 4 * rng.normal(size=(voices, dimension))
    features = directions[rng.integers(voices, size=rows)]
    if draw(st.booleans()):
        features = features + rng.normal(size=features.shape)
    labels = np.unique(rng.integers(voices, size=rows), return_inverse=True)[1]
    phi = np.sort(rng.uniform(0.5, 25, size=dimension))[::-1]
    return Case(
        features, phi, labels, draw(st.sampled_from([0.07, 0.3])), draw(st.sampled_from([0.8, 5.0]))
    )


def _run(case: Case) -> Posterior:
    initial = initial_responsibilities(case.labels)
    return vbx(case.features, case.phi, initial, fa=case.fa, fb=case.fb)


@settings(max_examples=60, deadline=None)
@given(cases())
def test_equals_the_slow_version(case: Case) -> None:
    initial = initial_responsibilities(case.labels).tolist()
    expected = slow.vbx(case.features.tolist(), case.phi.tolist(), initial, case.fa, case.fb)
    found = _run(case)
    gains = np.abs(np.diff(expected.elbo))
    assume((np.abs(gains - 1e-4) > 1e-9).all())  # or the last round depends on the last bit
    assert len(found.elbo) == len(expected.elbo)
    np.testing.assert_allclose(found.responsibilities, expected.gamma, atol=1e-9)
    np.testing.assert_allclose(found.priors, expected.priors, atol=1e-9)
    np.testing.assert_allclose(found.elbo, expected.elbo, rtol=1e-9, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_beliefs_are_probabilities(case: Case) -> None:
    posterior = _run(case)
    np.testing.assert_allclose(posterior.responsibilities.sum(axis=1), 1)
    assert posterior.priors.sum() == pytest.approx(1)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_every_round_but_the_last_gains_and_there_are_twenty_at_most(case: Case) -> None:
    elbo = _run(case).elbo
    assert 1 <= len(elbo) <= 20
    assert all(after - before >= 1e-4 for before, after in pairwise(elbo[:-1]))


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_the_rounds_can_be_limited(rounds: int) -> None:
    rng = np.random.default_rng(0)
    features, phi = rng.normal(size=(30, 4)), np.array([9.0, 5, 3, 1])
    initial = initial_responsibilities(np.arange(30) % 5)
    posterior = vbx(features, phi, initial, fa=0.3, fb=1, max_iterations=rounds)
    assert len(posterior.elbo) == rounds


def test_two_labels_of_one_voice_become_one_speaker() -> None:
    voices = np.repeat([[9.0, 0], [0, 9.0]], 20, axis=0)
    labels = np.repeat([0, 1, 2, 3], 10)
    posterior = vbx(voices, np.array([9.0, 9]), initial_responsibilities(labels), fa=1, fb=8)
    told = posterior.responsibilities.argmax(axis=1)
    assert len(set(told[:20])) == len(set(told[20:])) == 1
    assert told[0] != told[-1]


def test_first_responsibilities_lean_towards_the_labels() -> None:
    soft = initial_responsibilities(np.array([0, 2, 1]))
    chosen = math.exp(7) / (math.exp(7) + 2)
    assert soft[[0, 1, 2], [0, 2, 1]].tolist() == pytest.approx([chosen] * 3)
    assert soft[0, 1] == pytest.approx((1 - chosen) / 2)


@pytest.mark.parametrize(("prior", "alive"), [(EXTINCT, 1), (2 * EXTINCT, 2)])
def test_speakers_without_a_share_are_dropped(prior: float, alive: int) -> None:
    posterior = Posterior(np.ones((3, 2)), np.array([1 - prior, prior]), (0.0,))
    assert posterior.alive().shape == (3, alive)
