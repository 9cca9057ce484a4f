"""Pieces of clean speech, each embedded once.

Overlapping windows hold the same speech several times. Here the clean speech of the recording is
cut into pieces where the speaker changes; each piece is embedded once, and the embedding of a
window speaker is the mean of the pieces in its clean frames. What that costs and gains:
docs/studies/corrected-similarity.md.

Frames are those of the output grid (`ovdiar.windows.output_grid`); ``starts`` (C,) are the windows'
first frames, and ``active`` (C, F, S) is the binarized segmentation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.activity import alone_in
from ovdiar.windows import output_grid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from ovdiar.frames import FrameGrid, WindowedFrames

NEIGHBOURS = 6
"""Most frames of pause or overlap between two single speakers for one change."""
SPREAD = 7
"""Frames over which the votes of windows for one change are summed."""
LONGEST_S, PAUSE_S, LEAST_S = 3.0, 2.0, 0.1
"""Speech of a piece at most and at least, and the longest pause within it, s."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of clean speech: piece ``owner[n]`` (R,) holds the frames of ``runs[n]`` (R, 2)."""

    runs: NDArray[np.int64]
    owner: NDArray[np.int64]

    def __len__(self) -> int:
        """Count the pieces."""
        return int(self.owner[-1]) + 1 if len(self.owner) else 0

    def frames(self) -> NDArray[np.int64]:
        """Count the frames of each piece (P,)."""
        return np.bincount(self.owner, np.diff(self.runs)[:, 0], len(self)).astype(np.int64)

    def spans(self) -> NDArray[np.int64]:
        """Return each piece's first frame and the one after its last (P, 2)."""
        edges = np.searchsorted(self.owner, np.arange(len(self) + 1))
        return np.column_stack([self.runs[edges[:-1], 0], self.runs[edges[1:] - 1, 1]])

    def of_frames(self, total: int) -> NDArray[np.int64]:
        """Return the piece of each frame (T,), -1 for none."""
        owners = np.full(total, -1, dtype=np.int64)
        for (first, last), piece in zip(self.runs, self.owner, strict=True):
            owners[first:last] = piece
        return owners


def sole_speakers(active: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return the only active speaker of each frame: (C, F, S) -> (C, F), -1 for none or several."""
    alone = alone_in(active)
    speakers = np.full(active.shape[:2], -1, dtype=np.int8)
    for speaker in range(active.shape[2]):
        speakers[alone[:, :, speaker]] = speaker
    return speakers


def clean_runs(
    active: NDArray[np.bool_], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Find runs of clean speech (R, 2), and whether the next has the same speaker (R - 1,).

    In a run, the windows' mean number of speakers rounds to one. It is cut where at least half of
    the windows change from one speaker to another.
    """
    alone, count = sole_speakers(active), active.sum(axis=2, dtype=np.uint8)
    length, total = active.shape[1], int(starts[-1]) + active.shape[1]
    speakers, changes, windows = np.zeros((3, total + 1))
    for start, number, who in zip(starts, count, alone, strict=True):
        here = slice(start, start + length)
        speakers[here] += number
        windows[here] += 1
        known = np.flatnonzero(who >= 0)
        near = np.diff(known) <= NEIGHBOURS
        changed = who[known[1:]] != who[known[:-1]]
        np.add.at(changes, start + known[1:][near & changed], 1)
    single = np.rint(speakers / np.maximum(windows, 1)) == 1
    votes = np.convolve(changes, np.ones(SPREAD))[SPREAD // 2 :][: total + 1]
    split = votes >= 0.5 * np.maximum(windows, 1)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], single, [False]]).astype(np.int8)))
    runs = [
        part
        for first, last in edges.reshape(-1, 2)
        for part in _split(int(first), int(last), votes, split)
    ]
    found = np.array(runs, dtype=np.int64).reshape(-1, 2)
    return found, _continues(found, alone, starts)


def _split(
    first: int, last: int, votes: NDArray[np.float64], split: NDArray[np.bool_]
) -> Iterator[tuple[int, int]]:
    """Cut a run once in each stretch with enough votes, in the middle of their maximum."""
    inner = np.concatenate([[False], split[first + 1 : last], [False]])
    edges = np.flatnonzero(np.diff(inner.astype(np.int8))).reshape(-1, 2) + first + 1
    middles = (a + np.flatnonzero(votes[a:b] == votes[a:b].max()) for a, b in edges)
    cuts = [first, *(int(each[len(each) // 2]) for each in middles), last]
    yield from pairwise(cuts)


def _continues(
    runs: NDArray[np.int64], alone: NDArray[np.int8], starts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return for each run but the last whether most windows give it and the next to one speaker."""
    same = np.zeros((2, max(len(runs) - 1, 0)))
    for start, who in zip(starts, alone, strict=True):
        low = int(np.searchsorted(runs[:, 1], start, "right"))
        high = int(np.searchsorted(runs[:, 0], start + len(who), "left"))
        main = np.array([_main(who[max(a - start, 0) : b - start]) for a, b in runs[low:high]])
        both = (main[:-1] >= 0) & (main[1:] >= 0)
        at = low + np.flatnonzero(both)
        np.add.at(same[0], at, 1)
        np.add.at(same[1], at, main[:-1][both] == main[1:][both])
    agreed: NDArray[np.bool_] = (same[0] > 0) & (same[1] > 0.5 * same[0])
    return agreed


def _main(speakers: NDArray[np.int8]) -> int:
    """Return the most frequent speaker, -1 where there is none."""
    known = speakers[speakers >= 0]
    return int(np.bincount(known).argmax()) if len(known) else -1


def join_runs(
    runs: NDArray[np.int64], continues: NDArray[np.bool_], *, longest: int, pause: int, least: int
) -> Pieces:
    """Join runs of one speaker, with pauses of up to ``pause`` frames, to up to ``longest`` frames.

    Longer runs are cut into equal parts. Pieces of less than ``least`` frames are left out.
    """
    pieces: list[list[tuple[int, int]]] = []
    held = 0
    for number, (first, last) in enumerate(runs):
        parts = max(1, -(-(last - first) // longest))
        bounds = np.linspace(first, last, parts + 1).astype(np.int64)
        near = number > 0 and continues[number - 1] and first - runs[number - 1, 1] <= pause
        for part, (start, end) in enumerate(pairwise(bounds)):
            if pieces and (part or near) and held + end - start <= longest:
                pieces[-1].append((start, end))
                held += end - start
            else:
                pieces.append([(start, end)])
                held = end - start
    kept = [piece for piece in pieces if sum(end - start for start, end in piece) >= least]
    owner = [number for number, piece in enumerate(kept) for _ in piece]
    joined = [run for piece in kept for run in piece]
    return Pieces(np.array(joined, dtype=np.int64).reshape(-1, 2), np.array(owner, dtype=np.int64))


Share = tuple[int, int, "NDArray[np.int64]", "NDArray[np.int64]"]
"""Window, speaker, the pieces in the speaker's frames, and their numbers of frames there."""


def shares_of_windows(
    pieces: Pieces, active: NDArray[np.bool_], starts: NDArray[np.int64]
) -> Iterator[Share]:
    """Yield which pieces each window speaker holds.

    Frames are the clean ones, or all active ones where no piece lies in the clean ones.
    """
    length = active.shape[1]
    owners = pieces.of_frames(int(starts[-1]) + length)
    clean = alone_in(active)
    for window, start in enumerate(starts):
        here = owners[start : start + length]
        for speaker in range(active.shape[2]):
            for mask in (clean[window, :, speaker], active[window, :, speaker]):
                found = here[mask & (here >= 0)]
                if len(found):
                    numbers, frames = np.unique(found, return_counts=True)
                    yield window, speaker, numbers, frames
                    break


def spread_to_windows(
    embeddings: NDArray[Any],
    weights: NDArray[np.float64],
    pieces: Pieces,
    active: NDArray[np.bool_],
    starts: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Average the pieces of each window speaker: embeddings (P, D) -> (C, S, D), NaN for none.

    Embeddings are normalised first, and weigh by their frames and ``weights`` (P,).
    """
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    windows, _, speakers = active.shape
    spread = np.full((windows, speakers, embeddings.shape[1]), np.nan, dtype=np.float32)
    for window, speaker, numbers, frames in shares_of_windows(pieces, active, starts):
        shares = frames * weights[numbers]
        spread[window, speaker] = shares @ units[numbers] / shares.sum()
    return spread


def pieces_of(active: WindowedFrames) -> Pieces:
    """Cut the clean speech of a recording into pieces."""
    _, _, starts = output_grid(active)
    longest, pause, least = (
        round(seconds / active.frames.step_s) for seconds in (LONGEST_S, PAUSE_S, LEAST_S)
    )
    runs, continues = clean_runs(active.data, starts)
    return join_runs(runs, continues, longest=longest, pause=pause, least=least)


@dataclass(frozen=True, eq=False)
class Speech:
    """A stretch of a recording, samples (n,), of which ``runs`` (R, 2) are one speaker's."""

    samples: NDArray[np.float32]
    runs: NDArray[np.int64]

    def joined(self) -> NDArray[np.float32]:
        """Concatenate the runs."""
        return np.concatenate([self.samples[first:last] for first, last in self.runs])


def speech_of(
    pieces: Pieces, blocks: Iterable[NDArray[np.float32]], frames: FrameGrid, hop: int
) -> Iterator[Speech]:
    """Cut each piece out of blocks of a recording, in order.

    A frame stands for the samples within half a step of its centre. Stretches begin at multiples of
    ``hop`` and go on for half a frame's width, so that features which are computed every ``hop``
    samples are those of the whole recording. It is followed by silence.
    """
    margin = (frames.width - frames.step) // 2
    coming, held, start = iter(blocks), np.zeros(0, np.float32), 0
    borders = margin + frames.step * pieces.runs
    for piece in range(len(pieces)):
        own = borders[pieces.owner == piece]
        first, end = int(own[0, 0]) // hop * hop, int(own[-1, 1]) + frames.width // 2
        parts = [held]
        reached = start + len(held)
        while reached < end and (block := next(coming, None)) is not None:
            parts.append(block)
            reached += len(block)
        held = np.concatenate(parts)[first - start :]
        start = first
        stretch = held[: end - first]
        silence = np.zeros(end - first - len(stretch), np.float32)
        yield Speech(np.concatenate([stretch, silence]), own - first)
