"""GE2E (Wan et al., 2018) as Resemblyzer published it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import librosa
import numpy as np

from .layers import linear, lstm_direction, relu

if TYPE_CHECKING:
    from .layers import Array, Tensors


def features(waveform: Array) -> Array:
    """Give librosa's mel spectrogram of (samples,) at 16 kHz: (frames, 40), power."""
    mel = librosa.feature.melspectrogram(
        y=waveform, sr=16_000, n_fft=400, hop_length=160, n_mels=40
    )
    return np.asarray(mel.T)


def embedding(bands: Array, tensors: Tensors) -> Array:
    """Turn features (frames, 40) into one unit vector."""
    x = bands
    layer = 0
    while f"lstm.weight_ih_l{layer}" in tensors:
        x = lstm_direction(x, tensors, "lstm.", f"_l{layer}")
        layer += 1
    raw = relu(linear(x[-1], tensors, "linear"))
    return np.asarray(raw / np.sqrt(np.sum(raw**2)))
