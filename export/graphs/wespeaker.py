"""WeSpeaker's residual networks: ResNet34 and its deeper siblings 152, 221 and 293.

Wang et al., "WeSpeaker: a research and production oriented speaker embedding learning toolkit"
(2023), on the residual blocks of He et al. (2016), as pyannote.audio ships them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from openvino import opset13 as op

from ovdiar.errors import ModelError

from .fbank import KaldiFbank, kaldi_fbank, subtract_mean
from .layers import conv2d_norm, ints, linear, model, parameter
from .pooled import Pooled
from .weights import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openvino as ov
    from numpy.typing import NDArray

_STRIDES = (1, 2, 2, 2)
"""Of the four stages, along frequency and time alike."""

_FBANK = KaldiFbank(bands=80)


def _block(data: ov.Node, weights: Weights, inputs: int, stride: int) -> tuple[ov.Node, int]:
    """Add a block's two convolutions (three in a bottleneck) to its input."""
    strides = (stride, stride)
    if "conv3.weight" in weights:
        narrow, size = conv2d_norm(data, weights, ("conv1", "bn1"), (None, inputs, 1))
        middle = ("conv2", "bn2")
        deep, size = conv2d_norm(op.relu(narrow), weights, middle, (size, size, 3), strides)
        deep, size = conv2d_norm(op.relu(deep), weights, ("conv3", "bn3"), (None, size, 1))
    else:
        deep, size = conv2d_norm(data, weights, ("conv1", "bn1"), (None, inputs, 3), strides)
        deep, size = conv2d_norm(op.relu(deep), weights, ("conv2", "bn2"), (size, size, 3))
    if "shortcut.0.weight" in weights:
        names = ("shortcut.0", "shortcut.1")
        data, _ = conv2d_norm(data, weights, names, (size, inputs, 1), strides)
    elif size != inputs or stride != 1:
        weights.take("shortcut.0.weight", (size, inputs, 1, 1))
    return op.relu(op.add(deep, data)), size


def _resnet(features: ov.Node, weights: Weights) -> tuple[ov.Node, int]:
    """Turn [batch, 1, bands, frames] into maps [batch, channels, bands / 8, frames / 8]."""
    maps, size = conv2d_norm(features, weights, ("conv1", "bn1"), (None, 1, 3))
    maps = op.relu(maps)
    for stage, stride in enumerate(_STRIDES, 1):
        blocks = max(1, weights.count(f"layer{stage}.{{}}.conv1.weight"))
        for block in range(blocks):
            part = weights.below(f"layer{stage}.{block}.")
            maps, size = _block(maps, part, size, stride if block == 0 else 1)
    return maps, size


def _rows() -> int:
    """Return how many of the bands the strides leave, each rounded up."""
    rows = _FBANK.bands
    for stride in _STRIDES:
        rows = -(-rows // stride)
    return rows


def build_trunk(tensors: Mapping[str, NDArray[Any]]) -> ov.Model:
    """Build everything before the pooling: filterbank, its mean taken off, residual network.

    The depth and the kind of block are read from the names of the tensors.

    Returns
    -------
    ``waveform`` f32 [batch, samples] -> ``features`` f32 [batch, channels, frames]

    Raises
    ------
    ModelError
        A tensor is missing or does not fit.
    """
    weights = Weights(tensors, "resnet.")
    waveform = parameter("waveform", -1, -1)
    features = subtract_mean(kaldi_fbank(waveform, _FBANK))
    image = op.unsqueeze(op.transpose(features, ints(0, 2, 1)), ints(1))
    maps, size = _resnet(image, weights)
    flat = op.reshape(maps, ints(0, size * _rows(), -1), special_zero=True)
    return model("WeSpeaker trunk", waveform, "features", flat)


def build_head(tensors: Mapping[str, NDArray[Any]]) -> ov.Model:
    """Build what follows the pooling: one linear layer.

    Returns
    -------
    ``statistics`` f32 [rows, 2 * channels], means then deviations -> ``embedding`` f32 [rows,
    dimension]
    """
    channels = describe(tensors).channels
    statistics = parameter("statistics", -1, 2 * channels)
    embedding, _ = linear(statistics, Weights(tensors, "resnet.seg_1."), 2 * channels)
    return model("WeSpeaker head", statistics, "embedding", embedding)


def describe(tensors: Mapping[str, NDArray[Any]]) -> Pooled:
    """Read off the tensors what the runtime must know."""
    matrix = Weights(tensors, "resnet.").take("seg_1.weight", (None, None))
    dimension, inputs = matrix.shape
    if inputs % (2 * _rows()):
        raise ModelError(
            f"tensor 'resnet.seg_1.weight' has shape ({dimension}, {inputs}), wanted a multiple of "
            f"{2 * _rows()} columns: check that the model was trained on {_FBANK.bands} mel bands"
        )
    return Pooled(
        rate=_FBANK.rate,
        channels=inputs // 2,
        dimension=dimension,
        step=_FBANK.hop * int(np.prod(_STRIDES)),
        min_samples=_FBANK.width,
        context=_context(Weights(tensors, "resnet.")),
    )


def _context(weights: Weights) -> int:
    """Add up how far the convolutions of width 3 reach to one side, in whole steps of the trunk."""
    reach, step = 1, 1
    for stage, stride in enumerate(_STRIDES, 1):
        for block in range(weights.count(f"layer{stage}.{{}}.conv1.weight")):
            reach += step
            step *= stride if block == 0 else 1
            if f"layer{stage}.{block}.conv3.weight" not in weights:  # no bottleneck: two of them
                reach += step
    return -(-(reach * _FBANK.hop + _FBANK.width) // (step * _FBANK.hop)) * step * _FBANK.hop
