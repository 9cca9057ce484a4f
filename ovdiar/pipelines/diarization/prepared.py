"""The networks' outputs for one recording: everything that clustering needs."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ovdiar import files
from ovdiar.clustering.rows import RowSource
from ovdiar.clustering.window_speakers import WindowSpeakers
from ovdiar.frames import read_only
from ovdiar.pipelines.diarization import prepared_file
from ovdiar.pipelines.diarization.prepared_file import LEVELS
from ovdiar.windows import SCORED_WINDOWS_AT_ONCE, slices

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ovdiar.calibration import Calibration
    from ovdiar.clustering.attenuation import MergeTree
    from ovdiar.clustering.window_speakers import MergeSettings, TreeSettings
    from ovdiar.frames import Frames, WindowedFrames
    from ovdiar.notices import Notice
    from ovdiar.parameters import DiarizationParameters
    from ovdiar.pieces import Pieces


@dataclass(frozen=True, eq=False)
class Prepared:
    """The networks' outputs for one recording; it holds no audio.

    C windows of F frames and S speakers, embeddings of D dimensions, T frames in all.

    Parameters
    ----------
    scores : (C, F, S), the segmentation of each window
    active : (C, F, S) bool, its binarized form
    count : (T, 1), active speakers
    embeddings : (C, S, D), NaN where a speaker is inactive
    parameters : hyper-parameters of the pipeline; those of the front end produced the arrays
    strict_parity : whether scores and embeddings are exact; otherwise they are `rounded`
    uri, duration_s : name and length (s) of the recording, where they are known
    bundle : identity of the bundle (see `ovdiar.pipelines.diarization.provenance`)
    calibration : of confidence; None where turns get none
    notices : what was noticed while the recording was read
    trees : dendrograms of the embeddings, or trees of corrected similarities
    pieces, piece_embeddings : pieces of clean speech and their embeddings (P, D), of which
        ``embeddings`` are then means
    """

    scores: WindowedFrames
    active: WindowedFrames
    count: Frames
    embeddings: NDArray[Any]
    parameters: DiarizationParameters
    strict_parity: bool = False
    uri: str | None = None
    duration_s: float | None = None
    bundle: Mapping[str, Any] | None = None
    calibration: Calibration | None = None
    notices: tuple[Notice, ...] = ()
    trees: Mapping[TreeSettings | MergeSettings, NDArray[np.float64] | MergeTree] = field(
        default_factory=dict
    )
    pieces: Pieces | None = None
    piece_embeddings: NDArray[Any] | None = None

    def __post_init__(self) -> None:
        """Freeze the embeddings."""
        object.__setattr__(self, "embeddings", read_only(self.embeddings))

    def rounded(self) -> Prepared:
        """Round scores to `LEVELS` and embeddings to half precision.

        So rounded, a file is small and gives the same answer as the arrays in memory, and the
        answer does not depend on the last digits of a processor.
        """
        pieces = self.piece_embeddings
        return replace(
            self,
            scores=self.scores.with_data(_rounded(self.scores.data)),
            embeddings=_halved(self.embeddings),
            piece_embeddings=None if pieces is None else _halved(pieces),
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write everything to one ``.npz`` file, without pickles.

        It takes 30 to 100 KB for a minute of audio, and several times that with ``strict_parity``.

        Raises
        ------
        FormatError
            The file cannot be written.
        """
        files.write_bytes(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the content of the file that `save` writes."""
        return prepared_file.dumps(self)

    @classmethod
    def load(cls, file: str | os.PathLike[str] | IO[bytes]) -> Prepared:
        """Read a file that `save` wrote, by its path or as a binary file object.

        Raises
        ------
        FormatError
            There is no such file, it is damaged or something else, or a newer ovdiar wrote it.
        """
        return cls(**prepared_file.loads(prepared_file.content_of(file), str(file)))

    def window_speakers(self) -> WindowSpeakers:
        """Return the window speakers, ready to be clustered."""
        return WindowSpeakers(self.embeddings, self.active.data, self.trees, self._row_source)

    def _row_source(self) -> RowSource:
        return RowSource(self.embeddings, self.active, self.pieces, self.piece_embeddings)


def _rounded(scores: NDArray[Any]) -> NDArray[Any]:
    """Round scores (C, F, S) to `LEVELS`, in parts; hard ones are as they are."""
    rounded, levels = scores, np.float32(LEVELS)
    for here in slices(len(scores), SCORED_WINDOWS_AT_ONCE):
        part = np.rint(scores[here] * levels) / levels
        if rounded is scores and not np.array_equal(part, scores[here]):
            rounded = scores.copy()
        if rounded is not scores:
            rounded[here] = part
    return rounded


def _halved(values: NDArray[Any]) -> NDArray[Any]:
    """Round to half precision, unless a value is too large for it."""
    with np.errstate(over="ignore"):
        halves = values.astype(np.float16)
    fits = np.array_equal(np.isfinite(halves), np.isfinite(values))
    return halves.astype(np.float32) if fits else values
