"""What ffmpeg decodes arrives whole or with its complaint."""

from __future__ import annotations

import io
import sys
import tempfile
import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pytest
from reference.ffmpeg import encode
from reference.material import require_posix
from reference.sounds import chirps, write

from ovdiar.audio import reading
from ovdiar.errors import AudioError, OvdiarWarning

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = b"\0\0\0\x20ftypM4A "
"""Makes a file that soundfile does not know; the stand-in for ffmpeg finds a WAV file behind it."""

PREMATURE = "[webm @ 0x55] [error] File ended prematurely\n"

STAND_IN = """
    #!{python}
    import struct, sys, wave
    import numpy as np
    inputs = sys.argv[1:sys.argv.index("-i")]
    assert inputs[inputs.index("-protocol_whitelist") + 1] == "file"
    path = sys.argv[sys.argv.index("-i") + 1]
    with open(path.removeprefix("file:"), "rb") as file:
        if file.read({skip}) != {prefix!r}:
            sys.exit("[error] " + path + ": Invalid data found when processing input")
        with wave.open(file) as sound:
            samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768
            header = struct.pack(">4s5I", b".snd", 32, 0xFFFFFFFF, 6,
                                 sound.getframerate(), sound.getnchannels())
    sys.stdout.buffer.write(header + bytes(8) + samples.astype(">f4").tobytes())
    {then}
"""


def install(folder: Path, monkeypatch: pytest.MonkeyPatch, then: str = "") -> None:
    """Put a program named ffmpeg on PATH, alone."""
    require_posix("scripts that run by their first line")
    program = folder / "bin" / "ffmpeg"
    program.parent.mkdir()
    text = STAND_IN.format(python=sys.executable, skip=len(PREFIX), prefix=PREFIX, then=then)
    program.write_text(textwrap.dedent(text).lstrip())
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))


@pytest.fixture
def call(tmp_path: Path) -> Path:
    """A stereo recording that soundfile cannot read; the same as WAV lies beside it."""
    wav = write(tmp_path / "call.wav", chirps(30_001, 22050, 2), 22050)
    path = tmp_path / "-call: 1.m4a"
    path.write_bytes(PREFIX + wav.read_bytes())
    return path


def test_ffmpeg_reads_what_soundfile_cannot(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    for channel in (None, 1):
        waveform = reading.load(call, channel=channel)
        assert waveform.uri == "-call: 1"
        expected = reading.load(tmp_path / "call.wav", channel=channel)
        assert np.array_equal(waveform.samples, expected.samples)


def test_ffmpeg_reads_streams_too_and_leaves_no_copy(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    samples = reading.load(io.BytesIO(call.read_bytes())).samples
    assert np.array_equal(samples, reading.load(tmp_path / "call.wav").samples)
    assert not list((tmp_path / "temporary").iterdir())


def test_the_length_is_unknown_until_ffmpeg_ends(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    with reading.open_audio(call, block_s=0.1) as reader:
        assert (reader.length, reader.duration_s) == (None, None)
        assert len(np.concatenate(list(reader))) == -(-30_001 * 16000 // 22050)


def test_a_reader_can_be_closed_before_ffmpeg_ends(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "while True: sys.stdout.buffer.write(bytes(65536))")
    with reading.open_audio(call) as reader:
        assert len(next(iter(reader)))


def test_without_ffmpeg_the_error_names_what_to_install(
    call: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(AudioError, match="ffmpeg is not on PATH: install ffmpeg, or give WAV"):
        reading.load(call)


def test_an_error_of_ffmpeg_names_the_path_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch)
    path = tmp_path / "notes.m4a"
    path.write_bytes(b"no audio at all")
    with pytest.raises(AudioError) as caught:
        reading.load(path)
    assert str(caught.value) == (
        f"{path}: ffmpeg cannot decode it (Invalid data found when processing input): "
        "check that it is a recording, or convert it to WAV"
    )


def test_a_failure_at_the_end_is_a_notice_and_with_strict_an_error(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "sys.exit(7)")
    with pytest.warns(OvdiarWarning, match=r"exit status 7.*1\.361 s were heard"):
        assert len(reading.load(call)) == 21_770
    with pytest.raises(AudioError, match="exit status 7"):
        reading.load(call, strict=True)


def test_a_complaint_is_a_warning(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, f"sys.stderr.write({PREMATURE!r})")
    with pytest.warns(OvdiarWarning, match=r"met damage \(File ended prematurely\)") as caught:
        assert len(reading.load(call))
    assert [warning.filename for warning in caught] == [__file__]


def test_a_complaint_travels_as_a_notice(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, f"sys.stderr.write({PREMATURE!r})")
    with reading.open_audio(call) as reader:
        before = reader.notices
        assert sum(map(len, reader.blocks()))
    assert before == ()
    (notice,) = reader.notices
    assert notice.code == "damaged-audio"
    assert notice.values == {
        "audio": str(call),
        "complaint": "File ended prematurely",
        "heard_s": 1.361,
        "announced_s": None,
    }


def test_a_file_without_audio_raises_an_error(
    call: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AudioError, match="found no audio"):
        reading.load(call)


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n"
LISTS = {
    "a playlist": ("list.m3u8", PLAYLIST, "hls"),
    "a playlist named otherwise": ("list.m4a", PLAYLIST, "hls"),
    "a list to join": ("list.txt", "ffconcat version 1.0\nfile {}\n", "concat"),
    "a list to join named otherwise": ("list.mp4", "ffconcat version 1.0\nfile {}\n", "concat"),
}


@pytest.mark.parametrize("given", ["path", "stream"])
@pytest.mark.parametrize(("name", "text", "form"), LISTS.values(), ids=LISTS)
def test_a_file_that_names_another_is_refused(
    name: str, text: str, form: str, given: str, ffmpeg: str, tmp_path: Path
) -> None:
    wav = write(tmp_path / "secret.wav", chirps(16_000, 16_000), 16_000)
    secret = encode(ffmpeg, wav, tmp_path / "secret.ts", "-c:a", "aac")
    path = tmp_path / name
    path.write_text(text.format(secret if given == "stream" else secret.name))
    with pytest.raises(AudioError) as caught:
        reading.load(path if given == "path" else io.BytesIO(path.read_bytes()))
    assert str(caught.value) == (
        f"{path if given == 'path' else given}: ffmpeg detects the format {form!r}, which is "
        "not an audio format or only refers to other files: give the recording itself"
    )


CONTAINERS = {
    "M4A": ("call.m4a", "-c:a", "aac"),
    "ADTS AAC": ("call.aac", "-c:a", "aac"),
    "ALAC in CAF": ("call.caf", "-c:a", "alac"),
    "MP4": ("call.mp4", "-c:a", "aac"),
    "3GP": ("call.3gp", "-c:a", "aac"),
    "MKV": ("call.mkv", "-c:a", "aac"),
    "WebM": ("call.webm", "-c:a", "libopus"),
    "AVI": ("call.avi", "-c:a", "libmp3lame"),
    "WMA": ("call.wma", "-c:a", "wmav2"),
    "FLV": ("call.flv", "-c:a", "aac"),
    "MPEG transport": ("call.ts", "-c:a", "aac"),
    "MPEG program": ("call.mpg", "-c:a", "mp2"),
    "AC-3": ("call.ac3", "-c:a", "ac3"),
    "WavPack": ("call.wv", "-c:a", "wavpack"),
    "True Audio": ("call.tta", "-c:a", "tta"),
    "Windows TV": ("call.wtv", "-c:a", "mp2"),
    "GXF": ("call.gxf", "-c:a", "pcm_s16le", "-ar", "48000"),
    "Flash": ("call.swf", "-c:a", "libmp3lame", "-ar", "44100"),
    "SMAF": ("call.mmf", "-c:a", "adpcm_yamaha", "-ar", "8000"),
    "G.722": ("call.g722", "-c:a", "g722"),
    "Asterisk": ("call.sln", "-f", "s16le", "-ar", "8000"),
    "SoX": ("call.sox", "-c:a", "pcm_s32le"),
}


@pytest.mark.parametrize("how", CONTAINERS.values(), ids=CONTAINERS)
def test_whatever_holds_its_sound_is_read(
    how: tuple[str, ...], ffmpeg: str, tmp_path: Path
) -> None:
    wav = write(tmp_path / "call.wav", chirps(32_000, 16_000), 16_000)
    name, *options = how
    found = reading.load(encode(ffmpeg, wav, tmp_path / name, *options)).samples
    assert abs(len(found) - 32_000) < 0.12 * 16_000
    assert np.abs(found).max() > 0.3
