"""Audio files decoded by soundfile, and by ffmpeg from where soundfile ends too early."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.audio.ffmpeg import FfmpegSource
from ovdiar.audio.shortfall import DAMAGED, INCOMPLETE
from ovdiar.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar.audio.sound_file import FileSource
    from ovdiar.notices import Notice

SKIPPED = 2**16
"""Samples decoded at once that soundfile has decoded already."""


class ContinuedSource:
    """A file that soundfile decodes, part after part where files were joined.

    Where soundfile fails, or the next part has another rate, ffmpeg takes over, if it is on PATH
    and decodes more. Its samples get the rate and the channels of the first part.

    Parameters
    ----------
    first
        The file, decoded by soundfile.
    path
        Returns the path of the file for ffmpeg.
    stack
        Closes the decoders.
    """

    def __init__(self, first: FileSource, path: Callable[[], Path], stack: ExitStack) -> None:
        self.name, self.rate, self.channels = first.name, first.rate, first.channels
        self.tracks, self.length = first.tracks, first.length
        self.by_ffmpeg = False
        self._part, self._path, self._stack = first, path, stack
        stack.callback(first.close)
        self._second: FfmpegSource | None = None
        self._heard, self._finished = 0, False

    @property
    def notices(self) -> Sequence[Notice]:
        """Notices of omitted audio; complete once everything has been read."""
        known = {notice.code for notice in self._part.notices}
        more = [] if self._second is None else self._second.notices
        if INCOMPLETE in known:  # both decoders say it, each with its own reason
            more = [notice for notice in more if notice.code not in (INCOMPLETE, DAMAGED)]
        return [*self._part.notices, *more]

    def read(self, count: int) -> NDArray[np.float32]:
        """Decode up to ``count`` samples, (samples, channels); an empty array at the end."""
        block = np.empty((0, self.channels), np.float32)
        while not (len(block) or self._finished):
            block = (self._second or self._part).read(count)
            self._heard += len(block)
            if not len(block) and not self._continue():
                self._finished = True
                self._part.finish(self._heard)
        return block

    def _continue(self) -> bool:
        """Go on with the next part, or with ffmpeg; return whether there is more."""
        if self._second is not None or not self._part.continues:
            return False
        following = self._part.following()
        if following is not None:
            self._stack.callback(following.close)
            self._part = following
            return True
        with ExitStack() as stack:
            self.by_ffmpeg = True
            try:
                second = FfmpegSource(
                    self._path(), self.name, self._part.reason, stack, given=self._part
                )
            except AudioError:
                return False
            skipped = 0
            while skipped < self._heard:
                block = second.read(min(SKIPPED, self._heard - skipped))
                if not len(block):
                    return False
                skipped += len(block)
            self._second = second
            self._stack.push(stack.pop_all())
        return True
