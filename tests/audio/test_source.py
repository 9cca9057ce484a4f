"""Arrays in memory keep their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ovdiar.audio import reading

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTEGERS: dict[str, tuple[Any, list[float]]] = {
    "int16": (np.array([-32768, 0, 1, 32767], np.int16), [-1, 0, 2**-15, 1 - 2**-15]),
    "int32": (np.array([-(2**31), 0, 2**16], np.int32), [-1, 0, 2**-15]),
    "int8": (np.array([-128, 0, 64], np.int8), [-1, 0, 0.5]),
    "uint8": (np.array([0, 128, 192], np.uint8), [-1, 0, 0.5]),
}


@pytest.mark.parametrize(("values", "expected"), INTEGERS.values(), ids=INTEGERS)
def test_integers_are_fractions_of_their_range(values: Any, expected: list[float]) -> None:
    samples = reading.load({"waveform": values, "sample_rate": 16000}).samples
    assert samples.tolist() == expected


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
def test_floats_are_taken_as_they_are(kind: str) -> None:
    values = np.array([-1.5, 0.0, 0.25, 7.0], kind)
    samples = reading.load({"waveform": values, "sample_rate": 16000}).samples
    assert samples.tolist() == values.tolist()


def test_an_array_is_neither_changed_nor_held() -> None:
    values: NDArray[np.float32] = np.full(100, 0.5, np.float32)
    waveform = reading.load({"waveform": values, "sample_rate": np.int64(16000)})
    values[:] = 0
    assert (waveform.samples == 0.5).all()


def test_of_an_array_nothing_is_left_out() -> None:
    with reading.open_audio({"waveform": np.zeros(100), "sample_rate": 16000}) as reader:
        assert sum(map(len, reader)) == 100
        assert reader.notices == ()
