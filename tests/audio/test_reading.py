"""Whatever holds a recording gives the same samples, by blocks or whole, and bad input one line."""

from __future__ import annotations

import contextlib
import io
import math
import os
import subprocess
import sys
import threading
import tracemalloc
import warnings
import wave
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.material import require_posix
from reference.sounds import chirps, likeness, write

from ovdiar import audio
from ovdiar.audio import reading
from ovdiar.errors import AudioError, AudioNotFoundError, MissingPackageError, OvdiarWarning

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RATES = (4000, 8000, 11025, 16000, 22050, 44100, 48000, 96000, 192_000)

LOSSLESS = {
    "wav-8": (".wav", {"subtype": "PCM_U8"}, 2**-7),
    "wav-16": (".wav", {"subtype": "PCM_16"}, 2**-15),
    "wav-24": (".wav", {"subtype": "PCM_24"}, 2**-23),
    "wav-32": (".wav", {"subtype": "PCM_32"}, 2**-24),
    "wav-float": (".wav", {"subtype": "FLOAT"}, 2**-24),
    "wav-double": (".wav", {"subtype": "DOUBLE"}, 2**-24),
    "wav-extensible": (".wav", {"format": "WAVEX"}, 2**-15),
    "rf64": (".rf64", {"format": "RF64"}, 2**-15),
    "w64": (".w64", {"format": "W64"}, 2**-15),
    "caf": (".caf", {"format": "CAF"}, 2**-15),
    "flac-16": (".flac", {}, 2**-15),
    "flac-24": (".flac", {"subtype": "PCM_24"}, 2**-23),
    "aiff": (".aiff", {}, 2**-15),
    "au": (".au", {}, 2**-15),
}
LOSSY: dict[str, tuple[str, dict[str, Any], int]] = {
    "vorbis": (".ogg", {}, 44100),
    "opus": (".ogg", {"subtype": "OPUS"}, 48000),
    "mp3-constant": (".mp3", {}, 44100),
    "mp3-variable": (".mp3", {"bitrate_mode": "VARIABLE", "compression_level": 0.6}, 44100),
}


@pytest.fixture(autouse=True)
def no_ffmpeg(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read here is read by soundfile, also on a machine that has ffmpeg."""
    monkeypatch.setenv("PATH", "")


def blocks(source: reading.AudioInput, block_s: float, **how: Any) -> list[np.ndarray]:
    with reading.open_audio(source, block_s=block_s, **how) as reader:
        return list(reader)


def test_the_package_has_the_reader_and_nothing_else() -> None:
    assert audio.load is reading.load
    assert not hasattr(audio, "reader")


@pytest.mark.parametrize(("suffix", "how", "step"), LOSSLESS.values(), ids=LOSSLESS)
def test_lossless_files_give_their_samples(
    tmp_path: Path, suffix: str, how: dict[str, Any], step: float
) -> None:
    sound = chirps(20_001, 16000)
    path = write(tmp_path / f"call{suffix}", sound, 16000, **how)
    waveform = reading.load(path)
    assert (waveform.uri, waveform.rate, len(waveform)) == ("call", 16000, 20_001)
    assert np.abs(waveform.samples - sound[:, 0]).max() <= step


@pytest.mark.parametrize(("suffix", "how", "rate"), LOSSY.values(), ids=LOSSY)
def test_lossy_files_keep_length_and_time(
    tmp_path: Path, suffix: str, how: dict[str, Any], rate: int
) -> None:
    path = write(tmp_path / f"call{suffix}", chirps(5 * rate, rate, 2), rate, **how)
    waveform = reading.load(path, channel=1)
    assert len(waveform) == 5 * 16000
    assert likeness(waveform.samples, chirps(5 * 16000, 16000, 2)[:, 1]) > 0.99


@pytest.mark.parametrize(("suffix", "how", "rate"), LOSSY.values(), ids=LOSSY)
def test_blocks_of_lossy_files_join_without_a_seam(
    tmp_path: Path, suffix: str, how: dict[str, Any], rate: int
) -> None:
    path = write(tmp_path / f"call{suffix}", chirps(3 * rate, rate), rate, **how)
    whole = reading.load(path).samples
    for block_s in (0.0213, 1.0):
        assert np.array_equal(np.concatenate(blocks(path, block_s)), whole)


def test_sixteen_bit_samples_are_exact_fractions(shared: Path) -> None:
    path = shared / "data" / "sample" / "sample.wav"
    with wave.open(str(path)) as file:
        expected = np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)
    assert np.array_equal(reading.load(path).samples, expected)


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_blocks_add_up_to_the_whole_recording(data: st.DataObject) -> None:
    rate = data.draw(st.sampled_from(RATES))
    block = data.draw(st.integers(1, 4000))
    length = data.draw(
        st.sampled_from([1, 2, max(1, block - 1), block, block + 1, 3 * block + 1])
        | st.integers(1, 20_000)
    )
    noise = np.random.default_rng(length).standard_normal((2, length))[: min(2, length)]
    source = {"waveform": noise, "sample_rate": rate}
    parts = blocks(source, block / rate)
    assert all(part.dtype == np.float32 and len(part) for part in parts)
    assert not any(part.flags.writeable for part in parts)
    assert np.array_equal(np.concatenate(parts), reading.load(source).samples)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [1, 2, 159_999, 160_000, 160_001])
def test_lengths_do_not_drift(rate: int, samples: int) -> None:
    source = {"waveform": np.zeros(samples, np.float32), "sample_rate": rate}
    with reading.open_audio(source) as reader:
        assert reader.duration_s == samples / rate
        length = sum(len(block) for block in reader)
    assert length == reader.length
    assert 0 <= length - samples * 16000 / rate < 1


@pytest.mark.parametrize("rate", RATES)
def test_resampling_moves_nothing_in_time(rate: int) -> None:
    waveform = reading.load({"waveform": chirps(2 * rate, rate).T, "sample_rate": rate})
    inner = slice(500, -500)  # a signal that begins and breaks off has other edges
    expected = chirps(2 * 16000, 16000)[:, 0]
    assert np.abs(waveform.samples[inner] - expected[inner]).max() < 1e-4


def test_channels_are_averaged_or_chosen(tmp_path: Path) -> None:
    sound = chirps(9000, 16000, 3)
    path = write(tmp_path / "room.wav", sound, 16000, subtype="DOUBLE")
    assert np.allclose(reading.load(path).samples, sound.mean(axis=1), atol=1e-6)
    assert np.allclose(reading.load(path, channel=2).samples, sound[:, 2], atol=1e-6)
    named = {"audio": path, "channel": 1}
    assert np.allclose(reading.load(named).samples, sound[:, 1], atol=1e-6)
    assert np.allclose(reading.load(named, channel=0).samples, sound[:, 0], atol=1e-6)


def test_two_channels_are_averaged_as_float32() -> None:
    stereo = np.random.default_rng(0).standard_normal((2, 5000)).astype(np.float32)
    samples = reading.load({"waveform": stereo, "sample_rate": 16000}).samples
    assert np.array_equal(samples, (stereo[0] + stereo[1]) / 2)


def test_mappings_name_the_recording_and_stay_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "a.b.wav", chirps(100, 16000), 16000)
    plain, named = {"audio": str(path)}, {"audio": str(path), "uri": "monday"}
    assert reading.load(plain).uri == "a.b"
    assert reading.load(named).uri == "monday"
    array = {"waveform": np.zeros((1, 9)), "sample_rate": 16000}
    assert reading.load(array).uri == "waveform"
    assert (plain, sorted(array)) == ({"audio": str(path)}, ["sample_rate", "waveform"])


class Pipe(io.RawIOBase):
    """A stream that cannot go back, and that hands out a little at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 1000) if size >= 0 else 1000)


def test_file_objects_give_what_their_file_gives(tmp_path: Path) -> None:
    path = write(tmp_path / "call.flac", chirps(30_000, 44100, 2), 44100)
    expected = reading.load(path).samples
    with path.open("rb") as file:
        file.seek(77)
        streams: list[Any] = [file, io.BytesIO(path.read_bytes())]
        for stream in [*streams, Pipe(path.read_bytes())]:
            waveform = reading.load(stream)
            assert waveform.uri == "stream"
            assert np.array_equal(waveform.samples, expected)
        assert [stream.tell() for stream in streams] == [0, 0]


def test_a_pipe_is_read_like_a_file(tmp_path: Path) -> None:
    require_posix("named pipes among its files")
    path = write(tmp_path / "call.wav", chirps(30_000, 16000), 16000)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(path.read_bytes()))
    writer.start()
    assert np.array_equal(reading.load(pipe).samples, reading.load(path).samples)
    writer.join()


@pytest.mark.parametrize("how", [{}, {"bitrate_mode": "VARIABLE"}], ids=["constant", "variable"])
@pytest.mark.parametrize("cut", [0, 1, 3, 4, 5, 300])
def test_an_mp3_without_a_table_of_contents_is_read_to_its_end(
    tmp_path: Path, how: dict[str, Any], cut: int
) -> None:
    sound = chirps(6 * 44100, 44100)
    sound[:44100] = np.random.default_rng(0).normal(0, 0.2, (44100, 1))
    tagged = write(tmp_path / "tagged.mp3", sound, 44100, **how).read_bytes()
    untagged = tmp_path / "untagged.mp3"
    untagged.write_bytes(tagged[tagged.index(tagged[:2], 4) : len(tagged) - cut])
    samples = reading.load(untagged).samples
    assert abs(len(samples) - 6 * 16000) < 3 * 1152
    assert np.abs(samples[-8000:-2000]).mean() > 0.2


def test_audio_beyond_the_stated_length_of_an_mp3_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "call.mp3", chirps(3 * 44100, 44100), 44100)
    path.write_bytes(2 * path.read_bytes())
    with pytest.warns(OvdiarWarning, match=r"bytes follow the 3\.000 s"):
        assert len(reading.load(path)) == 3 * 16000


@pytest.mark.parametrize("how", [{}, {"bitrate_mode": "VARIABLE"}], ids=["constant", "variable"])
def test_the_decoder_of_mp3_never_writes_to_standard_error(
    tmp_path: Path, how: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "call.mp3", chirps(3 * 44100, 44100), 44100, **how)
    whole = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for data in (
            whole,
            whole[: len(whole) // 2],
            whole + whole,
            whole[whole.index(whole[:2], 4) :],
        ):
            path.write_bytes(data)
            with contextlib.suppress(AudioError):
                reading.load(path)
    assert capfd.readouterr() == ("", "")


def test_a_header_without_a_length_is_no_obstacle(tmp_path: Path) -> None:
    path = write(tmp_path / "call.flac", chirps(40_000, 16000), 16000)
    data = bytearray(path.read_bytes())
    expected = reading.load(path).samples
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    path.write_bytes(data)
    with reading.open_audio(path) as reader:
        assert (reader.length, reader.duration_s) == (None, None)
    assert np.array_equal(reading.load(path).samples, expected)


def text(folder: Path, name: str) -> Path:
    (folder / name).write_bytes(b"this is no audio\n" * 99)
    return folder / name


def made_of(folder: Path, data: bytes) -> Path:
    (folder / "made.wav").write_bytes(data)
    return folder / "made.wav"


def array(waveform: Any, **more: Any) -> Callable[[Path], dict[str, Any]]:
    return lambda _: {"waveform": waveform, "sample_rate": 16000, **more}


FLAT = np.zeros((1, 9), np.float32)

BAD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "text as wav": (lambda folder: text(folder, "a.wav"), "Format not recognised"),
    "text as mp3": (lambda folder: text(folder, "a.mp3"), "Format not recognised"),
    "text as au": (lambda folder: text(folder, "a.au"), "Format not recognised"),
    "text as raw": (lambda folder: text(folder, "a.raw"), "Format not recognised"),
    "text as gsm": (lambda folder: text(folder, "a.gsm"), "Format not recognised"),
    "a folder": (lambda folder: folder, "a folder"),
    "an empty file": (lambda folder: made_of(folder, b""), "0 bytes"),
    "an empty stream": (lambda _: io.BytesIO(), "0 bytes"),
    "half a header": (lambda folder: made_of(folder, b"RIFF\x24\0\0\0WAVEfmt "), "cannot read it"),
    "a file without samples": (
        lambda folder: write(folder / "a.wav", np.zeros((0, 1)), 16000),
        r"no samples \(0 s\)",
    ),
    "a text stream": (lambda _: io.StringIO("RIFF"), "StringIO"),
    "bytes": (lambda _: b"RIFF", "bytes"),
    "an array alone": (lambda _: FLAT, "ndarray"),
    "an empty mapping": (lambda _: {}, "has no audio"),
    "no rate": (lambda _: {"waveform": FLAT}, "sample rate of None"),
    "a rate of zero": (array(FLAT, sample_rate=0), "sample rate of 0"),
    "a rate below zero": (array(FLAT, sample_rate=-8000), "sample rate of -8000"),
    "a rate of one": (array(FLAT, sample_rate=1), "1 Hz is not between 1000 and 8388608 Hz"),
    "a rate of 2 GHz": (array(FLAT, sample_rate=2**31 - 1), "Hz is not between 1000 and"),
    "half a hertz": (array(FLAT, sample_rate=8000.5), "sample rate of 8000.5"),
    "an infinite rate": (array(FLAT, sample_rate=math.inf), "sample rate of inf"),
    "a channel too many": (
        array(FLAT, channel=1),
        "waveform: channel 1 does not exist: choose 0, or mix",
    ),
    "a channel below zero": (array(FLAT, channel=-1), "channel -1 does not exist"),
    "a channel by name": (
        array(FLAT, channel="left"),
        "channel 'left' does not exist: give a number",
    ),
    "no samples": (array(FLAT[:, :0]), "no samples"),
    "no channels": (array(FLAT[:0]), r"\(0, 9\)"),
    "a standing array": (array(FLAT.T), "transpose"),
    "three axes": (array(FLAT[None]), r"\(1, 1, 9\)"),
    "wide integers": (array(FLAT.astype(np.int64)), "int64"),
    "words": (array(["a", "b"]), "<U1"),
    "not a number": (array([0, math.nan, 0]), "sample at 0.000 s is nan"),
    "infinite": (array(np.r_[np.zeros(400_000), -math.inf]), r"sample at 25\.000 s is -inf"),
    "too large": (array(np.r_[np.zeros(8000), 3e38]), r"at 0\.500 s is 3e\+38.*limit is 1e\+10"),
    "too large together": (array(np.full((2, 9), 3e38)), "at 0.000 s is inf"),
    "a track too many": (
        lambda folder: {"audio": write(folder / "a.wav", np.zeros(9), 8000), "track": 1},
        r"a\.wav: audio track 1 does not exist: choose 0",
    ),
    "a track by name": (array(FLAT, track="eng"), "track 'eng' does not exist"),
    "beyond float32": (array(np.array([0.0, 1e300])), "is inf"),
    "not a number in a file": (
        lambda folder: write(
            folder / "a.wav", np.r_[np.zeros(24_000), np.nan], 8000, subtype="FLOAT"
        ),
        r"sample at 3\.000 s is nan",
    ),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_bad_input_raises_a_one_line_error(
    tmp_path: Path, make: Callable[[Path], Any], message: str
) -> None:
    with pytest.raises(AudioError, match=message) as caught:
        reading.load(make(tmp_path))
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, ValueError)


def test_a_missing_file_is_also_the_builtin(tmp_path: Path) -> None:
    with pytest.raises(AudioNotFoundError, match=r"lost\.wav: no such file") as caught:
        reading.load(tmp_path / "lost.wav")
    assert isinstance(caught.value, FileNotFoundError)


def test_a_url_is_no_path() -> None:
    with pytest.raises(AudioNotFoundError, match=r"fetch it first, or give it to ovdiar batch"):
        reading.load("https://example.org/lost.wav")


def test_a_file_that_shrinks_while_it_is_read_raises_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "call.wav", chirps(160_000, 16000), 16000)
    with reading.open_audio(path, block_s=1.0) as reader:
        iterator = iter(reader)
        next(iterator)
        os.truncate(path, 100_000)
        with pytest.raises(AudioError, match="changed while it was read"):
            list(iterator)


def test_a_file_that_grows_is_read_to_where_it_ended(tmp_path: Path) -> None:
    path = write(tmp_path / "call.wav", chirps(32_000, 16000), 16000)
    with reading.open_audio(path) as reader:
        with path.open("ab") as file:
            file.write(bytes(2**21))
        with pytest.warns(OvdiarWarning, match=r"bytes follow the 2\.000 s") as caught:
            assert sum(len(block) for block in (*reader, *reader)) == 32_000
        assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.filterwarnings("error")
def test_blocks_are_read_without_a_warning_where_the_caller_passes_notices_on(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "call.wav", chirps(32_000, 16000), 16000)
    with path.open("ab") as file:
        file.write(bytes(2**21))
    with reading.open_audio(path, block_s=0.5) as reader:
        assert sum(map(len, reader.blocks())) == 32_000
    assert [notice.code for notice in reader.notices] == ["unread-audio"]


def test_a_block_may_be_taken_and_the_others_later(tmp_path: Path) -> None:
    path = write(tmp_path / "call.wav", chirps(32_000, 16000), 16000)
    with reading.open_audio(path, block_s=0.5) as reader:
        assert len(next(iter(reader))) == 8000
        assert sum(map(len, reader)) == 24_000


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("samples", [np.zeros(1), np.ones(1), np.zeros(80_000)])
def test_one_sample_and_silence_are_recordings(rate: int, samples: np.ndarray) -> None:
    waveform = reading.load({"waveform": samples, "sample_rate": rate})
    assert len(waveform) >= 1
    assert np.isfinite(waveform.samples).all()
    assert waveform.samples.any() == samples.any()


def test_a_recording_is_in_memory_once(tmp_path: Path) -> None:
    path = write(tmp_path / "long.wav", np.zeros((600 * 8000, 1)), 8000)
    reading.load(path)
    tracemalloc.start()
    try:
        waveform = reading.load(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1.2 * waveform.samples.nbytes


def test_a_missing_resampler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "call.wav", chirps(9000, 8000), 8000)
    monkeypatch.setitem(sys.modules, "soxr", None)
    assert len(reading.load(path, rate=8000)) == 9000
    with pytest.raises(MissingPackageError, match=r"from 8000 to 16000 Hz.*pip install librosa"):
        reading.load(path)


def test_a_missing_decoder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "call.wav", chirps(9000, 8000), 8000)
    monkeypatch.setitem(sys.modules, "soundfile", None)
    assert len(reading.load({"waveform": FLAT, "sample_rate": 16000})) == 9
    with pytest.raises(MissingPackageError, match="pip install soundfile"):
        reading.load(path)


def test_only_what_a_recording_needs_is_imported(tmp_path: Path) -> None:
    path = write(tmp_path / "call.wav", chirps(9000, 16000), 16000)
    program = f"""
import sys
def loaded():
    return [name for name in ("librosa", "scipy", "soundfile", "soxr") if name in sys.modules]
from ovdiar.audio import reading
print(loaded())
reading.load({str(path)!r})
print(loaded())
reading.load({str(path)!r}, rate=8000)
print(loaded())
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout.decode().splitlines() == ["[]", "['soundfile']", "['soundfile', 'soxr']"]
