"""Whose speech the embeddings of a prepared recording were computed from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.rows import piece_rows, window_rows
from ovdiar.clustering.window_speakers import MergeSettings, attenuation_of
from ovdiar.voices.voiceprint import voiceprints_of
from ovdiar.windows import output_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.clustering.attenuation import Attenuation, Rows
    from ovdiar.frames import FrameGrid
    from ovdiar.parameters import ClusteringParameters
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.voices.voiceprint import Voiceprint

LEAST_SHARE = 0.5
"""Least share of a piece's or a window speaker's frames that a speaker must hold alone."""


def voiceprints(prepared: Prepared, turns: Annotation) -> dict[str, Voiceprint]:
    """Compute the voiceprint of each speaker from clean speech: frames of one speaker alone.

    Parameters
    ----------
    prepared : the recording
    turns : its diarization; labels may have been renamed or corrected

    Returns
    -------
    By label; speakers without clean speech are left out.
    """
    labels = turns.labels()
    rows, overlaps = _rows(prepared, _alone(prepared, turns, labels))
    owners = np.full(len(overlaps), -1, dtype=np.int64)
    if len(overlaps) and labels:
        enough = overlaps.max(axis=1) >= LEAST_SHARE
        owners[enough] = overlaps.argmax(axis=1)[enough]
    found = voiceprints_of(rows, owners, len(labels), attenuation(prepared.parameters))
    return {label: each for label, each in zip(labels, found, strict=True) if each is not None}


def attenuation(parameters: ClusteringParameters) -> Attenuation:
    """Return the hyper-parameters of corrected similarity, whatever the clustering."""
    return attenuation_of(
        MergeSettings(
            parameters.margin_s,
            parameters.fade_s,
            parameters.usual_level,
            parameters.side_by_side,
        )
    )


def _alone(prepared: Prepared, turns: Annotation, labels: list[str]) -> NDArray[np.bool_]:
    """Mark the frames in which each speaker is the only one: (T, K)."""
    grid, total, _ = output_grid(prepared.active)
    speaking = np.zeros((total, len(labels)), dtype=bool)
    for column, label in enumerate(labels):
        for segment in turns.label_timeline(label):
            first, last = (_nearest(grid, time) for time in (segment.start, segment.end))
            speaking[max(first, 0) : max(last, 0), column] = True
    speaking &= speaking.sum(axis=1, keepdims=True) == 1
    return speaking


def _nearest(grid: FrameGrid, time_s: float) -> int:
    """Find the frame whose centre is nearest to a time."""
    return round((time_s - grid.start_s - 0.5 * grid.width_s) / grid.step_s)


def _rows(prepared: Prepared, alone: NDArray[np.bool_]) -> tuple[Rows, NDArray[np.float64]]:
    """Return the rows (N,), and the share of each that every speaker holds alone (N, K)."""
    active, pieces, embeddings = prepared.active, prepared.pieces, prepared.piece_embeddings
    if pieces is not None and embeddings is not None and len(pieces):
        rows = piece_rows(embeddings, pieces, active.frames.step_s)
        before = np.zeros((len(alone) + 1, alone.shape[1]))
        np.cumsum(alone, axis=0, out=before[1:])
        first, last = np.minimum(pieces.runs, len(alone)).T
        held = np.zeros((len(pieces), alone.shape[1]))
        np.add.at(held, pieces.owner, before[last] - before[first])
        return rows, held / pieces.frames()[:, np.newaxis]
    rows, (windows, speakers) = window_rows(prepared.embeddings, active)
    _, _, starts = output_grid(active)
    shares = np.zeros((len(windows), alone.shape[1]))
    for row, (window, speaker) in enumerate(zip(windows, speakers, strict=True)):
        frames = active.data[window, :, speaker]
        clean = frames & (active.data[window].sum(axis=1) == 1)
        frames = clean if clean.any() else frames
        here = alone[starts[window] : starts[window] + len(frames)]
        shares[row] = frames.astype(np.float64) @ here / frames.sum()
    return rows, shares
