"""Pieces of clean speech while they grow, and their embeddings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.networks.utterance import UtteranceEmbedding
from ovdiar.pieces import LEAST_S, LONGEST_S, PAUSE_S, Speech

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.frames import FrameGrid
    from ovdiar.networks.models import Models
    from ovdiar.streaming.signal import Buffer

EMBED_AT_S = 1.0
"""Speech with which a piece that still grows is embedded, s."""
GROWN = 1.5
"""How much longer a piece must be when it is complete, to be embedded again."""
SPAN_S = 8.0
"""Longest time from the start of a piece to its end, s; the samples are kept so long."""


@dataclass
class LivePiece:
    """Clean speech of one track: ``runs`` are the first frames and those after the last ones.

    ``embedded`` is the number of frames that ``embedding`` (D,) was computed from; ``speaker``
    whose it is, as far as is known, and ``shown`` whose its speech was when it became final.
    """

    track: int
    runs: list[tuple[int, int]]
    embedded: int = 0
    embedding: NDArray[np.float32] | None = None
    closed: bool = False
    speaker: int = -1
    shown: int = -1

    @property
    def frames(self) -> int:
        """Number of frames."""
        return sum(end - start for start, end in self.runs)

    @property
    def outgrown(self) -> bool:
        """Whether there is no embedding yet, or one of much less speech."""
        return self.embedding is None or self.frames >= GROWN * self.embedded

    @property
    def start(self) -> int:
        """The first frame."""
        return self.runs[0][0]

    @property
    def end(self) -> int:
        """The frame after the last."""
        return self.runs[-1][1]


@dataclass
class CleanSpeech:
    """Cuts clean speech into pieces as `ovdiar.pieces.join_runs` does, while it comes in.

    A piece ends where another track speaks alone, after a pause, and at its greatest length.
    """

    grid: FrameGrid
    reached: int = 0
    growing: LivePiece | None = None

    def push(self, runs: list[tuple[int, int, int]], reached: int) -> list[LivePiece]:
        """Take the clean runs up to a frame: track and both ends. Return the pieces they end."""
        closed: list[LivePiece] = []
        for track, begin, last in runs:
            start = begin
            while start < last:
                piece = self.growing
                if piece is None or not self._continues(piece, track, start):
                    self._close(closed)
                    piece = self.growing = LivePiece(track, [])
                end = min(last, start + self._frames(LONGEST_S) - piece.frames)
                if piece.runs and piece.end == start:
                    piece.runs[-1] = (piece.runs[-1][0], end)
                else:
                    piece.runs.append((start, end))
                start = end
        self.reached = reached
        if self.growing is not None and reached - self.growing.end > self._frames(PAUSE_S):
            self._close(closed)
        return closed

    def finish(self) -> list[LivePiece]:
        """Return the piece that still grows, if any."""
        closed: list[LivePiece] = []
        self._close(closed)
        return closed

    def is_due(self) -> bool:
        """Return whether the growing piece is long enough to be embedded, and was not yet."""
        if self.growing is None:
            return False
        mark = self._frames(EMBED_AT_S)
        return self.growing.embedded < mark <= self.growing.frames

    def _continues(self, piece: LivePiece, track: int, start: int) -> bool:
        return (
            piece.track == track
            and start - piece.end <= self._frames(PAUSE_S)
            and piece.frames < self._frames(LONGEST_S)
            and start - piece.start < self._frames(SPAN_S) - self._frames(LONGEST_S)
        )

    def _close(self, closed: list[LivePiece]) -> None:
        if self.growing is not None and self.growing.frames >= self._frames(LEAST_S):
            self.growing.closed = True
            closed.append(self.growing)
        self.growing = None

    def _frames(self, seconds: float) -> int:
        return round(seconds / self.grid.step_s)


@dataclass(frozen=True, eq=False)
class Embedder:
    """Embeds pieces: an utterance embedding their speech alone, any other the window around them.

    Bundles of fixed shapes take windows only.
    """

    models: Models
    buffer: Buffer
    grid: FrameGrid = field(kw_only=True)

    def __call__(self, piece: LivePiece, gain: float) -> NDArray[np.float32] | None:
        """Embed a piece (D,); None where the network needs more speech."""
        model = self.models.embedding
        if isinstance(model, UtteranceEmbedding) and not self.models.bundle.static_batch:
            model = model.in_usual_lengths()
            (found,) = model.utterances([self._speech(piece, gain, model.spec.hop_samples)])
        else:
            (((found,),),) = (self._in_window(piece, gain),)
        usable = np.isfinite(found).all() and bool(found.any())
        return np.asarray(found, np.float32) if usable else None

    def _speech(self, piece: LivePiece, gain: float, hop: int) -> Speech:
        """Cut a stretch as `ovdiar.pieces.speech_of` does; what is not heard yet is silence."""
        own = self._border() + self.grid.step * np.array(piece.runs)
        first, end = int(own[0, 0]) // hop * hop, int(own[-1, 1]) + self.grid.width // 2
        heard = self.buffer.cut(first, end) * np.float32(gain)
        return Speech(np.pad(heard, (0, end - first - len(heard))), own - first)

    def _in_window(self, piece: LivePiece, gain: float) -> NDArray[np.float32]:
        """Embed the frames of a piece within the last window of audio that holds its end."""
        spec = self.models.segmentation.spec
        end = min(self._border() + self.grid.step * piece.end, self.buffer.end)
        first = max(end - spec.window_samples, 0)
        heard = self.buffer.cut(first, first + spec.window_samples) * np.float32(gain)
        window = np.pad(heard, (0, spec.window_samples - len(heard)))
        offset = int(self.grid.index_of_start(first))
        mask = np.zeros(-(-spec.window_samples // self.grid.step), np.float32)
        for begin, last in piece.runs:
            mask[max(begin - offset, 0) : max(last - offset, 0)] = 1
        return self.models.embedding(window[np.newaxis], mask[np.newaxis, np.newaxis])

    def _border(self) -> int:
        return (self.grid.width - self.grid.step) // 2
