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


def _total(terms: ov.Node) -> ov.Node:
    """Sum terms that are not negative, over time, nearly always to the nearest float32.

    Each term is cut at the last place of twice the sum (Rump, Ogita and Oishi, "Accurate
    floating-point summation", 2008): the sum of what is above is exact in any order, and what is
    below is small enough for any sum.
    """
    time = ints(1)
    bound = op.multiply(op.reduce_sum(terms, time, keep_dims=True), np.float32(2))
    high = op.subtract(op.add(terms, bound), bound)
    low = op.subtract(terms, high)
    return op.add(
        op.reduce_sum(high, time, keep_dims=True), op.reduce_sum(low, time, keep_dims=True)
    )


def _quotient(dividend: ov.Node, divisor: ov.Node) -> ov.Node:
    """Divide to the nearest float32: OpenVINO multiplies by the rounded inverse instead."""
    near = _leading(op.divide(dividend, divisor))
    rest = op.subtract(dividend, op.multiply(near, divisor))
    return op.add(near, op.divide(rest, divisor))


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

    As in torch's batch norm on the CPU: the squared distances from the rounded mean are float32,
    their sum is rounded to float32 before the division and the variance after it, and the result
    is one fused multiplication and addition. The fusion is a matrix product of depth 2, over a row
    of ones and the waveform: accumulators start from the exact constant.
    """
    scale, shift = weights.take("weight", (1,)), weights.take("bias", (1,))
    samples = op.convert(op.gather(op.shape_of(waveform), ints(1), np.int64(0)), np.float32)
    mean = op.reduce_mean(waveform, ints(1), keep_dims=True)
    centred = op.subtract(waveform, mean)
    variance = _quotient(_total(op.multiply(centred, centred)), samples)
    factor = op.multiply(_inverse_deviation(variance), scale)
    offset = op.subtract(shift, op.multiply(mean, factor))
    rows = op.pad(
        op.unsqueeze(waveform, ints(1)), ints(0, 1, 0), ints(0, 0, 0), "constant", np.float32(1)
    )
    line = op.unsqueeze(op.concat([offset, factor], axis=1), ints(1))
    return op.matmul(line, rows, transpose_a=False, transpose_b=False)
