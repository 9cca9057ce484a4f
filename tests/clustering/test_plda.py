"""PLDA brings embeddings where voices vary alike within and independently between."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ovdiar.clustering.plda import Plda

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSION_IN, DIMENSION = 12, 5
RNG = np.random.default_rng(0)
TRANSFORM: dict[str, NDArray[Any]] = {
    "mean1": RNG.normal(size=DIMENSION_IN),
    "lda": RNG.normal(size=(DIMENSION_IN, DIMENSION)).astype(np.float32),
    "mean2": RNG.normal(size=DIMENSION).astype(np.float32),
}
ARRAYS: dict[str, NDArray[Any]] = {
    "mu": RNG.normal(size=DIMENSION),
    "tr": RNG.normal(size=(DIMENSION, DIMENSION)),
    "psi": RNG.uniform(1, 9, size=DIMENSION),
}
EMBEDDINGS = RNG.normal(size=(7, DIMENSION_IN))


@pytest.fixture
def plda() -> Plda:
    return Plda.from_arrays(TRANSFORM, ARRAYS)


def _by_hand(embedding: NDArray[Any]) -> NDArray[np.float64]:
    centred = embedding - TRANSFORM["mean1"]
    projected = (
        np.sqrt(DIMENSION_IN) * centred / np.linalg.norm(centred) @ TRANSFORM["lda"]
        - TRANSFORM["mean2"]
    )
    return np.asarray(np.sqrt(DIMENSION) * projected / np.linalg.norm(projected))


def test_the_covariance_within_speakers_becomes_one(plda: Plda) -> None:
    within = np.linalg.inv(ARRAYS["tr"].T @ ARRAYS["tr"])
    np.testing.assert_allclose(
        plda.transform @ within @ plda.transform.T, np.eye(DIMENSION), atol=1e-9
    )


def test_the_covariance_between_speakers_becomes_diagonal(plda: Plda) -> None:
    between = np.linalg.inv((ARRAYS["tr"].T / ARRAYS["psi"]) @ ARRAYS["tr"])
    np.testing.assert_allclose(
        plda.transform @ between @ plda.transform.T, np.diag(plda.phi), atol=1e-9
    )


def test_the_variances_between_speakers_are_the_trained_ones_in_falling_order(plda: Plda) -> None:
    assert plda.phi.tolist() == pytest.approx(sorted(ARRAYS["psi"], reverse=True))


def test_discriminant_vectors_are_those_of_the_formula(plda: Plda) -> None:
    expected = np.stack([_by_hand(embedding) for embedding in EMBEDDINGS])
    np.testing.assert_allclose(plda.discriminate(EMBEDDINGS), expected, rtol=1e-12)


def test_features_are_whitened_discriminant_vectors(plda: Plda) -> None:
    expected = [plda.transform @ (_by_hand(embedding) - ARRAYS["mu"]) for embedding in EMBEDDINGS]
    np.testing.assert_allclose(plda(EMBEDDINGS), np.stack(expected), rtol=1e-9)


def test_the_loudness_of_an_embedding_does_not_matter_around_its_mean(plda: Plda) -> None:
    louder = TRANSFORM["mean1"] + 3 * (EMBEDDINGS - TRANSFORM["mean1"])
    np.testing.assert_allclose(plda(louder), plda(EMBEDDINGS), rtol=1e-9)


def test_a_plda_is_recognised_by_what_was_trained(plda: Plda) -> None:
    """Not by the signs and last digits of the eigenproblem, which are LAPACK's."""
    same = replace(plda, transform=-plda.transform, phi=plda.phi + 1e-9)
    assert same.digest() == plda.digest()
    others = {
        replace(plda, **{name: getattr(plda, name) + 0.01}).digest()
        for name in ("mean_in", "lda", "mean_out", "mu", "phi")
    }
    assert len(others - {plda.digest()}) == 5


def test_the_digest_is_that_of_the_arrays_in_double_precision(plda: Plda) -> None:
    arrays = (plda.mean_in, plda.lda, plda.mean_out, plda.mu, np.round(plda.phi, 3))
    content = b"".join(np.array(array, np.float64, order="C").tobytes() for array in arrays)
    assert plda.digest() == hashlib.sha256(content).hexdigest()
    transposed = replace(plda, lda=np.asfortranarray(plda.lda))
    assert transposed.digest() == plda.digest()
