"""What lies between a mouth and a recording: rooms, handsets, codecs, noises. All at 16 kHz."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from scipy.signal import butter, fftconvolve, firwin2, lfilter, oaconvolve, resample_poly, sosfilt

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    Signal = NDArray[np.float32]

RATE = 16_000
CODECS: dict[str, tuple[int, dict[str, Any]]] = {
    "ulaw": (8_000, {"format": "WAV", "subtype": "ULAW"}),
    "gsm": (8_000, {"format": "WAV", "subtype": "GSM610"}),
    "adpcm": (8_000, {"format": "WAV", "subtype": "IMA_ADPCM"}),
    "opus": (16_000, {"format": "OGG", "subtype": "OPUS", "compression_level": 0.97}),
    "mp3": (16_000, {"format": "MP3", "subtype": "MPEG_LAYER_III", "compression_level": 0.9}),
}
"""Sample rate and libsndfile's name of each codec."""
_BLOCK = 30 * RATE


def room(rng: Generator, rt60_s: float, direct_db: float) -> Signal:
    """Draw an impulse response: the direct sound, then a tail of coloured noise that decays.

    ``direct_db`` is the direct sound's energy over that of the tail.
    """
    length = max(2, round(rt60_s * RATE))
    tail = rng.standard_normal(length) * np.exp(-6.9 * np.arange(length) / length)
    tail = lfilter([1.0], [1.0, -rng.uniform(0.2, 0.7)], tail)
    tail[: round(0.002 * RATE)] = 0
    tail *= 10 ** (-direct_db / 20) / np.sqrt((tail**2).sum() + 1e-12)
    tail[0] = 1
    return tail.astype(np.float32)


def handset(rng: Generator, spread_db: float) -> Signal:
    """Draw a microphone's response: a short filter through gains of so many dB's deviation."""
    hz = np.array([0, 100, 200, 400, 800, 1600, 3200, 6400, 8000])
    gains = 10 ** (rng.normal(0, spread_db, len(hz)) / 20)
    return firwin2(255, hz, gains, fs=RATE).astype(np.float32)


def through(signal: Signal, response: Signal) -> Signal:
    """Convolve with a response whose greatest tap is the direct sound."""
    delay = int(np.abs(response).argmax())
    wet = oaconvolve(signal, response)[delay : delay + len(signal)]
    return np.asarray(wet, dtype=np.float32)


def band(signal: Signal, low_hz: float, high_hz: float) -> Signal:
    """Keep a band."""
    filters = butter(4, [low_hz, high_hz], "bandpass", fs=RATE, output="sos")
    return np.asarray(sosfilt(filters, signal), dtype=np.float32)


def coded(signal: Signal, codec: str) -> Signal:
    """Encode and decode; the codec's delay is taken off again."""
    rate, options = CODECS[codec]
    peak = float(np.abs(signal).max()) or 1.0
    data = 0.7 / peak * (signal if rate == RATE else resample_poly(signal, rate, RATE))
    file = io.BytesIO()
    soundfile.write(file, data, rate, **options)
    file.seek(0)
    decoded = soundfile.read(file, dtype="float32")[0]
    decoded = decoded if rate == RATE else resample_poly(decoded, RATE, rate)
    return peak / 0.7 * _aligned(decoded.astype(np.float32), signal)


def _aligned(late: Signal, signal: Signal) -> Signal:
    """Shift a decoded signal to where it correlates best, up to 0.2 s; as long as the original."""
    most = RATE // 5
    start = int(np.abs(signal).argmax())
    piece = signal[max(0, start - RATE) : start + RATE]
    around = np.pad(late, most)[max(0, start - RATE) :][: len(piece) + 2 * most]
    lag = int(fftconvolve(around, piece[::-1], "valid").argmax())
    out = np.pad(late, (most, most + len(signal)))[lag : lag + len(signal)]
    return np.asarray(out, dtype=np.float32)


def pink(rng: Generator, length: int) -> Signal:
    """Draw noise of falling spectrum, of power 1."""
    shape = 1 / np.sqrt(np.maximum(np.fft.rfftfreq(_BLOCK, 1 / RATE), 30))
    parts = [
        np.fft.irfft(np.fft.rfft(rng.standard_normal(_BLOCK)) * shape, _BLOCK)
        for _ in range(0, length, _BLOCK)
    ]
    return _normal(np.concatenate(parts)[:length])


def hum(rng: Generator, length: int) -> Signal:
    """Draw mains hum with overtones, and pink noise below it, of power 1."""
    time = np.arange(length) / RATE
    tones = sum(
        np.sin(2 * np.pi * 50 * k * time + rng.uniform(0, 6.3)) / k**1.5 for k in range(1, 12)
    )
    return _normal(_normal(np.asarray(tones)) + 0.5 * pink(rng, length))


def music(rng: Generator, length: int) -> Signal:
    """Draw chords of plucked harmonics over a beat of noise, of power 1."""
    out = np.zeros(length + 4 * RATE)
    beat = rng.uniform(0.35, 0.7)
    root = rng.uniform(80, 160)
    time = np.arange(2 * RATE) / RATE
    for number in range(int(length / RATE / beat)):
        at = int(number * beat * RATE)
        if number % 4 == 0:
            root *= 2 ** (rng.choice([-5, -2, 0, 2, 3, 5]) / 12)
            root = 80 + (root - 80) % 120
        for step in rng.choice([0, 4, 7, 12, 16, 19], 3, replace=False):
            pitch = root * 2 ** (step / 12)
            decay = np.exp(-time * rng.uniform(2, 5))
            tone = sum(np.sin(2 * np.pi * k * pitch * time) / k for k in range(1, 9))
            out[at : at + len(time)] += decay * tone
        click = rng.standard_normal(RATE // 8) * np.exp(-np.arange(RATE // 8) / 300)
        out[at : at + len(click)] += 2 * click
    return _normal(out[:length])


def _normal(signal: NDArray[Any]) -> Signal:
    return np.asarray(signal / (np.sqrt(np.mean(signal**2)) + 1e-12), dtype=np.float32)


NOISES = {"pink": pink, "hum": hum, "music": music}
"""Noises by name; ``babble`` is made of voices, by `benchmarks.conversations`."""
