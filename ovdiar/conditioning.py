"""Condition the waveform before the networks, so that what is inaudible matters little.

A recording is brought to one level, and a high-pass filter removes offsets and the hum of the
mains, before either network.

A segmentation network normalises each of its filters over the window, so that a band without
energy is brought to full strength, with whatever an encoder left in it. Before the segmentation, a
low-pass filter removes the top of the band, and weak noise covers what is left elsewhere.

pyannote does none of it.

How far formats lie apart with and without it: docs/studies/codecs.md; offset, hum and level:
docs/studies/inaudible.md.
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
HIGHPASS_MARGIN = 1600
"""Likewise of the high-pass filter, which is ten times as steep."""
BETA = 8.6
"""Kaiser's window that leaves 3e-5 of what is stopped. It goes from 1 to that in 286 Hz of 16,000,
with `HIGHPASS_MARGIN` in 29 Hz (Kaiser and Schafer, "On the use of the I0-sinh window for spectrum
analysis", 1980)."""
SPECTRUM = 2**16
"""Samples that are transformed at once."""
PIECE_S = 0.1
"""Pieces of a recording whose levels are compared, s."""
LOUDER = 95
"""Percentile of the levels that is brought to one level: speech, where there are 3 s of it a minute
or more."""
SILENT = 1e-6
"""Level (RMS of full scale) up to which a piece is left out."""
MOST_GAIN = 1000.0
"""Of a recording that is all but silent (60 dB)."""


def gain_to(level_dbfs: float, blocks: Iterable[NDArray[np.float32]], rate: int) -> float:
    """Return the factor that brings the louder parts of a recording to a level, dBFS (RMS).

    The level of a piece is its standard deviation, so that an offset does not count. Silence is
    left as it is.
    """
    samples = round(PIECE_S * rate)
    batches = slide(blocks, FrameGrid(samples, samples, rate=rate), 1000)
    levels = np.concatenate([batch.std(axis=1, dtype=np.float64) for batch in batches])
    if not (levels > SILENT).any():
        return 1.0
    louder = np.percentile(levels[levels > SILENT], LOUDER)
    return float(min(MOST_GAIN, 10 ** (level_dbfs / 20) / louder))


def taps(cutoff_hz: float, rate: int, margin: int = MARGIN) -> NDArray[np.float64]:
    """Return the symmetric filter (2 * margin + 1,) that passes half at the cutoff, 1 at 0 Hz."""
    time = np.arange(-margin, margin + 1)
    ideal = np.sinc(2 * cutoff_hz / rate * time) * np.kaiser(len(time), BETA)
    return np.asarray(ideal / ideal.sum())


def filtered(
    blocks: Iterable[NDArray[np.float32]], parameters: ConditioningParameters, rate: int
) -> Iterable[NDArray[np.float32]]:
    """Apply the filters that the hyper-parameters set."""
    if parameters.segmentation_highpass:
        blocks = high_passed(blocks, parameters.segmentation_highpass, rate)
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
    yield from _convolved(PaddedBlocks(blocks, MARGIN), taps(cutoff_hz, rate))


def high_passed(
    blocks: Iterable[NDArray[np.float32]], cutoff_hz: float, rate: int
) -> Iterator[NDArray[np.float32]]:
    """Filter blocks of any lengths as if they were one, without delay, mirrored at both ends.

    The answer is what `low_passed` would leave out, by a steeper filter. Silence around a recording
    with an offset would be a step, and each end a click.
    """
    rest = -taps(cutoff_hz, rate, HIGHPASS_MARGIN)
    rest[HIGHPASS_MARGIN] += 1
    yield from _convolved(MirroredBlocks(blocks, HIGHPASS_MARGIN), rest)


class MirroredBlocks(PaddedBlocks):
    """Iterate over blocks with their own first and last samples, reversed, before and after them.

    Equals `numpy.pad` in mode ``symmetric``.
    """

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Iterate over the mirrored start, blocks, the mirrored end."""
        margin, blocks = len(self._silence), iter(self._blocks)
        held = np.zeros(0, dtype=np.float32)
        while len(held) < margin and (block := next(blocks, None)) is not None:
            held = np.concatenate([held, block])
            self.end += len(block)
        if len(held) < margin:  # all of it: mirrored more than once
            if len(held):
                yield np.pad(held, margin, mode="symmetric")
            return
        yield held[:margin][::-1]
        yield held
        for block in blocks:
            self.end += len(block)
            yield block
            held = np.concatenate([held[-margin:], block])
        yield held[-margin:][::-1]


def _convolved(padded: PaddedBlocks, taps: NDArray[np.float64]) -> Iterator[NDArray[np.float32]]:
    """Convolve blocks, padded by half the filter, with it: as many samples as without padding."""
    margin = len(taps) // 2
    response = np.fft.rfft(np.float32(taps), SPECTRUM)
    core = SPECTRUM - 2 * margin
    pieces = slide(padded, FrameGrid(core, SPECTRUM), 1)
    for index, (piece,) in enumerate(pieces):
        filtered = np.fft.irfft(np.fft.rfft(piece) * response, SPECTRUM)[2 * margin :]
        yield filtered[: max(0, padded.end - margin - index * core)].astype(np.float32)


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
