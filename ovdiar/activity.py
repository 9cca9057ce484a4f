"""From scores to speech: powerset classes, hysteresis, minimum durations, frames to turns.

Sources: pyannote.audio ``utils.powerset``, ``utils.signal.binarize`` and ``utils.signal.Binarize``.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.annotation import Annotation, Turn
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ovdiar.frames import Frames


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


def to_annotation(
    scores: Frames,
    *,
    onset: float = 0.5,
    offset: float | None = None,
    min_duration_on: float = 0.0,
    min_duration_off: float = 0.0,
    labels: Sequence[str] | None = None,
    uri: str | None = None,
) -> Annotation:
    """Turn score columns (T, K) into turns that begin and end at the centres of frames.

    A turn starts at its first frame that is on and ends at the first that is off (or at the last
    frame of all). Gaps shorter than ``min_duration_off`` (s) are filled first, then turns shorter
    than ``min_duration_on`` (s) are dropped, both strictly. An ``offset`` of 0 or None means the
    onset, as in pyannote. Labels default to the column numbers.
    """
    times = scores.grid.centres_s(len(scores))
    names = [str(k) for k in range(scores.data.shape[1])] if labels is None else labels
    turns = [
        Turn(Segment(float(times[start]), float(times[end])), name, str(k))
        for k, name in enumerate(names)  # one by one: switching takes 50 bytes a score
        for start, end in runs(switch(scores.data[:, k : k + 1], onset, offset or onset)[:, 0])
    ]
    annotation = Annotation(tuple(turns), uri)
    if min_duration_off > 0:
        annotation = annotation.support(min_duration_off)
    if min_duration_on > 0:
        kept = (t for t in annotation.turns if t.segment.duration >= min_duration_on)
        annotation = replace(annotation, turns=tuple(kept))
    return annotation


def runs(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """List the runs of True as (first frame on, first frame off, or the last frame)."""
    edges = np.flatnonzero(np.diff(on.astype(np.int8), prepend=0, append=0))
    return [(int(a), min(int(b), len(on) - 1)) for a, b in edges.reshape(-1, 2)]
