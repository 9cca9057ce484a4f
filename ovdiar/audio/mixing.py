"""Channels to one, and what a listener of the result would miss."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import numpy as np

from ovdiar.errors import AudioError
from ovdiar.notices import Notice

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.audio.selection import Selection
    from ovdiar.audio.source import Source

LOUDEST = 1e10
"""Largest sample: above any scale of integers, and its power still fits into float32."""
CANCELLED = 1e-4
"""Power of the mean of channels, relative to theirs, below which they cancel each other: -40 dB."""
SILENT = 1e-4
"""Largest sample of a silent track: -80 dBFS."""


class Heard:
    """Mono samples of a recording: one channel of it, or the mean of all.

    Parameters
    ----------
    source
        The recording.
    selection
        The channel, and the track that was asked for.

    Attributes
    ----------
    samples
        Number of samples so far.
    notices
        Notices about channels and tracks; complete after `finish`.
    """

    def __init__(self, source: Source, selection: Selection) -> None:
        self._source, self._selection = source, selection
        self.samples = 0
        self.notices: list[Notice] = []
        self._mixed, self._separate, self._peak = 0.0, 0.0, 0.0

    def mix(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mono samples (n,) of a block (n, channels).

        Raises
        ------
        AudioError
            If a sample is not a finite number, or too large.
        """
        rows = np.ascontiguousarray(block.T)  # four times as fast as averaging short rows
        channel = self._selection.channel
        with np.errstate(over="ignore", invalid="ignore"):
            mono: NDArray[np.float32] = rows.mean(axis=0) if channel is None else rows[channel]
        peak = max(float(mono.max()), -float(mono.min())) if len(mono) else 0.0
        if not peak <= LOUDEST:  # also what is not a number
            self._refuse(mono)
        self._peak = max(self._peak, peak)
        self.samples += len(mono)
        if channel is None and len(rows) > 1:
            self._mixed += float(np.vdot(mono, mono))
            with np.errstate(over="ignore", invalid="ignore"):
                self._separate += float(np.vdot(rows, rows)) / len(rows)
        return mono

    def _refuse(self, mono: NDArray[np.float32]) -> NoReturn:
        first = int(np.argmin(np.abs(mono) <= LOUDEST))
        time_s = (self.samples + first) / self._source.rate
        if np.isfinite(mono[first]):
            raise AudioError(
                f"{self._source.name}: the sample at {time_s:.3f} s is {mono[first]:g}, and full "
                f"scale is 1: scale the recording (the limit is {LOUDEST:g})"
            )
        raise AudioError(
            f"{self._source.name}: the sample at {time_s:.3f} s is {mono[first]}, not a finite "
            "number: repair or re-encode the recording"
        )

    def finish(self) -> None:
        """Add the notices, at the end of the recording."""
        name, tracks = self._source.name, self._source.tracks
        if self._mixed < CANCELLED * self._separate:
            text = (
                f"{name}: its {self._source.channels} channels cancel each other in their mean: "
                "choose one (--channel 0)"
            )
            values = {"audio": name, "channels": self._source.channels}
            self.notices.append(Notice("channels-cancel", text, values))
        if tracks == 1:
            return
        track = self._selection.track or 0
        values = {"audio": name, "track": track, "tracks": tracks}
        if self._peak < SILENT:
            other = 1 if track == 0 else 0
            text = (
                f"{name}: audio track {track} of {tracks} (from 0) is silent: choose another "
                f"(--track {other})"
            )
            self.notices.append(Notice("silent-track", text, values))
        elif self._selection.track is None:
            text = (
                f"{name}: the first of {tracks} audio tracks was read: choose with --track 0 to "
                f"{tracks - 1}"
            )
            self.notices.append(Notice("other-tracks", text, values))
