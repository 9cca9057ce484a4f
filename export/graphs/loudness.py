"""Normalisation of the waveform, rounded as torch rounds it.

Published models scale the waveform by a factor below 1 and add a constant that is large beside the
result. What a band without energy holds after that, such as everything above 4 kHz on the
telephone, is the rounding of this one sum, and the network normalises that up again: one unit in
the last place of the factor moves scores by 5e-4, a sum of two roundings by 2e-4. Hence this
module reaches, in float32 operations alone, what torch accumulates in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from openvino import opset13 as op

from .layers import EPSILON, ints

if TYPE_CHECKING:
    import openvino as ov

    from .weights import Weights

_EPSILON_HIGH = np.float32(EPSILON)
_EPSILON_LOW = np.float32(EPSILON - float(_EPSILON_HIGH))

_INVERSE_ROOT = (0.5, 3 / 8, 5 / 16, 35 / 128)
"""Of x, x**2, ... in the binomial series of (1 - x) ** -0.5, less its first term, 1."""


def _leading(value: ov.Node) -> ov.Node:
    """Keep the first 8 bits of a float32's 24 (Veltkamp 1968): short products are then exact."""
    large = op.multiply(value, np.float32(2**16 + 1))
    return op.subtract(large, op.subtract(large, value))


def _cut(terms: ov.Node) -> tuple[ov.Node, ov.Node]:
    """Cut terms at the last place of twice the sum of their magnitudes: sum of heads, and tails.

    The sum of the heads over time is exact in any order (Rump, Ogita and Oishi, "Accurate
    floating-point summation", 2008).
    """
    magnitude = op.reduce_sum(op.abs(terms), ints(1), keep_dims=True)
    bound = op.multiply(magnitude, np.float32(2))
    heads = op.subtract(op.add(terms, bound), bound)
    return op.reduce_sum(heads, ints(1), keep_dims=True), op.subtract(terms, heads)


def _sum(terms: ov.Node) -> tuple[ov.Node, ov.Node]:
    """Sum terms over time: the leading part of the sum exactly, and the rest to 1e-5 of its place.

    The tails are cut again: summed plainly, their rounding is 0.03 of the leading part's last
    place, which in one window of fifty decides how a float32 is rounded.
    """
    leading, tails = _cut(terms)
    middle, tails = _cut(tails)
    return leading, op.add(middle, op.reduce_sum(tails, ints(1), keep_dims=True))


def _quotient(dividend: ov.Node, divisor: ov.Node, rest: ov.Node | None = None) -> ov.Node:
    """Divide to the nearest float32: OpenVINO multiplies by the rounded inverse instead.

    ``rest`` is what the dividend lacks.
    """
    near = _leading(op.divide(dividend, divisor))
    left = op.subtract(dividend, op.multiply(near, divisor))
    if rest is not None:
        left = op.add(left, rest)
    return op.add(near, op.divide(left, divisor))


def _inverse_deviation(variance: ov.Node) -> ov.Node:
    """Return 1 / sqrt(variance + 1e-5), nearly always to the nearest float32.

    A root of 8 bits is near enough for the binomial series of what it misses, whose leading
    products are exact.
    """
    high = op.add(variance, _EPSILON_HIGH)
    added = op.subtract(high, variance)
    low = op.add(  # Knuth's error of a sum
        op.add(op.subtract(variance, op.subtract(high, added)), op.subtract(_EPSILON_HIGH, added)),
        _EPSILON_LOW,
    )
    near = _leading(op.divide(np.float32(1), op.sqrt(high)))
    square = op.multiply(near, near)
    top = _leading(high)
    missed = op.subtract(np.float32(1), op.multiply(top, square))
    missed = op.subtract(missed, op.multiply(op.subtract(high, top), square))
    missed = op.subtract(missed, op.multiply(low, square))
    series = op.multiply(missed, np.float32(_INVERSE_ROOT[-1]))
    for coefficient in reversed(_INVERSE_ROOT[:-1]):
        series = op.multiply(op.add(series, np.float32(coefficient)), missed)
    return op.add(near, op.multiply(near, series))


def normalize(waveform: ov.Node, weights: Weights) -> ov.Node:
    """Bring the waveform [batch, samples] to the trained level; return [batch, 1, samples].

    As in torch's batch norm on the CPU: the mean is rounded once, the squared distances from it are
    float32, their sum is rounded to float32 before the division and the variance after it, and the
    result is one fused multiplication and addition. The fusion is a matrix product of depth 2, over
    a row of ones and the waveform: accumulators start from the exact constant.
    """
    scale, shift = weights.take("weight", (1,)), weights.take("bias", (1,))
    samples = op.convert(op.gather(op.shape_of(waveform), ints(1), np.int64(0)), np.float32)
    total, lacking = _sum(waveform)
    mean = _quotient(total, samples, lacking)
    centred = op.subtract(waveform, mean)
    variance = _quotient(op.add(*_sum(op.multiply(centred, centred))), samples)
    factor = op.multiply(_inverse_deviation(variance), scale)
    offset = op.subtract(shift, op.multiply(mean, factor))
    rows = op.pad(
        op.unsqueeze(waveform, ints(1)), ints(0, 1, 0), ints(0, 0, 0), "constant", np.float32(1)
    )
    line = op.unsqueeze(op.concat([offset, factor], axis=1), ints(1))
    return op.matmul(line, rows, transpose_a=False, transpose_b=False)
