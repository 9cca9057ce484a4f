"""Audio that comes in: one rate, one level, filtered; the last seconds of it are kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.audio.resampling import Resampler
from ovdiar.conditioning import (
    HIGHPASS_MARGIN,
    LOUDER,
    PIECE_S,
    SILENT,
    Filter,
    gain_of,
    high_pass,
    low_pass,
)
from ovdiar.frames import FrameGrid
from ovdiar.windows import Slider

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.parameters import FrontEndParameters

SPECTRUM = 2 * HIGHPASS_MARGIN + 896
"""Samples that a live filter transforms at once: its answer lags behind by at most 0.16 s."""
BINS_PER_DB, QUIETEST_DB, BINS = 10, -120, 2000
"""Histogram of levels: up to +80 dB over full scale."""


@dataclass
class Buffer:
    """The last samples of a signal; the first one held is number ``start``."""

    samples: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    start: int = 0

    @property
    def end(self) -> int:
        """Number of the first sample to come."""
        return self.start + len(self.samples)

    def append(self, block: NDArray[np.float32]) -> None:
        """Add samples."""
        self.samples = np.concatenate([self.samples, block])

    def cut(self, first: int, last: int) -> NDArray[np.float32]:
        """Return samples; those that are not held are left out."""
        begin, end = max(first - self.start, 0), max(last - self.start, 0)
        return self.samples[begin:end]

    def drop(self, until: int) -> None:
        """Forget what comes before a sample."""
        if until > self.start:
            self.samples = self.samples[until - self.start :].copy()
            self.start = until


@dataclass
class LevelMeter:
    """The gain of what was heard so far, by the rule of `ovdiar.conditioning.gain_to`.

    Levels are counted in steps of 0.1 dB, so that the memory is bounded.
    """

    level_dbfs: float
    pieces: Slider
    waiting: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    counted: int = 0
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))

    @classmethod
    def of(cls, level_dbfs: float, rate: int) -> LevelMeter:
        """Make a meter for a level, 0 for none."""
        samples = round(PIECE_S * rate)
        return cls(level_dbfs, Slider(FrameGrid(samples, samples, rate=rate), 1))

    def push(self, block: NDArray[np.float32]) -> None:
        """Measure the next samples."""
        if self.level_dbfs:
            levels = [piece.std(dtype=np.float64) for piece in self.pieces.push(block)]
            self.waiting = np.concatenate([self.waiting, levels])

    def gain_at(self, end: int) -> float:
        """Return the gain by all pieces that end at or before a sample, ever later ones."""
        count = end // self.pieces.windows.width - self.counted
        levels, self.waiting = self.waiting[:count], self.waiting[count:]
        self.counted += len(levels)
        heard = levels[levels > SILENT]
        bins = (20 * np.log10(heard) - QUIETEST_DB) * BINS_PER_DB
        np.add.at(self.counts, np.clip(np.rint(bins).astype(np.int64), 0, BINS - 1), 1)
        total = self.counts.sum()
        if not total:
            return 1.0
        louder = int(np.searchsorted(np.cumsum(self.counts), LOUDER / 100 * total))
        return gain_of(10 ** ((louder / BINS_PER_DB + QUIETEST_DB) / 20), self.level_dbfs)


@dataclass
class LiveSignal:
    """What the networks hear: ``segmentation`` and ``embedding`` samples at the models' rate.

    The gain is not applied: it changes while more is heard, and is that of the moment at which a
    network runs.
    """

    source_rate: int
    rate: int
    meter: LevelMeter
    filters: tuple[list[Filter], list[Filter]]
    segmentation: Buffer = field(default_factory=Buffer)
    embedding: Buffer = field(default_factory=Buffer)
    received: int = 0

    def __post_init__(self) -> None:
        """Make a resampler where it is needed."""
        self._resampler = (
            None if self.source_rate == self.rate else Resampler(self.source_rate, self.rate)
        )

    @classmethod
    def of(cls, source_rate: int, rate: int, parameters: FrontEndParameters) -> LiveSignal:
        """Condition as the hyper-parameters say."""
        first: list[Filter] = []
        if parameters.segmentation_highpass:
            first.append(high_pass(parameters.segmentation_highpass, rate, SPECTRUM))
        if 0 < parameters.segmentation_lowpass < rate / 2:
            first.append(low_pass(parameters.segmentation_lowpass, rate, SPECTRUM))
        second = []
        if parameters.embedding_highpass:
            second.append(high_pass(parameters.embedding_highpass, rate, SPECTRUM))
        meter = LevelMeter.of(parameters.recording_level, rate)
        return cls(source_rate, rate, meter, (first, second))

    @property
    def ready(self) -> int:
        """Samples that both networks can hear."""
        return min(self.segmentation.end, self.embedding.end)

    def push(self, block: NDArray[np.float32]) -> None:
        """Take samples at the source's rate (n,)."""
        self.received += len(block)
        self._take(block if self._resampler is None else self._resampler.push(block), last=False)

    def finish(self) -> None:
        """Take what the resampler and the filters hold back."""
        rest = np.zeros(0, np.float32)
        self._take(rest if self._resampler is None else self._resampler.finish(), last=True)

    def replay(self, blocks: list[NDArray[np.float32]]) -> None:
        """Bring the resampler, whose state cannot be saved, to where these blocks end."""
        if self._resampler is not None:
            for block in blocks:
                self._resampler.push(block)

    def _take(self, block: NDArray[np.float32], *, last: bool) -> None:
        self.meter.push(block)
        for buffer, filters in zip((self.segmentation, self.embedding), self.filters, strict=True):
            samples = block
            for each in filters:
                samples = each.push(samples)
                if last:
                    samples = np.concatenate([samples, each.finish()])
            buffer.append(samples)
