"""What can be decoded of a recording is read, and a notice says what is missing."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from reference.ffmpeg import encode
from reference.sounds import chirps, write

from ovdiar.audio import reading
from ovdiar.errors import AudioError, OvdiarWarning

if TYPE_CHECKING:
    from pathlib import Path

    from ovdiar.notices import Notice

SECONDS = 6


def read(audio: reading.AudioInput, **how: Any) -> tuple[float, tuple[Notice, ...]]:
    """Return the seconds read, and the notices."""
    with reading.open_audio(audio, **how) as reader:
        samples = sum(map(len, reader.blocks()))
        return samples / 16_000, reader.notices


@pytest.fixture
def no_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


FORMATS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "wav": ("wav", {}, True),
    "wav-adpcm": ("wav", {"subtype": "IMA_ADPCM"}, True),
    "rf64": ("rf64", {"format": "RF64"}, True),
    "w64": ("w64", {"format": "W64"}, True),
    "aiff": ("aiff", {}, True),
    "au": ("au", {}, True),
    "svx": ("svx", {"format": "SVX"}, True),
    "avr": ("avr", {"format": "AVR"}, True),
    "voc": ("voc", {"format": "VOC"}, True),
    "nist": ("sph", {"format": "NIST"}, True),
    "flac": ("flac", {}, True),
    "mp3": ("mp3", {}, True),
    "vorbis": ("ogg", {}, False),
    "opus": ("opus", {"format": "OGG", "subtype": "OPUS"}, False),
}
"""Suffix, options of soundfile, and whether the file states its length."""


def whole(folder: Path, form: str, seconds: float = SECONDS) -> Path:
    suffix, how, _ = FORMATS[form]
    sound = chirps(round(16_000 * seconds), 16_000)
    sound += np.random.default_rng(0).normal(0, 0.1, sound.shape)  # many pages of Ogg
    return write(folder / f"whole.{suffix}", sound, 16_000, **how)


@pytest.mark.usefixtures("no_ffmpeg")
@pytest.mark.parametrize("form", FORMATS)
def test_a_cut_recording_is_read_as_far_as_it_goes_and_a_notice_says_so(
    tmp_path: Path, form: str
) -> None:
    path = whole(tmp_path, form)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    heard_s, (notice,) = read(path)
    assert 0.2 * SECONDS < heard_s < 0.8 * SECONDS
    assert notice.code == "incomplete-audio"
    assert notice.values["heard_s"] == pytest.approx(heard_s, abs=0.001)
    assert f"{heard_s:.3f} s" in notice.text
    announced_s = pytest.approx(SECONDS, abs=0.2) if FORMATS[form][2] else None
    assert notice.values["announced_s"] == announced_s


@pytest.mark.usefixtures("no_ffmpeg")
@pytest.mark.parametrize("form", FORMATS)
def test_strict_refuses_a_cut_recording_and_no_whole_one(tmp_path: Path, form: str) -> None:
    path = whole(tmp_path, form)
    heard_s, notices = read(path, strict=True)
    assert (round(heard_s, 1), notices) == (SECONDS, ())
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(AudioError, match=r"s were heard .*refused by strict"):
        read({"audio": path, "strict": True})


@pytest.mark.parametrize("lost_bytes", [30_011, 200_003])
def test_a_cut_file_of_a_format_that_states_no_length_ends_within_a_packet(
    ffmpeg: str, tmp_path: Path, lost_bytes: int
) -> None:
    path = encode(ffmpeg, whole(tmp_path, "wav"), tmp_path / "whole.gxf", "-ar", "48000")
    assert read(path)[1] == ()
    path.write_bytes(path.read_bytes()[:-lost_bytes])
    _, (notice,) = read(path)
    assert notice.code == "damaged-audio"
    assert "corrupt input packet" in notice.text


def test_a_few_tenths_of_a_second_that_only_ffmpeg_reads_are_missed(
    ffmpeg: str, tmp_path: Path
) -> None:
    path = encode(ffmpeg, whole(tmp_path, "wav"), tmp_path / "whole.caf", "-c:a", "pcm_s8")
    assert read(path)[1] == ()
    path.write_bytes(path.read_bytes()[:-4_000])
    _, (notice,) = read(path)
    assert notice.values["announced_s"] == pytest.approx(SECONDS, abs=0.02)


@pytest.mark.usefixtures("no_ffmpeg")
@pytest.mark.parametrize("form", [form for form in FORMATS if form not in ("mp3", "avr")])
def test_joined_recordings_are_read_one_after_the_other(tmp_path: Path, form: str) -> None:
    path = whole(tmp_path, form)
    path.write_bytes(3 * path.read_bytes())
    heard_s, notices = read(path)
    assert heard_s == pytest.approx(3 * SECONDS, abs=0.2)
    assert notices == ()


def test_parts_of_joined_recordings_keep_their_samples(tmp_path: Path) -> None:
    path = whole(tmp_path, "flac")
    samples = reading.load(path).samples
    path.write_bytes(2 * path.read_bytes())
    assert np.array_equal(reading.load(path).samples, np.r_[samples, samples])


@pytest.mark.usefixtures("no_ffmpeg")
def test_a_joined_recording_at_another_rate_is_reported(tmp_path: Path) -> None:
    path = whole(tmp_path, "wav")
    other = write(tmp_path / "other.wav", chirps(8000, 8000), 8000)
    path.write_bytes(path.read_bytes() + other.read_bytes())
    heard_s, (notice,) = read(path)
    assert (heard_s, notice.code) == (SECONDS, "unread-audio")


BARE = ("-write_xing", "0", "-id3v2_version", "0")


def test_ffmpeg_reads_on_where_the_rate_of_an_mp3_changes(ffmpeg: str, tmp_path: Path) -> None:
    wav = whole(tmp_path, "wav")
    parts = [
        encode(ffmpeg, wav, tmp_path / f"{rate}.mp3", "-ar", str(rate), *BARE)
        for rate in (44100, 48000)
    ]
    path = tmp_path / "rates.mp3"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    heard_s, notices = read(path)
    assert heard_s == pytest.approx(2 * SECONDS, abs=0.2)
    assert notices == ()


@pytest.mark.parametrize("suffix", ["webm", "mkv", "ts"])
def test_ffmpeg_reads_joined_containers_whole(ffmpeg: str, tmp_path: Path, suffix: str) -> None:
    one = encode(ffmpeg, whole(tmp_path, "wav"), tmp_path / f"one.{suffix}")
    path = tmp_path / f"two.{suffix}"
    path.write_bytes(2 * one.read_bytes())
    heard_s, _ = read(path)
    assert heard_s == pytest.approx(2 * SECONDS, abs=0.2)


def test_joined_mp4_files_are_reported(ffmpeg: str, tmp_path: Path) -> None:
    one = encode(ffmpeg, whole(tmp_path, "wav"), tmp_path / "one.m4a")
    path = tmp_path / "two.m4a"
    path.write_bytes(2 * one.read_bytes())
    heard_s, (notice,) = read(path)
    assert heard_s == pytest.approx(SECONDS, abs=0.1)
    assert (notice.code, notice.values["files"]) == ("unread-audio", 2)


@pytest.mark.parametrize("suffix", ["mkv", "avi", "wma", "oga"])
def test_a_cut_container_is_read_as_far_as_it_goes(
    ffmpeg: str, tmp_path: Path, suffix: str
) -> None:
    how = ("-c:a", "flac") if suffix == "oga" else ()
    path = encode(ffmpeg, whole(tmp_path, "wav"), tmp_path / f"whole.{suffix}", *how)
    assert read(path)[1] == ()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    heard_s, (notice, *_) = read(path)
    assert 0.1 * SECONDS < heard_s < 0.8 * SECONDS
    assert notice.code in ("incomplete-audio", "damaged-audio")
    assert notice.values["heard_s"] == pytest.approx(heard_s, abs=0.1)


def test_ffmpeg_reads_on_behind_damage(ffmpeg: str, tmp_path: Path) -> None:
    assert ffmpeg
    path = whole(tmp_path, "flac")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 2000] = bytes(2000)
    path.write_bytes(data)
    heard_s, notices = read(path)
    assert heard_s > 0.9 * SECONDS
    assert notices


@pytest.mark.parametrize("form", ["vorbis", "opus"])
def test_lost_pages_are_reported_and_the_rest_is_read(
    ffmpeg: str, tmp_path: Path, form: str
) -> None:
    assert ffmpeg
    path = whole(tmp_path, form, seconds=20)
    pages = path.read_bytes().split(b"OggS")
    del pages[len(pages) // 2]
    path.write_bytes(b"OggS".join(pages))
    heard_s, notices = read(path)
    assert heard_s > 10
    assert notices


def test_a_header_of_two_gigabytes_is_reported(tmp_path: Path) -> None:
    path = whole(tmp_path, "wav")
    data = bytearray(path.read_bytes())
    at = data.index(b"data")
    struct.pack_into("<I", data, at + 4, 2_000_000_000)
    path.write_bytes(data)
    heard_s, (notice,) = read(path)
    assert heard_s == SECONDS
    assert notice.values["announced_s"] == 62_500


class Pipe(io.BytesIO):
    """A stream that cannot go back."""

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation(f"seek to {offset}, {whence}")


@pytest.mark.parametrize("size", [0x7FFFF000, 0x80000000, 0xFFFFFFFF])
def test_the_size_that_pipes_state_is_no_length(tmp_path: Path, size: int) -> None:
    data = bytearray(whole(tmp_path, "wav").read_bytes())
    struct.pack_into("<I", data, data.index(b"data") + 4, size)

    heard_s, notices = read(Pipe(data))
    assert (heard_s, notices) == (SECONDS, ())


def test_a_forged_length_neither_allocates_nor_stops_the_rest(tmp_path: Path) -> None:
    path = write(tmp_path / "call.flac", chirps(40_000, 16_000), 16_000)
    data = bytearray(path.read_bytes())
    data[21] |= 0x0F
    data[22:26] = b"\xff" * 4
    path.write_bytes(data)
    with pytest.warns(OvdiarWarning, match=r"2\.500 s of 4294967\.296 s were heard"):
        assert len(reading.load(path)) == 40_000


class Failing(io.BytesIO):
    """A file whose reads fail from a position on."""

    def __init__(self, data: bytes, error: BaseException) -> None:
        super().__init__(data)
        self._error = error

    def read(self, size: int | None = -1) -> bytes:
        if self.tell() + max(size or 0, 0) > 0.6 * len(self.getbuffer()):
            raise self._error
        return super().read(size)


@pytest.mark.parametrize("form", FORMATS)
def test_a_failing_read_is_an_error_of_the_recording(tmp_path: Path, form: str) -> None:
    data = whole(tmp_path, form).read_bytes()
    with pytest.raises(AudioError, match=r"cannot be read .*Input/output error"):
        read(Failing(data, OSError(5, "Input/output error")))


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "PCM_16"])
def test_an_exception_of_any_kind_is_not_swallowed(subtype: str) -> None:
    made = io.BytesIO()
    soundfile.write(made, chirps(160_000, 16_000), 16_000, format="WAV", subtype=subtype)
    with pytest.raises(AudioError, match=r"cannot be read .*broken"):
        read(Failing(made.getvalue(), RuntimeError("broken")))
    with pytest.raises(KeyboardInterrupt):
        read(Failing(made.getvalue(), KeyboardInterrupt()))


@pytest.mark.parametrize("rate", [1, 2**31 - 1])
def test_a_rate_that_no_recording_has_is_refused(tmp_path: Path, rate: int) -> None:
    form = struct.pack("<HHIIHH", 1, 1, rate, min(2 * rate, 2**32 - 1), 2, 16)
    head = struct.pack("<4sI8sI", b"RIFF", 64_036, b"WAVEfmt ", 16)
    path = tmp_path / "call.wav"
    path.write_bytes(head + form + struct.pack("<4sI", b"data", 64_000) + bytes(64_000))
    with pytest.raises(AudioError, match=r"not between 1000 and 8388608 Hz"):
        read(path)


def test_blocks_of_many_channels_are_short(tmp_path: Path) -> None:
    path = write(tmp_path / "wall.wav", np.zeros((192_000, 300)), 192_000)
    with reading.open_audio(path, rate=192_000) as reader:
        assert max(map(len, reader.blocks())) * 300 <= 2**24
