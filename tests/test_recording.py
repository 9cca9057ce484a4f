"""A recording can be read again and again, a block at a time."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from ovdiar.audio import load
from ovdiar.errors import AudioError, AudioNotFoundError
from ovdiar.recording import open_recording

if TYPE_CHECKING:
    from pathlib import Path


class Pipe(io.RawIOBase):
    """A stream that cannot be rewound."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, 30 * 8000)
    soundfile.write(path, samples, 8000)
    return path


def test_every_pass_reads_what_loading_reads(noise: Path) -> None:
    whole = load(noise).samples
    with open_recording(noise, rate=16000) as recording:
        for _ in range(2):
            assert np.array_equal(np.concatenate(list(recording.blocks())), whole)


def test_a_stream_that_cannot_be_rewound_is_read_twice(noise: Path) -> None:
    with open_recording(Pipe(noise.read_bytes()), rate=16000) as recording:  # type: ignore[arg-type]
        first, second = (np.concatenate(list(recording.blocks())) for _ in range(2))
    assert np.array_equal(first, second)


def test_name_and_length_are_known_at_once(noise: Path) -> None:
    with open_recording(noise, rate=16000) as recording:
        assert (recording.uri, recording.length) == ("noise", 30 * 16000)
        assert recording.duration_s == 30


def test_a_missing_file_is_missed_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(AudioNotFoundError), open_recording(tmp_path / "no.wav", rate=16000):
        pass


def test_errors_of_the_decoder_reach_the_reader() -> None:
    samples = np.zeros(200_000)
    samples[190_000] = np.nan
    audio = {"waveform": samples, "sample_rate": 16000}
    with (
        open_recording(audio, rate=16000) as recording,
        pytest.raises(AudioError, match="not a finite number"),
    ):
        list(recording.blocks())


def test_a_reader_that_stops_early_leaves_no_thread(noise: Path) -> None:
    before = threading.active_count()
    with open_recording(noise, rate=16000) as recording:
        blocks = recording.blocks()
        next(blocks)
        del blocks
    assert threading.active_count() == before
