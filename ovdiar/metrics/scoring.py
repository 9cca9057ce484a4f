"""How strictly turns are compared: the collar, and whether overlap counts."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ovdiar.errors import ConfigError


@dataclass(frozen=True)
class Scoring:
    """What is left out around the reference's borders, and in its overlaps.

    A collar can be told in two ways, since both are called "collar" elsewhere; give one of them.

    Parameters
    ----------
    collar_width_s
        Time not scored around every border of a reference turn, in total: half of it before, half
        after. This is ``collar`` in pyannote.metrics.
    nist_collar_s
        Time not scored on **each side** of every border. This is the collar of NIST's md-eval and
        of the field's tables: 0.25 here is 0.5 above.
    skip_overlap
        Leave out where two or more turns of the reference meet.

    Raises
    ------
    ConfigError
        When both collars are given, or when one is negative.
    """

    collar_width_s: float | None = None
    nist_collar_s: float | None = None
    skip_overlap: bool = False

    def __post_init__(self) -> None:
        """Refuse two collars, and impossible ones."""
        if self.collar_width_s is not None and self.nist_collar_s is not None:
            raise ConfigError(
                f"two collars, {self.collar_width_s} s wide and {self.nist_collar_s} s on each "
                "side: give collar_width_s or nist_collar_s"
            )
        for name in ("collar_width_s", "nist_collar_s"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise ConfigError(f"{name} is {value}: it must be 0 s or longer")

    @property
    def side_s(self) -> float:
        """Time not scored on each side of a border, s."""
        if self.nist_collar_s is not None:
            return self.nist_collar_s
        return 0.5 * (self.collar_width_s or 0.0)

    @property
    def key(self) -> str:
        """The field's short name for it: S strict, C collar, CX collar without overlap; or "".

        C and CX stand for a collar of 0.25 s on each side.
        """
        keys = {(0.0, False): "S", (0.25, False): "C", (0.25, True): "CX"}
        return keys.get((self.side_s, self.skip_overlap), "")

    def describe(self) -> str:
        """Say it in words, for people who read the figures."""
        collar = f"collar {self.side_s:g} s each side" if self.side_s else "no collar"
        words = f"{collar}, overlap {'not ' if self.skip_overlap else ''}scored"
        return f"strict ({words})" if self.key == "S" else words


STRICT = Scoring()
"""No collar, overlap scored."""
