"""Pieces of clean speech, cut anew until they are final, and their embeddings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.networks.utterance import UtteranceEmbedding
from ovdiar.pieces import LEAST_S, LONGEST_S, PAUSE_S, Speech, clean_runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.frames import FrameGrid
    from ovdiar.networks.models import Models
    from ovdiar.streaming.recent import View
    from ovdiar.streaming.signal import Buffer
    from ovdiar.streaming.speakers import Evidence

SPAN_S = 8.0
"""Longest time from the start of a piece to its end, s; the samples are kept so long."""

Runs = list[tuple[int, int]]
"""First frames of runs, and those after the last ones."""


@dataclass(eq=False)
class LivePiece:
    """Clean speech of one voice.

    ``embedding`` (D,) is that of its frames, or of nearly the same, and ``evidence`` that of it.
    ``speaker`` is whose it is, as far as is known, ``shown`` whose its speech was when it became
    final, and ``margin`` how much nearer that speaker is than the next. ``links`` are the windows'
    votes on earlier pieces, by number: above 0 for the same voice, below 0 for another.
    """

    runs: Runs
    embedding: NDArray[np.float32] | None = None
    evidence: Evidence | None = None
    speaker: int = -1
    shown: int = -1
    margin: float = 0.0
    number: int = -1
    links: dict[int, int] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return length_of(self.runs)

    @property
    def seconds(self) -> float:
        """Speech that was embedded, s."""
        return 0.0 if self.evidence is None else self.evidence.seconds

    @property
    def start(self) -> int:
        """The first frame."""
        return self.runs[0][0]

    @property
    def end(self) -> int:
        """The frame after the last."""
        return self.runs[-1][1]


def length_of(runs: Runs) -> int:
    """Count the frames of runs."""
    return sum(end - start for start, end in runs)


def common(one: Runs, two: Runs) -> int:
    """Count the frames that two lists of runs share."""
    return sum(max(0, min(b, d) - max(a, c)) for a, b in one for c, d in two)


def cut(view: View, begin: int, frame_s: float) -> list[LivePiece]:
    """Cut the clean speech from a frame on into pieces, by all windows of a view.

    As `ovdiar.pieces.pieces_of`, but for speech of more than `LONGEST_S`: a piece is full before
    the next begins, so that it stays when more is heard.
    """
    longest, pause, least, span = (
        round(seconds / frame_s) for seconds in (LONGEST_S, PAUSE_S, LEAST_S, SPAN_S - LONGEST_S)
    )
    runs, continues = clean_runs(view.active, view.starts)
    pieces: list[Runs] = []
    before = -1
    for number, (first, last) in enumerate((runs + view.first).tolist()):
        start = max(first, begin)
        near = before >= 0 and bool(continues[number - 1]) and first - before <= pause
        while start < last:
            if not (pieces and near and length_of(pieces[-1]) < longest) or (
                start - pieces[-1][0][0] >= span
            ):
                pieces.append([])
            end = min(last, start + longest - length_of(pieces[-1]))
            pieces[-1].append((start, end))
            start, near, before = end, True, end
    return [LivePiece(_joined(piece)) for piece in pieces if length_of(piece) >= least]


def _joined(runs: Runs) -> Runs:
    """Join runs that touch."""
    joined: Runs = []
    for start, end in runs:
        if joined and joined[-1][1] == start:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((start, end))
    return joined


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
