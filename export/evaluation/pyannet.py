"""PyanNet (Bredin and Laurent, 2021): SincNet, LSTM, linear layers, classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .layers import leaky_relu, linear, lstm_layer
from .sincnet import sincnet

if TYPE_CHECKING:
    from .layers import Array, Tensors


def logits(waveform: Array, tensors: Tensors, *, stride: int = 10, rate: int = 16_000) -> Array:
    """Turn (samples,) into (frames, classes), before any activation."""
    x = sincnet(waveform, tensors, stride=stride, rate=rate).T
    layer = 0
    while f"lstm.weight_ih_l{layer}" in tensors:
        x = lstm_layer(x, tensors, "lstm.", layer)
        layer += 1
    while f"lstm.{layer}.weight_ih_l0" in tensors:
        x = lstm_layer(x, tensors, f"lstm.{layer}.", 0)
        layer += 1
    layer = 0
    while f"linear.{layer}.weight" in tensors:
        x = leaky_relu(linear(x, tensors, f"linear.{layer}"))
        layer += 1
    return linear(x, tensors, "classifier")
