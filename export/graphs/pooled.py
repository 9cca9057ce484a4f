"""What the runtime must know about a network whose frames it pools itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pooled:
    """An embedding network cut in two at its statistics pooling.

    Parameters
    ----------
    rate : of the waveform, Hz
    channels : of the trunk's frames; the head takes their means, then their deviations
    dimension : of the embedding
    step : between two frames of the trunk, in samples
    min_samples : the shortest waveform that the trunk accepts, which yields one frame
    context : how far a frame hears to either side, in samples, rounded up to whole steps; 0 where
        it hears all of the waveform
    """

    rate: int
    channels: int
    dimension: int
    step: int
    min_samples: int
    context: int = 0
