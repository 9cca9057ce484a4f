"""The pieces of a stream: those that are settled, and those that may still be cut anew."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.attenuation import Links, Rows
from ovdiar.clustering.rows import vote_on_links
from ovdiar.pieces import PAUSE_S, Pieces, shares_of_windows
from ovdiar.streaming.speakers import Evidence
from ovdiar.streaming.speech import LivePiece, common, cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ovdiar.pieces import Share
    from ovdiar.streaming.recent import View

    Embed = Callable[[LivePiece], "NDArray[np.float32] | None"]

MOST = 600
"""Settled pieces that are kept: half an hour of speech."""
EMBED_AT_S = 1.0
"""Speech with which a piece that still grows is embedded, s."""
SAME, GROWN = 0.8, 1.5
"""An embedding serves again for a piece that holds so much of its speech, and is not as many times
as long."""
REMEMBERED = 40
"""Embeddings of pieces that are not settled, kept to serve again."""


@dataclass(frozen=True, eq=False)
class WindowPieces:
    """The last pieces, and what the windows say of them, by their places.

    ``shares`` tell which each window speaker holds, ``votes`` which two are one voice.
    """

    pieces: list[LivePiece]
    shares: list[Share]
    votes: Links

    def places(self, view: View) -> NDArray[np.int16]:
        """Return the piece around each frame of each window speaker (C, F, S); -1 for none.

        It is the nearest of those that the window speaker holds.
        """
        found = np.full(view.active.shape, -1, dtype=np.int16)
        frames = np.arange(view.active.shape[1])
        starts = np.array([each.start for each in self.pieces])
        ends = np.array([each.end for each in self.pieces])
        for window, speaker, numbers, _ in self.shares:
            offset = view.first + int(view.starts[window])
            borders = (ends[numbers[:-1]] + starts[numbers[1:]]) // 2 - offset
            nearest = np.searchsorted(borders, frames, side="right")
            found[window, :, speaker] = numbers[nearest]
        return found


@dataclass
class LivePieces:
    """Pieces with their embeddings, in order of time.

    ``settled`` pieces lie where all is final. ``live`` ones are cut anew at each step, beyond the
    frame ``begin``; ``remembered`` were live before. ``frame_s`` is the step of the frames,
    ``fade_s`` that of `Attenuation`.
    """

    frame_s: float
    fade_s: float
    settled: list[LivePiece] = field(default_factory=list)
    live: list[LivePiece] = field(default_factory=list)
    remembered: list[LivePiece] = field(default_factory=list)
    begin: int = 0
    following: int = 0

    @property
    def all(self) -> list[LivePiece]:
        """All pieces."""
        return self.settled + self.live

    def update(self, view: View, reached: int, embed: Embed, *, last: bool) -> int:
        """Cut what is not settled anew, up to a frame; return how many pieces were embedded."""
        before, self.live, fresh = self.live, [], 0
        found = cut(view, self.begin, self.frame_s)
        for number, piece in enumerate(found):
            grows = number == len(found) - 1 and self._s(reached - piece.end) < EMBED_AT_S
            if grows and not last and self._s(piece.frames) < EMBED_AT_S:
                continue
            fresh += self._embed(piece, embed)
            if piece.embedding is not None:
                piece.speaker = _speaker_before(piece, before)
                self.live.append(piece)
        return fresh

    def _embed(self, piece: LivePiece, embed: Embed) -> bool:
        """Take the embedding of an earlier piece, or compute one; return whether it is new."""
        near = [each for each in self.remembered if _serves(each, piece)]
        if near:
            best = max(near, key=lambda each: common(each.runs, piece.runs))
            piece.embedding, piece.evidence = best.embedding, best.evidence
            return False
        piece.embedding = embed(piece)
        if piece.embedding is None:
            return False
        piece.evidence = Evidence.of(piece.embedding, self._s(piece.frames), self.fade_s)
        self.remembered = [*self.remembered, replace(piece)][-REMEMBERED:]
        return True

    def settle(self, decided: int, held: WindowPieces, *, last: bool) -> list[LivePiece]:
        """Take the live pieces before a frame as settled, with their links; return them.

        The last piece may still grow, but for a pause that is too long within one.
        """
        ready = [each for each in self.live if each.end <= decided]
        paused = bool(ready) and self._s(decided - ready[-1].end) > PAUSE_S
        if ready and ready[-1] is self.live[-1] and not (last or paused):
            ready.pop()
        if not ready:
            return []
        for piece in ready:
            piece.number = self.following
            self.following += 1
        for pairs, vote in ((held.votes.same, 1), (held.votes.apart, -1)):
            for one, two in pairs.tolist():
                if held.pieces[two] in ready:
                    held.pieces[two].links[held.pieces[one].number] = vote
        self.live = self.live[len(ready) :]
        self.begin = ready[-1].end
        self.remembered = [each for each in self.remembered if each.end > self.begin]
        for piece in ready:
            self.settled.append(piece)
            self._bound()
        return ready

    def _bound(self) -> None:
        """Of more than `MOST`, the speaker with the most pieces loses the shortest.

        So nobody is forgotten. The last tenth stays.
        """
        if len(self.settled) > MOST:
            old = self.settled[: -MOST // 10]
            counts = np.bincount([each.speaker for each in old])
            often = [each for each in old if each.speaker == counts.argmax()]
            self.settled.remove(min(often, key=lambda each: each.seconds))

    def since(self, frame: int) -> list[LivePiece]:
        """List the pieces that end after a frame."""
        pieces = self.all
        count = 0
        while count < len(pieces) and pieces[-1 - count].end > frame:
            count += 1
        return pieces[len(pieces) - count :]

    def in_windows(self, view: View) -> WindowPieces:
        """Find the pieces that window speakers hold; the newest window's votes are kept.

        Once a step, so that each window votes once.
        """
        near = self.since(view.first)
        owner = [number for number, each in enumerate(near) for _ in each.runs]
        runs = np.array([run for each in near for run in each.runs], dtype=np.int64).reshape(-1, 2)
        pieces = Pieces(np.maximum(runs - view.first, 0), np.array(owner, dtype=np.int64))
        shares = list(shares_of_windows(pieces, view.active, view.starts))
        frames = np.array([each.frames for each in near], dtype=np.int64)
        newest = [each for each in shares if each[0] == len(view.windows) - 1]
        self._vote(near, vote_on_links(newest, frames))
        return WindowPieces(near, shares, vote_on_links(shares, frames))

    def _vote(self, near: list[LivePiece], votes: Links) -> None:
        """Add the votes of a window on settled pieces to those of the windows before."""
        for pairs, vote in ((votes.same, 1), (votes.apart, -1)):
            for one, two in pairs.tolist():
                if near[two].number >= 0:
                    links, other = near[two].links, near[one].number
                    links[other] = links.get(other, 0) + vote

    def links(self, held: WindowPieces) -> Links:
        """Link all pieces: by the votes of the windows at hand, or as they were settled."""
        count, first = len(self.settled), len(self.all) - len(held.pieces)
        place = {each.number: number for number, each in enumerate(self.settled)}
        same, apart = (
            np.array(
                [
                    (place[other], number)
                    for number, each in enumerate(self.settled)
                    for other, balance in each.links.items()
                    if kind * balance > 0 and other in place
                ]
                + [pair for pair in (new + first).tolist() if pair[1] >= count],
                dtype=np.int64,
            ).reshape(-1, 2)
            for kind, new in ((1, held.votes.same), (-1, held.votes.apart))
        )
        return Links(same, apart)

    def rows(self) -> Rows:
        """Make rows of all pieces, of which there is at least one."""
        pieces = self.all
        embeddings = [each.embedding for each in pieces if each.embedding is not None]
        return Rows(
            embeddings=np.stack(embeddings).astype(np.float64),
            seconds=np.array([each.seconds for each in pieces]),
            spans=np.array([(each.start, each.end) for each in pieces], dtype=np.int64),
            share=1.0,
        )

    def _s(self, frames: int) -> float:
        return frames * self.frame_s


def _serves(one: LivePiece, two: LivePiece) -> bool:
    """Return whether the embedding of one piece serves for another."""
    return common(one.runs, two.runs) >= SAME * one.frames and two.frames < GROWN * one.frames


def _speaker_before(piece: LivePiece, before: list[LivePiece]) -> int:
    """Return the speaker of the earlier piece that shares most frames; -1 if none does."""
    shared = [common(piece.runs, each.runs) for each in before]
    return before[int(np.argmax(shared))].speaker if any(shared) else -1
