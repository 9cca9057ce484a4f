"""Raw PCM, cut anywhere, becomes the samples that were encoded."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.audio.pcm import PcmReader, read_pcm
from ovdiar.errors import ConfigError


@given(
    samples=st.lists(st.integers(-(2**15), 2**15 - 1), max_size=30),
    channels=st.integers(1, 3),
    cuts=st.lists(st.integers(0, 60), max_size=4),
)
def test_blocks_may_end_within_a_sample(samples: list[int], channels: int, cuts: list[int]) -> None:
    whole = len(samples) // channels * channels
    content = np.array(samples, "<i2").tobytes()
    edges = [0, *sorted(min(cut, len(content)) for cut in cuts), len(content)]
    reader = PcmReader("s16le", channels)
    blocks = [reader.push(content[a:b]) for a, b in pairwise(edges)]
    expected = np.array(samples[:whole], np.int16).reshape(-1, channels).T
    assert np.array_equal(np.concatenate(blocks, axis=1), expected)


def test_floats_are_read_from_a_pipe() -> None:
    samples = np.linspace(-1, 1, 1000, dtype=np.float32)
    blocks = list(read_pcm(io.BytesIO(samples.astype("<f4").tobytes()), "f32le", at_once=333))
    assert len(blocks) > 1
    assert np.array_equal(np.concatenate(blocks, axis=1)[0], samples)


@pytest.mark.parametrize(("encoding", "channels"), [("u8", 1), ("s16le", 0)])
def test_what_cannot_be_read_is_refused(encoding: str, channels: int) -> None:
    with pytest.raises(ConfigError):
        PcmReader(encoding, channels)
