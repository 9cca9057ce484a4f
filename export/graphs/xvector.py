"""pyannote's x-vectors: a time-delay network on SincNet or on cepstra.

Snyder et al., "X-vectors: robust DNN embeddings for speaker recognition" (2018), with a leaky ReLU
before each batch norm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openvino import opset13 as op

from .layers import batch_norm1d, conv1d, ints, leaky_relu, linear, model, parameter
from .pooled import Pooled
from .sincnet import RATE, STRIDE, frame_grid, sincnet
from .spectrum import band_power, centred_frames, decibels, fourier
from .weights import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping

    import openvino as ov
    from numpy.typing import NDArray

_TDNN = ((5, 1), (3, 2), (3, 3), (1, 1), (1, 1))
"""Kernel and dilation of each layer."""

_SHRINK = sum((width - 1) * dilation for width, dilation in _TDNN)
"""Frames that these layers take off, being without padding."""


def _cepstra(waveform: ov.Node, weights: Weights) -> tuple[ov.Node, int]:
    """Apply torchaudio's MFCC with the window, filters and cosines that the state dict holds.

    The hop is half a window. Returns cepstra [batch, coefficients, frames] and their number.
    """
    window = weights.take("MelSpectrogram.spectrogram.window", (None,))
    filters = weights.take("MelSpectrogram.mel_scale.fb", (len(window) // 2 + 1, None))
    cosines = weights.take("dct_mat", (filters.shape[1], None))
    size = len(window)
    segments = centred_frames(waveform, size, size // 2, "reflect")
    level = decibels(band_power(segments, fourier(window, size), filters.T))
    cepstra = op.matmul(level, cosines, transpose_a=False, transpose_b=False)
    return op.transpose(cepstra, ints(0, 2, 1)), cosines.shape[1]


def _tdnn(signal: ov.Node, weights: Weights, size: int) -> tuple[ov.Node, int]:
    """Run the time-delay layers."""
    for index, (width, dilation) in enumerate(_TDNN):
        layer = weights.below(f"{3 * index}.")
        kernels = layer.take("weight", (None, size, width))
        size = len(kernels)
        signal = conv1d(signal, kernels, layer.take("bias", (size,)), dilation=dilation)
        norm = weights.below(f"{3 * index + 2}.")
        signal = batch_norm1d(leaky_relu(signal), norm, size)
    return signal, size


def build_trunk(
    tensors: Mapping[str, NDArray[Any]], *, stride: int = STRIDE, sample_rate: int = RATE
) -> ov.Model:
    """Build everything before the pooling.

    Parameters
    ----------
    tensors : the state dict, of XVectorSincNet or of XVectorMFCC
    stride : of the sinc filters, in samples
    sample_rate : that the model was trained for, Hz

    Returns
    -------
    ``waveform`` f32 [batch, samples] -> ``features`` f32 [batch, channels, frames]

    Raises
    ------
    ModelError
        A tensor is missing or does not fit.
    """
    weights = Weights(tensors)
    waveform = parameter("waveform", -1, -1)
    if _has_cepstra(weights):
        signal, size = _cepstra(waveform, weights.below("mfcc."))
    else:
        part = weights.below("sincnet.")
        signal, size = sincnet(waveform, part, stride=stride, rate=sample_rate)
    features, _ = _tdnn(signal, weights.below("tdnns."), size)
    return model("x-vector trunk", waveform, "features", features)


def build_head(tensors: Mapping[str, NDArray[Any]]) -> ov.Model:
    """Build what follows the pooling: one linear layer.

    Returns
    -------
    ``statistics`` f32 [rows, 2 * channels], means then deviations -> ``embedding`` f32 [rows,
    dimension]
    """
    inputs = 2 * describe(tensors).channels
    statistics = parameter("statistics", -1, inputs)
    embedding, _ = linear(statistics, Weights(tensors, "embedding."), inputs)
    return model("x-vector head", statistics, "embedding", embedding)


def describe(
    tensors: Mapping[str, NDArray[Any]], *, stride: int = STRIDE, sample_rate: int = RATE
) -> Pooled:
    """Read off the tensors what the runtime must know."""
    weights = Weights(tensors)
    channels = len(weights.take(f"tdnns.{3 * (len(_TDNN) - 1)}.bias", (None,)))
    if _has_cepstra(weights):
        step = len(weights.take("mfcc.MelSpectrogram.spectrogram.window", (None,))) // 2
        shortest = _SHRINK * step
    else:
        step, width, _ = frame_grid(stride)
        shortest = width + _SHRINK * step
    return Pooled(
        rate=sample_rate,
        channels=channels,
        dimension=len(weights.take("embedding.weight", (None, 2 * channels))),
        step=step,
        min_samples=shortest,
    )


def _has_cepstra(weights: Weights) -> bool:
    return "mfcc.dct_mat" in weights
