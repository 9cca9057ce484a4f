"""Channels, tracks and streams: what is read, what a notice suggests, and where reading ends."""

from __future__ import annotations

import itertools
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.ffmpeg import encode
from reference.material import require_posix
from reference.sounds import chirps, write

from ovdiar.audio import reading
from ovdiar.audio.recording import open_recording
from ovdiar.errors import AudioError, ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


def notices(audio: reading.AudioInput, **how: Any) -> list[str]:
    """Return the codes of the notices."""
    with reading.open_audio(audio, **how) as reader:
        for _ in reader.blocks():
            pass
        return [notice.code for notice in reader.notices]


def test_channels_that_cancel_each_other_are_named() -> None:
    left = chirps(16_000, 16_000).T
    stereo = {"waveform": np.r_[left, -left], "sample_rate": 16_000}
    with reading.open_audio(stereo) as reader:
        for _ in reader.blocks():
            pass
        (notice,) = reader.notices
    assert notice.code == "channels-cancel"
    assert "--channel 0" in notice.text
    assert notices(stereo, channel=0) == []
    assert notices({**stereo, "waveform": np.r_[left, -0.9 * left]}) == []
    assert notices({**stereo, "waveform": np.zeros((2, 16_000))}) == []


@pytest.fixture
def tracks(ffmpeg: str, tmp_path: Path) -> Path:
    """A video with a silent and a second audio track."""
    sound = write(tmp_path / "sound.wav", chirps(32_000, 16_000), 16_000)
    silence = ("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-shortest")
    how = ("-map", "1", "-map", "0", "-c:a", "aac")
    return encode(ffmpeg, sound, tmp_path / "call.mp4", *silence, *how)


def test_a_silent_first_track_suggests_the_other(tracks: Path) -> None:
    with reading.open_audio(tracks) as reader:
        for _ in reader.blocks():
            pass
        (notice,) = reader.notices
    assert notice.code == "silent-track"
    assert "--track 1" in notice.text
    assert notice.values == {"audio": str(tracks), "track": 0, "tracks": 2}


def test_a_track_can_be_chosen(tracks: Path) -> None:
    samples = reading.load(tracks, track=1).samples
    assert np.abs(samples).max() > 0.3
    assert np.array_equal(reading.load({"audio": tracks, "track": 1}).samples, samples)
    assert notices(tracks, track=1) == []
    with pytest.raises(AudioError, match=r"track 2 does not exist: choose 0 to 1 \(--track\)"):
        reading.load(tracks, track=2)


def test_other_tracks_are_named_unless_one_is_chosen(ffmpeg: str, tmp_path: Path) -> None:
    sound = write(tmp_path / "sound.wav", chirps(32_000, 16_000), 16_000)
    path = encode(ffmpeg, sound, tmp_path / "call.mka", "-map", "0", "-map", "0")
    assert notices(path) == ["other-tracks"]
    assert notices(path, track=0) == []


def test_a_video_without_sound_is_called_so(ffmpeg: str, tmp_path: Path) -> None:
    sound = write(tmp_path / "sound.wav", chirps(9000, 16_000), 16_000)
    picture = ("-f", "lavfi", "-i", "testsrc=s=64x64:r=5:d=1", "-map", "1", "-c:v", "mpeg4")
    path = encode(ffmpeg, sound, tmp_path / "mute.mp4", *picture)
    with pytest.raises(AudioError, match=r"mute\.mp4: a video without sound: give a recording"):
        reading.load(path)


@pytest.mark.parametrize("suffix", ["mp4", "ts", "mpg", "mkv"])
def test_sound_that_starts_after_the_picture_keeps_its_time(
    ffmpeg: str, tmp_path: Path, suffix: str
) -> None:
    sound = write(tmp_path / "sound.wav", 0.3 + chirps(48_000, 16_000), 16_000)
    picture = tmp_path / "picture.mkv"
    encode(ffmpeg, sound, picture, "-f", "lavfi", "-i", "testsrc=s=64x64:r=25:d=4", "-map", "1")
    late = ("-itsoffset", "2", "-i", str(sound), "-map", "0", "-map", "1")
    codecs = ("-c:v", "mpeg2video", "-c:a", "mp2")
    path = encode(ffmpeg, picture, tmp_path / f"late.{suffix}", *late, *codecs)
    samples = reading.load(path).samples
    assert np.argmax(np.abs(samples) > 0.05) / 16_000 == pytest.approx(2, abs=0.1)


def test_a_change_of_channels_within_a_stream_adds_no_silence(ffmpeg: str, tmp_path: Path) -> None:
    sound = write(tmp_path / "sound.wav", chirps(48_000, 16_000), 16_000)
    parts = [
        encode(ffmpeg, sound, tmp_path / f"{count}.ts", "-c:a", "mp2", "-ac", str(count))
        for count in (1, 2)
    ]
    path = tmp_path / "change.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert len(reading.load(path)) / 16_000 == pytest.approx(6, abs=0.2)


def test_ffmpeg_runs_once_for_a_recording(
    ffmpeg: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound = write(tmp_path / "sound.wav", chirps(400_000, 16_000), 16_000)
    path = encode(ffmpeg, sound, tmp_path / "call.m4a")
    whole = reading.load(path).samples
    starts = counted(monkeypatch)
    with open_recording(path, rate=16_000, level_dbfs=-20) as recording:
        first, second = (np.concatenate(list(recording.blocks())) for _ in range(2))
    assert len(starts) == 1
    assert np.array_equal(first, second)
    assert len(first) == len(whole)
    assert recording.length == len(whole)


def test_ffmpeg_runs_once_where_it_continues(
    ffmpeg: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ffmpeg
    path = write(tmp_path / "call.flac", chirps(800_000, 16_000), 16_000)
    data = bytearray(path.read_bytes())
    data[len(data) * 2 // 3 : len(data) * 2 // 3 + 3000] = bytes(3000)
    path.write_bytes(data)
    whole = reading.load(path).samples
    starts = counted(monkeypatch)
    with open_recording(path, rate=16_000) as recording:
        passes = [np.concatenate(list(recording.blocks())) for _ in range(3)]
        recording.take_notices()
    assert len(starts) == 1
    assert all(np.array_equal(each, whole) for each in passes)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list of starts of ffmpeg from now on."""
    starts: list[Any] = []
    popen = subprocess.Popen

    def start(*arguments: Any, **how: Any) -> Any:
        starts.append(arguments)
        return popen(*arguments, **how)

    monkeypatch.setattr(subprocess, "Popen", start)
    return starts


def recorded(audio: reading.AudioInput) -> None:
    """Open a recording for several passes."""
    with open_recording(audio, rate=16_000):
        pass


WAYS: dict[str, Callable[[Any], object]] = {"reading": reading.load, "recording": recorded}


class Endless:
    """A stream without an end."""

    def __init__(self) -> None:
        self.taken = 0

    def read(self, size: int) -> bytes:
        self.taken += size
        return bytes(size)


@pytest.mark.parametrize("held", ["stream", "device", "pipe"])
@pytest.mark.parametrize("way", ["reading", "recording"])
def test_a_stream_without_an_end_is_refused_and_its_copy_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str, way: str
) -> None:
    require_posix("devices among its files")
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    source: Any = Endless() if held == "stream" else Path("/dev/zero")
    if held == "pipe":
        source = tmp_path / "pipe"
        os.mkfifo(source)
        threading.Thread(target=feed, args=(source,), daemon=True).start()
    audio = {"audio": source, "max_stream_mb": 3}
    with pytest.raises(AudioError, match=r"does not end within 3 MB.*--max-stream-mb"):
        WAYS[way](audio)
    assert list(folder.iterdir()) == []
    assert held != "stream" or source.taken < 5e6


def feed(pipe: Path) -> None:
    with pipe.open("wb", buffering=0) as file:
        try:
            for _ in itertools.repeat(None):
                file.write(bytes(2**16))
        except BrokenPipeError:
            return


def test_the_limit_of_a_stream_is_above_zero(tmp_path: Path) -> None:
    path = write(tmp_path / "call.wav", chirps(9, 16_000), 16_000)
    with pytest.raises(ConfigError, match="max_stream_mb is 0: give a size above 0"):
        reading.load(path, max_stream_mb=0)


BAD_PATHS = {
    "a null character": ("a\0b.wav", "null byte"),
    "too long": ("a" * 5000 + ".wav", "File name too long"),
    "fails at the first read": ("/proc/self/mem", r"cannot be read .*Input/output error"),
}


@pytest.mark.parametrize("way", ["reading", "recording"])
@pytest.mark.parametrize(("path", "message"), BAD_PATHS.values(), ids=BAD_PATHS)
def test_a_path_that_cannot_be_read_is_an_error_about_the_input(
    path: str, message: str, way: str
) -> None:
    require_posix("such files")
    with pytest.raises(AudioError, match=message) as caught:
        WAYS[way](path)
    assert "readable file" in str(caught.value)
