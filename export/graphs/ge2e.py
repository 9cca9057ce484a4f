"""GE2E, the d-vector of Wan et al., "Generalized end-to-end loss for speaker verification" (2018).

As Resemblyzer published it: 40 mel bands of power, three LSTM layers, one linear layer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import librosa
from openvino import opset13 as op

from ovdiar.errors import ModelError

from .layers import ints, linear, lstm, model, parameter
from .spectrum import band_power, centred_frames, fourier
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

BANDS = 40
DIMENSION = 256
PARTIAL_FRAMES = 160
"""Of the partial utterances that the network was trained on (1.6 s)."""


def build_features() -> ov.Model:
    """Build the mel spectrogram, as librosa's ``melspectrogram`` computes it.

    Zeros on both sides centre the frames; the window is a periodic Hann, the mel scale and its
    normalisation are Slaney's, and there is no logarithm.

    Returns
    -------
    ``waveform`` f32 [batch, samples] -> ``features`` f32 [batch, 1 + samples // 160, 40]
    """
    window = librosa.filters.get_window("hann", WIDTH, fftbins=True)
    bands = librosa.filters.mel(sr=RATE, n_fft=WIDTH, n_mels=BANDS)
    waveform = parameter("waveform", -1, -1)
    segments = centred_frames(waveform, WIDTH, HOP, "constant")
    features = band_power(segments, fourier(window, WIDTH), bands)
    return model("GE2E features", waveform, "features", features)


def build_network(tensors: Mapping[str, NDArray[Any]]) -> ov.Model:
    """Build the network from the state dict under ``model_state``.

    Returns
    -------
    ``features`` f32 [batch, frames, bands] -> ``embedding`` f32 [batch, dimension], each row
    the L2-normalised answer to one partial utterance; a row of zeros stays zero

    Raises
    ------
    ModelError
        A tensor is missing or does not fit.
    """
    weights = Weights(tensors)
    layers = weights.count("lstm.weight_ih_l{}")
    if layers == 0:
        raise ModelError(
            "the checkpoint has no tensor 'lstm.weight_ih_l0': check that the file holds GE2E"
        )
    features = parameter("features", -1, -1, BANDS)
    sequence, size = features, BANDS
    for layer in range(layers):
        sequence, size, last = lstm(sequence, weights.below("lstm."), layer, size)
    hidden = op.reshape(last, ints(0, size), special_zero=True)
    projected, _ = linear(hidden, weights.below("linear."), size)
    embedding = op.normalize_l2(op.relu(projected), ints(1), 1e-12, "max")
    return model("GE2E", features, "embedding", embedding)
