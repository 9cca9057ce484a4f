"""The calibration of confidence: the fitted numbers of its logistic formula."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_WEIGHT = 100.0
MAX_MARGIN = 5.0
"""With weights of up to 100 the exponent stays below 700, so that float64 does not overflow."""


@dataclass(frozen=True)
class Calibration:
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
    def from_dict(cls, values: Mapping[str, Any]) -> Calibration:
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
