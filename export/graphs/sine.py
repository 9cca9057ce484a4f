"""The sine that torch evaluates in float32 on x86 processors, to the last bit.

A model that normalises what remains of silence by its own level tells the last bits of its
filters apart: the nearest float32 to each sine, right as it is, moves the scores of telephone
audio by up to 1e-3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MINIMAX = (
    -0.16666659550427662,
    0.008333066246080082,
    -0.00019809602901801782,
    2.6057806376930314e-06,
)
"""Of x**3, x**5, x**7 and x**9 in the odd polynomial, x being its first term, whose largest error
relative to the sine on [0, pi / 2] is the least: 6.1e-9, a tenth of a float32's last place."""


def sine(angle: NDArray[np.float64]) -> NDArray[np.float32]:
    """Evaluate the sine of angles in radians, |angle| < 1e6, as torch does.

    The angle is brought into half a turn around zero and the minimax polynomial of degree 9
    evaluated in float64; only its result is rounded. Of four million float32 angles between -400
    and 400, two differ from torch 2's result, in the last place. A cosine is the sine of the angle
    plus pi / 2.
    """
    half_turns = np.rint(angle / np.pi)
    rest = angle - half_turns * np.pi
    square = rest * rest
    total = np.zeros_like(rest)
    for coefficient in reversed(MINIMAX):
        total = (total + coefficient) * square
    value = rest + rest * total
    return np.where(half_turns % 2 == 0, value, -value).astype(np.float32)
