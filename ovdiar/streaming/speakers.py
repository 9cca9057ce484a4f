"""Incremental clustering by corrected similarity: speakers are sums, and never forgotten.

The similarity is that of `ovdiar.clustering.attenuation`, of a piece or a speaker with a speaker:
sums over pairs of pieces follow from the sum of a speaker's embeddings. So a speaker takes as much
memory after a day as after a minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.calibration import MAX_MARGIN
from ovdiar.clustering.assignment import unit
from ovdiar.clustering.attenuation import Attenuation, fading

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAREST = 1e-6
"""Smaller distances count as this."""


@dataclass
class Evidence:
    """Sums over pieces of one speaker; f is the `fading` of a piece.

    ``total`` (D,) sums f times normalised embedding; ``squares`` and ``fourths`` f to these powers;
    ``seconds`` the speech, and ``strength`` f times speech.
    """

    total: NDArray[np.float64]
    squares: float = 0.0
    fourths: float = 0.0
    seconds: float = 0.0
    strength: float = 0.0

    @classmethod
    def of(cls, embedding: NDArray[np.float32], seconds: float, fade_s: float) -> Evidence:
        """Return the evidence of one piece."""
        kept = float(fading(np.array([seconds]), fade_s)[0])
        vector = unit(embedding.astype(np.float64))
        return cls(kept * vector, kept**2, kept**4, seconds, kept * seconds)

    def __add__(self, other: Evidence) -> Evidence:
        """Return the sums over both."""
        return Evidence(
            self.total + other.total,
            self.squares + other.squares,
            self.fourths + other.fourths,
            self.seconds + other.seconds,
            self.strength + other.strength,
        )


@dataclass
class Speaker:
    """One speaker: evidence of the closed pieces, and ``draft`` of the one that still grows."""

    number: int
    evidence: Evidence | None = None
    draft: Evidence | None = None
    confirmed: bool = False
    merged_into: int = -1
    used: bool = False

    def all(self) -> Evidence | None:
        """Return all evidence."""
        if self.draft is None:
            return self.evidence
        return self.draft if self.evidence is None else self.evidence + self.draft


@dataclass
class Speakers:
    """All speakers so far, by their ids; those that turned out to be others are merged.

    ``attenuation`` has the constants of the similarity; ``threshold`` is the least similarity of
    one speaker. ``cosines`` and ``weights`` estimate the recording's level, from neighbouring
    pieces of one track.
    """

    attenuation: Attenuation
    threshold: float
    most: int = 0
    known: dict[int, Speaker] = field(default_factory=dict)
    following: int = 0
    cosines: float = 0.0
    weights: float = 0.0
    mean: NDArray[np.float64] | None = None
    mean_weight: float = 0.0

    def add(self) -> int:
        """Add a provisional speaker without evidence, under the lowest number that is free."""
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

    def candidates(self, *, but: int = -1, confirmed: bool = False) -> list[int]:
        """List the speakers with closed pieces, or the confirmed ones."""
        return [
            key
            for key, each in self.known.items()
            if key != but and each.merged_into < 0 and each.evidence is not None
            if each.confirmed or not confirmed
        ]

    @property
    def full(self) -> bool:
        """Whether there may be no more speakers."""
        return 0 < self.most <= sum(e.confirmed and e.merged_into < 0 for e in self.known.values())

    @property
    def level(self) -> float:
        """Corrected similarity of one voice in this recording."""
        prior = self.attenuation.level_pairs
        return (self.cosines + prior * self.attenuation.usual_level) / (self.weights + prior)

    def learn_level(self, one: Evidence, two: Evidence) -> None:
        """Take two neighbouring pieces of one track into the level."""
        if min(one.seconds, two.seconds) >= self.attenuation.least_s:
            self.cosines += float(one.total @ two.total)
            self.weights += one.squares * two.squares

    def learn_mean(self, one: Evidence) -> None:
        """Take a closed piece into the mean voice of the recording."""
        self.mean = one.total if self.mean is None else self.mean + one.total
        self.mean_weight += one.squares**0.5

    def similarity(self, one: Evidence, two: Evidence, links: tuple[float, float]) -> float:
        """Return the corrected similarity, with margin and side as in `PairSums.scores`.

        ``links`` are the numbers of neighbours that speak for one speaker, and for two.
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

    def margin(self, one: Evidence, speaker: int) -> float:
        """Return how much nearer a piece is to a speaker than to the next one, as a log ratio.

        As `ovdiar.confidence.turn_features`, after the mean voice is subtracted; the largest where
        there is no other speaker.
        """
        others = self.candidates(but=speaker)
        own = self.known[speaker].all()
        if not others or own is None or self.mean is None:
            return MAX_MARGIN if not others else 0.0
        nearest = min(self._distance(one.total, self._evidence(key).total) for key in others)
        return float(np.log(nearest / self._distance(one.total, own.total)))

    def nearest(self, voice: NDArray[np.float64]) -> int:
        """Return the speaker whose closed pieces are most similar to a sum of pieces (D,)."""
        found = self.candidates()
        if len(found) == 1:
            return found[0]
        return min(found, key=lambda key: self._distance(voice, self._evidence(key).total))

    def _distance(self, one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
        """Return the cosine distance after the mean voice is subtracted."""
        centre = 0.0 if self.mean is None else self.mean / self.mean_weight
        a, b = (unit(unit(each) - centre) for each in (one, two))
        return max(1 - float(a @ b), NEAREST)

    def _evidence(self, speaker: int) -> Evidence:
        found = self.known[speaker].evidence
        if found is None:
            raise KeyError(speaker)
        return found

    def scores(
        self, one: Evidence, links: dict[int, tuple[float, float]], *, but: int = -1
    ) -> dict[int, float]:
        """Compare with each speaker that has closed pieces."""
        return {
            key: self.similarity(one, self._evidence(key), links.get(key, (0.0, 0.0)))
            for key in self.candidates(but=but)
        }

    def merge(self, lost: int, kept: int) -> None:
        """Make one speaker part of another."""
        loser, keeper = self.known[lost], self.known[kept]
        loser.merged_into = kept
        if loser.evidence is not None:
            keeper.evidence = (
                loser.evidence if keeper.evidence is None else keeper.evidence + loser.evidence
            )
        if loser.draft is not None:
            keeper.draft = loser.draft
        loser.evidence = loser.draft = None
        keeper.confirmed = keeper.confirmed or loser.confirmed

    def forget(self, needed: set[int]) -> None:
        """Drop merged speakers that nothing refers to."""
        for key in needed & set(self.known):
            if self.known[key].merged_into >= 0:
                self.known[key].merged_into = self.root(key)
        self.known = {
            key: each
            for key, each in self.known.items()
            if each.merged_into < 0 or each.used or key in needed
        }
