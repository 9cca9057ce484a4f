"""Frames used for a speaker's embedding, and statistics pooling.

Sources: pyannote.audio ``SpeakerDiarization.get_embeddings`` and ``models.blocks.pooling``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from ovdiar.networks.bundle import EmbeddingSpec
    from ovdiar.windows import Progress


class EmbeddingModel(Protocol):
    """Model that embeds the speakers of windows."""

    @property
    def spec(self) -> EmbeddingSpec:
        """Input and output of the network."""
        ...

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
        (N, S, D), float32; NaN where a mask has too few frames for an utterance embedding.
        """
        ...


def least_clean_frames(frames: int, min_samples: int, window_samples: int) -> int:
    """Return the number of frames in the network's shortest input; clean masks must exceed it."""
    return -(-frames * min_samples // window_samples)


def speaker_masks(
    active: NDArray[np.bool_], *, exclude_overlap: bool, least_clean: int
) -> NDArray[np.float32]:
    """Select the frames of each speaker of each window.

    Parameters
    ----------
    active
        (C, F, S).
    exclude_overlap
        Use only the frames in which the speaker is alone, if there are more than ``least_clean``.
        Otherwise use all frames of the speaker.
    least_clean
        See `least_clean_frames`.

    Returns
    -------
    (C, S, F), float32, 0 or 1.
    """
    masks: NDArray[np.float32] = active.transpose(0, 2, 1).astype(np.float32)
    if not exclude_overlap:
        return masks
    alone = active.sum(axis=2) < 2
    clean = masks * alone[:, np.newaxis, :]
    enough = clean.sum(axis=2, keepdims=True) > least_clean
    return np.where(enough, clean, masks).astype(np.float32, copy=False)


def embed_windows(
    model: EmbeddingModel,
    batches: Iterable[NDArray[np.float32]],
    active: NDArray[np.bool_],
    choose: Callable[[NDArray[np.bool_]], NDArray[np.float32]],
    progress: Progress,
) -> NDArray[np.float32]:
    """Embed the speakers of all windows.

    Windows without speech are not passed to the network.

    Parameters
    ----------
    model
        Embedding model.
    batches
        Windows in order, in batches (N, samples).
    active
        (C, F, S).
    choose
        Converts the activity (N, F, S) of windows to masks (N, S, F).
    progress
        Called with the number of windows completed.

    Returns
    -------
    (C, S, D), float32; NaN for inactive speakers.
    """
    total, _, speakers = active.shape
    embeddings = np.full((total, speakers, model.spec.dimension), np.nan, dtype=np.float32)
    done = 0
    progress(completed=done, total=total)
    for batch in batches:
        here = active[done : done + len(batch)]
        speaking = np.any(here, axis=1)
        rows = np.flatnonzero(np.any(speaking, axis=1))
        if len(rows):
            outputs = model(batch[rows], choose(here[rows]))
            embeddings[done + rows] = np.where(speaking[rows, :, np.newaxis], outputs, np.nan)
        done += len(batch)
        progress(completed=done, total=total)
    return embeddings


def nearest_resize(masks: NDArray[Any], length: int) -> NDArray[Any]:
    """Resize the last axis by nearest-neighbour interpolation, as torch's ``nearest`` does."""
    frames = masks.shape[-1]
    resized: NDArray[Any] = masks[..., np.arange(length) * frames // length]
    return resized


def pool_statistics(
    features: NDArray[np.float32], masks: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Pool the features of each mask: weighted mean and weighted standard deviation.

    The constants 1e-8 are pyannote's (>= 3.1). A mask of zeros gives zeros.

    Parameters
    ----------
    features
        (N, channels, T).
    masks
        (N, S, T).

    Returns
    -------
    (N, S, 2 * channels), float32.
    """
    weights = masks.astype(np.float32)
    total = weights.sum(axis=2, keepdims=True) + np.float32(1e-8)
    guard = total - (weights**2).sum(axis=2, keepdims=True) / total + np.float32(1e-8)
    # einsum, not matmul: BLAS threads compete with those of the networks for cores
    mean = np.einsum("nst,nct->nsc", weights, features) / total
    squares = np.empty_like(mean)
    for speaker in range(masks.shape[1]):
        deviations = np.square(features - mean[:, speaker, :, np.newaxis])
        squares[:, speaker] = np.einsum("nt,nct->nc", weights[:, speaker], deviations)
    return np.concatenate([mean, np.sqrt(squares / guard)], axis=2)
