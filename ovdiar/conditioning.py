"""Condition the waveform before the segmentation, so that codecs and resampling matter little.

A segmentation network normalises each of its filters over the window, so that a band without energy
is brought to full strength, with whatever an encoder left in it. A low-pass filter removes the top
of the band, and weak noise covers what is left elsewhere. pyannote does neither.

How far formats lie apart with and without it: docs/studies/codecs.md.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.frames import FrameGrid
from ovdiar.windows import PaddedBlocks, slide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from ovdiar.parameters import ConditioningParameters

MARGIN = 160
"""Samples on both sides that one sample of the answer depends on."""
BETA = 8.6
"""Kaiser's window that leaves 3e-5 of what is stopped, and goes from 1 to that in 286 Hz of
16,000 (Kaiser and Schafer, "On the use of the I0-sinh window for spectrum analysis", 1980)."""
SPECTRUM = 2**16
"""Samples that are transformed at once."""


def taps(cutoff_hz: float, rate: int) -> NDArray[np.float64]:
    """Return the symmetric filter (2 * MARGIN + 1,) that passes half at the cutoff, 1 at 0 Hz."""
    time = np.arange(-MARGIN, MARGIN + 1)
    ideal = np.sinc(2 * cutoff_hz / rate * time) * np.kaiser(len(time), BETA)
    return np.asarray(ideal / ideal.sum())


def filtered(
    blocks: Iterable[NDArray[np.float32]], parameters: ConditioningParameters, rate: int
) -> Iterable[NDArray[np.float32]]:
    """Apply the filters that the hyper-parameters set."""
    if parameters.segmentation_lowpass:
        blocks = low_passed(blocks, parameters.segmentation_lowpass, rate)
    return blocks


def low_passed(
    blocks: Iterable[NDArray[np.float32]], cutoff_hz: float, rate: int
) -> Iterator[NDArray[np.float32]]:
    """Filter blocks of any lengths as if they were one, without delay, silence around it.

    The answer, of the same length, does not depend on where the blocks end: it is convolved by
    overlap-save in pieces of its own. At half the rate and above nothing is taken off.
    """
    if cutoff_hz >= rate / 2:
        yield from blocks
        return
    response = np.fft.rfft(np.float32(taps(cutoff_hz, rate)), SPECTRUM)
    padded = PaddedBlocks(blocks, MARGIN)
    core = SPECTRUM - 2 * MARGIN
    pieces = slide(padded, FrameGrid(core, SPECTRUM, rate=rate), 1)
    for index, (piece,) in enumerate(pieces):
        filtered = np.fft.irfft(np.fft.rfft(piece) * response, SPECTRUM)[2 * MARGIN :]
        yield filtered[: max(0, padded.end - MARGIN - index * core)].astype(np.float32)


def with_noise(windows: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """Add white noise, this share of each window's level (RMS): (N, samples) -> (N, samples).

    It is the same in every window of every recording, so that answers can be repeated; where
    windows overlap it differs from one to the next, and its traces average out.
    """
    levels = np.sqrt(np.mean(np.square(windows), axis=1, keepdims=True))
    noisy: NDArray[np.float32] = windows + share * levels * _noise(windows.shape[1])
    return noisy


@cache
def _noise(samples: int) -> NDArray[np.float32]:
    """Return uniform noise of level 1; the numbers are PCG64's, which NumPy keeps as they are."""
    uniform = np.random.Generator(np.random.PCG64(1)).random(samples, dtype=np.float32)
    noise: NDArray[np.float32] = (uniform - np.float32(0.5)) * np.float32(12**0.5)
    return noise
