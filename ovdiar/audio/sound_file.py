"""Audio files decoded by soundfile, checked against the length that their header states."""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, Any

from ovdiar.audio.source import checked_rate
from ovdiar.audio.virtual_file import ENDLESS_BYTES, open_sound
from ovdiar.errors import AudioError
from ovdiar.notices import Notice

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNKNOWN_LENGTH = 2**63 - 1
"""Length that libsndfile reports if the header does not state one, in samples."""

MP3_SLACK = 2 * 1152
"""How far an MP3 may fall short of the length in its header, in samples: encoders differ."""

TAG_SHARE = 0.1
"""Largest share of a file that may follow the audio, relative to it: tags and pictures."""

TAG_BYTES = 2**20
"""Bytes that may follow the audio of formats whose stated length is exact."""

HEADER_BYTES = 4096
"""A larger file without samples has lost its length: an interrupted recording, or a pipe."""


class MissingLengthError(Exception):
    """The header states no samples, although many bytes follow it."""

    error_string = "its header states no samples"


class FileSource:
    """Audio file decoded by soundfile; its end is compared with the length stated in its header.

    A WAV header can state at most 4 GiB, recorders may write more.

    The length of an MP3 without a table of contents (Xing) is found by decoding it: libsndfile
    would estimate it from the first frame, and truncate files of variable bit rate.

    Raises
    ------
    soundfile.LibsndfileError
        On construction, if soundfile does not know the format.
    MissingLengthError
        On construction, if the header states no samples but many bytes follow it.
    AudioError
        While reading, if the file is damaged, truncated, or shrinks.
    """

    def __init__(self, file: IO[bytes], name: str, soundfile: Any) -> None:
        self.name, self._damage = name, soundfile.LibsndfileError
        self.notices: list[Notice] = []
        sound, reported = open_sound(file, soundfile)
        if not sound.frames and _file_size(file) > HEADER_BYTES:
            sound.close()
            raise MissingLengthError
        known = reported != ENDLESS_BYTES and sound.frames != UNKNOWN_LENGTH
        self.length: int | None = sound.frames if known else None
        mp3 = sound.subtype == "MPEG_LAYER_III"  # as a file, or inside a WAV file
        self._slack, self._tag_bytes = (MP3_SLACK, 0) if mp3 else (0, TAG_BYTES)
        # soundfile would otherwise seek after every read, which distorts MP3 frames
        sound.seekable = lambda: False
        self._sound, self._file, self._decoded = sound, file, 0
        self.rate, self.channels = checked_rate(sound.samplerate, name), sound.channels

    def close(self) -> None:
        """Close the decoder; the file stays open."""
        self._sound.close()

    def read(self, count: int) -> NDArray[np.float32]:
        """Decode up to ``count`` samples, (samples, channels); an empty array at the end."""
        try:
            block: NDArray[np.float32] = self._sound.read(count, dtype="float32", always_2d=True)
        except self._damage as error:
            raise AudioError(
                f"{self.name}: damaged after {self._decoded / self.rate:.3f} s "
                f"({error.error_string.rstrip('.')}): copy or record it again"
            ) from None
        self._decoded += len(block)
        if not len(block):
            self._check_end()
        return block

    def _check_end(self) -> None:
        if self.length is None:
            return
        decoded_s, length_s = self._decoded / self.rate, self.length / self.rate
        if self._decoded + self._slack < self.length:
            raise AudioError(
                f"{self.name}: ends after {decoded_s:.3f} s, but its header states "
                f"{length_s:.3f} s: copy or record it again"
            )
        read = self._file.tell()
        unread = _file_size(self._file) - read
        if unread > max(self._tag_bytes, TAG_SHARE * read):
            text = (
                f"{self.name}: {unread} bytes follow the {length_s:.3f} s that its header "
                "states, and were not read: re-encode it to read all"
            )
            values = {"audio": self.name, "bytes": unread, "announced_s": length_s}
            self.notices.append(Notice("unread-audio", text, values))


def _file_size(file: IO[bytes]) -> int:
    """Return the size of a file; its position moves to the end."""
    file.seek(0, os.SEEK_END)
    return file.tell()
