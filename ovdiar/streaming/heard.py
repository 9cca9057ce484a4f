"""The pieces that were heard: bounded, in order of time, and those near a frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.streaming.reclustering import NEARBY_S
from ovdiar.streaming.speakers import Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.streaming.speech import LivePiece

MOST = 600
"""Pieces that are kept: half an hour of speech."""
NEIGHBOUR, NEIGHBOUR_S = 0.5, 3.0
"""What the other pieces of a track count for in the voice of one, and after how many seconds it is
less by e."""


@dataclass
class Heard:
    """Closed pieces with their embeddings.

    Of more than `MOST`, the speaker with the most pieces loses the shortest, so that nobody is
    forgotten. ``frame_s`` is the step of the frames, ``fade_s`` that of `Attenuation`.
    """

    frame_s: float
    fade_s: float
    pieces: list[LivePiece] = field(default_factory=list)

    def add(self, piece: LivePiece) -> None:
        """Keep the next piece."""
        self.pieces.append(piece)
        if len(self.pieces) > MOST:
            recent = len(self.near(piece.start))
            old = self.pieces[: len(self.pieces) - recent] or self.pieces
            counts = np.bincount([each.speaker for each in old])
            often = [each for each in old if each.speaker == counts.argmax()]
            self.pieces.remove(min(often, key=lambda each: each.embedded))

    def near(self, frame: int) -> list[LivePiece]:
        """List the pieces of the last `NEARBY_S` before a frame, and those after it."""
        count = 0
        for piece in reversed(self.pieces):
            if (frame - piece.end) * self.frame_s >= NEARBY_S:
                break
            count += 1
        return self.pieces[len(self.pieces) - count :]

    def evidence(self, piece: LivePiece) -> Evidence:
        """Return the evidence of one piece.

        Raises
        ------
        KeyError
            It was not embedded.
        """
        if piece.embedding is None:
            raise KeyError(piece.start)
        return Evidence.of(piece.embedding, piece.embedded * self.frame_s, self.fade_s)

    def voice(self, piece: LivePiece) -> NDArray[np.float64]:
        """Sum a piece and its neighbours of the same track (D,), as windows average them."""
        total = self.evidence(piece).total
        for other in self.near(piece.start):
            gap_s = max(other.start - piece.end, piece.start - other.end) * self.frame_s
            if other is not piece and other.track == piece.track and gap_s < NEARBY_S:
                weight = NEIGHBOUR * np.exp(-max(gap_s, 0.0) / NEIGHBOUR_S)
                total = total + weight * self.evidence(other).total
        return total
