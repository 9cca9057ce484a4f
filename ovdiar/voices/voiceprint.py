"""Voiceprints: what one recording tells of a speaker's voice, and how similar two of them are.

The cosine similarity of two mean embeddings of one voice falls with noise and with short speech.
Divided by the root of their reliabilities, it does not: Spearman's correction for attenuation ("The
proof and measurement of association between two things", 1904), as in clustering
(`ovdiar.clustering.attenuation`). What it gains: docs/studies/known-voices.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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

LEAST_RELIABILITY = 0.05
USUAL_PIECE_S = 2.0
"""Usual length of a piece of clean speech, s."""


@dataclass(frozen=True, eq=False)
class Voiceprint:
    """A speaker's mean embedding in one recording.

    Parameters
    ----------
    embedding : (D,), of length 1
    seconds : clean speech that it was computed from
    level : mean corrected similarity of that speech to itself, 0 to 1: low in noise, or where
        several voices are mixed
    reliability : the share of the embedding's squared length that the voice accounts for, 0 to 1
    """

    embedding: NDArray[np.float64] = field(repr=False)
    seconds: float
    level: float
    reliability: float

    def __post_init__(self) -> None:
        """Normalise and freeze the embedding."""
        vector = unit(np.asarray(self.embedding, dtype=np.float64))
        object.__setattr__(self, "embedding", read_only(vector))


def voiceprints_of(
    rows: Rows, owners: NDArray[np.int64], speakers: int, attenuation: Attenuation
) -> list[Voiceprint | None]:
    """Average the embeddings of speakers; rows weigh by their `fading`.

    Parameters
    ----------
    rows : of one recording
    owners : (N,), the speaker of each row, 0 to ``speakers`` - 1, or -1 for none

    Returns
    -------
    One for each speaker; None where a speaker has no rows.
    """
    found: list[Voiceprint | None] = [None] * speakers
    present, names = np.unique(owners[owners >= 0], return_inverse=True)
    if not len(present):
        return found
    labels = np.full(len(owners), -1, dtype=np.int64)
    labels[owners >= 0] = names
    nothing = np.zeros((0, 2), dtype=np.int64)
    sums = PairSums(rows, Links(nothing, nothing), labels, attenuation)
    levels = sums.levels()
    kept = fading(rows.seconds, attenuation.fade_s)
    vectors = kept[:, np.newaxis] * unit(np.asarray(rows.embeddings, dtype=np.float64))
    for number, speaker in enumerate(present.tolist()):
        own = labels == number
        mean = vectors[own].sum(axis=0) / (kept[own] ** 2).sum()
        seconds = float(sums.seconds[number])
        level = float(min(levels[number], 1.0))
        share = level / float(mean @ mean)
        found[speaker] = Voiceprint(mean, seconds, level, min(max(share, LEAST_RELIABILITY), 1.0))
    return found


def corrected_similarities(
    some: Sequence[Voiceprint], others: Sequence[Voiceprint]
) -> NDArray[np.float64]:
    """Compare voiceprints: the cosine over the root of both reliabilities, (N, M).

    About 1 for one voice, whatever the noise and the length of the speech.
    """
    one, two = (
        np.stack([each.embedding / np.sqrt(each.reliability) for each in prints])
        for prints in (some, others)
    )
    similarities: NDArray[np.float64] = one @ two.T
    return similarities


def usual_voiceprints(
    labels: Sequence[str],
    embeddings: NDArray[np.float64],
    seconds: NDArray[np.float64],
    dimension: int,
    attenuation: Attenuation,
) -> dict[str, Voiceprint]:
    """Make voiceprints of mean embeddings (N, D) of so many seconds (N,) of a usual recording.

    Their reliability is Spearman and Brown's for the mean of n measurements, here of n pieces of
    speech. Rows that are zero or not finite are left out.

    Raises
    ------
    ConfigError
        The shapes do not fit each other, or the dimension.
    """
    if embeddings.ndim != 2 or embeddings.shape[1] != dimension:
        raise ConfigError(
            f"embeddings of shape {embeddings.shape}: give (speakers, {dimension}), as the "
            "library's are"
        )
    if not len(labels) == len(embeddings) == seconds.size:
        raise ConfigError(
            f"{len(embeddings)} embeddings, {seconds.size} numbers of seconds and {len(labels)} "
            "labels: give one of each for every speaker"
        )
    level = attenuation.usual_level
    found = {}
    for label, row, spoken in zip(labels, embeddings, seconds.tolist(), strict=True):
        if np.isfinite(row).all() and row.any():
            pieces = max(spoken / USUAL_PIECE_S, 1.0)
            reliability = pieces * level / (1 + (pieces - 1) * level)
            found[label] = Voiceprint(row, spoken, level, reliability)
    return found
