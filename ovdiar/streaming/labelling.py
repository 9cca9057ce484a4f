"""Which speaker a track is: decided by its pieces, changed only where nothing is final yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.ahc import CountBounds
from ovdiar.clustering.corrected import Centroids
from ovdiar.streaming.reclustering import NEARBY_S, clusters_of, matched, rows_of
from ovdiar.streaming.speakers import Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.streaming.speakers import Speakers
    from ovdiar.streaming.speech import LivePiece

SWITCH = 0.15
"""By how much another speaker must be more similar for a track to change over."""
SLACK = 0.25
"""How far below the threshold a track's speaker must be for the track to become a new one."""
FORCED = 0.15
"""How far below the threshold a voice that cannot wait must be, to be new."""
SWITCH_S, NEW_S = 1.0, 1.5
"""Speech of the piece that is needed for either, s."""
EVERY = 0.0
TAU = 3.0
SMOOTH = 0.5
MIDDLE = 1.0
HEARD_DRAFTS = True
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

    ``frame_s`` is the step of the frames; ``confirm_s`` the speech that makes a speaker certain;
    ``pieces`` are clustered again once ``due`` more are closed.
    """

    speakers: Speakers
    frame_s: float
    confirm_s: float
    tracks: dict[int, TrackLabel] = field(default_factory=dict)
    pieces: list[LivePiece] = field(default_factory=list)
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
        one = Evidence.of(embedding, piece.embedded * self.frame_s, speakers.attenuation.fade_s)
        self.see(piece.track, piece.start, piece.end)
        own = self._own(piece)
        for each in speakers.known.values():
            each.draft = None
        chosen = self._decide(one, own, piece)
        if chosen != own and speakers.known[own].evidence is None and not speakers.known[own].used:
            speakers.merge(own, chosen)
        elif chosen != own:
            self._change(piece, chosen, final)
        piece.speaker = chosen
        if piece.closed:
            self._learn(piece, one, chosen)
            self.due -= 1
            if self.due <= 0:
                self._recluster(final)
        else:
            speakers.known[chosen].draft = one
        chosen = speakers.root(piece.speaker)
        for each in speakers.known.values():
            total = each.all()
            if total is not None and total.seconds >= self.confirm_s and not speakers.full:
                each.confirmed = True
        label = self.tracks[piece.track]
        label.margin = speakers.margin(one, chosen)
        if piece.closed or HEARD_DRAFTS:
            label.heard = piece.end

    def force(self, track: int, begin: int, end: int, others: set[int]) -> bool:
        """Decide now on a run of a track whose speaker is provisional: a new one, or the nearest.

        ``others`` are the speakers that are active at the same time. False for nobody.
        """
        speakers, own = self.speakers, self.speaker_at(track, begin)
        total = speakers.known[own].all()
        confirmed = speakers.candidates(but=own, confirmed=True)
        if total is not None:
            scores = speakers.scores(total, self._links_near(track, begin), but=own)
            free = [key for key in confirmed if key not in others] or confirmed
            nearest = max(free, key=lambda key: scores[key], default=-1)
            alien = nearest < 0 or scores[nearest] < speakers.threshold - FORCED
            if nearest < 0 or (alien and total.seconds >= LEAST_S and not speakers.full):
                speakers.known[own].confirmed = True
                return True
        else:
            last = (speakers.root(piece.speaker) for piece in reversed(self._near(begin)))
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

        near = sorted(self._near(begin), key=away)
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
        for piece in self.pieces:
            if piece.shown < 0 and piece.end <= before:
                piece.shown = self.speaker_at(piece.track, piece.start)
        self.tracks = {key: each for key, each in self.tracks.items() if each.seen > before}
        for label in self.tracks.values():
            gone = sum(start <= before for start, _ in label.epochs)
            label.epochs = label.epochs[max(gone - 1, 0) :]
        needed = {who for each in self.tracks.values() for _, who in each.epochs}
        needed |= {each.speaker for each in self.pieces} | {each.shown for each in self.pieces}
        self.speakers.forget(needed)

    def _own(self, piece: LivePiece) -> int:
        """Return the speaker of a piece's track where it ends."""
        return self.speaker_at(piece.track, max(piece.end - 1, piece.start))

    def _decide(self, one: Evidence, own: int, piece: LivePiece) -> int:
        speakers = self.speakers
        scores = speakers.scores(one, self._links(piece))
        best = max(scores, key=lambda key: scores[key], default=-1)
        if best < 0 or best == own:
            return own
        fits = scores[best] >= speakers.threshold
        if own not in scores:  # a new track
            return best if one.seconds >= LEAST_S and (fits or speakers.full) else own
        if one.seconds >= SWITCH_S and fits and scores[best] > scores[own] + SWITCH:
            return best
        alien = scores[own] < speakers.threshold - SLACK and not fits
        if one.seconds >= NEW_S and alien and not speakers.full:
            return speakers.add()
        return own

    def _links(self, piece: LivePiece) -> dict[int, tuple[float, float]]:
        """Count the neighbouring pieces of each speaker that windows give to this one, or not."""
        return self._links_near(piece.track, piece.start, piece)

    def _near(self, start: int) -> list[LivePiece]:
        """List the closed pieces of the last `NEARBY_S` before a frame."""
        found = []
        for piece in reversed(self.pieces):
            if (start - piece.end) * self.frame_s >= NEARBY_S:
                break
            found.append(piece)
        return found[::-1]

    def _links_near(
        self, track: int, start: int, piece: LivePiece | None = None
    ) -> dict[int, tuple[float, float]]:
        links: dict[int, tuple[float, float]] = {}
        for other in self._near(start):
            if other is not piece:
                speaker = self.speakers.root(other.speaker)
                same, apart = links.get(speaker, (0.0, 0.0))
                alike = other.track == track
                links[speaker] = (same + alike, apart + (not alike))
        return links

    def _change(self, piece: LivePiece, speaker: int, final: int, end: int | None = None, start: int | None = None) -> None:
        """Give a piece's track to a speaker from its start, up to a frame if one is given.

        A certain speaker keeps what was compared before, or is final.
        """
        label = self.tracks[piece.track]
        start = piece.start if start is None else start
        own = self.speakers.known[self.speaker_at(piece.track, start)]
        begin = max(start, label.heard, final) if own.confirmed else start
        if end is None or begin < end:
            self._give(piece.track, begin, end, speaker)

    def _learn(self, piece: LivePiece, one: Evidence, speaker: int) -> None:
        """Add a closed piece to its speaker."""
        speakers = self.speakers
        before = [each for each in self._near(piece.start) if each.track == piece.track]
        if before:
            speakers.learn_level(self._evidence(before[-1]), one)
        speakers.learn_mean(one)
        known = speakers.known[speaker]
        known.evidence = one if known.evidence is None else known.evidence + one
        self.pieces.append(piece)

    def _evidence(self, piece: LivePiece) -> Evidence:
        assert piece.embedding is not None
        return Evidence.of(
            piece.embedding, piece.embedded * self.frame_s, self.speakers.attenuation.fade_s
        )

    def _shown(self, piece: LivePiece) -> int:
        """Return the speaker with whom a piece's speech is shown."""
        who = self.speaker_at(piece.track, piece.start) if piece.shown < 0 else piece.shown
        return self.speakers.root(who)

    def _recluster(self, final: int) -> None:
        """Cluster all pieces anew, and give what can change to the speakers found."""
        speakers = self.speakers
        self.due = max(1, round(EVERY * len(self.pieces)))
        bounds = CountBounds(1, speakers.most or len(self.pieces))
        labels = clusters_of(
            self.pieces, self.frame_s, speakers.attenuation, speakers.threshold, bounds
        )
        shown = np.array([self._shown(each) for each in self.pieces])
        seconds = np.array([each.embedded * self.frame_s for each in self.pieces])
        found = matched(labels, shown, seconds)
        for cluster in range(int(labels.max()) + 1):
            if cluster not in found:
                found[cluster] = speakers.add()
        sums: dict[int, Evidence] = {}
        for piece, label in zip(self.pieces, labels.tolist(), strict=True):
            piece.speaker = found[label]
            one = self._evidence(piece)
            sums[piece.speaker] = sums[piece.speaker] + one if piece.speaker in sums else one
        lost: dict[int, int] = {}
        for key, each in speakers.known.items():
            if each.evidence is not None and key not in sums:
                lost[key] = 0
            each.evidence = sums.get(key)
        for key in lost:
            if not speakers.known[key].confirmed and not speakers.known[key].used:
                rows = labels[shown == key]
                if len(rows):
                    speakers.merge(key, found[int(np.bincount(rows).argmax())])
        later: dict[int, int | None] = {}
        centroids = Centroids.of(rows_of(self.pieces, self.frame_s), labels, speakers.attenuation) if SMOOTH >= 0 else None
        for number in range(len(self.pieces) - 1, -1, -1):
            piece = self.pieces[number]
            if piece.track not in self.tracks:
                continue
            if self.tracks[piece.track].seen <= final and piece.end < final - NEARBY_S / self.frame_s:
                break
            who = piece.speaker
            before = next((e for e in self.pieces[number - 1 :: -1] if e.track == piece.track), None) if number else None
            if centroids is not None:
                own = [e for e in self.pieces if e.track == piece.track and (e.start - piece.end) * self.frame_s < NEARBY_S and (piece.start - e.end) * self.frame_s < NEARBY_S]
                total = sum(SMOOTH ** (e is not piece) * np.exp(-max(e.start - piece.end, piece.start - e.end, 0) * self.frame_s / TAU) * self._evidence(e).total for e in own)
                who = found[int(centroids.similarities(total[np.newaxis, np.newaxis])[0, 0].argmax())]
            start = piece.start
            if MIDDLE and before is not None:
                start = round(before.end + (1 - MIDDLE) * (piece.start - before.end))
            if speakers.root(self.speaker_at(piece.track, piece.start)) != who:
                self._change(piece, who, final, later.get(piece.track), start)
            later[piece.track] = start
