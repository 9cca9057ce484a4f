"""Compare the answers to recordings as they are, with an offset, with hum, and at other levels.

python tests/benchmarks/inaudible.py ../shared/data [--models tiny] [--without]

Strict DER, pooled. ``--without`` switches the high-pass filters and the level off.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import ovdiar
from ovdiar import Segment
from ovdiar.audio.reading import load as load_audio
from ovdiar.formats import rttm
from ovdiar.metrics.der import DiarizationErrors, diarization_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

RATE = 16_000
RECORDINGS = {
    "sample/sample.wav": 30,
    "calls/Auto_Repairs_40_UTC.flac": 60,
    "simulated/dev_4spk_s12.flac": 75,
    **{f"ami/{name}.wav": 30 for name in ("trn00", "trn03", "dev00")},
}
"""What is scored, up to so many seconds."""
OFF = {"recording_level": 0.0, "segmentation_highpass": 0.0, "embedding_highpass": 0.0}


def hum(samples: NDArray[Any], level_db: float, hz: float) -> NDArray[np.float32]:
    """Add ten harmonics that fall as 1/k, at a level relative to the recording's."""
    time = np.arange(len(samples)) / RATE
    wave = sum(np.sin(2 * np.pi * hz * k * time + k) / k for k in range(1, 11))
    ratio = 10 ** (level_db / 20) * np.sqrt(np.mean(samples**2) / np.mean(wave**2))
    return np.asarray(samples + ratio * wave, np.float32)


CHANGES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "as it is": lambda samples: samples,
    "offset of 1 %": lambda samples: samples + np.float32(0.01),
    "offset of 10 %": lambda samples: samples + np.float32(0.1),
    "40 dB less, 16 bits": lambda samples: np.round(samples * 327.68) / 2**15,
    "20 dB more": lambda samples: samples * 10,
    "hum of 50 Hz at -20 dB": lambda samples: hum(samples, -20, 50),
    "hum of 60 Hz at -20 dB": lambda samples: hum(samples, -20, 60),
    "hum of 50 Hz at -10 dB": lambda samples: hum(samples, -10, 50),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", default="tiny")
    parser.add_argument("--without", action="store_true")
    options = parser.parse_args()
    given: dict[str, Any] = OFF if options.without else {}
    pipeline = ovdiar.SpeakerDiarization(ovdiar.load(options.models), **given)
    print("| input | DER, % |\n| --- | --- |")
    for name, change in CHANGES.items():
        errors = DiarizationErrors()
        for recording, seconds in RECORDINGS.items():
            path: Path = options.data / recording
            samples = load_audio(path).samples[: seconds * RATE]
            changed = {"waveform": np.float32(change(samples)), "sample_rate": RATE}
            words = path.with_suffix(".only_words.rttm")
            [reference] = rttm.load(words if words.exists() else path.with_suffix(".rttm")).values()
            scored = Segment(0.0, len(samples) / RATE)
            found = pipeline(changed).speaker_diarization
            errors += diarization_errors(reference.crop(scored), found, uem=[scored])
        print(f"| {name} | {100 * errors.rate:.1f} |", flush=True)


if __name__ == "__main__":
    main()
