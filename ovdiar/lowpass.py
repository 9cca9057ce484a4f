"""Take off the top of the band, where codecs and resamplers leave different things.

A segmentation network normalises each of its filters over the window, so that even a band without
energy is brought to full strength. The last kilohertz below half the rate is such a band: full in
a recording made at that rate, empty in one that came through MP3, or that was resampled from 44.1
kHz. What is above the cutoff here is gone from all of them alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.frames import FrameGrid
from ovdiar.windows import Padded, slide

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

MARGIN = 160
"""Samples on both sides that one sample of the answer depends on."""
BETA = 8.6
"""Kaiser's window that leaves 1e-4.5 of what is stopped, and goes from 1 to that in 286 Hz of
16,000 (Kaiser and Schafer, "On the use of the I0-sinh window for spectrum analysis", 1980)."""
SPECTRUM = 2**16
"""Samples that are transformed at once."""


def taps(cutoff_hz: float, rate: int) -> NDArray[np.float64]:
    """Return the symmetric filter (2 * MARGIN + 1,) that passes half at the cutoff, 1 at 0 Hz."""
    time = np.arange(-MARGIN, MARGIN + 1)
    ideal = np.sinc(2 * cutoff_hz / rate * time) * np.kaiser(len(time), BETA)
    return np.asarray(ideal / ideal.sum())


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
    padded = Padded(blocks, MARGIN)
    core = SPECTRUM - 2 * MARGIN
    pieces = slide(padded, FrameGrid(core, SPECTRUM, rate=rate), 1)
    for index, (piece,) in enumerate(pieces):
        filtered = np.fft.irfft(np.fft.rfft(piece) * response, SPECTRUM)[2 * MARGIN :]
        yield filtered[: max(0, padded.end - MARGIN - index * core)].astype(np.float32)
