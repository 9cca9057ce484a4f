"""Calibrations: the fitted numbers of logistic formulas."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

MAX_WEIGHT = 100.0
MAX_MARGIN = 5.0
"""With weights of up to 100 the exponent stays below 700, so that float64 does not overflow."""
SHORTEST_S, LONGEST_S = 0.1, 30.0
"""Speech counts as at least and at most so long, s."""


@dataclass(frozen=True)
class _Numbers:
    """Numbers by their names, each checked, as a manifest holds them."""

    def __post_init__(self) -> None:
        """Refuse what is no number, and numbers with which the formula overflows."""
        for name, value in vars(self).items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if name == "largest_margin":
                fits, wanted = number and 0 < value <= MAX_MARGIN, f"above 0, up to {MAX_MARGIN:g}"
            else:
                fits = number and -MAX_WEIGHT <= value <= MAX_WEIGHT
                wanted = f"from {-MAX_WEIGHT:g} to {MAX_WEIGHT:g}"
            if not fits:
                raise ModelError(
                    f"calibration: {name} is {value!r:.40}, expected a number {wanted}"
                )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Read the numbers from a manifest, by their names; others are ignored.

        Raises
        ------
        ModelError
            One is missing, is no number, or is out of its range.
        """
        names = [field.name for field in fields(cls)]
        missing = [name for name in names if name not in values]
        if missing:
            raise ModelError(f"calibration: {', '.join(missing)} is missing")
        return cls(**{name: values[name] for name in names})

    def to_dict(self) -> dict[str, float]:
        """Return the numbers by their names, as `from_dict` reads them."""
        return asdict(self)


@dataclass(frozen=True)
class Calibration(_Numbers):
    """The logistic formula that turns two features of a turn into its confidence.

    ``confidence = 1 / (1 + exp(-(bias + activation * a + margin * m)))``, where ``a`` is the
    turn's mean segmentation score (0 to 1) and ``m`` the logarithm of how much nearer its speaker
    is than the next one, clipped to ``largest_margin`` either way.

    Parameters
    ----------
    activation, margin, bias : weights of the two features, and the constant; -100 to 100
    largest_margin : above 0, at most 5

    Raises
    ------
    ModelError
        A value is no number, or out of its range.
    """

    activation: float
    margin: float
    bias: float
    largest_margin: float


@dataclass(frozen=True)
class VoiceCalibration(_Numbers):
    """The logistic formula that turns the similarity of a speaker and a voice into a probability.

    ``probability = 1 / (1 + exp(-(bias + similarity * s + cohort * c + log_seconds * ln(d))))``,
    where ``s`` is the cosine similarity of the speaker and the most similar voice, ``c`` that of
    other pairs (see `ovdiar.voices.identification.cohort_similarity`), and ``d`` the speaker's
    speech, s. The last is a quality measure (Mandasari et al., "Quality measure functions for
    calibration of speaker recognition systems in various duration conditions", 2013). The numbers
    belong to one embedding.

    Parameters
    ----------
    similarity, cohort, log_seconds, bias : weights of the three, and the constant; -100 to 100
    usual_cohort : usual value of ``c``

    Raises
    ------
    ModelError
        A value is no number, or out of its range.
    """

    similarity: float
    cohort: float
    log_seconds: float
    bias: float
    usual_cohort: float

    def __call__(self, similarity: float, cohort: float, seconds: float) -> float:
        """Return the probability that the speaker is the voice, 0 to 1."""
        spoken = math.log(min(max(seconds, SHORTEST_S), LONGEST_S))
        logit = (
            self.bias
            + self.similarity * similarity
            + self.cohort * cohort
            + self.log_seconds * spoken
        )
        return 1 / (1 + math.exp(-logit))
