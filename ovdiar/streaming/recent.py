"""The windows that cover what is not final yet, and what they say of each frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.counting import rounded
from ovdiar.overlap_add import OverlapAdd

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass
class LiveWindow:
    """A scored window: its first frame ``start``, ``scores`` (F, S) and ``active`` (F, S)."""

    start: int
    scores: NDArray[Any]
    active: NDArray[np.bool_]

    @property
    def end(self) -> int:
        """The frame after the last."""
        return self.start + len(self.active)


@dataclass(frozen=True, eq=False)
class View:
    """Some windows at once: first frames ``starts`` (C,), counted from frame ``first``.

    ``active`` (C, F, S) is False beyond the end of a shorter window.
    """

    windows: list[LiveWindow]
    first: int
    starts: NDArray[np.int64]
    active: NDArray[np.bool_]

    @classmethod
    def of(cls, windows: list[LiveWindow]) -> View:
        """Look at one window at least, in order of time."""
        first = windows[0].start
        starts = np.array([each.start - first for each in windows])
        length = max(len(each.active) for each in windows)
        active = np.zeros((len(windows), length, windows[0].active.shape[1]), dtype=bool)
        for row, each in zip(active, windows, strict=True):
            row[: len(each.active)] = each.active
        return cls(windows, first, starts, active)

    def count(self, first: int, last: int) -> NDArray[np.uint8]:
        """Average the number of speakers of some frames, rounded: (n, 1)."""
        sums = _sums(1, last - first)
        for each in self.windows:
            speaking = each.active[max(first - each.start, 0) :].sum(axis=1, keepdims=True)
            sums.add(max(each.start - first, 0), speaking[: last - max(each.start, first)])
        return rounded(sums.take(last - first, missing=0.0))

    def activations(
        self, columns: NDArray[np.int64], count: int, first: int, last: int
    ) -> NDArray[np.float32]:
        """Average the scores of some frames by column: (n, count).

        ``columns`` (C, F, S) has the column of each window speaker's frames, -1 for none; the
        largest score counts where a window has two of one column.
        """
        sums = _sums(count, last - first)
        for each, own in zip(self.windows, columns, strict=True):
            here = slice(max(first - each.start, 0), last - each.start)
            scores, place = each.scores[here], own[: len(each.scores)][here]
            values = np.zeros((len(scores), count), np.float32)
            for speaker in np.flatnonzero((place >= 0).any(axis=0)):
                known = np.flatnonzero(place[:, speaker] >= 0)
                at = known, place[known, speaker]
                values[at] = np.maximum(values[at], scores[known, speaker])
            sums.add(max(each.start - first, 0), values)
        return sums.take(last - first, missing=0.0)


def _sums(columns: int, frames: int) -> OverlapAdd:
    return OverlapAdd(columns, np.ones((frames, 1)), frames)


@dataclass
class Recent:
    """The windows that cover frames which are not final yet."""

    windows: list[LiveWindow] = field(default_factory=list)

    def add(self, window: LiveWindow) -> None:
        """Add the next window; one from the same frame, at the start of a stream, is replaced."""
        if self.windows and self.windows[-1].start == window.start:
            self.windows.pop()
        self.windows.append(window)

    def drop(self, until: int) -> None:
        """Forget the windows that cover no frame from ``until`` on, but for the last."""
        kept = [each for each in self.windows[:-1] if each.end > until]
        self.windows = [*kept, *self.windows[-1:]]
