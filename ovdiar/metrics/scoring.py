"""Scoring conditions: collar and overlap."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ovdiar.errors import ConfigError


@dataclass(frozen=True)
class Scoring:
    """Time around the boundaries of the reference, and in its overlaps, that is not scored.

    "Collar" has two meanings in use; give at most one of them.

    Parameters
    ----------
    collar_width_s
        Duration excluded around each boundary of a reference turn, half before and half after. This
        is ``collar`` in pyannote.metrics.
    nist_collar_s
        Duration excluded on **each side** of a boundary. This is the collar of NIST's md-eval and
        of published results: 0.25 here equals ``collar_width_s=0.5``.
    skip_overlap
        Exclude regions where turns of the reference overlap.

    Raises
    ------
    ConfigError
        If both collars are given, or one is negative.
    """

    collar_width_s: float | None = None
    nist_collar_s: float | None = None
    skip_overlap: bool = False

    def __post_init__(self) -> None:
        """Check the collars."""
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
        """Duration excluded on each side of a boundary, in seconds."""
        if self.nist_collar_s is not None:
            return self.nist_collar_s
        return 0.5 * (self.collar_width_s or 0.0)

    @property
    def key(self) -> str:
        """Short name: S strict, C collar, CX collar without overlap, or "" for other conditions.

        C and CX have a collar of 0.25 s on each side.
        """
        keys = {(0.0, False): "S", (0.25, False): "C", (0.25, True): "CX"}
        return keys.get((self.side_s, self.skip_overlap), "")

    def describe(self) -> str:
        """Describe the conditions in words."""
        collar = f"collar {self.side_s:g} s each side" if self.side_s else "no collar"
        words = f"{collar}, overlap {'not ' if self.skip_overlap else ''}scored"
        return f"strict ({words})" if self.key == "S" else words


STRICT = Scoring()
"""No collar, overlap is scored."""
