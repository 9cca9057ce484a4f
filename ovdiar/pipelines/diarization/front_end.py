"""The front end: audio to the networks' outputs.

Source: pyannote.audio ``SpeakerDiarization.get_segmentations`` and ``get_embeddings``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import binarize
from ovdiar.clustering.window_speakers import TreeSettings, tree_settings
from ovdiar.counting import speaker_count
from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, WindowedFrames, to_samples
from ovdiar.networks.pooled import PooledEmbedding
from ovdiar.networks.utterance import UtteranceEmbedding
from ovdiar.pipelines.diarization.prepared import Prepared
from ovdiar.pipelines.diarization.provenance import describe
from ovdiar.pipelines.diarization.speaker_embeddings import embed_speakers, shared_embedding
from ovdiar.pipelines.estimate import DECODING
from ovdiar.pipelines.sliding import score_windows, segmentation_windows, to_speakers
from ovdiar.shared_trunk import align_step
from ovdiar.windows import SCORED_WINDOWS_AT_ONCE, slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.audio.recording import Recording
    from ovdiar.networks.models import Models
    from ovdiar.parameters import (
        ClusteringParameters,
        DiarizationParameters,
        FrontEndParameters,
    )
    from ovdiar.pipelines.steps import Steps

LONG_S = 1800.0
"""From this length on, the networks' working memory (a quarter of a gigabyte) is released before
clustering; compiling them again takes tenths of a second."""


def prepare(
    models: Models,
    recording: Recording,
    parameters: DiarizationParameters,
    steps: Steps,
    *,
    strict_parity: bool = False,
    batch_size: int | None = None,
) -> Prepared:
    """Run both networks over a recording; without speech, only the first."""
    scores = segment(models, recording, parameters, steps, batch_size)
    return embed(
        models,
        recording,
        scores,
        parameters,
        steps,
        strict_parity=strict_parity,
        batch_size=batch_size,
    )


def segment(
    models: Models,
    recording: Recording,
    parameters: FrontEndParameters,
    steps: Steps,
    batch_size: int | None = None,
) -> WindowedFrames:
    """Run the segmentation network: scores (C, F, S)."""
    scores = score_windows(
        models.segmentation,
        recording,
        _windows(models, parameters),
        conditioning=parameters,
        batch_size=batch_size,
        convert=to_speakers(models.segmentation),
        progress=steps.progress("segmentation"),
    )
    steps.done("segmentation", scores)
    return scores


def embed(
    models: Models,
    recording: Recording,
    scores: WindowedFrames,
    parameters: DiarizationParameters,
    steps: Steps,
    *,
    strict_parity: bool = False,
    batch_size: int | None = None,
) -> Prepared:
    """Binarize scores (C, F, S), and embed the speakers of every window.

    Without ``strict_parity``, scores and embeddings are then rounded (see `Prepared.rounded`).
    """
    shape = (len(scores), scores.data.shape[2], models.embedding.spec.dimension)
    nothing = np.broadcast_to(np.float32(np.nan), shape)
    prepared = from_scores(scores, nothing, parameters, recording.uri)
    steps.done("speaker_counting", prepared.count)
    if isinstance(models.embedding, UtteranceEmbedding) and not strict_parity:
        models = replace(models, embedding=models.embedding.in_usual_lengths())
    if prepared.count.data.any():
        prepared = embed_speakers(models, recording, prepared, parameters, steps, batch_size)
        steps.done("embeddings", prepared.embeddings)
    if recording.duration_s >= LONG_S:
        models.release()
    prepared = replace(
        prepared if strict_parity else prepared.rounded(),
        strict_parity=strict_parity,
        duration_s=recording.duration_s,
        bundle=describe(models.bundle),
        calibration=models.bundle.calibration,
        notices=recording.take_notices(),
    )
    return with_tree(prepared, parameters)


def from_scores(
    scores: WindowedFrames,
    embeddings: NDArray[Any],
    parameters: DiarizationParameters,
    uri: str | None,
) -> Prepared:
    """Binarize scores (C, F, S) and count speakers; embeddings (C, S, D) are taken as given."""
    decided = np.empty(scores.data.shape, dtype=bool)
    for here in slices(len(scores), SCORED_WINDOWS_AT_ONCE):
        decided[here] = binarize(scores.data[here], parameters.segmentation_threshold)
    active = scores.with_data(decided)
    return Prepared(scores, active, speaker_count(active), embeddings, parameters, uri=uri)


def with_tree(prepared: Prepared, parameters: ClusteringParameters) -> Prepared:
    """Add the dendrogram that clustering with these hyper-parameters needs."""
    settings = tree_settings(parameters)
    if settings is None or not prepared.count.data.any():
        return prepared
    speakers = prepared.window_speakers()
    if isinstance(settings, TreeSettings):
        return replace(prepared, trees={**prepared.trees, settings: speakers.tree(settings)})
    if not len(speakers.source.rows.seconds):
        return prepared
    return replace(prepared, trees={**prepared.trees, settings: speakers.merge_tree(settings)})


def windowed_scores(
    scores: NDArray[Any],
    embeddings: NDArray[Any],
    window_s: float,
    step_s: float,
    frames: FrameGrid,
) -> WindowedFrames:
    """Put scores (C, F, S) on their grids; they must fit embeddings (C, S, D).

    Raises
    ------
    ConfigError
        Shapes or times do not fit.
    """
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
    most = -(-width // frames.step)
    if scores.shape[1] > most:
        raise ConfigError(
            f"scores of {scores.shape[1]} frames a window, and {window_s} s hold {most} of the "
            "grid: give the window_s and the grid of the network"
        )
    return WindowedFrames(scores, FrameGrid(step, width, 0, frames.rate), frames)


def step_costs(models: Models, parameters: DiarizationParameters) -> dict[str, float]:
    """Return the expected time of one window in each long step, s (see `pipelines.estimate`)."""
    segmentation, embedding = models.segmentation.spec, models.embedding.spec
    window_s = segmentation.window_samples / segmentation.frames.rate
    shared = parameters.embedding_reuse == "shared"
    embedded_s = window_s * (parameters.segmentation_step if shared else 1.0)
    return {
        "segmentation": window_s * segmentation.processing_s,
        "embeddings": embedded_s * embedding.processing_s,
        "discrete_diarization": DECODING,
    }


def _windows(models: Models, parameters: FrontEndParameters) -> FrameGrid:
    """Place the windows; those that share a trunk a multiple of its hop apart."""
    spec = models.segmentation.spec
    step_s = parameters.segmentation_step * spec.window_samples / spec.frames.rate
    windows = segmentation_windows(models.segmentation, None, step_s)
    shared = shared_embedding(models, parameters)
    if not isinstance(shared, PooledEmbedding):
        return windows
    return replace(windows, step=align_step(windows.step, shared.spec.hop_samples))
