"""Which speaker a track is: decided by its pieces, changed only where nothing is final yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.ahc import CountBounds
from ovdiar.streaming.reclustering import clusters_of, matched

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.streaming.heard import Heard
    from ovdiar.streaming.speakers import Evidence, Speakers
    from ovdiar.streaming.speech import LivePiece

EVERY = 0.02
"""Share of the pieces by which they must have become more, to be clustered again."""
LEAST_S = 1.0
"""Speech of a new speaker at least, s, unless there is no other."""


@dataclass
class TrackLabel:
    """The speakers of one track: ``epochs`` are first frames and speakers; the last piece's margin.

    ``seen`` is the frame after the last in which the track was active, and ``heard`` the one after
    the last whose voice was compared with the speakers.
    """

    epochs: list[tuple[int, int]]
    seen: int
    margin: float = 0.0
    heard: int = 0


@dataclass
class Labelling:
    """The speakers of tracks, and the pieces that decided on them.

    ``confirm_s`` is the speech that makes a speaker certain. The pieces are clustered again once
    ``due`` more are closed; in between they go to the nearest speaker.
    """

    speakers: Speakers
    heard: Heard
    confirm_s: float
    tracks: dict[int, TrackLabel] = field(default_factory=dict)
    due: int = 1

    def see(self, track: int, begin: int, end: int) -> None:
        """Note that a track is active; a new one is a provisional speaker."""
        label = self.tracks.get(track)
        if label is None:
            self.tracks[track] = TrackLabel([(begin, self.speakers.add())], end)
        else:
            label.seen = max(label.seen, end)

    def speaker_at(self, track: int, frame: int) -> int:
        """Return the speaker of a track in a frame."""
        epochs = self.tracks[track].epochs
        found = next((who for start, who in reversed(epochs) if start <= frame), epochs[0][1])
        return self.speakers.root(found)

    def splits(self, track: int, begin: int, end: int) -> list[tuple[int, int, int]]:
        """Split a run of a track where its speaker changes: both ends and the speaker."""
        edges = [start for start, _ in self.tracks[track].epochs if begin < start < end]
        return [
            (first, last, self.speaker_at(track, first))
            for first, last in zip([begin, *edges], [*edges, end], strict=True)
        ]

    def doubts(self, piece: LivePiece) -> bool:
        """Return whether a piece's track has no certain speaker yet."""
        if piece.track not in self.tracks:
            return True
        return not self.speakers.known[self._own(piece)].confirmed

    def take(self, piece: LivePiece, embedding: NDArray[np.float32], final: int) -> None:
        """Decide whose a piece is, which was embedded; frames before ``final`` cannot change."""
        speakers = self.speakers
        piece.embedding = embedding
        one = self.heard.evidence(piece)
        self.see(piece.track, piece.start, piece.end)
        own = self._own(piece)
        for each in speakers.known.values():
            each.draft = None
        chosen = self._decide(one, own, piece)
        if chosen != own and not (speakers.known[own].confirmed or speakers.known[own].used):
            speakers.merge(own, chosen)
        elif chosen != own:
            self._change(piece, chosen, piece.start, final)
        piece.speaker = chosen
        if piece.closed:
            self._learn(piece, one)
            self._relabel(final)
        else:
            speakers.known[chosen].draft = one
        self._confirm()
        label = self.tracks[piece.track]
        label.margin, label.heard = speakers.margin(one, speakers.root(piece.speaker)), piece.end

    def force(self, track: int, begin: int, end: int, others: set[int]) -> bool:
        """Decide now on a run of a track whose speaker is provisional: a new one, or the nearest.

        ``others`` are the speakers that are active at the same time. False for nobody.
        """
        speakers, own = self.speakers, self.speaker_at(track, begin)
        total = speakers.known[own].all()
        confirmed = speakers.candidates(but=own, confirmed=True)
        if total is not None:
            scores = speakers.scores(total, self._links(track, begin), but=own)
            free = [key for key in confirmed if key not in others] or confirmed
            nearest = max(free, key=lambda key: scores[key], default=-1)
            apart = speakers.known[own].evidence is not None  # the clustering left them apart
            alien = apart or nearest < 0 or scores[nearest] < speakers.threshold
            if nearest < 0 or (alien and total.seconds >= LEAST_S and not speakers.full):
                speakers.known[own].confirmed = True
                return True
        else:
            last = (speakers.root(piece.speaker) for piece in reversed(self.heard.near(begin)))
            nearest = next((who for who in last if who in confirmed and who not in others), -1)
        if nearest < 0:
            return False
        self._give(track, begin, end, nearest)
        return True

    def part(self, one: int, two: int, begin: int, end: int, active: set[int]) -> None:
        """Give a run that two tracks of one speaker have in common to two speakers.

        The track whose pieces are farther away goes to the speaker of the nearest piece who is not
        active, if there is one.
        """
        speaker = self.speaker_at(one, begin)
        known = self.speakers.known
        if speaker != self.speaker_at(two, begin) or not known[speaker].confirmed:
            return
        others = {self.speaker_at(each, begin) for each in active}

        def away(piece: LivePiece) -> int:
            return max(piece.start - end, begin - piece.end, 0)

        near = sorted(self.heard.near(begin), key=away)
        found = (self.speakers.root(each.speaker) for each in near)
        other = next((who for who in found if who not in others and known[who].confirmed), None)
        if other is None:
            return
        first, second = (
            min((away(each) for each in near if each.track == track), default=end)
            for track in (one, two)
        )
        self._give(one if first > second else two, begin, end, other)

    def _give(self, track: int, begin: int, end: int | None, speaker: int) -> None:
        """Give some frames of a track to a speaker, without an end all to come."""
        label = self.tracks[track]
        before = [each for each in label.epochs if each[0] < begin]
        after: list[tuple[int, int]] = []
        if end is not None:
            after = [each for each in label.epochs if each[0] >= end]
            if not after or after[0][0] > end:
                after.insert(0, (end, self.speaker_at(track, end)))
        label.epochs = [*before, (begin, speaker), *after]

    def drop(self, before: int) -> None:
        """Forget tracks that ended before a frame, and pieces that are too old to tell anything."""
        for piece in reversed(self.heard.pieces):
            if piece.shown >= 0:
                break
            if piece.end <= before:
                piece.shown = self._shown(piece)
        self.tracks = {key: each for key, each in self.tracks.items() if each.seen > before}
        for label in self.tracks.values():
            gone = sum(start <= before for start, _ in label.epochs)
            label.epochs = label.epochs[max(gone - 1, 0) :]
        needed = {who for each in self.tracks.values() for _, who in each.epochs}
        for piece in self.heard.pieces:
            needed |= {piece.speaker, piece.shown}
        self.speakers.forget(needed)

    def _own(self, piece: LivePiece) -> int:
        """Return the speaker of a piece's track where it ends."""
        return self.speaker_at(piece.track, max(piece.end - 1, piece.start))

    def _decide(self, one: Evidence, own: int, piece: LivePiece) -> int:
        """Return whose the first piece of a track is; others go to their track's speaker."""
        speakers = self.speakers
        scores = speakers.scores(one, self._links(piece.track, piece.start))
        best = max(scores, key=lambda key: scores[key], default=-1)
        if best < 0 or speakers.known[own].evidence is not None or one.seconds < LEAST_S:
            return own
        return best if scores[best] >= speakers.threshold or speakers.full else own

    def _links(self, track: int, start: int) -> dict[int, tuple[float, float]]:
        """Count the neighbouring pieces of each speaker that are of this track, or of another."""
        links: dict[int, tuple[float, float]] = {}
        for other in self.heard.near(start):
            speaker = self.speakers.root(other.speaker)
            same, apart = links.get(speaker, (0.0, 0.0))
            alike = other.track == track
            links[speaker] = (same + alike, apart + (not alike))
        return links

    def _learn(self, piece: LivePiece, one: Evidence) -> None:
        """Add a closed piece to its speaker, and cluster all if enough are new."""
        speakers = self.speakers
        before = [each for each in self.heard.near(piece.start) if each.track == piece.track]
        if before:
            speakers.learn_level(self.heard.evidence(before[-1]), one)
        speakers.learn_mean(one)
        known = speakers.known[piece.speaker]
        known.evidence = one if known.evidence is None else known.evidence + one
        self.heard.add(piece)
        self.due -= 1
        if self.due <= 0:
            self._recluster()

    def _recluster(self) -> None:
        """Cluster all pieces; speakers of whom nothing was final are gone if no cluster is left."""
        speakers, pieces = self.speakers, self.heard.pieces
        self.due = max(1, round(EVERY * len(pieces)))
        bounds = CountBounds(1, speakers.most or len(pieces))
        labels = clusters_of(
            pieces, self.heard.frame_s, speakers.attenuation, speakers.threshold, bounds
        )
        shown = np.array([self._shown(each) for each in pieces])
        found = matched(labels, shown, np.array([each.embedded for each in pieces]))
        for cluster in set(labels.tolist()) - set(found):
            found[cluster] = speakers.add()
        sums: dict[int, Evidence] = {}
        for piece, label in zip(pieces, labels.tolist(), strict=True):
            piece.speaker, one = found[label], self.heard.evidence(piece)
            sums[piece.speaker] = sums[piece.speaker] + one if piece.speaker in sums else one
        for key, each in speakers.known.items():
            gone = each.evidence is not None and key not in sums
            each.evidence = sums.get(key)
            if gone and not (each.confirmed or each.used) and (shown == key).any():
                speakers.merge(key, found[int(np.bincount(labels[shown == key]).argmax())])

    def _shown(self, piece: LivePiece) -> int:
        """Return the speaker with whom a piece is shown."""
        who = self.speaker_at(piece.track, piece.start) if piece.shown < 0 else piece.shown
        return self.speakers.root(who)

    def _relabel(self, final: int) -> None:
        """Give what can change to the speakers that are nearest by now.

        A piece stands for its track from the end of the piece before on.
        """
        pieces = [each for each in self.heard.near(final) if each.track in self.tracks]
        before: dict[int, LivePiece] = {}
        begins = []
        for piece in pieces:
            begins.append(before[piece.track].end if piece.track in before else piece.start)
            before[piece.track] = piece
        later: dict[int, int] = {}
        for piece, begin in zip(reversed(pieces), reversed(begins), strict=True):
            who = self.speakers.nearest(self.heard.voice(piece))
            if self.speaker_at(piece.track, piece.start) != who:
                self._change(piece, who, begin, final, later.get(piece.track))
            later[piece.track] = begin

    def _change(
        self, piece: LivePiece, speaker: int, begin: int, final: int, end: int | None = None
    ) -> None:
        """Give a piece's track to a speaker from one frame on, or up to another.

        A certain speaker keeps what was compared before, or is final.
        """
        label = self.tracks[piece.track]
        if self.speakers.known[self.speaker_at(piece.track, begin)].confirmed:
            begin = max(begin, label.heard, final)
        if end is None or begin < end:
            self._give(piece.track, begin, end, speaker)

    def _confirm(self) -> None:
        """Make speakers certain who have enough speech."""
        for each in self.speakers.known.values():
            total = each.all()
            if total is not None and total.seconds >= self.confirm_s and not self.speakers.full:
                each.confirmed = True
