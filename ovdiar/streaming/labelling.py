"""Which speaker each piece of clean speech belongs to, and when a speaker is new."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.ahc import CountBounds
from ovdiar.clustering.attenuation import level_of
from ovdiar.streaming.reclustering import clusters_of, matched
from ovdiar.streaming.speech import common

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ovdiar.streaming.live_pieces import Embed, LivePieces, WindowPieces
    from ovdiar.streaming.recent import View
    from ovdiar.streaming.speakers import Run, Speakers
    from ovdiar.streaming.speech import LivePiece

NEIGHBOUR, NEIGHBOUR_S = 0.5, 3.0
"""What the other pieces of a window speaker count for in the voice of one, and after how many
seconds it is less by e."""
EVERY = 0.02
"""Share of the pieces by which they must have become more, to be clustered again."""
CERTAIN_S = 2.0
"""Speech of a piece at least that makes its speaker certain, s."""
LEAST_S = 1.0
"""Speech of a new speaker at least, s, unless there is no other."""


@dataclass
class Labelling:
    """The speakers of a stream, and the pieces that decide on them.

    ``confirm_s`` is the speech that makes a speaker certain. The pieces are clustered again once
    ``due`` more were embedded, or where one is near nobody; in between, new ones go to the nearest
    speaker. ``final`` are the last final runs, and ``unknown`` is the speaker of those who were not
    embedded yet, -1 for none.
    """

    speakers: Speakers
    pieces: LivePieces
    confirm_s: float
    due: int = 1
    final: list[Run] = field(default_factory=list)
    unknown: int = -1

    def update(self, view: View, reached: int, embed: Embed, *, last: bool) -> WindowPieces:
        """Cut and embed what is not settled, and decide whose it is.

        Returns which pieces the speakers of the windows hold.
        """
        self.due -= self.pieces.update(view, reached, embed, last=last)
        held = self.pieces.in_windows(view)
        for piece in self.pieces.live:
            piece.shown = self._final_speaker(piece)
        if self.pieces.all:
            if self.due <= 0 or not self._assign(held):
                self._recluster(held)
            self._rate()
        return held

    def nearest_speakers(self, held: WindowPieces) -> list[int]:
        """Return the speaker who is nearest to each of the last pieces."""
        if not held.pieces:
            return []
        keys, distances = self.speakers.distances(self._voices(held))
        return [keys[place] for place in distances.argmin(axis=1).tolist()]

    def _voices(self, held: WindowPieces) -> NDArray[np.float64]:
        """Sum each of the last pieces and its neighbours of the same voice: (N, D)."""
        pieces = held.pieces
        totals = np.array([each.evidence.total for each in pieces if each.evidence is not None])
        voices: NDArray[np.float64] = totals.copy()
        for one, two in held.votes.same.tolist():
            gap_s = max(pieces[two].start - pieces[one].end, 0) * self.pieces.frame_s
            weight = NEIGHBOUR * np.exp(-gap_s / NEIGHBOUR_S)
            voices[one] += weight * totals[two]
            voices[two] += weight * totals[one]
        return voices

    def speaker_of_frames(self, begin: int, end: int) -> int:
        """Return the speaker of most pieces' frames between two; -1 for none."""
        runs = [(begin, end)]
        shared = ((each.speaker, common(each.runs, runs)) for each in self.pieces.since(begin))
        return self._most(shared)

    def rating(self, speaker: int, begin: int, end: int) -> tuple[float, int]:
        """Return the margin of a speaker's last piece within some frames, and a frame.

        The speaker is certain up to there: the end of the last long piece; ``begin`` without one.
        """
        own = [e for e in self.pieces.since(begin) if e.speaker == speaker and e.start < end]
        certain = [min(each.end, end) for each in own if each.seconds >= CERTAIN_S]
        return own[-1].margin if own else 0.0, certain[-1] if certain else begin

    def unknown_speaker(self) -> int:
        """Return the speaker of those who were not embedded yet."""
        if self.unknown < 0:
            self.unknown = self.speakers.add()
        return self.unknown

    def _new_speaker(self) -> int:
        """Return a new speaker: the unknown one, if there is one."""
        speaker, self.unknown = self.unknown_speaker(), -1
        return speaker

    def forget(self, needed: set[int]) -> None:
        """Drop speakers that nothing refers to."""
        if self.unknown not in needed:
            self.unknown = -1
        pieces = self.pieces.all
        needed = needed | {who for each in pieces for who in (each.speaker, each.shown)}
        self.speakers.forget(needed | {who for who, _, _ in self.final})

    def force(self, speaker: int, begin: int, end: int, others: set[int]) -> int:
        """Decide now on the frames of a provisional speaker: it is a new one, or the nearest.

        ``others`` are the speakers that are active at the same time. Returns -1 for nobody.
        """
        speakers = self.speakers
        total = speakers.known[speaker].evidence
        confirmed = speakers.confirmed
        if total is not None and not speakers.full and (total.seconds >= LEAST_S or not confirmed):
            speakers.known[speaker].confirmed = True
            return speaker
        free = [key for key in confirmed if key not in others] or confirmed
        if total is None:
            nearest = sorted(self.pieces.all, key=lambda e: max(e.start - end, begin - e.end, 0))
            order = [speakers.root(each.speaker) for each in nearest]
        else:
            keys, distances = speakers.distances(total.total[np.newaxis], confirmed=True)
            order = [keys[place] for place in np.argsort(distances[0])]
        return next((who for who in [*order, *free] if who in free), -1)

    def settle(self, decided: int, held: WindowPieces, *, last: bool) -> list[LivePiece]:
        """Take the pieces before a frame as settled, and return them."""
        ready = self.pieces.settle(decided, held, last=last)
        if ready:
            self.speakers.add_pieces(ready, self.pieces.live)
        return ready

    def mark_final(self, runs: Iterable[Run], pending: int) -> None:
        """Note runs that are final now.

        From the frame ``pending`` on, not all is final.
        """
        self.final += runs
        unsure = [each for each in self.pieces.settled if each.shown < 0]
        for piece in unsure:
            if piece.end <= pending:
                piece.shown = self._final_speaker(piece)
                if piece.shown < 0:
                    piece.shown = piece.speaker
        waiting = [each.start for each in [*unsure, *self.pieces.live] if each.shown < 0]
        first = min([*waiting, *(each.start for each in self.pieces.live), pending])
        self.final = [each for each in self.final if each[2] > first]

    def _final_speaker(self, piece: LivePiece) -> int:
        """Return the speaker with whom most of a piece became final; -1 for none."""
        return self._most((who, common(piece.runs, [(a, b)])) for who, a, b in self.final)

    def _most(self, shared: Iterable[tuple[int, int]]) -> int:
        """Return the speaker with most frames, of pairs of both; -1 for none."""
        frames: dict[int, int] = {}
        for speaker, count in shared:
            if count:
                who = self.speakers.root(speaker)
                frames[who] = frames.get(who, 0) + count
        return max(frames, key=lambda who: frames[who], default=-1)

    def _recluster(self, held: WindowPieces) -> None:
        """Cluster all pieces; a speaker of whom nothing was final goes if no cluster is left."""
        speakers, pieces = self.speakers, self.pieces.all
        self.due = max(1, round(EVERY * len(pieces)))
        bounds = CountBounds(1, speakers.most or len(pieces))
        rows, links = self.pieces.rows(), self.pieces.links(held)
        speakers.level = level_of(rows, links, speakers.attenuation)
        used = sum(each.used and each.merged_into < 0 for each in speakers.known.values())
        labels = clusters_of(
            rows, links, speakers.attenuation, speakers.threshold, bounds, known=used
        )
        before = np.array([self._shown(each) for each in pieces])
        found = matched(labels, before, rows.seconds)
        for cluster in set(labels.tolist()) - set(found):
            found[cluster] = self._new_speaker()
        for piece, label in zip(pieces, labels.tolist(), strict=True):
            piece.speaker = found[label]
        for key in set(before.tolist()) - {-1} - set(found.values()):
            known = speakers.known[key]
            if not (known.confirmed or known.used):
                speakers.merge(key, found[int(np.bincount(labels[before == key]).argmax())])
        speakers.sum(self.pieces.settled, self.pieces.live)

    def _assign(self, held: WindowPieces) -> bool:
        """Give pieces that have no speaker yet to the nearest; return whether all have one."""
        speakers, live = self.speakers, self.pieces.live
        for piece in live:
            if piece.speaker >= 0:
                piece.speaker = speakers.root(piece.speaker)
        speakers.add_pieces([], live)
        new = [place for place, each in enumerate(held.pieces) if each.speaker < 0]
        for place in new:
            held.pieces[place].speaker = self._most_similar(place, held)
        if new:
            speakers.add_pieces([], live)
        return all(held.pieces[place].speaker >= 0 for place in new)

    def _most_similar(self, place: int, held: WindowPieces) -> int:
        """Return the most similar speaker; -1 for a piece that may be a new one's."""
        piece = held.pieces[place]
        one, links = piece.evidence, self._links(place, held)
        scores = {} if one is None else self.speakers.scores(one, links)
        best = max(scores, key=lambda key: scores[key], default=-1)
        if best < 0 or piece.seconds < LEAST_S or self.speakers.full:
            return best
        return best if scores[best] >= self.speakers.threshold else -1

    def _links(self, place: int, held: WindowPieces) -> dict[int, tuple[float, float]]:
        """Count the pieces of each speaker that are linked with one, as one voice or as two."""
        counts: dict[int, tuple[float, float]] = {}
        for pairs, (one, two) in ((held.votes.same, (1, 0)), (held.votes.apart, (0, 1))):
            for other in [*pairs[pairs[:, 1] == place, 0], *pairs[pairs[:, 0] == place, 1]]:
                speaker = held.pieces[other].speaker
                if speaker >= 0:
                    same, apart = counts.get(speaker, (0.0, 0.0))
                    counts[speaker] = same + one, apart + two
        return counts

    def _shown(self, piece: LivePiece) -> int:
        """Return the speaker with whom a piece is shown; -1 for none."""
        who = piece.speaker if piece.shown < 0 else piece.shown
        return who if who < 0 else self.speakers.root(who)

    def _rate(self) -> None:
        """Rate the live pieces, and make speakers certain who have enough speech."""
        for piece in self.pieces.live:
            if piece.evidence is not None:
                piece.margin = self.speakers.margin(piece.evidence, piece.speaker)
        for each in self.speakers.known.values():
            total = each.evidence
            if total is not None and total.seconds >= self.confirm_s and not self.speakers.full:
                each.confirmed = True
