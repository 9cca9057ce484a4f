"""A recording becomes small, stays as long as it is, and keeps its outline."""

from __future__ import annotations

import io
import itertools
import types
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.audio.encoding import MAX_PEAKS, PEAK_SAMPLES, RATE, _peaks, encode, measure
from ovdiar.errors import MissingPackageError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

LENGTHS = [1, 2, PEAK_SAMPLES - 1, PEAK_SAMPLES, PEAK_SAMPLES + 1, 10 * RATE, 10 * RATE + 1]


def sound(samples: NDArray[Any]) -> dict[str, Any]:
    return {"waveform": samples.astype(np.float32), "sample_rate": RATE}


@pytest.mark.parametrize("length", LENGTHS)
def test_an_encoded_recording_keeps_its_duration(length: int) -> None:
    noise = np.random.default_rng(length).uniform(-0.5, 0.5, length)
    made = encode(sound(noise))
    decoded, rate = soundfile.read(io.BytesIO(made.mp3))
    assert (len(decoded), rate) == (length, RATE)
    assert made.duration_s == length / RATE


def test_sound_stays_where_it_is_to_the_sample(conversation: Path) -> None:
    samples, _ = soundfile.read(conversation)
    decoded, _ = soundfile.read(io.BytesIO(encode(conversation).mp3))
    shifts = range(-80, 81)
    middle = slice(RATE, -RATE)
    alike = [float(np.roll(decoded, shift)[middle] @ samples[middle]) for shift in shifts]
    assert shifts[int(np.argmax(alike))] == 0


def test_the_rate_of_bits_is_constant(conversation: Path) -> None:
    made = encode(conversation)
    assert len(made.mp3) * 8 / made.duration_s == pytest.approx(40_000, rel=0.01)


def test_samples_beyond_full_scale_are_clipped() -> None:
    loud = np.full(RATE, 1.5)
    decoded, _ = soundfile.read(io.BytesIO(encode(sound(loud)).mp3))
    assert decoded[RATE // 4 : RATE // 2].min() > 0.5


def test_measuring_gives_the_same_outline_without_the_sound(conversation: Path) -> None:
    made, measured = encode(conversation), measure(conversation)
    assert measured.mp3 == b""
    assert measured.duration_s == made.duration_s
    np.testing.assert_array_equal(measured.peaks, made.peaks)


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=50), st.integers(1, 60))
def test_every_part_of_the_outline_is_the_loudest_of_its_time(
    values: list[float], most: int
) -> None:
    outline = np.array(values, np.float32)
    samples = len(values) * PEAK_SAMPLES
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ovdiar.audio.encoding.MAX_PEAKS", most)
        peaks = _peaks(outline, samples)
    count = min(len(values), most)
    borders = [int(k * len(values) / count) for k in range(count)] + [len(values)]
    loudest = max(values) or 1.0
    slow = [max(values[a : max(b, a + 1)]) for a, b in itertools.pairwise(borders)]
    np.testing.assert_allclose(peaks, 255 * np.array(slow) / loudest, atol=0.51)


def test_a_long_outline_has_so_many_parts_at_most() -> None:
    made = measure(sound(np.ones((MAX_PEAKS + 5) * PEAK_SAMPLES)))
    assert len(made.peaks) == MAX_PEAKS
    assert (made.peaks == 255).all()


def test_a_soundfile_without_mp3_raises_a_one_line_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def old(*_: object, **__: object) -> None:
        raise TypeError("unexpected keyword argument 'bitrate_mode'")

    fields = {**vars(soundfile), "SoundFile": old}
    old_module = types.SimpleNamespace(**{k: v for k, v in fields.items() if k.isidentifier()})
    monkeypatch.setattr("ovdiar.audio.encoding._soundfile", lambda: old_module)
    with pytest.raises(MissingPackageError, match=r"cannot write MP3: pip install -U soundfile"):
        encode(sound(np.zeros(9)))
