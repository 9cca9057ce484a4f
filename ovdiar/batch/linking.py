"""Join speakers of many recordings that are one voice, where that is sure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ovdiar.batch.neighbours import neighbours
from ovdiar.clustering.assignment import unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Search = Callable[[NDArray[np.float32], int], tuple[NDArray[np.int64], NDArray[np.float32]]]

NEIGHBOURS = 24
"""Candidates of each voice in a round."""
ROUNDS = 8
"""A voice with more recordings than `NEIGHBOURS` takes several; more than these, never so far."""


class Speakers(NamedTuple):
    """Speakers of many recordings: embeddings (N, D), speech (N,), s, and recordings (N,)."""

    embeddings: NDArray[np.float32]
    speech_s: NDArray[np.float32]
    recordings: NDArray[np.int64]


def link_speakers(
    speakers: Speakers, threshold: float, least_s: float, search: Search = neighbours
) -> NDArray[np.int64]:
    """Label the speakers by voice.

    Agglomerative clustering with centroid linkage over approximate neighbours, in rounds: the most
    similar voices are joined first, as long as their mean embeddings, weighted by speech, have a
    cosine similarity of at least ``threshold``. Two speakers of one recording are never joined.

    Parameters
    ----------
    speakers : see `Speakers`
    threshold : cosine similarity
    least_s : speakers with less speech stay apart, s
    search : finds nearest neighbours; see `neighbours`

    Returns
    -------
    (N,) int, the voice of each speaker, from 0 in the order of first appearance.
    """
    voices = _Voices(speakers)
    lengths = np.linalg.norm(speakers.embeddings, axis=1)
    live = np.flatnonzero((speakers.speech_s >= least_s) & (lengths > 0))
    for _ in range(ROUNDS):
        if len(live) < 2:
            break
        rows = unit(voices.sums[live]).astype(np.float32)
        indices, similarities = search(rows, min(NEIGHBOURS, len(live) - 1))
        firsts, columns = np.nonzero(similarities >= threshold)
        order = np.argsort(-similarities[firsts, columns], kind="stable")
        joined = 0
        for first, second in zip(
            live[firsts[order]], live[indices[firsts, columns][order]], strict=True
        ):
            joined += voices.join(int(first), int(second), threshold)
        if not joined:
            break
        live = live[[voices.find(int(each)) == each for each in live]]
    found = np.array([voices.find(each) for each in range(len(speakers.embeddings))], np.int64)
    _, first_seen, labels = np.unique(found, return_index=True, return_inverse=True)
    ranks: NDArray[np.int64] = np.argsort(np.argsort(first_seen))[labels]
    return ranks


class _Voices:
    """Disjoint sets of speakers, each with its weighted sum of embeddings and its recordings."""

    def __init__(self, speakers: Speakers) -> None:
        weights = np.maximum(speakers.speech_s, 0)[:, np.newaxis]
        self.sums = unit(speakers.embeddings).astype(np.float32) * weights
        self._parents = np.arange(len(speakers.embeddings))
        self._recordings: dict[int, set[int]] = {}
        self._recording = speakers.recordings

    def find(self, speaker: int) -> int:
        """Return the speaker that stands for a voice."""
        while self._parents[speaker] != speaker:
            self._parents[speaker] = self._parents[self._parents[speaker]]
            speaker = int(self._parents[speaker])
        return speaker

    def join(self, first: int, second: int, threshold: float) -> bool:
        """Join two voices that are alike enough and share no recording."""
        first, second = self.find(first), self.find(second)
        if first == second or _cosine(self.sums[first], self.sums[second]) < threshold:
            return False
        large, small = self._of(first), self._of(second)
        if len(large) < len(small):
            first, second, large, small = second, first, small, large
        if not large.isdisjoint(small):
            return False
        large |= small
        self._recordings.pop(second, None)
        self._recordings[first] = large
        self.sums[first] += self.sums[second]
        self._parents[second] = first
        return True

    def _of(self, voice: int) -> set[int]:
        return self._recordings.get(voice) or {int(self._recording[voice])}


def _cosine(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
