"""CAM++, a densely connected time-delay network whose layers are masked by their context.

Wang et al., "CAM++: a fast and efficient network for speaker verification using context-aware
masking" (2023), as 3D-Speaker published it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from openvino import opset13 as op

from .fbank import KaldiFbank, kaldi_fbank, subtract_mean
from .layers import batch_norm, batch_norm1d, conv2d_norm, ints, model, parameter
from .weights import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openvino as ov
    from numpy.typing import NDArray

FBANK = KaldiFbank(bands=80, window="povey", scale=1.0)
"""That of torchaudio's ``compliance.kaldi.fbank`` by default, of a waveform within [-1, 1]."""

SEGMENT = 100
"""Frames after the stride in time, over which the nearer of a layer's two contexts is averaged."""

MIN_FRAMES = 25
"""Frames (0.25 s) that shorter speech is repeated to fill."""

_DILATIONS = (1, 2, 2)
"""Of the three dense blocks."""


def build_features() -> ov.Model:
    """Build Kaldi's log mel filterbank; its mean is left to the network.

    Returns
    -------
    ``waveform`` f32 [batch, samples], at least 400 -> ``features`` f32 [batch,
    1 + (samples - 400) // 160, 80]
    """
    waveform = parameter("waveform", -1, -1)
    return model("CAM++ features", waveform, "features", kaldi_fbank(waveform, FBANK))


def _residual(maps: ov.Node, weights: Weights, size: int, stride: int) -> tuple[ov.Node, int]:
    """Add a block's two convolutions to its input; the stride is in frequency."""
    strides = (stride, 1)
    projected = stride != 1 or "shortcut.0.weight" in weights
    deep, inner = conv2d_norm(maps, weights, ("conv1", "bn1"), (None, size, 3), strides)
    shape = (None if projected else size, inner, 3)
    deep, out = conv2d_norm(op.relu(deep), weights, ("conv2", "bn2"), shape)
    if projected:
        names = ("shortcut.0", "shortcut.1")
        maps, _ = conv2d_norm(maps, weights, names, (out, size, 1), strides)
    return op.relu(op.add(deep, maps)), out


def _head(features: ov.Node, weights: Weights) -> tuple[ov.Node, int]:
    """Turn [batch, bands, frames] into [batch, channels * bands / 8, frames]."""
    image = op.unsqueeze(features, ints(1))
    maps, size = conv2d_norm(image, weights, ("conv1", "bn1"), (None, 1, 3))
    maps = op.relu(maps)
    for layer in ("layer1", "layer2"):
        for block in range(weights.count(layer + ".{}.conv1.weight")):
            part = weights.below(f"{layer}.{block}.")
            maps, size = _residual(maps, part, size, 1 if block else 2)
    maps, size = conv2d_norm(op.relu(maps), weights, ("conv2", "bn2"), (None, size, 3), (2, 1))
    rows = size * FBANK.bands // 8
    return op.reshape(op.relu(maps), ints(0, rows, -1), special_zero=True), rows


def _normalised_relu(data: ov.Node, weights: Weights, size: int) -> ov.Node:
    return op.relu(batch_norm1d(data, weights.below("batchnorm."), size))


def _convolve(
    data: ov.Node,
    kernels: NDArray[np.float32],
    norm: Weights | None = None,
    *,
    stride: int = 1,
    dilation: int = 1,
    affine: bool = True,
) -> ov.Node:
    """Convolve [batch, channels, frames] with zeros beyond its ends, and normalise by ``norm``."""
    reach = [dilation * (kernels.shape[2] - 1) // 2]
    if norm is None:
        return op.convolution(data, kernels, [stride], reach, reach, [dilation])
    factor, shift = batch_norm(norm.below("batchnorm."), len(kernels), affine=affine)
    folded = np.asarray(kernels * factor[:, None, None], np.float32)
    convolved = op.convolution(data, folded, [stride], reach, reach, [dilation])
    return op.add(convolved, np.asarray(shift[None, :, None], np.float32))


class _Context:
    """Where the stretches of `SEGMENT` frames lie in [batch, channels, frames].

    Both are computed once for all layers: ``averages`` [frames, stretches], which multiplied with
    a signal gives its mean over all frames plus that over each stretch, the last stretch averaged
    over the frames that it has; and ``stretches`` [frames], the stretch that a frame lies in.
    """

    def __init__(self, signal: ov.Node) -> None:
        length = op.gather(op.shape_of(signal), np.int64(2), np.int64(0))
        frames = op.range(np.int64(0), length, np.int64(1), output_type="i64")
        self.stretches = op.divide(frames, np.int64(SEGMENT))
        last = op.divide(op.subtract(length, np.int64(1)), np.int64(SEGMENT))
        count = op.add(last, np.int64(1))
        inside = op.convert(
            op.equal(
                op.unsqueeze(self.stretches, ints(1)),
                op.unsqueeze(op.range(np.int64(0), count, np.int64(1), output_type="i64"), ints(0)),
            ),
            "f32",
        )
        nearer = op.divide(inside, op.reduce_sum(inside, ints(0), keep_dims=True))
        self.averages = op.add(nearer, op.divide(np.float32(1), op.convert(length, "f32")))


def _dense_layer(
    signal: ov.Node, weights: Weights, size: int, dilation: int, context: _Context
) -> tuple[ov.Node, int]:
    """Compute what a layer appends to its input; all frames of a stretch share their mask."""
    narrow = weights.take("linear1.weight", (None, size, 1))
    hidden = _normalised_relu(signal, weights.below("nonlinear1."), size)
    hidden = op.relu(_convolve(hidden, narrow, weights.below("nonlinear2.")))
    cam = weights.below("cam_layer.")
    local = cam.take("linear_local.weight", (None, len(narrow), None))
    means = op.matmul(hidden, context.averages, False, False)
    squeezed = cam.take("linear1.weight", (None, len(narrow), 1))
    excited = cam.take("linear2.weight", (len(local), len(squeezed), 1))
    biases = [
        cam.take(f"{name}.bias", (len(kernels),))[None, :, None]
        for name, kernels in (("linear1", squeezed), ("linear2", excited))
    ]
    mask = op.relu(op.add(_convolve(means, squeezed), biases[0]))
    mask = op.sigmoid(op.add(_convolve(mask, excited), biases[1]))
    mask = op.gather(mask, context.stretches, np.int64(2))
    return op.multiply(_convolve(hidden, local, dilation=dilation), mask), len(local)


def _statistics(signal: ov.Node) -> ov.Node:
    """Pool [batch, channels, frames] into [batch, 2 * channels, 1], means then deviations.

    Deviations are unbiased; that of a single frame is zero.
    """
    mean = op.reduce_mean(signal, ints(2), keep_dims=True)
    apart = op.subtract(signal, mean)
    squares = op.reduce_sum(op.multiply(apart, apart), ints(2), keep_dims=True)
    length = op.convert(op.gather(op.shape_of(signal), np.int64(2), np.int64(0)), "f32")
    freedom = op.maximum(op.subtract(length, np.float32(1)), np.float32(1))
    return op.concat([mean, op.sqrt(op.divide(squares, freedom))], axis=1)


def build_network(tensors: Mapping[str, NDArray[Any]]) -> ov.Model:
    """Build the network from its state dict.

    Channels and the number of layers are read from the tensors.

    Returns
    -------
    ``features`` f32 [batch, frames, bands], at least 3 frames -> ``embedding`` f32 [batch,
    dimension], not normalised. The mean over the frames is taken off first: they are to be the
    speaker's own and no others.

    Raises
    ------
    ModelError
        A tensor is missing or does not fit.
    """
    features = parameter("features", -1, -1, FBANK.bands)
    centred = op.transpose(subtract_mean(features), ints(0, 2, 1))
    signal, size = _head(centred, Weights(tensors, "head."))
    weights = Weights(tensors, "xvector.")
    kernels = weights.take("tdnn.linear.weight", (None, size, None))
    signal = op.relu(_convolve(signal, kernels, weights.below("tdnn.nonlinear."), stride=2))
    size = len(kernels)
    context = _Context(signal)
    for number, dilation in enumerate(_DILATIONS, 1):
        block = weights.below(f"block{number}.")
        layer = 1
        while f"tdnnd{layer}.linear1.weight" in block:
            part = block.below(f"tdnnd{layer}.")
            added, growth = _dense_layer(signal, part, size, dilation, context)
            signal, size, layer = op.concat([signal, added], axis=1), size + growth, layer + 1
        transit = weights.below(f"transit{number}.")
        signal = _normalised_relu(signal, transit.below("nonlinear."), size)
        kernels = transit.take("linear.weight", (None, size, 1))
        signal, size = _convolve(signal, kernels), len(kernels)
    signal = _normalised_relu(signal, weights.below("out_nonlinear."), size)
    dense = weights.below("dense.")
    kernels = dense.take("linear.weight", (None, 2 * size, 1))
    pooled = _statistics(signal)
    embedding = _convolve(pooled, kernels, dense.below("nonlinear."), affine=False)
    return model("CAM++", features, "embedding", op.squeeze(embedding, ints(2)))


def dimension(tensors: Mapping[str, NDArray[Any]]) -> int:
    """Read the size of the embedding off the tensors."""
    return len(Weights(tensors).take("xvector.dense.linear.weight", (None, None, 1)))
