"""Headers state where samples begin and how many bytes they take; so does MPEG audio by frame."""

from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.audio.headers import READERS, SampleData, sample_data
from ovdiar.audio.joined import count_files, next_file
from ovdiar.audio.mpeg import frame, holds_frames

STATED = {
    "WAV": 2000,
    "RF64": 2000,
    "W64": 2000,
    "AIFF": 2000,
    "AU": 2000,
    "CAF": 2000,
    "SVX": 2000,
    "AVR": 2000,
    "NIST": 2000,
}


def made(form: str, samples: int = 1000, subtype: str = "PCM_16") -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(samples), 16_000, format=form, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize(("form", "size"), STATED.items(), ids=STATED)
def test_the_size_of_the_samples_is_found(form: str, size: int) -> None:
    data = made(form)
    found = sample_data(io.BytesIO(data))
    assert found is not None
    assert (found.size, found.offset + found.size <= len(data)) == (size, True)
    assert found.share(len(data)) == 1
    assert found.share(found.offset + size // 2) == 0.5
    assert sample_data(io.BytesIO(b"junk" + data), 4) == SampleData(
        found.offset + 4, size, found.file_end and found.file_end + 4
    )


@pytest.mark.parametrize("form", [*STATED, "VOC", "FLAC", "OGG"])
def test_a_file_behind_another_is_found(form: str) -> None:
    subtype = {"OGG": "VORBIS", "VOC": "PCM_U8"}.get(form, "PCM_16")
    data = made(form, 40_000, subtype)
    assert next_file(io.BytesIO(data)) is None
    assert next_file(io.BytesIO(data + data)) == len(data)
    assert count_files(io.BytesIO(3 * data)) == 3


MARKS = st.sampled_from([bytes(at) + magic for at, magic, _ in READERS])


@given(MARKS, st.binary(max_size=200))
def test_no_header_raises_an_error(mark: bytes, rest: bytes) -> None:
    file = io.BytesIO(mark + rest)
    assert next_file(file) is None or count_files(file) > 1


@pytest.mark.parametrize(
    ("header", "size", "rate"),
    [
        ("fffb9064", 417, 44_100),
        ("fff348c4", 144, 16_000),
        ("fffd8404", 384, 48_000),
        ("ffe328c4", 144, 8000),
    ],
)
def test_a_frame_header_states_size_and_rate(header: str, size: int, rate: int) -> None:
    parsed = frame(bytes.fromhex(header))
    assert parsed is not None
    assert (parsed.size, parsed.rate) == (size, rate)


def test_frames_are_told_from_other_bytes() -> None:
    data = made("MP3", 40_000, "MPEG_LAYER_III")
    assert holds_frames(b"TAG" + bytes(125) + data)
    assert not holds_frames(b"TAG" + bytes(125))
    assert not holds_frames(b"\xff" * 5000)
