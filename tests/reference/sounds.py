"""Small recordings for tests: sounds that are easy to recognise, written by soundfile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 16_000
"""Of the networks, Hz."""


def chirps(samples: int, rate: int, channels: int = 1) -> NDArray[np.float64]:
    """Return (samples, channels) of rising tones below 3 kHz, another one in each channel."""
    time_s = np.arange(samples)[:, None] / rate
    pitch_hz = 200 + 90 * np.arange(channels)
    return np.asarray(0.4 * np.sin(2 * np.pi * pitch_hz * time_s * (1 + 0.5 * np.sin(time_s))))


def write(path: Path, samples: NDArray[np.float64], rate: int, **how: object) -> Path:
    """Write (samples, channels) and return the path."""
    soundfile.write(path, samples, rate, **how)
    return path


def write_float(path: Path, samples: NDArray[Any]) -> Path:
    """Write float samples at a network's own rate, to the last digit, and return the path."""
    return write(path, samples, RATE, subtype="FLOAT")


def likeness(one: NDArray[np.float32], other: NDArray[np.float64]) -> float:
    """Correlate two signals of one length, at no lag: 1 when they differ in loudness alone."""
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))
