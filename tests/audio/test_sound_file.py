"""The audio read is as long as the header states, or a message says so; gigabytes work too."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from reference.ffmpeg import encode
from reference.sounds import chirps, write

from ovdiar.audio import reading
from ovdiar.errors import AudioError, OvdiarWarning

if TYPE_CHECKING:
    from pathlib import Path

HOURS_8 = 8 * 3600
GIB_4 = 2**32


def wav(path: Path, data_bytes: int, claimed: int, rate: int = 16000, channels: int = 1) -> Path:
    """Write a WAV file of 16-bit silence that claims any size; its samples take no disk."""
    form = struct.pack("<HHIIHH", 1, channels, rate, 2 * channels * rate, 2 * channels, 16)
    head = struct.pack("<4sI8sI", b"RIFF", min(claimed + 36, GIB_4 - 1), b"WAVEfmt ", len(form))
    with path.open("wb") as file:
        file.write(head + form + struct.pack("<4sI", b"data", claimed))
        file.truncate(file.tell() + data_bytes)
    return path


@pytest.mark.parametrize("claimed", [0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2 * 320_000])
def test_a_wav_of_a_pipe_is_read_to_its_end(tmp_path: Path, claimed: int) -> None:
    assert len(reading.load(wav(tmp_path / "call.wav", 320_000, claimed))) == 160_000


def test_eight_hours_are_read_block_by_block(tmp_path: Path) -> None:
    path = wav(tmp_path / "night.wav", HOURS_8 * 8000 * 2, HOURS_8 * 8000 * 2, rate=8000)
    with reading.open_audio(path, rate=8000) as reader:
        assert reader.duration_s == HOURS_8
        assert sum(map(len, reader)) == HOURS_8 * 8000


def test_more_than_four_gigabytes_fit_into_rf64(tmp_path: Path) -> None:
    path = write(tmp_path / "night.wav", np.zeros((1, 2)), 48000, format="RF64")
    data = bytearray(path.read_bytes())
    size = HOURS_8 * 48000 * 2 * 2
    at = data.index(b"ds64")
    struct.pack_into("<3Q", data, at + 8, size + len(data), size, HOURS_8 * 48000)
    path.write_bytes(data)
    with path.open("r+b") as file:
        file.truncate(len(data) + size)
    with reading.open_audio(path) as reader:
        assert reader.duration_s == HOURS_8


def test_audio_beyond_the_stated_length_is_reported(tmp_path: Path) -> None:
    path = wav(tmp_path / "night.wav", 2 * GIB_4 + 160_000, 160_000)
    with pytest.warns(OvdiarWarning, match=r"bytes follow the 5\.000 s"):
        assert len(reading.load(path)) == 80_000


def test_a_header_without_a_length_raises_an_error_without_ffmpeg(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AudioError, match="its header states no samples"):
        reading.load(wav(tmp_path / "call.wav", 320_000, 0))


def test_ffmpeg_reads_what_a_recorder_left_without_a_length(ffmpeg: str, tmp_path: Path) -> None:
    assert ffmpeg
    assert len(reading.load(wav(tmp_path / "call.wav", 320_000, 0))) == 160_000


def test_a_wav_may_hold_an_mp3(ffmpeg: str, tmp_path: Path) -> None:
    sound = write(tmp_path / "sound.wav", chirps(5 * 16000, 16000), 16000)
    path = encode(ffmpeg, sound, tmp_path / "call.wav", "-c:a", "libmp3lame")
    assert abs(len(reading.load(path)) - 5 * 16000) < 2 * 1152


def test_a_short_tag_behind_the_sound_is_no_sound(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = write(tmp_path / "call.wav", chirps(16000, 16000), 16000)
    with path.open("ab") as file:
        file.write(b"LIST" + struct.pack("<I", 40_000) + bytes(40_000))
    assert len(reading.load(path)) == 16000
    assert not recwarn.list
