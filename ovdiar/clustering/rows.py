"""Rows for clustering by corrected similarity: window speakers, or pieces embedded once.

Either way the segmentation links some pairs of rows: two speakers of a window are held apart, and
one speaker continues from a window to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import alone_in
from ovdiar.clustering.attenuation import Links, Rows
from ovdiar.pieces import shares_of_windows
from ovdiar.windows import output_grid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from ovdiar.frames import WindowedFrames
    from ovdiar.pieces import Pieces, Share

LEAST_S = 0.3
"""Least clean speech of a window speaker for a row, unless no speaker has so much."""
LEAST_COMMON_S = 1.0
"""Least common speech of two windows for their speakers to be one."""


class RowSource:
    """Where rows and links come from: pieces, where there are some, else window speakers.

    Parameters
    ----------
    embeddings : (C, S, D) of window speakers
    active : (C, F, S) bool
    pieces, piece_embeddings : P pieces and their embeddings (P, D)
    """

    def __init__(
        self,
        embeddings: NDArray[Any],
        active: WindowedFrames,
        pieces: Pieces | None = None,
        piece_embeddings: NDArray[Any] | None = None,
    ) -> None:
        self._active, self._pieces = active, pieces
        if pieces is not None and piece_embeddings is not None and len(pieces):
            self.rows = piece_rows(piece_embeddings, pieces, active.frames.step_s)
        else:
            self._pieces = None
            self.rows, self._places = window_rows(embeddings, active)

    def links(self) -> Links:
        """Link the rows."""
        if self._pieces is not None:
            return piece_links(self._pieces, self._active)
        return window_links(self._places, self._active)


def window_rows(
    embeddings: NDArray[Any], active: WindowedFrames
) -> tuple[Rows, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Make rows of window speakers (C, S, D), and return their windows and speakers too."""
    seconds = alone_in(active.data).sum(axis=1) * active.frames.step_s
    usable = np.isfinite(embeddings).all(axis=2) & active.data.any(axis=1)
    chosen = usable & (seconds >= LEAST_S)
    window, speaker = np.nonzero(chosen if chosen.any() else usable)
    first = window * active.windows.step
    rows = Rows(
        embeddings=embeddings[window, speaker],
        seconds=seconds[window, speaker].astype(np.float64),
        spans=np.column_stack([first, first + active.windows.width]),
        share=min(1.0, active.windows.step / active.windows.width),
    )
    return rows, (window, speaker)


def window_links(
    places: tuple[NDArray[np.int64], NDArray[np.int64]], active: WindowedFrames
) -> Links:
    """Link rows of window speakers; ``places`` are their windows and speakers."""
    numbers = np.full((len(active), active.data.shape[2]), -1)
    numbers[places] = np.arange(len(places[0]))
    return Links(same=_same_speakers(numbers, active), apart=_side_by_side(numbers))


def _side_by_side(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pair the rows (C, S) of each window: (M, 2)."""
    one, two = np.triu_indices(numbers.shape[1], 1)
    pairs = np.stack([numbers[:, one], numbers[:, two]], axis=2).reshape(-1, 2)
    return pairs[(pairs >= 0).all(axis=1)]


def _same_speakers(numbers: NDArray[np.int64], active: WindowedFrames) -> NDArray[np.int64]:
    """Follow speakers from window to window, and pair the rows that share no audio: (M, 2)."""
    _, _, starts = output_grid(active)
    tracks = _tracks(active.data, starts, LEAST_COMMON_S / active.frames.step_s)
    gap = -(-active.windows.width // active.windows.step)
    early, late = numbers[:-gap, :, np.newaxis], numbers[gap:, np.newaxis]
    alike = tracks[:-gap, :, np.newaxis] == tracks[gap:, np.newaxis]
    window, one, two = np.nonzero(alike & (early >= 0) & (late >= 0))
    return np.column_stack([numbers[window, one], numbers[window + gap, two]])


def _tracks(
    active: NDArray[np.bool_], starts: NDArray[np.int64], least_common: float
) -> NDArray[np.int64]:
    """Give speakers numbers (C, S), which are kept where one continues in the next window."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    tracks = np.arange(active.shape[0] * active.shape[2]).reshape(-1, active.shape[2])
    for window in range(1, len(active)):
        before = active[window - 1, starts[window] - starts[window - 1] :].astype(np.float32)
        common = before.T @ active[window, : len(before)].astype(np.float32)
        for old, new in zip(*linear_sum_assignment(common, maximize=True), strict=True):
            if common[old, new] >= least_common:
                tracks[window, new] = tracks[window - 1, old]
    return tracks


def piece_rows(embeddings: NDArray[Any], pieces: Pieces, frame_s: float) -> Rows:
    """Make rows of pieces (P, D)."""
    return Rows(
        embeddings=embeddings,
        seconds=pieces.frames().astype(np.float64) * frame_s,
        spans=pieces.spans(),
        share=1.0,
    )


def piece_links(pieces: Pieces, active: WindowedFrames) -> Links:
    """Link rows of pieces by the votes of the windows that hold them."""
    _, _, starts = output_grid(active)
    return vote_on_links(shares_of_windows(pieces, active.data, starts), pieces.frames())


def vote_on_links(shares: Iterable[Share], frames: NDArray[np.int64]) -> Links:
    """Link pieces of so many ``frames`` (P,) by the votes of windows."""
    votes: dict[tuple[int, int], int] = {}
    held: dict[int, tuple[int, int]] = {}
    window = 0
    for at, speaker, numbers, counts in shares:
        if at != window:
            _vote(held, frames, votes)
            window, held = at, {}
        for piece, share in zip(numbers.tolist(), counts.tolist(), strict=True):
            if share > held.get(piece, (0, 0))[0]:
                held[piece] = share, speaker
    _vote(held, frames, votes)
    pairs = np.array(list(votes), dtype=np.int64).reshape(-1, 2)
    balance = np.array(list(votes.values()), dtype=np.int64)
    return Links(same=pairs[balance > 0], apart=pairs[balance < 0])


def _vote(
    held: dict[int, tuple[int, int]],
    frames: NDArray[np.int64],
    votes: dict[tuple[int, int], int],
) -> None:
    """Add a window's vote on every two of its pieces: of one speaker, or of two."""
    known = sorted(p for p, (share, _) in held.items() if share > 0.5 * frames[p])
    for number, one in enumerate(known):
        for two in known[number + 1 :]:
            same = held[one][1] == held[two][1]
            votes[one, two] = votes.get((one, two), 0) + (1 if same else -1)
