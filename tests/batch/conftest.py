"""A small archive, and a pipeline for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import soundfile
from reference.sounds import RATE, write_float

import ovdiar

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def talks(conversation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with recordings of 6, 5 and 4 s, one that is damaged and one that is empty."""
    folder = tmp_path_factory.mktemp("talks")
    samples, _ = soundfile.read(conversation)
    for number, seconds in enumerate((6, 5, 4)):
        part = samples[number * 4 * RATE : (number * 4 + seconds) * RATE]
        write_float(folder / f"talk{number}.wav", part)
    (folder / "damaged.wav").write_bytes(b"RIFF" + bytes(3000))
    (folder / "empty.wav").write_bytes(b"")
    return folder


@pytest.fixture(scope="session")
def pipeline(tiny: Path) -> ovdiar.SpeakerDiarization:
    """Give a diarization with the tiny bundle."""
    return ovdiar.SpeakerDiarization(ovdiar.load(tiny, threads=1))
