"""Embeddings of utterances: which frames the network receives, and in which batches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovdiar.networks.bundle import EmbeddingSpec
from ovdiar.networks.utterance import MOST_FRAMES, UtteranceEmbedding, usual_length

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

FRAMES, HOP = 40, 160


class Numbered:
    """Features in one band: each frame of a window is its index."""

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        numbers = np.arange(FRAMES, dtype=np.float32)[None, :, None]
        return np.repeat(numbers, len(windows), axis=0)


class Recorder:
    """A network that keeps its inputs, and returns the length and the sum of each."""

    def __init__(self) -> None:
        self.batches: list[NDArray[np.float32]] = []

    def each(self, batches: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        for batch in batches:
            self.batches.append(batch)
            lengths = np.full(len(batch), batch.shape[1])
            yield np.stack([lengths, batch.sum(axis=(1, 2))], axis=1).astype(np.float32)


def embed(
    masks: NDArray[Any], *, usual: bool = False, **options: Any
) -> tuple[NDArray[np.float32], Recorder]:
    """Embed masks (windows, speakers, frames) of silence; return the recorder, too."""
    spec = EmbeddingSpec("Recorder", "utterance", 16_000, 2, 400, hop_samples=HOP, **options)
    recorder = Recorder()
    model = UtteranceEmbedding(spec, Numbered(), recorder, usual)  # type: ignore[arg-type]
    windows = np.zeros((len(masks), FRAMES * HOP), np.float32)
    return model(windows, masks.astype(np.float32)), recorder


def beginnings(*lengths: int) -> NDArray[np.bool_]:
    """Return masks of the first frames of a window, so many for each speaker."""
    return (np.arange(FRAMES) < np.array(lengths)[:, None])[None]


@pytest.mark.parametrize("length", [3, 4, 9])
def test_speech_shorter_than_min_frames_is_repeated(length: int) -> None:
    _, recorder = embed(beginnings(length), min_frames=10)
    assert recorder.batches[0][0, :, 0].tolist() == [frame % length for frame in range(10)]


@pytest.mark.parametrize("length", [10, 11, FRAMES])
def test_speech_of_min_frames_and_more_is_not_repeated(length: int) -> None:
    _, recorder = embed(beginnings(length), min_frames=10)
    assert recorder.batches[0][0, :, 0].tolist() == list(range(length))


def test_without_min_frames_nothing_is_repeated() -> None:
    _, recorder = embed(beginnings(3))
    assert recorder.batches[0].shape == (1, 3, 1)


@pytest.mark.parametrize(("length", "given"), [(11, 15), (15, 15), (36, 40), (40, 40)])
def test_where_wanted_speech_is_repeated_to_a_usual_length(length: int, given: int) -> None:
    _, recorder = embed(beginnings(length), usual=True, min_frames=11)
    assert recorder.batches[0][0, :, 0].tolist() == [frame % length for frame in range(given)]


def test_the_speech_of_a_window_has_few_lengths_and_repeats_little() -> None:
    lengths = {frames: usual_length(frames) for frames in range(25, 1001)}
    assert len(set(lengths.values())) == 48
    assert all(frames <= length <= 7 / 6 * frames for frames, length in lengths.items())


@given(st.integers(1001, 10**6))
def test_longer_speech_is_as_it_is(frames: int) -> None:
    assert usual_length(frames) == frames


def test_each_speaker_gets_the_embedding_of_their_own_frames() -> None:
    masks = np.concatenate([beginnings(20, 0, 5), beginnings(10, 20, 2)])
    found, recorder = embed(masks)
    assert [batch.shape[:2] for batch in recorder.batches] == [(1, 5), (1, 10), (2, 20)]
    assert found[0].tolist()[::2] == [[20, 190], [5, 10]]
    assert found[1].tolist()[:2] == [[10, 45], [20, 190]]
    assert np.isnan([found[0, 1], found[1, 2]]).all()


def test_many_utterances_of_one_length_are_several_batches() -> None:
    most = MOST_FRAMES // 5
    _, recorder = embed(np.repeat(beginnings(5, 5), most, axis=0))
    assert [len(batch) for batch in recorder.batches] == [most, most]
