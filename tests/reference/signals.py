"""Signals from a seed that stand in for recordings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def buzz(samples: int, seed: int = 0, rate: int = 16_000) -> NDArray[np.float32]:
    """Give a voice-like buzz of gliding pitch, four syllables a second, over faint noise."""
    generator = np.random.default_rng(seed)
    time = np.arange(samples) / rate
    pitch = 110 * (1 + seed % 7 / 7) + 25 * np.sin(2 * np.pi * 0.7 * time + seed)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    harmonics = sum(np.sin(k * phase + k * k) / k for k in range(1, 30))
    syllables = np.clip(np.sin(2 * np.pi * 4 * time + seed), 0, 1)
    noise = generator.standard_normal(samples)
    return np.asarray(0.1 * syllables * harmonics + 0.002 * noise, np.float32)


def mask(frames: int) -> NDArray[np.float32]:
    """Give an uneven mask of zeros and ones."""
    return np.asarray(np.arange(frames) % 37 % 5 < 3, np.float32)
