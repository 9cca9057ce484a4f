"""What people cannot hear does not change who speaks when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from ovdiar_export.recipes import TINY

from ovdiar import SpeakerDiarization, load
from ovdiar.audio.reading import load as load_audio
from ovdiar.formats import rttm
from ovdiar.metrics.der import diarization_errors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Samples = NDArray[np.float32]

RATE = 16_000


def _hum(samples: Samples) -> Samples:
    wave = np.sin(2 * np.pi * 50 / RATE * np.arange(len(samples)))
    hum: Samples = (samples + 2**0.5 * samples.std() * wave).astype(np.float32)
    return hum


def _quiet(samples: Samples) -> Samples:
    steps: Samples = np.round(samples * np.float32(0.01 * 2**15)) / np.float32(2**15)
    return steps


INAUDIBLE: dict[str, Callable[[Samples], Samples]] = {
    "an offset of 1 %": lambda samples: samples + np.float32(0.01),
    "an offset of 10 %": lambda samples: samples + np.float32(0.1),
    "a hum of 50 Hz as loud as speech": _hum,
    "40 dB less, in 16 bits": _quiet,
    "20 dB more": lambda samples: samples * np.float32(10),
}


@pytest.fixture(scope="module")
def pipeline(tiny: Path) -> SpeakerDiarization:
    return SpeakerDiarization(load(tiny), **TINY.pipeline)


@pytest.fixture(scope="module")
def sample(shared: Path) -> Samples:
    """Give a telephone call of 30 s."""
    return load_audio(shared / "data" / "sample" / "sample.wav").samples


@pytest.fixture(scope="module")
def error_rate(pipeline: SpeakerDiarization, shared: Path) -> Callable[[Samples], float]:
    """Give the error rate of the call's samples, whatever happened to them."""
    [reference] = rttm.load(shared / "data" / "sample" / "sample.rttm").values()

    def rate(samples: Samples) -> float:
        found = pipeline({"waveform": samples, "sample_rate": RATE}).speaker_diarization
        return diarization_errors(reference, found).rate

    return rate


@pytest.mark.parametrize("change", INAUDIBLE.values(), ids=INAUDIBLE)
def test_the_error_rate_stays_within_one_percent(
    change: Callable[[Samples], Samples], error_rate: Callable[[Samples], float], sample: Samples
) -> None:
    assert error_rate(change(sample)) == pytest.approx(error_rate(sample), abs=0.01)
