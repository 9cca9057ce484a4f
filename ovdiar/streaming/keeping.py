"""What is kept of a stream for the answer at its end: its audio, or the networks' outputs."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import binarize
from ovdiar.clustering.attenuation import fading
from ovdiar.counting import speaker_count
from ovdiar.frames import FrameGrid, WindowedFrames
from ovdiar.parameters import ClusteringParameters
from ovdiar.pieces import Pieces, spread_to_windows
from ovdiar.pipelines.diarization.prepared import Prepared
from ovdiar.pipelines.diarization.provenance import describe
from ovdiar.windows import output_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.networks.models import Models
    from ovdiar.parameters import DiarizationParameters
    from ovdiar.streaming.speech import LivePiece

CHUNK = 2**17
"""Samples of a chunk of audio that is kept."""
FULL_SCALE = np.float32(2**15)
LEVELS = 255
"""Steps of a kept score between 0 and 1."""


@dataclass
class KeptAudio:
    """The audio at its own rate, up to ``limit`` samples; beyond, none.

    Chunks are kept as 16-bit integers where that loses nothing, else in float32; ``held`` samples
    are in none yet.
    """

    limit: int
    chunks: list[NDArray[Any]] = field(default_factory=list)
    latest: list[NDArray[np.float32]] = field(default_factory=list)
    held: int = 0
    length: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of it is kept."""
        return self.length <= self.limit

    def push(self, block: NDArray[np.float32]) -> None:
        """Keep the next samples."""
        self.length += len(block)
        if not self.whole:
            self.chunks, self.latest, self.held = [], [], 0
            return
        self.latest.append(block)
        self.held += len(block)
        if self.held >= CHUNK:
            self.chunks.append(_narrowed(np.concatenate(self.latest)))
            self.latest, self.held = [], 0

    def blocks(self) -> list[NDArray[np.float32]]:
        """Return the audio."""
        return [_widened(each) for each in [*self.chunks, *self.latest]]


def _narrowed(samples: NDArray[np.float32]) -> NDArray[Any]:
    integers = np.clip(np.rint(samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    same = (
        np.array_equal(_widened(integers), samples) and not np.signbit(samples[samples == 0]).any()
    )
    return integers if same else samples


def _widened(samples: NDArray[Any]) -> NDArray[np.float32]:
    return samples / FULL_SCALE if samples.dtype == np.int16 else samples


@dataclass
class KeptOutputs:
    """Scores of the windows on a grid, each compressed, and pieces with their embeddings.

    Of a stream of more than ``limit`` windows none is kept.
    """

    limit: int
    windows: FrameGrid
    scores: list[bytes] = field(default_factory=list)
    runs: list[NDArray[np.int64]] = field(default_factory=list)
    embeddings: list[NDArray[np.float16]] = field(default_factory=list)
    length: int = 0

    @property
    def whole(self) -> bool:
        """Whether all of it is kept."""
        return self.length <= self.limit

    def add_window(self, start: int, scores: NDArray[Any]) -> None:
        """Keep the scores (F, S) of the window at a sample, if it is on the grid and complete."""
        if start != self.length * self.windows.step:
            return
        self.length += 1
        if not self.whole:
            self.scores, self.runs, self.embeddings = [], [], []
            return
        levels = np.rint(np.ascontiguousarray(scores.T) * np.float32(LEVELS)).astype(np.uint8)
        self.scores.append(zlib.compress(levels.tobytes(), 1))

    def add_piece(self, piece: LivePiece, embedding: NDArray[np.float32]) -> None:
        """Keep a piece that is closed."""
        if self.whole:
            self.runs.append(np.array(piece.runs, dtype=np.int64))
            with np.errstate(over="ignore"):
                self.embeddings.append(embedding.astype(np.float16))

    def prepared(
        self, models: Models, parameters: DiarizationParameters, uri: str, duration_s: float
    ) -> Prepared:
        """Put everything together as the front end would have."""
        spec = models.segmentation.spec
        speakers = len(spec.classes)
        levels = [np.frombuffer(zlib.decompress(each), np.uint8) for each in self.scores]
        shape = (len(levels), speakers, -1)
        scores = np.stack(levels).reshape(shape).transpose(0, 2, 1) / np.float32(LEVELS)
        windowed = WindowedFrames(scores, self.windows, spec.frames)
        active = windowed.with_data(binarize(scores, parameters.segmentation_threshold))
        count = speaker_count(active)
        pieces, embeddings = self._pieces(len(count), models.embedding.spec.dimension)
        _, _, starts = output_grid(active)
        seconds = pieces.frames() * np.float64(spec.frames.step_s)
        weights = fading(seconds, ClusteringParameters().fade_s)
        return Prepared(
            windowed,
            active,
            count,
            spread_to_windows(embeddings, weights, pieces, active.data, starts),
            parameters,
            uri=uri,
            duration_s=duration_s,
            bundle=describe(models.bundle),
            calibration=models.bundle.calibration,
            pieces=pieces,
            piece_embeddings=embeddings,
        )

    def _pieces(self, frames: int, dimension: int) -> tuple[Pieces, NDArray[np.float32]]:
        """Return the pieces that lie within so many frames, and their embeddings."""
        kept = [number for number, runs in enumerate(self.runs) if runs[-1, 1] <= frames]
        none = np.zeros((0, 2), dtype=np.int64)
        runs = np.concatenate([none, *(self.runs[number] for number in kept)])
        owner = np.repeat(np.arange(len(kept)), [len(self.runs[number]) for number in kept])
        embeddings = np.zeros((len(kept), dimension), np.float32)
        for row, number in enumerate(kept):
            embeddings[row] = self.embeddings[number]
        return Pieces(runs, owner), embeddings
