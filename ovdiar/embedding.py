"""Which frames a speaker's embedding is taken from, and the statistics pooled over them.

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
    """Embeds the speakers of windows."""

    @property
    def spec(self) -> EmbeddingSpec:
        """What the network expects and gives."""
        ...

    def __call__(
        self, windows: NDArray[np.float32], masks: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Embed what masks (N, S, frames) choose of windows (N, samples) -> (N, S, D).

        Where a mask leaves too little, the row is NaN.
        """
        ...


def least_clean_frames(frames: int, min_samples: int, window_samples: int) -> int:
    """Return how many clean frames a mask must exceed to be used: the network's shortest input."""
    return -(-frames * min_samples // window_samples)


def speaker_masks(
    active: NDArray[np.bool_], *, exclude_overlap: bool, least_clean: int
) -> NDArray[np.float32]:
    """Choose the frames of each window speaker: (C, F, S) -> (C, S, F), 0 or 1.

    With ``exclude_overlap``, the frames where the speaker is alone, if they are more than
    ``least_clean``; else all of the speaker's frames.
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
    """Embed the speakers of all windows: active (C, F, S) -> (C, S, D), NaN where there is none.

    ``batches`` are the windows in order, ``choose`` turns their activity into masks. The network
    sees no window in which nobody speaks.
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
            answers = model(batch[rows], choose(here[rows]))
            embeddings[done + rows] = np.where(speaking[rows, :, np.newaxis], answers, np.nan)
        done += len(batch)
        progress(completed=done, total=total)
    return embeddings


def nearest_resize(masks: NDArray[Any], length: int) -> NDArray[Any]:
    """Resize the last axis by taking the nearest earlier entry, as torch's ``nearest`` does."""
    frames = masks.shape[-1]
    resized: NDArray[Any] = masks[..., np.arange(length) * frames // length]
    return resized


def pool_statistics(
    features: NDArray[np.float32], masks: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Pool trunk features under masks: (N, channels, T), (N, S, T) -> (N, S, 2 * channels).

    Weighted mean, then weighted standard deviation with pyannote's (>= 3.1) guards of 1e-8; a
    mask of zeros gives zeros.
    """
    weights = masks.astype(np.float32)
    total = weights.sum(axis=2, keepdims=True) + np.float32(1e-8)
    guard = total - (weights**2).sum(axis=2, keepdims=True) / total + np.float32(1e-8)
    # no matrix products: threads of BLAS, once woken, take cores from those of the networks
    mean = np.einsum("nst,nct->nsc", weights, features) / total
    squares = np.empty_like(mean)
    for speaker in range(masks.shape[1]):
        apart = np.square(features - mean[:, speaker, :, np.newaxis])
        squares[:, speaker] = np.einsum("nt,nct->nc", weights[:, speaker], apart)
    return np.concatenate([mean, np.sqrt(squares / guard)], axis=2)
