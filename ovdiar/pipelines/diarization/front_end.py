"""The front end: audio to the networks' outputs.

Source: pyannote.audio ``SpeakerDiarization.get_segmentations`` and ``get_embeddings``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import binarize
from ovdiar.clustering.window_speakers import TreeSettings, tree_settings
from ovdiar.conditioning import high_passed
from ovdiar.counting import speaker_count
from ovdiar.embedding import embed_windows, least_clean_frames, speaker_masks
from ovdiar.errors import ConfigError
from ovdiar.frames import FrameGrid, WindowedFrames, to_samples
from ovdiar.networks.models import PooledEmbedding, UtteranceEmbedding
from ovdiar.pieces import pieces_of, samples_of, spread_to_windows
from ovdiar.pipelines.diarization.prepared import Prepared
from ovdiar.pipelines.diarization.provenance import describe
from ovdiar.pipelines.estimate import DECODING
from ovdiar.pipelines.sliding import batch_of, score_windows, segmentation_windows, to_speakers
from ovdiar.shared_trunk import align_step, embed_shared
from ovdiar.windows import batched, output_grid, slices, slide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ovdiar.audio.recording import Recording
    from ovdiar.networks.models import Models
    from ovdiar.parameters import (
        ClusteringParameters,
        DiarizationParameters,
        EmbeddingParameters,
        FrontEndParameters,
    )
    from ovdiar.pipelines.steps import Steps

WINDOWS_AT_ONCE = 1024
"""Windows binarized at once; intermediates take 40 bytes a score."""
LONG_S = 1800.0
"""From this length on, the networks' working memory (a quarter of a gigabyte) is released before
clustering; compiling them again takes tenths of a second."""
POOLED_AT_ONCE = 4
"""Windows of a batch of a pooled embedding: few, so that progress is frequent."""
PIECES_AT_ONCE = 64
"""Pieces of clean speech of a batch: about three minutes."""


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
    if prepared.count.data.any():
        by_utterances = utterance_embedding(models, parameters)
        if by_utterances is not None:
            prepared = _embed_pieces(by_utterances, recording, prepared, steps)
        else:
            embeddings = _embed(models, recording, prepared.active, parameters, steps, batch_size)
            prepared = replace(prepared, embeddings=embeddings)
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


def _embed(
    models: Models,
    recording: Recording,
    active: WindowedFrames,
    parameters: EmbeddingParameters,
    steps: Steps,
    batch_size: int | None,
) -> NDArray[np.float32]:
    """Embed the active speakers of every window: (C, F, S) bool -> (C, S, D)."""
    spec, windows = models.embedding.spec, active.windows
    choose = partial(
        speaker_masks,
        exclude_overlap=parameters.embedding_exclude_overlap,
        least_clean=least_clean_frames(active.data.shape[1], spec.min_samples, windows.width),
    )
    progress = steps.progress("embeddings")
    blocks: Iterable[NDArray[np.float32]] = recording.blocks()
    if parameters.embedding_highpass:
        blocks = high_passed(blocks, parameters.embedding_highpass, windows.rate)
    trunk = shared_trunk(models, parameters)
    if trunk is not None:
        return embed_shared(trunk, blocks, windows, active.data, choose, progress)
    at_once = batch_of(windows, batch_size)
    if spec.kind == "pooled":  # its trunk takes one window at a time
        at_once = min(at_once, POOLED_AT_ONCE)
    batches = slide(blocks, windows, at_once)
    return embed_windows(models.embedding, batches, active.data, choose, progress)


def utterance_embedding(
    models: Models, parameters: EmbeddingParameters
) -> UtteranceEmbedding | None:
    """Return the model that embeds pieces of clean speech once, or None: see `shared_trunk`."""
    model = models.embedding
    if parameters.embedding_reuse == "shared" and isinstance(model, UtteranceEmbedding):
        return model
    return None


def _embed_pieces(
    model: UtteranceEmbedding, recording: Recording, prepared: Prepared, steps: Steps
) -> Prepared:
    """Embed pieces of clean speech, and average them for the speakers of every window."""
    active = prepared.active
    _, _, starts = output_grid(active)
    pieces = pieces_of(active)
    embeddings = np.zeros((len(pieces), model.spec.dimension), np.float32)
    progress, done = steps.progress("embeddings"), 0
    progress(completed=0, total=max(len(pieces), 1))
    for speeches in batched(samples_of(pieces, recording.blocks(), active.frames), PIECES_AT_ONCE):
        embeddings[done : done + len(speeches)] = model.utterances(speeches)
        done += len(speeches)
        progress(completed=done, total=len(pieces))
    weights = pieces.frames().astype(np.float64)
    spread = spread_to_windows(embeddings, np.ones_like(weights), pieces, active.data, starts)
    return replace(prepared, embeddings=spread, pieces=pieces, piece_embeddings=embeddings)


def from_scores(
    scores: WindowedFrames,
    embeddings: NDArray[Any],
    parameters: DiarizationParameters,
    uri: str | None,
) -> Prepared:
    """Binarize scores (C, F, S) and count speakers; embeddings (C, S, D) are taken as given."""
    decided = np.empty(scores.data.shape, dtype=bool)
    for here in slices(len(scores), WINDOWS_AT_ONCE):
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


def shared_trunk(models: Models, parameters: EmbeddingParameters) -> PooledEmbedding | None:
    """Return the embedding whose trunk runs once over the recording; None in window mode.

    Raises
    ------
    ConfigError
        ``embedding_reuse="shared"`` does not fit the bundle.
    """
    if parameters.embedding_reuse == "window" or utterance_embedding(models, parameters):
        return None
    model = models.embedding
    if not isinstance(model, PooledEmbedding) or not model.spec.context_samples:
        raise ConfigError(
            f"embedding_reuse 'shared' does not fit {model.spec.architecture}, whose embedding "
            "depends on all of its input: leave it out, or use a WeSpeaker bundle"
        )
    if models.bundle.static_batch:
        raise ConfigError(
            "embedding_reuse 'shared' (--fast) runs the trunk over long blocks, and the shapes of "
            f"bundle {models.bundle.name!r} are fixed: leave it out, or export without --static"
        )
    return model


def _windows(models: Models, parameters: FrontEndParameters) -> FrameGrid:
    """Place the windows; those that share a trunk a multiple of its hop apart."""
    spec = models.segmentation.spec
    step_s = parameters.segmentation_step * spec.window_samples / spec.frames.rate
    windows = segmentation_windows(models.segmentation, None, step_s)
    trunk = shared_trunk(models, parameters)
    if trunk is None:
        return windows
    return replace(windows, step=align_step(windows.step, trunk.spec.hop_samples))
