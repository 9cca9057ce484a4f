"""pyannote's x-vectors (Snyder et al., 2018), on SincNet or on torchaudio's cepstra."""

from __future__ import annotations

from typing import TYPE_CHECKING

import librosa
import numpy as np

from .layers import batch_norm, conv1d, leaky_relu, take
from .sincnet import sincnet

if TYPE_CHECKING:
    from .layers import Array, Tensors

DILATIONS = (1, 2, 3, 1, 1)


def cepstra(waveform: Array, tensors: Tensors) -> Array:
    """Turn (samples,) into (coefficients, frames), by the window and filters of the state dict."""
    window = take(tensors, "mfcc.MelSpectrogram.spectrogram.window")
    spectrum = librosa.stft(
        waveform,
        n_fft=len(window),
        hop_length=len(window) // 2,
        window=window,
        pad_mode="reflect",
        dtype=np.complex128,
    )
    power = take(tensors, "mfcc.MelSpectrogram.mel_scale.fb").T @ np.abs(spectrum) ** 2
    decibels = librosa.power_to_db(power, amin=1e-10, top_db=80.0)
    return np.asarray(take(tensors, "mfcc.dct_mat").T @ decibels)


def features(waveform: Array, tensors: Tensors, *, stride: int = 10, rate: int = 16_000) -> Array:
    """Turn (samples,) into (channels, frames), what the pooling sees."""
    if "mfcc.dct_mat" in tensors:
        x = cepstra(waveform, tensors)
    else:
        x = sincnet(waveform, tensors, stride=stride, rate=rate)
    for index, dilation in enumerate(DILATIONS):
        name = f"tdnns.{3 * index}"
        kernels = take(tensors, f"{name}.weight")
        x = conv1d(x, kernels, dilation=dilation) + take(tensors, f"{name}.bias")[:, None]
        x = batch_norm(leaky_relu(x), tensors, f"tdnns.{3 * index + 2}")
    return x
