"""PyanNet, pyannote's segmentation network: SincNet, LSTM, linear layers, classifier.

Bredin and Laurent, "End-to-end speaker segmentation for overlap-aware resegmentation" (2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openvino import opset13 as op

from ovdiar.errors import ModelError

from .layers import ints, leaky_relu, linear, lstm, model, parameter
from .sincnet import RATE, STRIDE, frame_grid, sincnet
from .weights import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openvino as ov
    from numpy.typing import NDArray

__all__ = ["RATE", "STRIDE", "build", "frame_grid"]


def _recurrent(sequence: ov.Node, weights: Weights, inputs: int) -> tuple[ov.Node, int]:
    """Chain the LSTM layers, stored as one module of many layers or as many of one."""
    one_module = weights.count("weight_ih_l{}")
    many_modules = weights.count("{}.weight_ih_l0")
    if one_module + many_modules == 0:
        raise ModelError(
            f"the checkpoint has no tensor {weights.prefix + 'weight_ih_l0'!r}: "
            "check that the file holds a PyanNet"
        )
    for index in range(one_module):
        sequence, inputs, _ = lstm(sequence, weights, index, inputs)
    for index in range(many_modules):
        sequence, inputs, _ = lstm(sequence, weights.below(f"{index}."), 0, inputs)
    return sequence, inputs


def build(
    tensors: Mapping[str, NDArray[Any]],
    *,
    powerset: bool,
    stride: int = STRIDE,
    sample_rate: int = RATE,
) -> ov.Model:
    """Build the network from its state dict.

    Parameters
    ----------
    tensors : the state dict; the number and sizes of all layers are read from it
    powerset : whether classes are sets of speakers (log-softmax) or speakers (sigmoid)
    stride : of the sinc filters, in samples
    sample_rate : that the model was trained for, Hz

    Returns
    -------
    ``waveform`` f32 [batch, samples] -> ``scores`` f32 [batch, frames, classes]

    Raises
    ------
    ModelError
        A tensor is missing or does not fit.
    """
    weights = Weights(tensors)
    waveform = parameter("waveform", -1, -1)
    signal, size = sincnet(waveform, weights.below("sincnet."), stride=stride, rate=sample_rate)
    sequence = op.transpose(signal, ints(0, 2, 1))
    sequence, size = _recurrent(sequence, weights.below("lstm."), size)
    for index in range(weights.count("linear.{}.weight")):
        projected, size = linear(sequence, weights.below(f"linear.{index}."), size)
        sequence = leaky_relu(projected)
    logits, _ = linear(sequence, weights.below("classifier."), size)
    scores = op.log_softmax(logits, axis=-1) if powerset else op.sigmoid(logits)
    return model("PyanNet", waveform, "scores", scores)
