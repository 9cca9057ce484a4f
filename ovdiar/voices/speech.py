"""Whose speech the embeddings of a prepared recording were computed from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.clustering.rows import piece_rows, window_rows
from ovdiar.voices.voiceprint import voiceprints_of
from ovdiar.windows import output_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.annotation import Annotation
    from ovdiar.clustering.attenuation import Rows
    from ovdiar.frames import FrameGrid
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.voices.voiceprint import Voiceprint

LEAST_SHARE = 0.5
"""Least share of a piece's or a window speaker's frames that a speaker must hold alone."""


@dataclass(frozen=True, eq=False)
class CleanSpeech:
    """Embeddings of clean speech, and who speaks: ``owners`` (N,), indices of labels, -1 for none.

    They are of pieces, or where there are none of window speakers. ``alone_s`` (K,) is how long
    each speaker speaks alone, s.
    """

    labels: list[str]
    rows: Rows
    owners: NDArray[np.int64]
    alone_s: NDArray[np.float64]
    fade_s: float

    def of(self, label: str) -> Rows:
        """Return the rows of one speaker."""
        own = self.owners == self.labels.index(label)
        rows = self.rows
        return replace(
            rows, embeddings=rows.embeddings[own], seconds=rows.seconds[own], spans=rows.spans[own]
        )

    def voiceprints(self) -> dict[str, Voiceprint]:
        """Return the voiceprints by label, of those who have clean speech."""
        found = voiceprints_of(self.rows, self.owners, self.alone_s, self.fade_s)
        return {
            label: each for label, each in zip(self.labels, found, strict=True) if each is not None
        }


def clean_speech(prepared: Prepared, turns: Annotation) -> CleanSpeech:
    """Find whose speech each embedding was computed from.

    Parameters
    ----------
    prepared : the recording
    turns : its diarization; labels may have been renamed or corrected
    """
    labels = turns.labels()
    alone = _alone(prepared, turns, labels)
    rows, shares = _rows(prepared, alone)
    owners = np.full(len(shares), -1, dtype=np.int64)
    if len(shares) and labels:
        enough = shares.max(axis=1) >= LEAST_SHARE
        owners[enough] = shares.argmax(axis=1)[enough]
    alone_s = alone.sum(axis=0) * prepared.active.frames.step_s
    return CleanSpeech(labels, rows, owners, alone_s, prepared.parameters.fade_s)


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
