"""Which speaker a track is: decided by its pieces, changed only where nothing is final yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ovdiar.streaming.speakers import Evidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ovdiar.streaming.speakers import Speakers
    from ovdiar.streaming.speech import LivePiece

NEARBY_S = 10.0
"""Pieces this near tell whether two voices are one by their tracks, as a window does."""
SWITCH = 0.15
"""By how much another speaker must be more similar for a track to change over."""
SLACK = 0.25
"""How far below the threshold a track's speaker must be for the track to become a new one."""
FORCED = 0.15
"""How far below the threshold a voice that cannot wait must be, to be new."""
SWITCH_S, NEW_S = 1.0, 1.5
"""Speech of the piece that is needed for either, s."""
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
    """The speakers of tracks, and the pieces that decided on them of the last `NEARBY_S`.

    ``frame_s`` is the step of the frames; ``confirm_s`` the speech that makes a speaker certain;
    ``waiting`` are speakers that are to be merged once nothing of theirs can change.
    """

    speakers: Speakers
    frame_s: float
    confirm_s: float
    tracks: dict[int, TrackLabel] = field(default_factory=dict)
    recent: list[tuple[LivePiece, Evidence]] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

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
            self._settle(chosen, final)
        else:
            speakers.known[chosen].draft = one
        chosen = speakers.root(chosen)
        total = speakers.known[chosen].all()
        if total is not None and total.seconds >= self.confirm_s and not speakers.full:
            speakers.known[chosen].confirmed = True
        label = self.tracks[piece.track]
        label.margin, label.heard = speakers.margin(one, chosen), piece.end

    def force(self, track: int, begin: int, end: int, others: set[int]) -> bool:
        """Decide now on a run of a track whose speaker is provisional: a new one, or the nearest.

        ``others`` are the speakers that are active at the same time. False for nobody.
        """
        speakers, own = self.speakers, self.speaker_at(track, begin)
        total = speakers.known[own].all()
        confirmed = speakers.candidates(but=own, confirmed=True)
        if total is not None:
            links = {**self._links_near(track, begin), **speakers.links_of(own)}
            scores = speakers.scores(total, links, but=own)
            free = [key for key in confirmed if key not in others] or confirmed
            nearest = max(free, key=lambda key: scores[key], default=-1)
            alien = nearest < 0 or scores[nearest] < speakers.threshold - FORCED
            if nearest < 0 or (alien and total.seconds >= LEAST_S and not speakers.full):
                speakers.known[own].confirmed = True
                return True
        else:
            last = (speakers.root(piece.speaker) for piece, _ in reversed(self.recent))
            nearest = next((who for who in last if who in confirmed and who not in others), -1)
        if nearest < 0:
            return False
        epochs = self.tracks[track].epochs
        before = [each for each in epochs if each[0] < begin]
        after = [each for each in epochs if each[0] >= end] or [(end, own)]
        if after[0][0] > end:
            after.insert(0, (end, self.speaker_at(track, end)))
        self.tracks[track].epochs = [*before, (begin, nearest), *after]
        return True

    def drop(self, before: int) -> None:
        """Forget tracks that ended before a frame, and pieces that are too old to tell anything."""
        self.tracks = {key: each for key, each in self.tracks.items() if each.seen > before}
        for label in self.tracks.values():
            gone = sum(start <= before for start, _ in label.epochs)
            label.epochs = label.epochs[max(gone - 1, 0) :]
        nearby = NEARBY_S / self.frame_s
        self.recent = [each for each in self.recent if each[0].end > before - nearby]
        needed = {who for each in self.tracks.values() for _, who in each.epochs}
        self.speakers.forget(needed | {piece.speaker for piece, _ in self.recent})

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

    def _links_near(
        self, track: int, start: int, piece: LivePiece | None = None
    ) -> dict[int, tuple[float, float]]:
        links: dict[int, tuple[float, float]] = {}
        for other, _ in self.recent:
            if (start - other.end) * self.frame_s < NEARBY_S and other is not piece:
                speaker = self.speakers.root(other.speaker)
                same, apart = links.get(speaker, (0.0, 0.0))
                alike = other.track == track
                links[speaker] = (same + alike, apart + (not alike))
        return links

    def _change(self, piece: LivePiece, speaker: int, final: int) -> None:
        """Give a track to a speaker from the start of a piece.

        A certain speaker keeps what was compared before, or is final.
        """
        label = self.tracks[piece.track]
        own = self.speakers.known[self.speaker_at(piece.track, piece.start)]
        begin = max(piece.start, label.heard, final) if own.confirmed else piece.start
        label.epochs = [each for each in label.epochs if each[0] < begin] + [(begin, speaker)]

    def _learn(self, piece: LivePiece, one: Evidence, speaker: int) -> None:
        """Add a closed piece to its speaker."""
        speakers = self.speakers
        before = [e for other, e in self.recent if other.track == piece.track]
        if before:
            speakers.learn_level(before[-1], one)
        speakers.learn_mean(one)
        for other, links in self._links(piece).items():
            speakers.link(speaker, other, links)
        known = speakers.known[speaker]
        known.evidence = one if known.evidence is None else known.evidence + one
        self.recent.append((piece, one))

    def settle(self, final: int) -> None:
        """Try the merges again that waited until nothing of a certain speaker could change."""
        waiting, self.waiting = self.waiting, []
        for speaker in waiting:
            if speaker in self.speakers.known:
                self._settle(self.speakers.root(speaker), final)

    def _settle(self, speaker: int, final: int) -> None:
        """Merge a speaker with another one who turns out to be the same.

        A certain speaker is not merged while frames from ``final`` on are theirs.
        """
        speakers = self.speakers
        one = speakers.known[speaker].evidence
        if one is None:
            return
        scores = speakers.scores(one, speakers.links_of(speaker), but=speaker)
        best = max(scores, key=lambda key: scores[key], default=-1)
        if best >= 0 and one.seconds >= LEAST_S and scores[best] >= speakers.threshold:
            confirmed = speakers.known[best].confirmed, speakers.known[speaker].confirmed
            younger = confirmed == (False, True) or (
                confirmed[0] == confirmed[1] and best > speaker
            )
            lost, kept = (best, speaker) if younger else (speaker, best)
            if not speakers.known[lost].confirmed or not self._is_active(lost, final):
                speakers.merge(lost, kept)
            elif lost not in self.waiting:
                self.waiting.append(lost)

    def _is_active(self, speaker: int, final: int) -> bool:
        return any(
            label.seen > final and self.speaker_at(track, label.seen - 1) == speaker
            for track, label in self.tracks.items()
        )
