"""From scores to turns: powerset classes, hysteresis, minimum durations.

Sources: pyannote.audio ``utils.powerset``, ``utils.signal.binarize`` and ``utils.signal.Binarize``.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.annotation import Annotation, Turn
from ovdiar.frames import Frames
from ovdiar.labels import letters
from ovdiar.segment import SHORTEST_S, Segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray


def powerset_mapping(speakers: int, largest_set: int) -> NDArray[np.float32]:
    """List the classes of a powerset model: (classes, speakers), 1 where a class holds a speaker.

    Classes come by the size of their set, then lexicographically: for three speakers and at most
    two at once: none, 0, 1, 2, 01, 02, 12.
    """
    sets = [s for size in range(largest_set + 1) for s in combinations(range(speakers), size)]
    mapping = np.zeros((len(sets), speakers), dtype=np.float32)
    for row, members in enumerate(sets):
        mapping[row, list(members)] = 1.0
    return mapping


def powerset_to_speakers(
    log_probabilities: NDArray[np.float32], mapping: NDArray[np.float32], *, soft: bool = False
) -> NDArray[np.float32]:
    """Convert log-probabilities (..., classes) to speakers (..., speakers).

    Hard (pyannote's choice): 1 for the members of the likeliest class, the first of equals. Soft:
    each speaker's probability, summed over the classes that hold the speaker.
    """
    if soft:
        chances: NDArray[np.float32] = np.exp(log_probabilities) @ mapping
        return chances
    hard: NDArray[np.float32] = mapping[np.argmax(log_probabilities, axis=-1)]
    return hard


def binarize(
    scores: NDArray[Any], onset: float, offset: float | None = None, *, initial: bool = False
) -> NDArray[np.bool_]:
    """Decide frame by frame with hysteresis, along axis 1 of (C, F, S) or any (rows, F, ...).

    Above ``onset`` is on, below ``offset`` (by default the onset) is off, both strictly; anything
    else stays as it was, or ``initial`` before the first clear frame. Above both is on. NaN is 0.
    """
    scores = np.nan_to_num(scores, nan=0.0)
    rises = scores > onset
    falls = scores < (onset if offset is None else offset)
    clear = rises | falls
    frame = np.arange(scores.shape[1]).reshape(1, -1, *[1] * (scores.ndim - 2))
    last_clear = np.maximum.accumulate(np.where(clear, frame, -1), axis=1)
    states = np.take_along_axis(rises, np.maximum(last_clear, 0), axis=1)
    return np.where(last_clear < 0, initial, states)


def speakers_active(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which speakers are active in a window at all: (C, F, S) bool -> (C, S) bool.

    Speaker by speaker, since NumPy reduces a middle axis ten times more slowly.
    """
    found = np.empty(active.shape[::2], dtype=bool)
    for speaker in range(active.shape[2]):
        active[:, :, speaker].any(axis=1, out=found[:, speaker])
    return found


def alone_in(active: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a speaker is the only active one: (C, F, S) bool -> (C, F, S) bool."""
    alone: NDArray[np.bool_] = active & (active.sum(axis=2, keepdims=True, dtype=np.uint8) == 1)
    return alone


def switch(scores: NDArray[Any], onset: float, offset: float) -> NDArray[np.bool_]:
    """Decide frame by frame with hysteresis as pyannote's ``Binarize``: (T, K) -> (T, K) bool.

    While off, a score above ``onset`` turns on; while on, one below ``offset`` turns off. This
    differs from `binarize` where the offset lies above the onset (as some published presets have
    it): a score between the two then alternates. NaN keeps the state.
    """
    rises, falls = scores > onset, scores < offset
    alternating = rises & falls
    frame = np.arange(len(scores))[:, np.newaxis]
    last_clear = np.maximum.accumulate(np.where(rises ^ falls, frame, -1), axis=0)
    known = np.maximum(last_clear, 0)
    settled: NDArray[np.bool_] = np.take_along_axis(rises & ~falls, known, axis=0)
    switches = np.cumsum(alternating, axis=0)
    before = np.where(last_clear < 0, 0, np.take_along_axis(switches, known, axis=0))
    odd = np.asarray((switches - before) % 2 == 1)
    states: NDArray[np.bool_] = (settled & (last_clear >= 0)) ^ odd
    return states


@dataclass(frozen=True, eq=False)
class SpeakerTurns:
    """Turns of speakers that are still columns of frames.

    ``columns`` (N,), ``starts_s`` and ``ends_s`` (N,), sorted by column, then time; ``joined``
    says whether gaps were filled.
    """

    columns: NDArray[np.int64]
    starts_s: NDArray[np.float64]
    ends_s: NDArray[np.float64]
    joined: bool = False

    def __len__(self) -> int:
        """Count the turns."""
        return len(self.columns)

    @property
    def durations_s(self) -> NDArray[np.float64]:
        """Durations (N,), s."""
        return self.ends_s - self.starts_s

    def speakers(self) -> NDArray[np.int64]:
        """List the columns that have turns."""
        return np.unique(self.columns)

    def to_annotation(
        self,
        labels: Sequence[str] | Mapping[int, str],
        uri: str | None = None,
        *,
        ranks: Mapping[int, str] | None = None,
        confidences: NDArray[np.float64] | None = None,
    ) -> Annotation:
        """Name the speakers.

        Tracks are column numbers, or where gaps were filled the letters that pyannote.core's
        ``support`` gives them, by speaker and time; speakers are in the order of their labels, or
        of other ``ranks``.
        """
        ranked = labels if ranks is None else ranks
        tracks = [str(column) for column in self.columns]
        if self.joined:
            order = np.argsort([str(ranked[column]) for column in self.columns], kind="stable")
            for index, turn in enumerate(order):
                tracks[turn] = letters(index)
        rated = [None] * len(self) if confidences is None else confidences.tolist()
        rows = zip(
            self.columns, self.starts_s.tolist(), self.ends_s.tolist(), tracks, rated, strict=True
        )
        return Annotation(
            tuple(
                Turn(Segment(start, end), labels[column], track, confidence)
                for column, start, end, track, confidence in rows
            ),
            uri,
        )


def to_annotation(
    scores: Frames,
    *,
    onset: float = 0.5,
    offset: float | None = None,
    min_duration_on: float = 0.0,
    min_duration_off: float = 0.0,
    end_s: float | None = None,
    labels: Sequence[str] | None = None,
    uri: str | None = None,
) -> Annotation:
    """Turn score columns (T, K) into turns, with hysteresis (see `switch` and `speaker_turns`).

    The ``offset`` defaults to the onset, and labels to the column numbers.
    """
    active = np.empty_like(scores.data, dtype=bool)
    for k in range(active.shape[1]):  # one by one: switching takes 50 bytes a score
        column = scores.data[:, k : k + 1]
        active[:, k : k + 1] = switch(column, onset, onset if offset is None else offset)
    turns = speaker_turns(
        Frames(active, scores.grid),
        min_duration_on=min_duration_on,
        min_duration_off=min_duration_off,
        end_s=end_s,
    )
    names = [str(k) for k in range(active.shape[1])] if labels is None else labels
    return turns.to_annotation(names, uri)


def speaker_turns(
    active: Frames,
    *,
    min_duration_on: float = 0.0,
    min_duration_off: float = 0.0,
    end_s: float | None = None,
) -> SpeakerTurns:
    """Turn binary frames (T, K) into turns that start and end at the centres of frames.

    A turn starts at its first active frame and ends at the first inactive one (or the last frame
    of all). Gaps shorter than ``min_duration_off`` (s) are filled first, then turns shorter than
    ``min_duration_on`` (s) are dropped, both strictly. No turn reaches beyond ``end_s``, the
    recording's end: windows are padded, so that frames may lie behind it.
    """
    times_s = active.grid.centres_s(len(active))
    found = []
    for k in range(active.data.shape[1]):
        first, last = runs(active.data[:, k])
        starts_s, ends_s = times_s[first], times_s[last]
        kept = ends_s - starts_s > SHORTEST_S
        starts_s, ends_s = starts_s[kept], ends_s[kept]
        if min_duration_off > 0 and len(starts_s):
            gaps_s = starts_s[1:] - ends_s[:-1]
            apart = (gaps_s > SHORTEST_S) & (gaps_s >= min_duration_off)
            starts_s = starts_s[np.append(True, apart)]
            ends_s = ends_s[np.append(apart, True)]
        long = ends_s - starts_s >= min_duration_on
        if end_s is not None:
            ends_s = np.minimum(ends_s, end_s)
            long &= ends_s - starts_s > SHORTEST_S
        found.append((np.full(long.sum(), k), starts_s[long], ends_s[long]))
    columns, starts_s, ends_s = (
        np.concatenate(parts) if parts else np.zeros(0)
        for parts in (zip(*found, strict=True) if found else ((), (), ()))
    )
    return SpeakerTurns(columns.astype(np.int64), starts_s, ends_s, min_duration_off > 0)


def runs(on: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the runs of True: first frames on, and first frames off (or the last frame of all)."""
    edges = np.flatnonzero(np.diff(on.astype(np.int8), prepend=0, append=0)).reshape(-1, 2)
    return edges[:, 0], np.minimum(edges[:, 1], len(on) - 1)
