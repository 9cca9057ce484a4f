"""Embedding models that must be given one speaker's speech alone (CAM++, GE2E, ECAPA-TDNN)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.embedding import nearest_resize
from ovdiar.networks.manifest import check_output

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from ovdiar.networks.bundle import EmbeddingSpec
    from ovdiar.networks.runtime import Network
    from ovdiar.pieces import Speech

MOST_FRAMES = 560
"""Frames of a batch, unless one utterance has more: more are not faster, and take more memory."""
MOST_PARTIAL_FRAMES = 2240
"""The same for networks of a fixed length: 14 partial utterances of GE2E."""

USUAL_LENGTHS = ((100, 5), (200, 10), (400, 20), (1000, 50))
"""Up to so many frames, speech is repeated from its start to a multiple of so many.

OpenVINO prepares a network for each new length, which takes about as long as one run of it
(docs/studies/threads-and-batches.md). So, speech of 0.25 to 10 s has one of 48 lengths, and a sixth
of it is repeated at most.
"""


@dataclass(frozen=True, eq=False)
class UtteranceEmbedding:
    """Embedding model that selects each speaker's frames first, and embeds them as an utterance.

    With ``usual_lengths``, utterances are repeated to one of the `USUAL_LENGTHS`, which is faster
    and changes embeddings slightly.
    """

    spec: EmbeddingSpec
    features: Network
    network: Network
    usual_lengths: bool = False

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Embed the masked frames of windows.

        Parameters
        ----------
        windows
            (N, samples).
        masks
            (N, S, frames), one mask per speaker.

        Returns
        -------
        (N, S, D), float32; NaN for speakers with less than ``spec.min_samples`` of speech.
        """
        select = self._by_frames if self.spec.select == "frames" else self._by_samples
        selected = list(select(windows, masks))
        embeddings = np.full((*masks.shape[:2], self.spec.dimension), np.nan, dtype=np.float32)
        found = self._embed([speech for _, speech in selected])
        for (speaker, _), embedding in zip(selected, found, strict=True):
            embeddings[speaker] = embedding
        return embeddings

    def utterances(self, pieces: Sequence[Speech]) -> NDArray[np.float32]:
        """Embed pieces of speech of one speaker each, of any lengths: (N, D).

        Speech of less than ``spec.min_samples`` is repeated.
        """
        select = self._frames_of if self.spec.select == "frames" else self._samples_of
        return self._embed([select(each) * self._gain(each.joined()) for each in pieces])

    def in_usual_lengths(self) -> UtteranceEmbedding:
        """Return the same model with ``usual_lengths``; it shares the networks."""
        return replace(self, usual_lengths=True)

    def _frames_of(self, piece: Speech) -> NDArray[np.float32]:
        """Compute features of the whole stretch, then select the speaker's (frames, bands)."""
        features = self.features(_at_least(piece.samples, self.spec.min_samples))[0]
        frames = piece.runs // self.spec.hop_samples
        chosen = np.concatenate([np.arange(first, max(last, first + 1)) for first, last in frames])
        selected: NDArray[np.float32] = features[np.minimum(chosen, len(features) - 1)]
        return selected

    def _samples_of(self, piece: Speech) -> NDArray[np.float32]:
        """Concatenate the speaker's samples, then compute their features (frames, bands)."""
        features: NDArray[np.float32] = self.features(
            _at_least(piece.joined(), self.spec.min_samples)
        )[0]
        return features

    def _embed(self, speeches: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Embed features (frames, bands) of any lengths: (N, D)."""
        parts = [self._partials(speech) for speech in speeches]
        owners = np.repeat(np.arange(len(parts)), [len(each) for each in parts])
        utterances = [part for each in parts for part in each]
        sums = np.zeros((len(speeches), self.spec.dimension), dtype=np.float32)
        groups = _equal_lengths(
            utterances, MOST_PARTIAL_FRAMES if self.spec.partial_frames else MOST_FRAMES
        )
        batches = (np.stack([utterances[row] for row in rows]) for rows in groups)
        for rows, outputs in zip(groups, self.network.each(batches), strict=True):
            check_output("embedding", "dimensions", outputs.shape[1], self.spec.dimension)
            np.add.at(sums, owners[rows], outputs)
        if self.spec.partial_frames:
            with np.errstate(invalid="ignore"):  # of zeros only: no voice, as without frames
                sums /= np.linalg.norm(sums, axis=1, keepdims=True)
        return sums

    def _by_frames(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> Iterator[tuple[tuple[int, int], NDArray[np.float32]]]:
        """Compute features per window, then select each speaker's frames (frames, bands)."""
        min_frames = max(1, -(-self.spec.min_samples // self.spec.hop_samples))
        for number, window in enumerate(windows):
            features = self.features(window[np.newaxis])[0]
            chosen = nearest_resize(masks[number], len(features)) > 0.5
            for speaker in np.flatnonzero(chosen.sum(axis=1) >= min_frames):
                frames = chosen[speaker]
                gain = self._gain(window[nearest_resize(frames, len(window))])
                yield (number, int(speaker)), features[frames] * gain

    def _by_samples(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> Iterator[tuple[tuple[int, int], NDArray[np.float32]]]:
        """Concatenate each speaker's samples, then compute their features (frames, bands)."""
        chosen = nearest_resize(masks, windows.shape[1]) > 0.5
        for window, speaker in np.argwhere(chosen.sum(axis=2) >= self.spec.min_samples):
            samples = windows[window, chosen[window, speaker]]
            features = self.features(samples[np.newaxis])[0]
            yield (int(window), int(speaker)), features * self._gain(samples)

    def _gain(self, samples: NDArray[np.float32]) -> float:
        """Return the power gain that raises speech to ``spec.level_dbfs``, at least 1.

        Source: Resemblyzer, ``normalize_volume`` with ``increase_only``.
        """
        if self.spec.level_dbfs is None:
            return 1.0
        power = float(np.mean(np.square(samples, dtype=np.float64)))
        target = 10 ** (self.spec.level_dbfs / 10)
        return max(1.0, target / power) if power > 0 else 1.0

    def _partials(self, speech: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """Split feature frames (frames, bands) into partial utterances of the training length.

        Shorter speech is repeated to that length; where the network takes any length, to
        ``spec.min_frames`` and, where wanted, one of the `USUAL_LENGTHS`.
        """
        length, step = self.spec.partial_frames, self.spec.partial_step_frames
        if len(speech) <= length or not length:
            least = max(len(speech), self.spec.min_frames)
            repeated = length or (usual_length(least) if self.usual_lengths else least)
            return [np.resize(speech, (repeated, speech.shape[1]))]
        last = len(speech) - length
        count = 1 + round(last / step)
        starts = np.linspace(0, last, count).astype(int)
        return [speech[start : start + length] for start in starts]


def _at_least(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Repeat samples to a length: (n,) -> (1, max(n, length))."""
    return np.resize(samples, max(len(samples), length))[np.newaxis]


def usual_length(frames: int) -> int:
    """Return the shortest of the `USUAL_LENGTHS` that holds so many frames."""
    multiple = next((multiple for most, multiple in USUAL_LENGTHS if frames <= most), 1)
    return -(-frames // multiple) * multiple


def _equal_lengths(utterances: list[NDArray[np.float32]], frames: int) -> list[list[int]]:
    """Group the indices of utterances of equal length into batches, the shortest first."""
    groups: dict[int, list[int]] = {}
    for number, utterance in enumerate(utterances):
        groups.setdefault(len(utterance), []).append(number)
    batches: list[list[int]] = []
    for length, group in sorted(groups.items()):
        size = max(1, frames // length)
        batches += [group[first : first + size] for first in range(0, len(group), size)]
    return batches
