"""The speakers of a stream, as sums of their pieces.

The similarity is that of `ovdiar.clustering.attenuation`, of a piece with a speaker: sums over
pairs of pieces follow from the sum of a speaker's embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.calibration import MAX_MARGIN
from ovdiar.clustering.assignment import unit
from ovdiar.clustering.attenuation import Attenuation, fading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from ovdiar.streaming.speech import LivePiece

Run = tuple[int, int, int]
"""A speaker's id, a first frame and the frame after the last."""
NEAREST = 1e-6
"""Smaller distances count as this."""


@dataclass
class Evidence:
    """Sums over pieces of one speaker; f is the `fading` of a piece.

    ``total`` (D,) sums f times the normalised embedding; ``weight`` sums f, ``squares`` and
    ``fourths`` its powers; ``seconds`` sums the speech, and ``strength`` f times the speech.
    """

    total: NDArray[np.float64]
    squares: float = 0.0
    fourths: float = 0.0
    seconds: float = 0.0
    strength: float = 0.0
    weight: float = 0.0

    @classmethod
    def of(cls, embedding: NDArray[np.float32], seconds: float, fade_s: float) -> Evidence:
        """Return the evidence of one piece."""
        kept = float(fading(np.array([seconds]), fade_s)[0])
        vector = unit(embedding.astype(np.float64))
        return cls(kept * vector, kept**2, kept**4, seconds, kept * seconds, kept)

    def __add__(self, other: Evidence) -> Evidence:
        """Return the sums over both."""
        return Evidence(
            self.total + other.total,
            self.squares + other.squares,
            self.fourths + other.fourths,
            self.seconds + other.seconds,
            self.strength + other.strength,
            self.weight + other.weight,
        )


@dataclass
class Speaker:
    """One speaker: evidence of the ``settled`` pieces, and of the ``live`` ones.

    ``confirmed`` if it is certain to be one, ``used`` if a turn of it is final.
    """

    number: int
    settled: Evidence | None = None
    live: Evidence | None = None
    confirmed: bool = False
    merged_into: int = -1
    used: bool = False

    @property
    def evidence(self) -> Evidence | None:
        """All evidence."""
        if self.live is None or self.settled is None:
            return self.settled or self.live
        return self.settled + self.live


@dataclass
class Speakers:
    """All speakers so far, by their ids; those that turned out to be others are merged.

    ``attenuation`` has the constants of the similarity; ``threshold`` is the least similarity of
    one speaker, and ``level`` the corrected similarity of one voice in this recording.
    """

    attenuation: Attenuation
    threshold: float
    most: int = 0
    known: dict[int, Speaker] = field(default_factory=dict)
    following: int = 0
    level: float = 0.0

    def __post_init__(self) -> None:
        """Begin with the usual level."""
        self.level = self.level or self.attenuation.usual_level

    def add(self) -> int:
        """Begin a provisional speaker; its number is the least that no other shows."""
        taken = {each.number for each in self.known.values() if each.merged_into < 0 or each.used}
        number = next(n for n in range(len(taken) + 1) if n not in taken)
        self.known[self.following] = Speaker(number)
        self.following += 1
        return self.following - 1

    def root(self, speaker: int) -> int:
        """Return the speaker that one was merged into in the end, or the speaker itself."""
        while self.known[speaker].merged_into >= 0:
            speaker = self.known[speaker].merged_into
        return speaker

    def candidates(self) -> dict[int, Evidence]:
        """Return the evidence of the speakers with pieces."""
        return {
            key: each.evidence
            for key, each in self.known.items()
            if each.merged_into < 0 and each.evidence is not None
        }

    @property
    def confirmed(self) -> list[int]:
        """The speakers who are certain to be some, with pieces or without."""
        return [k for k, each in self.known.items() if each.confirmed and each.merged_into < 0]

    @property
    def full(self) -> bool:
        """Whether there may be no more speakers."""
        return 0 < self.most <= len(self.confirmed)

    def sum(self, settled: Iterable[LivePiece], live: Iterable[LivePiece]) -> None:
        """Sum the evidence of all pieces by speaker."""
        for each in self.known.values():
            each.settled = None
        self.add_pieces(settled, live)

    def add_pieces(self, settled: Iterable[LivePiece], live: Iterable[LivePiece]) -> None:
        """Add pieces that are settled now, and sum the live ones anew."""
        for key, evidence in _sums(settled).items():
            known = self.known[key]
            known.settled = evidence if known.settled is None else known.settled + evidence
        found = _sums(live)
        for key, each in self.known.items():
            each.live = found.get(key)

    def similarity(self, one: Evidence, two: Evidence, links: tuple[float, float]) -> float:
        """Return the corrected similarity, with margin and side as in `PairSums.scores`.

        ``links`` are the numbers of pairs that speak for one speaker, and for two.
        """
        p = self.attenuation
        between = float(one.total @ two.total) / (one.squares * two.squares)
        ratio = between / np.sqrt(self._within(one) * self._within(two))
        margin = p.margin_s * (1 / one.strength + 1 / two.strength)
        same, apart = links
        return float(ratio + margin - p.side * (apart - same) / (apart + same + p.side_links))

    def _within(self, one: Evidence) -> float:
        p = self.attenuation
        products = (float(one.total @ one.total) - one.squares) / 2
        pairs = (one.squares**2 - one.fourths) / 2
        return max((products + p.shrink * self.level) / (pairs + p.shrink), 0.25 * self.level)

    def scores(self, one: Evidence, links: Mapping[int, tuple[float, float]]) -> dict[int, float]:
        """Compare with each speaker that has pieces."""
        return {
            key: self.similarity(one, each, links.get(key, (0.0, 0.0)))
            for key, each in self.candidates().items()
        }

    def distances(
        self, voices: NDArray[np.floating], *, confirmed: bool = False
    ) -> tuple[list[int], NDArray[np.float64]]:
        """Compare voices (N, D) with the speakers that have pieces: their ids, and (N, K).

        Cosine distances after the mean voice of all is subtracted; of one speaker, nothing is.
        """
        everybody = self.candidates()
        keys = [key for key in everybody if not confirmed or self.known[key].confirmed]
        totals = np.array([everybody[key].total for key in keys]).reshape(-1, voices.shape[1])
        centre = np.zeros(voices.shape[1])
        if len(everybody) > 1:
            centre = np.sum([each.total for each in everybody.values()], axis=0)
            centre = centre / sum(each.weight for each in everybody.values())
        one, two = (unit(unit(each) - centre) for each in (np.asarray(voices, float), totals))
        return keys, np.maximum(1 - one @ two.T, NEAREST)

    def margin(self, one: Evidence, speaker: int) -> float:
        """Return how much nearer a piece is to a speaker than to the next one, as a log ratio.

        As `ovdiar.confidence.turn_features`; the largest where there is no other speaker.
        """
        keys, ((distances),) = self.distances(one.total[np.newaxis])
        if keys == [speaker]:
            return MAX_MARGIN
        if speaker not in keys:
            return 0.0
        own = distances[keys.index(speaker)]
        nearest = min(each for key, each in zip(keys, distances, strict=True) if key != speaker)
        return float(np.log(nearest / own))

    def merge(self, lost: int, kept: int) -> None:
        """Make one speaker part of another; its pieces are summed with the other's next time."""
        loser, keeper = self.known[lost], self.known[kept]
        loser.merged_into = kept
        loser.settled = loser.live = None
        keeper.confirmed = keeper.confirmed or loser.confirmed

    def forget(self, needed: set[int]) -> None:
        """Drop speakers that nothing refers to, and of whom nothing is final."""
        roots = {self.root(k) for k, each in self.known.items() if each.used or k in needed}
        for key in needed & set(self.known):
            if self.known[key].merged_into >= 0:
                self.known[key].merged_into = self.root(key)
        needed = needed | roots
        self.known = {
            key: each
            for key, each in self.known.items()
            if each.used or key in needed or (each.merged_into < 0 and each.evidence is not None)
        }


def _sums(pieces: Iterable[LivePiece]) -> dict[int, Evidence]:
    found: dict[int, Evidence] = {}
    for piece in pieces:
        one = piece.evidence
        if one is not None:
            found[piece.speaker] = found[piece.speaker] + one if piece.speaker in found else one
    return found
