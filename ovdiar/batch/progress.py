"""Progress of a whole archive on a terminal: recordings, hours of audio, speed, time left."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from ovdiar.batch.outcome import FAILED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from typing_extensions import Self

    from ovdiar.batch.job import Job
    from ovdiar.batch.outcome import Row

BAR = "{percentage:3.0f}%|{bar:30}| {desc}"
SHORTEST_S = 1.0
"""What a recording counts for at least, whose size says little."""


class ArchiveProgress:
    """Draws a bar on standard error, if it is a terminal; called with each row.

    The share that is done is one of the lengths, as stated or guessed from sizes.

    Parameters
    ----------
    jobs : the recordings of the run
    disable : whether to draw nothing; by default nothing is drawn unless standard error is a
        terminal
    clock : a monotonic clock, s
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        *,
        disable: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        lengths = [_weight(job) for job in jobs]
        self._most, self._total = len(lengths), math.fsum(lengths)
        self._disable, self._clock = disable, clock
        self._recordings = self._failed = 0
        self._done = self._audio_s = 0.0
        self._began = clock()
        self._bar: Any = None

    def __enter__(self) -> Self:
        """Draw an empty bar."""
        from tqdm import tqdm  # noqa: PLC0415 - only needed to draw bars

        self._bar = tqdm(total=1.0, bar_format=BAR, disable=self._disable)
        self._bar.set_description_str(self.text())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar as it is."""
        self._bar.close()

    def __call__(self, row: Row, job: Job) -> None:
        """Count a recording."""
        self._recordings += 1
        self._failed += row["status"] == FAILED
        self._done += _weight(job)
        self._audio_s += row.get("duration_s") or 0.0
        if self._bar is not None:
            self._bar.set_description_str(self.text(), refresh=False)
            self._bar.update(min(1.0, self.share) - self._bar.n)

    @property
    def share(self) -> float:
        """The share of the work that is done, 0 to 1."""
        return self._done / self._total if self._total else 1.0

    def text(self) -> str:
        """Say how far the run is."""
        spent_s = max(self._clock() - self._began, 1e-3)
        parts = [f"{self._recordings}/{self._most} recordings"]
        if self._recordings:
            left_s = spent_s * (1 - self.share) / self.share
            parts += [
                f"{self._audio_s / 3600:.1f} h of audio",
                f"{self._audio_s / spent_s:.0f} x real time",
                f"{in_hours(left_s)} left",
            ]
        if self._failed:
            parts.append(f"{self._failed} failed")
        return ", ".join(parts)


def in_hours(seconds: float) -> str:
    """Write a time as hours, minutes and seconds."""
    whole = math.ceil(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _weight(job: Job) -> float:
    return max(job.expected_s, SHORTEST_S)
