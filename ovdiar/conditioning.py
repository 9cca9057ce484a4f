"""Make recordings alike where codecs and resamplers leave different things in them.

A segmentation network normalises each of its filters over the window, so that even a band without
energy is brought to full strength: the last half kilohertz of what was resampled or went through
MP3, all above 4 kHz of a telephone call. What is there tells of the encoder, and the network hears
it as loud as speech. Two measures, which pyannote does not take: the top of the band is taken off
all recordings alike, and a little noise covers what is left elsewhere.

`tiny` stops at 7 kHz, below all that resamplers and MP3 take off, and its noise lies 43 dB below
the window. It also refines its clusters, fills gaps under 0.1 s and drops turns under 0.2 s. Before
and after all of it, by ``tests/benchmarks/codecs.py``: the largest DER between any two of WAV,
FLAC, MP3 (CBR, VBR), Opus and M4A, and the smallest share of matched boundaries within 50 ms.

=====================  ===============  ===============
recording              as it is         in ``tiny``
=====================  ===============  ===============
telephone call, 30 s   0.7 %, 92 %      0.8 %, 95 %
telephone call, 245 s  0.2 %, 98 %      0.1 %, 99 %
our conversation       4.2 %, 76 %      0.4 %, 98 %
simulated, 2 speakers  12.0 %, 52 %     0.3 %, 99 %
simulated, 4 speakers  12.7 %, 44 %     0.3 %, 93 %
simulated, 6 speakers  14.7 %, 48 %     0.7 %, 95 %
=====================  ===============  ===============

Conditioning alone left 0.5 %, 88 % and 1.2 %, 87 % in the last two. Of 12 conversations simulated
with other voices (`benchmarks.simulated`) the worst pairs lie 0.5 to 1.5 % apart, with 92 to 100 %
of boundaries; of two broadcasts one is as sure (0.2 %), and in the other, of 40 s, Opus brings a
fifth voice (18 %). In all, 262 of 300 pairs keep within 1 % and 95 %, and of the 38 others 27 are
with MP3 of variable rate, whose noise lies 10 to 14 dB below speech above 2 kHz. Tried by hand on
kept scores, without gain: soft counts, soft assignment to clusters, weights of margins or of clean
speech, counts smoothed or trimmed, speakers of a window kept apart, 5.5 kHz. Only 4 kHz left fewer,
and cost simulated speech more than it is worth.

Resampling to 44.1 kHz and back is enough for 13 % with two simulated speakers. Either measure alone
leaves some of it: without noise the first call comes to 2.1 %, without the low pass the simulated
ones stay as they are. Noise at 40 and 34 dB did as well as at 43, at 60 it covered too little, at
30 it cost turns. The strict DER against the labels went from 7.0 to 6.9 % (simulated), from 5.4 to
5.1 % (calls) and from 29.0 to 27.7 % (meetings), and of M4A from 8.9 - 10.9 % to that of WAV.
"""

from __future__ import annotations

from functools import cache
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
"""Kaiser's window that leaves 3e-5 of what is stopped, and goes from 1 to that in 286 Hz of
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
