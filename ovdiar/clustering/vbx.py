"""Variational Bayes clustering, without the Markov chain (pyannote.audio 4 ``VBxClustering``).

Source: Landini et al., "Bayesian HMM clustering of x-vector sequences (VBx)", 2022; equation
numbers below are theirs. Rows are independent here: pyannote's variant has no transitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

INITIAL_SHARPNESS = 7.0
"""Log-odds that the first responsibilities give to the first labels (pyannote's smoothing)."""
CONVERGED = 1e-4
"""Least gain of the evidence's lower bound worth another round."""
EXTINCT = 1e-7
"""Speakers with at most this share of the rows are dropped."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """What VBx believes: ``responsibilities`` (N, S), ``priors`` (S,), lower bound per round."""

    responsibilities: NDArray[np.float64]
    priors: NDArray[np.float64]
    elbo: tuple[float, ...]

    def alive(self) -> NDArray[np.float64]:
        """Return the responsibilities of the speakers that remain, (N, K)."""
        return self.responsibilities[:, self.priors > EXTINCT]


def initial_responsibilities(labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Soften labels (N,) into responsibilities (N, S)."""
    from scipy.special import softmax  # noqa: PLC0415 - SciPy loads when a stage needs it

    one_hot = np.eye(int(labels.max()) + 1)[labels]
    soft: NDArray[np.float64] = softmax(INITIAL_SHARPNESS * one_hot, axis=1)
    return soft


def vbx(
    features: NDArray[np.float64],
    phi: NDArray[np.float64],
    initial: NDArray[np.float64],
    *,
    fa: float,
    fb: float,
    max_iterations: int = 20,
) -> Posterior:
    """Cluster PLDA features (N, D) with between-class variances ``phi`` (D,).

    ``initial`` (N, S) responsibilities set the number of speakers at most; ``fa`` and ``fb``
    scale the acoustics and the speaker prior. The responsibilities of the last round are kept,
    also where it gained nothing.
    """
    from scipy.special import logsumexp  # noqa: PLC0415

    dimension = features.shape[1]
    speakers = initial.shape[1]
    ratio = fa / fb
    log_norm = -0.5 * (np.sum(features**2, axis=1, keepdims=True) + dimension * np.log(2 * np.pi))
    rho = features * np.sqrt(phi)
    gamma, priors = initial, np.full(speakers, 1 / speakers)
    elbo: list[float] = []
    for _ in range(max_iterations):
        variance = 1 / (1 + ratio * gamma.sum(axis=0, keepdims=True).T * phi)  # (17)
        mean = ratio * variance * (gamma.T @ rho)  # (16)
        log_p = fa * (rho @ mean.T - 0.5 * (variance + mean**2) @ phi + log_norm)  # (23)
        joint = log_p + np.log(priors + 1e-8)
        evidence = logsumexp(joint, axis=-1)
        gamma = np.exp(joint - evidence[:, np.newaxis])
        priors = gamma.sum(axis=0)
        priors = priors / priors.sum()
        prior_term = fb * 0.5 * np.sum(np.log(variance) - variance - mean**2 + 1)
        elbo.append(float(evidence.sum() + prior_term))  # (25)
        if len(elbo) > 1 and elbo[-1] - elbo[-2] < CONVERGED:
            break
    return Posterior(gamma, priors, tuple(elbo))
