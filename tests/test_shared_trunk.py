"""One pass of the trunk pools what a pass for every window would, where the trunk hears locally."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ovdiar import SpeakerDiarization, load
from ovdiar.embedding import embed_windows
from ovdiar.frames import FrameGrid
from ovdiar.networks.bundle import EmbeddingSpec
from ovdiar.networks.pooled import PooledEmbedding
from ovdiar.shared_trunk import BLOCK_S, align_step, embed_shared
from ovdiar.windows import count_windows, ignore_progress, slide

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

RATE, HOP, CHANNELS = 100, 10, 3
BLOCK = round(BLOCK_S * RATE)


class LocalTrunk:
    """Each frame is the mean, the largest and the smallest of its own samples."""

    def __init__(self) -> None:
        self.heard = 0

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.heard += windows.shape[1]
        padded = np.pad(windows, ((0, 0), (0, -windows.shape[1] % HOP)))
        frames = padded.reshape(len(windows), -1, HOP)
        return np.stack([frames.mean(2), frames.max(2), frames.min(2)], axis=1)


def _model(context: int = 20) -> tuple[PooledEmbedding, LocalTrunk]:
    trunk = LocalTrunk()
    spec = EmbeddingSpec(
        "local",
        "pooled",
        RATE,
        2 * CHANNELS,
        1,
        hop_samples=HOP,
        channels=CHANNELS,
        context_samples=context,
    )
    made: Any = PooledEmbedding(spec, trunk, lambda statistics: statistics)  # type: ignore[arg-type]
    return made, trunk


def _masks(active: NDArray[np.bool_]) -> NDArray[np.float32]:
    masks: NDArray[np.float32] = active.transpose(0, 2, 1).astype(np.float32)
    return masks


def _both(
    samples: NDArray[np.float32], windows: FrameGrid, active: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    model, _ = _model()
    shared = embed_shared(
        model, np.array_split(samples, 7), windows, active, _masks, ignore_progress
    )
    batches = slide([samples], windows, 4)
    return shared, embed_windows(model, batches, active, _masks, ignore_progress)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([500, 1000, BLOCK - 10, BLOCK, BLOCK + 10, BLOCK + 20, BLOCK + 30, 3 * BLOCK]),
    st.integers(1, 30),
    st.integers(0, 10_000),
)
def test_shared_embeddings_equal_those_of_every_window(length: int, step: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = rng.uniform(-1, 1, length).astype(np.float32)
    windows = FrameGrid(step * HOP, 500, rate=RATE)
    inside = 1 + (length - windows.width) // windows.step
    active = rng.random((count_windows(length, windows), 50, 2)) < 0.5
    shared, exact = _both(samples, windows, active)
    np.testing.assert_allclose(shared[:inside], exact[:inside], atol=2e-5)


def test_windows_that_reach_beyond_the_end_pool_what_there_is() -> None:
    samples = np.linspace(-1, 1, 730, dtype=np.float32)
    windows = FrameGrid(200, 500, rate=RATE)
    active = np.zeros((count_windows(730, windows), 50, 1), dtype=bool)
    active[:, :30] = True
    shared, exact = _both(samples, windows, active)
    np.testing.assert_allclose(shared, exact, atol=2e-5)


def test_speakers_who_are_silent_get_no_embedding() -> None:
    active = np.zeros((3, 50, 2), dtype=bool)
    active[1, :, 0] = True
    model, _ = _model()
    samples = np.ones(900, dtype=np.float32)
    windows = FrameGrid(200, 500, rate=RATE)
    shared = embed_shared(model, [samples], windows, active, _masks, ignore_progress)
    assert np.isfinite(shared).all(axis=2).tolist() == [[False] * 2, [True, False], [False] * 2]


def test_blocks_without_speech_skip_the_trunk() -> None:
    samples = np.ones(4 * BLOCK, dtype=np.float32)
    windows = FrameGrid(500, 500, rate=RATE)
    active = np.zeros((count_windows(len(samples), windows), 50, 1), dtype=bool)
    active[-1] = True
    model, trunk = _model(context=20)
    embed_shared(model, [samples], windows, active, _masks, ignore_progress)
    assert trunk.heard == BLOCK + 20


def test_a_recording_shorter_than_the_trunk_needs_is_padded() -> None:
    model, _ = _model()
    active = np.ones((1, 50, 1), dtype=bool)
    samples = np.ones(1, dtype=np.float32)
    windows = FrameGrid(500, 500, rate=RATE)
    shared = embed_shared(model, [samples], windows, active, _masks, ignore_progress)
    assert np.isfinite(shared).all()


@pytest.mark.parametrize(("step", "aligned"), [(1, 10), (14, 10), (16, 20), (500, 500)])
def test_steps_become_multiples_of_the_trunks(step: int, aligned: int) -> None:
    assert align_step(step, HOP) == aligned


def test_utterance_embeddings_share_pieces_of_speech(tiny: Path, excerpt: Path) -> None:
    pipeline = SpeakerDiarization(load(tiny), embedding_reuse="shared")
    prepared = pipeline.prepare(excerpt)
    assert prepared.pieces is not None
    assert prepared.piece_embeddings is not None
    assert len(prepared.pieces) == len(prepared.piece_embeddings) > 1
    assert np.isfinite(prepared.embeddings).all(axis=2).any()
