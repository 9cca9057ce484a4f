"""What the networks say of a recording: who is active in each window, and each voice's embedding.

Source: pyannote.audio ``SpeakerDiarization.get_segmentations`` and ``get_embeddings``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import binarize
from ovdiar.counting import speaker_count
from ovdiar.embedding import embed_windows, least_clean_frames, speaker_masks
from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, Frames, WindowedFrames, to_samples
from ovdiar.networks.models import PooledEmbedding
from ovdiar.pipelines.estimate import DECODING, EMBEDDING, SEGMENTATION
from ovdiar.pipelines.sliding import batch_of, score_windows, segmentation_windows, to_speakers
from ovdiar.shared_trunk import align_step, embed_shared
from ovdiar.windows import slices, slide

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.audio.recording import Recording
    from ovdiar.networks.models import Models
    from ovdiar.pipelines.steps import Steps
    from ovdiar.presets import DiarizationParameters

PYANNET_FRAMES = FrameGrid(step=270, width=991)
"""The frames of every published segmentation network."""
WINDOWS_AT_ONCE = 1024
"""How many windows are decided on at once; their intermediates take 40 bytes a score."""
LONG_S = 1800.0
"""A recording so long needs the room that networks hold, a quarter of a gigabyte, when it is
clustered; to compile them again takes tenths of a second."""
POOLED_AT_ONCE = 4
"""How many windows a pooled embedding gets at once: few, so that progress is told in time."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the networks say of one recording.

    ``scores`` (C, F, S) as the segmentation gave them, ``active`` (C, F, S) bool, ``count``
    (T, 1) speakers at once, ``embeddings`` (C, S, D), NaN rows where there is none.
    """

    scores: WindowedFrames
    active: WindowedFrames
    count: Frames
    embeddings: NDArray[Any]
    uri: str | None = None


def observe(scores: WindowedFrames, threshold: float, uri: str | None, dimension: int) -> Evidence:
    """Decide who is active in each window, and count; there are no embeddings yet."""
    decided = np.empty(scores.data.shape, dtype=bool)
    for here in slices(len(scores), WINDOWS_AT_ONCE):
        decided[here] = binarize(scores.data[here], threshold)
    active = scores.with_data(decided)
    nothing = np.broadcast_to(np.float32(np.nan), (len(scores), scores.data.shape[2], dimension))
    return Evidence(scores, active, speaker_count(active), nothing, uri)


def windowed_scores(
    scores: NDArray[Any],
    embeddings: NDArray[Any],
    window_s: float,
    step_s: float,
    grid: FrameGrid | None,
) -> WindowedFrames:
    """Lay scores (C, F, S) on their grids; refuse what does not fit embeddings (C, S, D)."""
    frames = grid or PYANNET_FRAMES
    if scores.ndim != 3 or embeddings.ndim != 3 or not len(scores):
        raise ConfigError(
            f"scores of shape {scores.shape} and embeddings of shape {embeddings.shape}: "
            "give (windows, frames, speakers) and (windows, speakers, dimension)"
        )
    if (scores.shape[0], scores.shape[2]) != embeddings.shape[:2]:
        raise ConfigError(
            f"scores of shape {scores.shape} do not fit embeddings of shape "
            f"{embeddings.shape}: windows and speakers must agree"
        )
    width, step = (to_samples(seconds, frames.rate) for seconds in (window_s, step_s))
    if width < 1 or step < 1:
        raise ConfigError(f"windows of {window_s} s every {step_s} s: give positive times")
    held = -(-width // frames.step)
    if scores.shape[1] > held:
        raise ConfigError(
            f"scores of {scores.shape[1]} frames a window, and {window_s} s hold {held} of the "
            "grid: give the window_s and the grid of the network"
        )
    return WindowedFrames(scores, FrameGrid(step, width, 0, frames.rate), frames)


def hear(
    models: Models,
    recording: Recording,
    parameters: DiarizationParameters,
    steps: Steps,
    batch_size: int | None,
) -> Evidence:
    """Run both networks over a recording; without speech, only the first."""
    trunk = shared_trunk(models, parameters)
    scores = score_windows(
        models.segmentation,
        recording,
        _windows(models, parameters, trunk),
        lowpass_hz=parameters.segmentation_lowpass,
        noise=parameters.segmentation_noise,
        batch_size=batch_size,
        convert=to_speakers(models.segmentation),
        progress=steps.progress("segmentation"),
    )
    steps.done("segmentation", scores)
    evidence = observe(
        scores,
        parameters.segmentation_threshold,
        recording.uri,
        models.embedding.spec.dimension,
    )
    steps.done("speaker_counting", evidence.count)
    if not evidence.count.data.any():
        return evidence
    spec, active = models.embedding.spec, evidence.active.data
    choose = partial(
        speaker_masks,
        exclude_overlap=parameters.embedding_exclude_overlap,
        least_clean=least_clean_frames(active.shape[1], spec.min_samples, scores.windows.width),
    )
    progress = steps.progress("embeddings")
    if trunk is not None:
        blocks = recording.blocks()
        embeddings = embed_shared(trunk, blocks, scores.windows, active, choose, progress)
    else:
        at_once = batch_of(scores.windows, batch_size)
        if spec.kind == "pooled":  # its trunk takes one window at a time: none is waited for
            at_once = min(at_once, POOLED_AT_ONCE)
        batches = slide(recording.blocks(), scores.windows, at_once)
        embeddings = embed_windows(models.embedding, batches, active, choose, progress)
    steps.done("embeddings", embeddings)
    if recording.duration_s >= LONG_S:
        models.release()
    return replace(evidence, embeddings=embeddings)


def step_costs(models: Models, parameters: DiarizationParameters) -> dict[str, float]:
    """Say what one window costs in each step that takes time, s (see `pipelines.estimate`)."""
    window_s = models.segmentation.spec.window_samples / models.segmentation.spec.frames.rate
    shared = parameters.embedding_reuse == "shared"
    embedded_s = window_s * (parameters.segmentation_step if shared else 1.0)
    return {
        "segmentation": window_s * SEGMENTATION,
        "embeddings": embedded_s * EMBEDDING[models.embedding.spec.kind],
        "discrete_diarization": DECODING,
    }


def shared_trunk(models: Models, parameters: DiarizationParameters) -> PooledEmbedding | None:
    """Return the embedding whose trunk runs once over the recording, where that is wanted."""
    if parameters.embedding_reuse == "window":
        return None
    model = models.embedding
    if not isinstance(model, PooledEmbedding) or not model.spec.context_samples:
        raise ConfigError(
            f"embedding_reuse 'shared' does not fit {model.spec.architecture}, which hears all "
            "of its input at once: leave it out, or use a WeSpeaker bundle"
        )
    if models.bundle.static_batch:
        raise ConfigError(
            "embedding_reuse 'shared' (--fast) runs the trunk over long blocks, and the shapes of "
            f"bundle {models.bundle.name!r} are fixed: leave it out, or export without --static"
        )
    return model


def _windows(
    models: Models, parameters: DiarizationParameters, trunk: PooledEmbedding | None
) -> FrameGrid:
    """Lay the windows; those that share a trunk a multiple of its hop apart."""
    spec = models.segmentation.spec
    step_s = parameters.segmentation_step * spec.window_samples / spec.frames.rate
    windows = segmentation_windows(models.segmentation, None, step_s)
    if trunk is None:
        return windows
    return replace(windows, step=align_step(windows.step, trunk.spec.hop_samples))
