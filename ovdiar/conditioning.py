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
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.frames import FrameGrid
from ovdiar.windows import Slider, slide

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
    return gain_of(np.percentile(levels[levels > SILENT], LOUDER), level_dbfs)


def gain_of(louder: float | np.floating[Any], level_dbfs: float) -> float:
    """Return the factor that brings the level of the louder pieces to another, dBFS (RMS)."""
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

    The answer has the same length. At half the rate and above nothing is taken off.
    """
    if cutoff_hz >= rate / 2:
        yield from blocks
        return
    yield from _filter_all(blocks, low_pass(cutoff_hz, rate))


def high_passed(
    blocks: Iterable[NDArray[np.float32]], cutoff_hz: float, rate: int
) -> Iterator[NDArray[np.float32]]:
    """Filter blocks of any lengths as if they were one, without delay, mirrored at both ends.

    The answer is what `low_passed` would leave out, by a steeper filter. Silence around a recording
    with an offset would be a step, and each end a click.
    """
    yield from _filter_all(blocks, high_pass(cutoff_hz, rate))


def low_pass(cutoff_hz: float, rate: int, spectrum: int = SPECTRUM) -> Filter:
    """Return the filter of `low_passed`, to be fed."""
    return Filter(taps(cutoff_hz, rate), mirrored=False, spectrum=spectrum)


def high_pass(cutoff_hz: float, rate: int, spectrum: int = SPECTRUM) -> Filter:
    """Return the filter of `high_passed`, to be fed."""
    rest = -taps(cutoff_hz, rate, HIGHPASS_MARGIN)
    rest[HIGHPASS_MARGIN] += 1
    return Filter(rest, mirrored=True, spectrum=spectrum)


class Filter:
    """A symmetric filter that is fed block by block, without delay of the signal.

    It convolves by overlap-save in pieces of its own, so that the answer does not depend on where
    blocks end.

    Parameters
    ----------
    taps
        (2 * margin + 1,).
    mirrored
        Continue the signal by its own first and last samples, reversed (`numpy.pad` in mode
        ``symmetric``), instead of silence.
    spectrum
        Samples transformed at once, of which 2 * margin are context: the answer lags behind by up
        to ``spectrum - margin``. The last digits depend on it.
    """

    def __init__(self, taps: NDArray[np.float64], *, mirrored: bool, spectrum: int) -> None:
        self.taps, self.mirrored, self.spectrum = taps, mirrored, spectrum
        self.margin = len(taps) // 2
        core = spectrum - 2 * self.margin
        self.pieces = Slider(FrameGrid(core, spectrum), 1)
        self.received = self.returned = 0
        self.edge = np.zeros(0, np.float32)
        """The samples that may have to be mirrored: all, while they are few, then the last."""
        self._response = np.fft.rfft(np.float32(taps), spectrum)

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Filter the next block (n,): the samples that are determined so far (m,)."""
        before, self.received = self.received, self.received + len(block)
        if not self.mirrored:
            silence = np.zeros(self.margin if not before and self.received else 0, np.float32)
            return self._filter(self.pieces.push(np.concatenate([silence, block])))
        self.edge = np.concatenate([self.edge, block])
        if self.received < self.margin:
            return np.zeros(0, np.float32)
        if before < self.margin:
            block = np.concatenate([self.edge[: self.margin][::-1], self.edge])
        self.edge = self.edge[-self.margin :]
        return self._filter(self.pieces.push(block))

    def finish(self) -> NDArray[np.float32]:
        """Return the remaining samples, in all as many as were pushed."""
        end = np.zeros(self.margin, np.float32)
        if not self.received:
            return end[:0]
        if self.mirrored and self.received < self.margin:  # all of it: mirrored more than once
            end = np.pad(self.edge, self.margin, mode="symmetric")
        elif self.mirrored:
            end = self.edge[::-1]
        last = [self._filter(self.pieces.push(end)), self._filter(self.pieces.finish())]
        return np.concatenate(last)

    def _filter(self, pieces: Iterable[NDArray[np.float32]]) -> NDArray[np.float32]:
        found = [np.zeros(0, np.float32)]
        for (piece,) in pieces:
            spectrum = np.fft.rfft(piece) * self._response
            filtered = np.fft.irfft(spectrum, self.spectrum)[2 * self.margin :]
            found.append(filtered[: self.received - self.returned].astype(np.float32))
            self.returned += len(found[-1])
        return np.concatenate(found)


def _filter_all(
    blocks: Iterable[NDArray[np.float32]], each: Filter
) -> Iterator[NDArray[np.float32]]:
    for block in blocks:
        yield each.push(block)
    yield each.finish()


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
