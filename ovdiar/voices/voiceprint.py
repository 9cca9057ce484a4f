"""Voiceprints: a speaker's mean embedding in one recording."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.assignment import unit
from ovdiar.clustering.attenuation import Links, PairSums, fading
from ovdiar.errors import ConfigError
from ovdiar.frames import read_only

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar.clustering.attenuation import Attenuation, Rows


@dataclass(frozen=True, eq=False)
class Voiceprint:
    """A speaker's mean embedding in one recording.

    Parameters
    ----------
    embedding : (D,), of length 1
    seconds : clean speech that it was computed from
    """

    embedding: NDArray[np.float64] = field(repr=False)
    seconds: float

    def __post_init__(self) -> None:
        """Normalise and freeze the embedding."""
        vector = unit(np.asarray(self.embedding, dtype=np.float64))
        object.__setattr__(self, "embedding", read_only(vector))


def voiceprints_of(
    rows: Rows, owners: NDArray[np.int64], alone_s: NDArray[np.float64], fade_s: float
) -> list[Voiceprint | None]:
    """Average the embeddings of speakers; rows weigh by their `fading`.

    Parameters
    ----------
    rows : of one recording
    owners : (N,), the speaker of each row, 0 to K - 1, or -1 for none
    alone_s : (K,), how long each speaks alone, s; rows may repeat speech

    Returns
    -------
    One for each speaker; None where a speaker has no rows.
    """
    vectors = fading(rows.seconds, fade_s)[:, np.newaxis] * unit(
        np.asarray(rows.embeddings, dtype=np.float64)
    )
    found: list[Voiceprint | None] = []
    for speaker, longest_s in enumerate(alone_s.tolist()):
        own = owners == speaker
        spoken_s = min(float(rows.seconds[own].sum()), longest_s)
        found.append(Voiceprint(vectors[own].sum(axis=0), spoken_s) if own.any() else None)
    return found


def voiceprints_from(
    labels: Sequence[str], embeddings: NDArray[np.float64], seconds: NDArray[np.float64]
) -> dict[str, Voiceprint]:
    """Make voiceprints of embeddings (N, D) of so many seconds (N,), by label.

    Rows that are zero or not finite are left out.

    Raises
    ------
    ConfigError
        The shapes do not fit each other.
    """
    if (
        embeddings.ndim != 2
        or seconds.ndim != 1
        or not (len(labels) == len(embeddings) == len(seconds))
    ):
        raise ConfigError(
            f"embeddings of shape {embeddings.shape}, seconds of shape {seconds.shape} and "
            f"{len(labels)} labels: give (speakers, dimension), (speakers,) and a label for each"
        )
    return {
        label: Voiceprint(row, spoken)
        for label, row, spoken in zip(labels, embeddings, seconds.tolist(), strict=True)
        if np.isfinite(row).all() and row.any()
    }


def similarities(some: Sequence[Voiceprint], others: Sequence[Voiceprint]) -> NDArray[np.float64]:
    """Compare voiceprints by their cosine similarity: (N, M)."""
    one, two = (np.stack([each.embedding for each in prints]) for prints in (some, others))
    found: NDArray[np.float64] = one @ two.T
    return found


def consistency(rows: Rows, attenuation: Attenuation) -> float:
    """Return how similar the speech of one voice is to itself, 0 to 1.

    The mean cosine similarity of its rows, corrected for their length; low in noise, or where
    several voices are mixed.
    """
    nothing = np.zeros((0, 2), dtype=np.int64)
    together = np.zeros(len(rows.seconds), dtype=np.int64)
    sums = PairSums(rows, Links(nothing, nothing), together, replace(attenuation, shrink=1.0))
    return float(min(sums.levels()[0], 1.0))
