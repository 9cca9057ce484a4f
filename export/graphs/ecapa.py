"""ECAPA-TDNN as SpeechBrain trained it on VoxCeleb, and its filterbank.

Desplanques et al., "ECAPA-TDNN: emphasized channel attention, propagation and aggregation in TDNN
based speaker verification" (2020).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from openvino import opset13 as op
from scipy.signal import get_window

from ovdiar.errors import ModelError

from .fbank import subtract_mean
from .layers import batch_norm1d, conv1d, ints, model, parameter
from .spectrum import band_power, centred_frames, decibels, fourier
from .weights import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openvino as ov
    from numpy.typing import NDArray

RATE = 16_000
WIDTH = 400
"""Of an analysis window, in samples."""

HOP = 160
"""Between the centres of two frames, in samples; frame i is centred on sample i * HOP."""

BANDS = 80
MIN_SAMPLES = 640
"""Five frames: the widest layer reflects four on each side."""

_DILATIONS = (1, 2, 3, 4)
_FLOOR = 1e-12
"""Of a variance."""


def filters() -> NDArray[np.float64]:
    """Return the weight of each bin in each band (bands, bins).

    Centres are equally far apart on O'Shaughnessy's mel scale. Unlike elsewhere, triangles are
    linear in Hz and symmetric: both sides fall off within the distance to the centre below.
    """
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, top, BANDS + 2) / 2595) - 1)
    centres, distances = edges[1:-1, None], np.diff(edges)[:-1, None]
    hz = np.linspace(0, RATE / 2, WIDTH // 2 + 1)
    return np.asarray(np.maximum(0, 1 - np.abs(hz - centres) / distances))


def build_features() -> ov.Model:
    """Build the log mel filterbank, minus its mean over the waveform.

    Zeros on both sides centre the frames; the window is a periodic Hamming.

    Returns
    -------
    ``waveform`` f32 [batch, samples] -> ``features`` f32 [batch, 1 + samples // 160, 80]
    """
    window = get_window("hamming", WIDTH, fftbins=True)
    waveform = parameter("waveform", -1, -1)
    segments = centred_frames(waveform, WIDTH, HOP, "constant")
    power = band_power(segments, fourier(window, WIDTH), filters())
    return model("ECAPA features", waveform, "features", subtract_mean(decibels(power)))


def _convolve(
    data: ov.Node, weights: Weights, inputs: int | None, dilation: int = 1
) -> tuple[ov.Node, int]:
    """Convolve [batch, channels, frames] to the same number of frames, reflecting its ends."""
    kernels = weights.take("conv.weight", (None, inputs, None))
    reach = dilation * (kernels.shape[2] - 1) // 2
    if reach:
        side = ints(0, 0, reach)
        data = op.pad(data, side, side, "reflect")
    bias = weights.take("conv.bias", (len(kernels),))
    return conv1d(data, kernels, bias, dilation=dilation), len(kernels)


def _tdnn(data: ov.Node, weights: Weights, inputs: int, dilation: int = 1) -> tuple[ov.Node, int]:
    convolved, size = _convolve(data, weights.below("conv."), inputs, dilation)
    return batch_norm1d(op.relu(convolved), weights.below("norm.norm."), size), size


def _res2net(data: ov.Node, weights: Weights, size: int, dilation: int) -> ov.Node:
    """Pass one group of channels after the other, each added to the answer before it."""
    scale = weights.count("blocks.{}.conv.conv.weight") + 1
    if size % scale:
        raise ModelError(
            f"{weights.prefix + 'blocks'!r} splits {size} channels into {scale} unequal groups: "
            "check that the file holds the architecture that was asked for"
        )
    groups = op.split(data, np.int64(1), scale).outputs() if scale > 1 else [data]
    answers = [groups[0]]
    for index, group in enumerate(groups[1:]):
        source = group if index == 0 else op.add(group, answers[-1])
        block = weights.below(f"blocks.{index}.")
        answers.append(_tdnn(source, block, size // scale, dilation)[0])
    return op.concat(answers, axis=1)


def _squeeze_and_excite(data: ov.Node, weights: Weights, size: int) -> ov.Node:
    """Weigh each channel by what the means of all channels say of it."""
    mean = op.reduce_mean(data, ints(2), keep_dims=True)
    squeezed, narrow = _convolve(mean, weights.below("conv1."), size)
    excited, _ = _convolve(op.relu(squeezed), weights.below("conv2."), narrow)
    return op.multiply(data, op.sigmoid(excited))


def _block(data: ov.Node, weights: Weights, inputs: int, dilation: int) -> tuple[ov.Node, int]:
    residual = data
    if "shortcut.conv.weight" in weights:
        residual, _ = _convolve(data, weights.below("shortcut."), inputs)
    deep, size = _tdnn(data, weights.below("tdnn1."), inputs)
    deep = _res2net(deep, weights.below("res2net_block."), size, dilation)
    deep, size = _tdnn(deep, weights.below("tdnn2."), size)
    deep = _squeeze_and_excite(deep, weights.below("se_block."), size)
    return op.add(deep, residual), size


def _statistics(data: ov.Node, share: ov.Node | None) -> tuple[ov.Node, ov.Node]:
    """Return each channel's mean and deviation, its frames weighing equally or by ``share``."""

    def mean(values: ov.Node) -> ov.Node:
        if share is None:
            return op.reduce_mean(values, ints(2), keep_dims=True)
        return op.reduce_sum(op.multiply(values, share), ints(2), keep_dims=True)

    centre = mean(data)
    difference = op.subtract(data, centre)
    variance = mean(op.multiply(difference, difference))
    return centre, op.sqrt(op.maximum(variance, np.float32(_FLOOR)))


def _attentive_pooling(data: ov.Node, weights: Weights, size: int) -> ov.Node:
    """Pool [batch, channels, frames] into [batch, 2 * channels, 1], means then deviations.

    A frame's weight in a channel depends on the frame and on the statistics of all frames. The
    latter are the same for every frame: their part of the first layer is computed once.
    """
    kernels = weights.take("tdnn.conv.conv.weight", (None, 3 * size, 1))
    narrow = len(kernels)
    bias = weights.take("tdnn.conv.conv.bias", (narrow,))
    of_frame, of_all = np.split(kernels, [size], axis=1)
    context = conv1d(op.concat(_statistics(data, None), axis=1), of_all, bias)
    hidden = op.relu(op.add(conv1d(data, of_frame), context))
    hidden = op.tanh(batch_norm1d(hidden, weights.below("tdnn.norm.norm."), narrow))
    scores, _ = _convolve(hidden, weights.below("conv."), narrow)
    return op.concat(_statistics(data, op.softmax(scores, axis=2)), axis=1)


def build_network(tensors: Mapping[str, NDArray[Any]]) -> ov.Model:
    """Build the network from the state dict of ``embedding_model.ckpt``.

    Channels, kernels and groups are read from the tensors; dilations are 1, 2, 3, 4.

    Returns
    -------
    ``features`` f32 [batch, frames, bands], at least 5 frames -> ``embedding`` f32 [batch,
    dimension], not normalised

    Raises
    ------
    ModelError
        A tensor is missing or does not fit.
    """
    weights = Weights(tensors)
    features = parameter("features", -1, -1, BANDS)
    signal = op.transpose(features, ints(0, 2, 1))
    signal, size = _tdnn(signal, weights.below("blocks.0."), BANDS)
    outputs, total = [], 0
    for index, dilation in enumerate(_DILATIONS[1:], 1):
        signal, size = _block(signal, weights.below(f"blocks.{index}."), size, dilation)
        outputs.append(signal)
        total += size
    merged, size = _tdnn(op.concat(outputs, axis=1), weights.below("mfa."), total)
    pooled = _attentive_pooling(merged, weights.below("asp."), size)
    pooled = batch_norm1d(pooled, weights.below("asp_bn.norm."), 2 * size)
    embedding, _ = _convolve(pooled, weights.below("fc."), 2 * size)
    return model("ECAPA-TDNN", features, "embedding", op.squeeze(embedding, ints(2)))


def dimension(tensors: Mapping[str, NDArray[Any]]) -> int:
    """Read the size of the embedding off the tensors."""
    return len(Weights(tensors).take("fc.conv.weight", (None, None, 1)))
