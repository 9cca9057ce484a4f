"""What an evaluation is asked: a network's description, and speech to answer to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias

    from numpy.typing import NDArray

    Answers: TypeAlias = Mapping[str, NDArray[Any]]
    """``scores`` (frames, classes); or ``features`` (frames, any) and ``vectors`` (rows,
    dimension), one row for each mask of a pooled embedding, for each piece of an utterance."""

MASK_STEP = 270
"""Of the masks' frames, in samples: those of a published segmentation model."""


@dataclass(frozen=True, eq=False)
class Probe:
    """A waveform (samples,) for the network that ``entry``, of the manifest, describes."""

    entry: Mapping[str, Any]
    waveform: NDArray[np.float32]

    @property
    def rate(self) -> int:
        """The rate of the waveform, Hz."""
        return int(self.entry["sample_rate"])

    @property
    def masks(self) -> NDArray[np.float32]:
        """Who is to be embedded (speakers, frames): everything, and every other tenth of it."""
        frames = np.arange(len(self.waveform) // MASK_STEP)
        tenth = frames * 10 // len(frames)
        return np.stack([np.ones(len(frames)), tenth % 2]).astype(np.float32)

    def pieces(self, features: NDArray[Any]) -> list[NDArray[Any]]:
        """Cut the features (frames, bands) of an utterance as the network was trained on them."""
        length = int(self.entry.get("partial_frames") or len(features))
        starts = range(0, len(features) - length + 1, length)
        return [features[start : start + length] for start in starts]
