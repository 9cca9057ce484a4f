"""Probabilistic linear discriminant analysis: embeddings into the space where VBx clusters.

Source: pyannote.audio 4, ``utils.vbx`` (after BUT's VBx); the transforms are in the bundle's
``plda/xvec_transform.npz`` and ``plda/plda.npz``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.clustering.assignment import unit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Plda:
    """A trained PLDA, diagonalised: within-class covariance 1, between-class ``phi`` (D,).

    ``mean_in`` (E,), ``lda`` (E, D) and ``mean_out`` (D,) bring an embedding of dimension E into
    the discriminant space; ``mu`` (D,) and ``transform`` (D, D) whiten it there.
    """

    mean_in: NDArray[Any]
    lda: NDArray[Any]
    mean_out: NDArray[Any]
    mu: NDArray[np.float64]
    transform: NDArray[np.float64]
    phi: NDArray[np.float64]

    @classmethod
    def from_arrays(
        cls, xvec_transform: Mapping[str, NDArray[Any]], plda: Mapping[str, NDArray[Any]]
    ) -> Plda:
        """Diagonalise the published arrays (mean1, lda, mean2; mu, tr, psi).

        The generalised symmetric eigenproblem of the between- and within-class covariances;
        eigenvalues in falling order. Signs of eigenvectors are LAPACK's; VBx does not see them.
        """
        from scipy.linalg import eigh  # noqa: PLC0415 - SciPy loads when a stage needs it

        tr, psi = plda["tr"], plda["psi"]
        within = np.linalg.inv(tr.T @ tr)
        between = np.linalg.inv((tr.T / psi) @ tr)
        phi, vectors = eigh(between, within)
        return cls(
            mean_in=xvec_transform["mean1"],
            lda=xvec_transform["lda"],
            mean_out=xvec_transform["mean2"],
            mu=plda["mu"],
            transform=vectors.T[::-1],
            phi=phi[::-1],
        )

    def digest(self) -> str:
        """Return a SHA-256 by which a PLDA is recognised, on any machine.

        Of the eigenproblem only the rounded eigenvalues count: signs and last digits are LAPACK's.
        """
        found = hashlib.sha256()
        for array in (self.mean_in, self.lda, self.mean_out, self.mu, np.round(self.phi, 3)):
            found.update(np.ascontiguousarray(array, np.float64).tobytes())
        return found.hexdigest()

    def discriminate(self, embeddings: NDArray[Any]) -> NDArray[np.float64]:
        """Project embeddings (N, E) into the discriminant space, (N, D) of length sqrt(D)."""
        dimension_in, dimension_out = self.lda.shape
        centred = np.sqrt(dimension_in) * unit(embeddings - self.mean_in)
        rows: NDArray[np.float64] = np.sqrt(dimension_out) * unit(
            centred @ self.lda - self.mean_out
        )
        return rows

    def __call__(self, embeddings: NDArray[Any]) -> NDArray[np.float64]:
        """Project embeddings (N, E) into VBx's space (N, D)."""
        rows: NDArray[np.float64] = (self.discriminate(embeddings) - self.mu) @ self.transform.T
        return rows
