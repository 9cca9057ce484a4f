"""Files that soundfile reads, held to what their headers announce."""

from __future__ import annotations

import os
import warnings
from typing import IO, TYPE_CHECKING, Any

from ovdiar.audio.source import checked_rate
from ovdiar.audio.virtual_file import ENDLESS_BYTES, open_sound
from ovdiar.errors import AudioError, OvdiarWarning

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNKNOWN_LENGTH = 2**63 - 1
"""What libsndfile announces where a header does not say how long a recording is, in samples."""

MP3_SLACK = 2 * 1152
"""How much less than its header says an MP3 may hold, in samples: encoders count frames freely."""

TAG_SHARE = 0.1
"""How much may follow the sound, as a share of it: texts and pictures, seldom sound."""

TAG_BYTES = 2**20
"""The same for what is no MP3, whose length comes from no estimate, in bytes."""

HEADER_BYTES = 4096
"""A file of more bytes and no samples has lost its length: a recorder was stopped, or a pipe."""


class LostLengthError(Exception):
    """A header that announces no samples, where many bytes follow it."""

    error_string = "its header announces no samples"


class FileSource:
    """A file that soundfile reads, its end compared with what its header announced.

    A WAV file holds 4 GiB at most; what recorders write beyond, its header cannot announce.

    An MP3 without a table of contents (Xing) is as long as it turns out to be: libsndfile guesses
    from its first frame, and would cut one of variable bit rate at that guess.

    Raises
    ------
    soundfile.LibsndfileError : at once, when the file is of no kind that soundfile knows
    LostLengthError : at once, when its header announces no samples, and many bytes follow it
    AudioError : while reading, when it is damaged, cut off, or shrinks
    """

    def __init__(self, file: IO[bytes], name: str, soundfile: Any) -> None:
        self.name, self._damage = name, soundfile.LibsndfileError
        sound, claim = open_sound(file, soundfile)
        if not sound.frames and _bytes_in(file) > HEADER_BYTES:
            sound.close()
            raise LostLengthError
        known = claim != ENDLESS_BYTES and sound.frames != UNKNOWN_LENGTH
        self.length: int | None = sound.frames if known else None
        mp3 = sound.subtype == "MPEG_LAYER_III"  # of its own, or in a WAV file
        self._slack, self._tag_bytes = (MP3_SLACK, 0) if mp3 else (0, TAG_BYTES)
        # soundfile would seek to where it is after every read, which blurs MP3 frames
        sound.seekable = lambda: False
        self._sound, self._file, self._taken = sound, file, 0
        self.rate, self.channels = checked_rate(sound.samplerate, name), sound.channels

    def close(self) -> None:
        """Let go of the decoder; the file stays open."""
        self._sound.close()

    def read(self, count: int) -> NDArray[np.float32]:
        """Decode up to ``count`` samples: (samples, channels), none of them at the end."""
        try:
            block: NDArray[np.float32] = self._sound.read(count, dtype="float32", always_2d=True)
        except self._damage as error:
            raise AudioError(
                f"{self.name}: damaged after {self._taken / self.rate:.3f} s "
                f"({error.error_string.rstrip('.')}): copy or record it again"
            ) from None
        self._taken += len(block)
        if not len(block):
            self._check_end()
        return block

    def _check_end(self) -> None:
        if self.length is None:
            return
        taken_s, length_s = self._taken / self.rate, self.length / self.rate
        if self._taken + self._slack < self.length:
            raise AudioError(
                f"{self.name}: ends after {taken_s:.3f} s, where its header announces "
                f"{length_s:.3f} s: copy or record it again"
            )
        read = self._file.tell()
        unread = _bytes_in(self._file) - read
        if unread > max(self._tag_bytes, TAG_SHARE * read):
            warnings.warn(
                f"{self.name}: {unread} bytes follow the {length_s:.3f} s that its header "
                "announces, and were not read: re-encode it to read all",
                OvdiarWarning,
                stacklevel=2,
            )


def _bytes_in(file: IO[bytes]) -> int:
    """Return a file's size, and leave it at its end."""
    file.seek(0, os.SEEK_END)
    return file.tell()
