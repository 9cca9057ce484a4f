"""Embed the speakers of every window: window by window, or parts of the recording once.

Source: pyannote.audio ``SpeakerDiarization.get_embeddings``, window by window.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.attenuation import fading
from ovdiar.conditioning import high_passed
from ovdiar.embedding import embed_windows, least_clean_frames, speaker_masks
from ovdiar.errors import ConfigError
from ovdiar.networks.pooled import PooledEmbedding
from ovdiar.networks.utterance import UtteranceEmbedding
from ovdiar.parameters import ClusteringParameters
from ovdiar.pieces import pieces_of, speech_of, spread_to_windows
from ovdiar.pipelines.sliding import batch_of
from ovdiar.shared_trunk import embed_shared
from ovdiar.windows import batched, output_grid, slide

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ovdiar.audio.recording import Recording
    from ovdiar.networks.models import Models
    from ovdiar.parameters import EmbeddingParameters
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.pipelines.steps import Steps

POOLED_AT_ONCE = 4
"""Windows of a batch of a pooled embedding: few, so that progress is frequent."""
UTTERANCES_AT_ONCE = 64
"""Windows of a batch of an utterance embedding: many, so that many utterances have one length."""
PIECES_AT_ONCE = 64
"""Pieces of clean speech of a batch: about three minutes."""
FADE_S = ClusteringParameters().fade_s
"""Short pieces weigh less. The default's, so that what is prepared does not depend on how it is
clustered."""


def embed_speakers(
    models: Models,
    recording: Recording,
    prepared: Prepared,
    parameters: EmbeddingParameters,
    steps: Steps,
    batch_size: int | None,
) -> Prepared:
    """Embed the active speakers of every window: (C, F, S) bool -> (C, S, D)."""
    active = prepared.active
    blocks: Iterable[NDArray[np.float32]] = recording.blocks()
    if parameters.embedding_highpass:
        blocks = high_passed(blocks, parameters.embedding_highpass, active.frames.rate)
    shared = shared_embedding(models, parameters)
    if isinstance(shared, UtteranceEmbedding):
        return _embed_pieces(shared, blocks, prepared, steps)
    spec, windows = models.embedding.spec, active.windows
    choose = partial(
        speaker_masks,
        exclude_overlap=parameters.embedding_exclude_overlap,
        least_clean=least_clean_frames(active.data.shape[1], spec.min_samples, windows.width),
    )
    progress = steps.progress("embeddings")
    if shared is not None:
        embeddings = embed_shared(shared, blocks, windows, active.data, choose, progress)
    else:
        if spec.kind == "pooled":  # its trunk takes one window at a time
            at_once = min(batch_of(windows, batch_size), POOLED_AT_ONCE)
        else:
            at_once = batch_size or UTTERANCES_AT_ONCE
        batches = slide(blocks, windows, at_once)
        embeddings = embed_windows(models.embedding, batches, active.data, choose, progress)
    return replace(prepared, embeddings=embeddings)


def _embed_pieces(
    model: UtteranceEmbedding,
    blocks: Iterable[NDArray[np.float32]],
    prepared: Prepared,
    steps: Steps,
) -> Prepared:
    """Embed pieces of clean speech, and average them for the speakers of every window."""
    active = prepared.active
    _, _, starts = output_grid(active)
    pieces = pieces_of(active)
    embeddings = np.zeros((len(pieces), model.spec.dimension), np.float32)
    progress, done = steps.progress("embeddings"), 0
    progress(completed=0, total=max(len(pieces), 1))
    stretches = speech_of(pieces, blocks, active.frames, model.spec.hop_samples)
    for speeches in batched(stretches, PIECES_AT_ONCE):
        embeddings[done : done + len(speeches)] = model.utterances(speeches)
        done += len(speeches)
        progress(completed=done, total=len(pieces))
    weights = fading(pieces.frames() * np.float64(active.frames.step_s), FADE_S)
    spread = spread_to_windows(embeddings, weights, pieces, active.data, starts)
    return replace(prepared, embeddings=spread, pieces=pieces, piece_embeddings=embeddings)


def shared_embedding(
    models: Models, parameters: EmbeddingParameters
) -> PooledEmbedding | UtteranceEmbedding | None:
    """Return the embedding that runs once over the recording; None in window mode.

    Of a pooled embedding that is the trunk; an utterance embedding embeds pieces of clean speech.

    Raises
    ------
    ConfigError
        ``embedding_reuse="shared"`` does not fit the bundle.
    """
    if parameters.embedding_reuse == "window":
        return None
    if models.bundle.static_batch:
        raise ConfigError(
            "embedding_reuse 'shared' (--fast) embeds audio of other lengths than windows, and the "
            f"shapes of bundle {models.bundle.name!r} are fixed: leave it out, or export without "
            "--static"
        )
    model = models.embedding
    if isinstance(model, UtteranceEmbedding):
        return model
    if not isinstance(model, PooledEmbedding) or not model.spec.context_samples:
        raise ConfigError(
            f"embedding_reuse 'shared' does not fit {model.spec.architecture}, whose embedding "
            "depends on all of its input: leave it out, or use a WeSpeaker bundle"
        )
    return model
