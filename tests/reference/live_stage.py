"""A live stream whose windows and embeddings are right, since what is said is given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.attenuation import Attenuation
from ovdiar.frames import FrameGrid
from ovdiar.streaming.decisions import Decisions
from ovdiar.streaming.labelling import Labelling
from ovdiar.streaming.live_pieces import LivePieces
from ovdiar.streaming.speakers import Speakers
from ovdiar.streaming.speech import common
from ovdiar.streaming.turns import Turns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.streaming.events import Event
    from ovdiar.streaming.speakers import Run
    from ovdiar.streaming.speech import LivePiece

USUAL = Attenuation(fade_s=0.66, usual_level=0.68, margin_s=0.25, side=0.3)
GRID = FrameGrid(10, 10, 0, 100)
"""Frames of a tenth of a second."""
WINDOW, STEP = 100, 5
"""Frames of a window, and from one to the next."""


def labelling(confirm_s: float = 2.0) -> Labelling:
    """Begin with nobody."""
    return Labelling(Speakers(USUAL, 0.75), LivePieces(GRID.step_s, USUAL.fade_s), confirm_s)


@dataclass
class Stage:
    """A stream of windows over runs of voices: voice, first frame and frame after the last.

    The speakers of each window are in another order. Where ``blind`` is a pair of frames, windows
    that end by the second hear the voices after the first as one.
    """

    talk: list[Run]
    latency: float = 2.0
    seed: int = 0
    blind: tuple[int, int] = (0, 0)
    events: list[Event] = field(default_factory=list)
    embedded: int = 0

    def __post_init__(self) -> None:
        """Begin a stream."""
        longest_s = max(self.latency, 2.0)
        self.rng = np.random.default_rng(self.seed)
        self.decisions = Decisions(
            *(GRID, WINDOW * GRID.step, STEP * GRID.step_s, self.latency, longest_s),
            labelling(longest_s),
            Turns(GRID, 1, 1, None),
        )

    def play(self, frames: int) -> Stage:
        """Take all windows up to a frame, and end."""
        for end in range(STEP, frames + 1, STEP):
            self.step(end)
        self.events += self.decisions.decide(frames * GRID.step, self.embed, last=True)[0]
        return self

    def step(self, end: int) -> None:
        """Take the window that ends with a frame."""
        start = max(end - WINDOW, 0)
        active = np.zeros((WINDOW, 3), dtype=bool)
        order = self.rng.permutation(3)
        for voice, first, last in self.talk:
            one = 0 if first >= self.blind[0] and end <= self.blind[1] else voice
            active[max(first - start, 0) : max(min(last, end) - start, 0), order[one]] = True
        heard = active[: end - start]
        self.decisions.take(start * GRID.step, heard.astype(np.float32), heard)
        self.events += self.decisions.decide(end * GRID.step, self.embed)[0]

    def embed(self, piece: LivePiece) -> NDArray[np.float32]:
        """Embed a piece: voices have their own directions, by the frames that each has."""
        self.embedded += 1
        voices = np.zeros(4, np.float32)
        for voice, first, last in self.talk:
            voices[voice] += common(piece.runs, [(first, last)])
        return voices

    def final(self) -> list[tuple[str, int, int]]:
        """List the final turns by frames."""
        return [
            (f"SPEAKER_{each.number:02d}", each.start, each.end)
            for each in sorted(self.decisions.turns.finals(), key=lambda e: (e.start, e.end))
        ]
