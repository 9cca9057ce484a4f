"""Audio files decoded by soundfile, compared with what their headers and pages state."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import numpy as np

from ovdiar.audio.headers import sample_data
from ovdiar.audio.joined import next_file
from ovdiar.audio.mpeg import holds_frames
from ovdiar.audio.ogg import file_size, is_ogg, read_pages
from ovdiar.audio.shortfall import UNREAD, incomplete
from ovdiar.audio.source import checked_rate
from ovdiar.audio.virtual_file import ENDLESS_BYTES, open_sound
from ovdiar.errors import AudioError
from ovdiar.notices import Notice

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNKNOWN_LENGTH = 2**63 - 1
"""Length that libsndfile reports if the header does not state one, in samples."""

MP3_SLACK = 2 * 1152
"""How far an MP3 may fall short of the length in its header, in samples: encoders differ."""

SLACK_S = 0.05
"""How far other files may fall short of the size in their header: programs miscount it by bytes."""

TAG_SHARE = 0.1
"""Largest share of a file that may follow the audio, relative to it: tags and pictures."""

TAG_BYTES = 2**20
"""Bytes that may follow the audio of formats whose stated length is exact."""

HEADER_BYTES = 4096
"""A larger file without samples has lost its length: an interrupted recording, or a pipe."""

CAREFUL = 256
"""Samples decoded at once before damage: an error takes those with it."""
AGAIN = 2**16
"""Samples decoded at once up to there."""

SEARCHED_BYTES = 2**24
STREAMS = frozenset({"FLAC", "OGG", "MP3"})
"""Formats that may hold several streams, or continue behind damage."""


class MissingLengthError(Exception):
    """The header states no samples, although many bytes follow it."""

    error_string = "its header states no samples"


class FileSource:
    """Audio file decoded by soundfile; its end is compared with what the file states.

    A WAV header can state at most 4 GiB, recorders may write more.

    The length of an MP3 without a table of contents (Xing) is found by decoding it: libsndfile
    would estimate it from the first frame, and truncate files of variable bit rate.

    Parameters
    ----------
    file
        Seekable binary file.
    name
        Name of the audio in messages.
    soundfile
        The package.
    piped
        Whether the file is a copy of a stream, whose header may state a size in advance.
    previous
        The part before this one, of a file that was joined from several.

    Attributes
    ----------
    length
        Number of samples that the header states; None if it states none.
    decoded
        Number of samples so far.
    announced
        Number of samples that the file states, or None; known in the end.
    reason
        Why decoding ended before the end of the file; "" if it did not.
    next_at
        Position of the next part, if decoding ended before one.
    continues
        Whether another decoder might decode more.

    Raises
    ------
    soundfile.LibsndfileError
        On construction, if soundfile does not know the format.
    MissingLengthError
        On construction, if the header states no samples but many bytes follow it.
    AudioError
        While reading, if reading fails, or the file changes.
    """

    by_ffmpeg = False
    tracks = 1

    def __init__(
        self,
        file: IO[bytes],
        name: str,
        soundfile: Any,
        *,
        piped: bool = False,
        previous: FileSource | None = None,
    ) -> None:
        self.name, self._damage = name, soundfile.LibsndfileError
        self.notices: list[Notice] = []
        self._size = file_size(file)
        self._start = (previous.next_at or 0) if previous else 0
        self.before: int = previous.before + previous.decoded if previous else 0
        self.next_at: int | None = next_file(file, self._start)
        self._paged = is_ogg(file, self._start)
        self._file, self._soundfile = file, soundfile
        sound = self._open()
        if not sound.frames and self._size > HEADER_BYTES:
            sound.close()
            raise MissingLengthError
        known = self._virtual.reported_bytes != ENDLESS_BYTES and sound.frames != UNKNOWN_LENGTH
        self.length: int | None = sound.frames if known else None
        self._mp3 = sound.subtype == "MPEG_LAYER_III"  # as a file, or inside a WAV file
        self._piped, self._careful = piped, False
        self._format: str = sound.format
        self.rate, self.channels = checked_rate(sound.samplerate, name), sound.channels
        self.decoded: int = 0
        self._ended = False
        self.announced, self.reason, self.continues = self.length, "", False

    def _open(self) -> Any:
        """Open the part of the file."""
        self._sound, self._virtual = open_sound(
            self._file, self.name, self._soundfile, self._start, self.next_at
        )
        # soundfile would otherwise seek after every read, which distorts MP3 frames
        self._sound.seekable = lambda: False
        return self._sound

    def close(self) -> None:
        """Close the decoder; the file stays open."""
        self._sound.close()

    def following(self) -> FileSource | None:
        """Open the next part, if it has the same rate and channels."""
        if self.next_at is None or self.reason:
            return None
        try:
            found = FileSource(self._file, self.name, self._soundfile, previous=self)
        except (self._damage, MissingLengthError):
            return None
        if (found.rate, found.channels) == (self.rate, self.channels):
            return found
        found.close()
        return None

    def read(self, count: int) -> NDArray[np.float32]:
        """Decode up to ``count`` samples, (samples, channels); an empty array at the end."""
        parts: list[NDArray[np.float32]] = []
        missing = count
        while missing and not self._ended:
            part = self._decode(min(missing, CAREFUL) if self._careful else missing)
            parts.append(part)
            missing -= len(part)
            if not len(part):
                self._end()
        if len(parts) == 1:
            return parts[0]
        return np.concatenate(parts) if parts else np.empty((0, self.channels), np.float32)

    def _decode(self, count: int) -> NDArray[np.float32]:
        try:
            block: NDArray[np.float32] = self._sound.read(count, dtype="float32", always_2d=True)
        except self._damage as error:
            self._virtual.raise_failure(self.name)
            if not self._careful and self._decode_again():
                return self._decode(min(count, CAREFUL))
            self.reason = error.error_string.rstrip(".")
            return np.empty((0, self.channels), np.float32)
        self._virtual.raise_failure(self.name)
        self.decoded += len(block)
        return block

    def _decode_again(self) -> bool:
        """Decode again to where a block had an error; return whether that worked."""
        self._careful = True
        self._sound.close()
        self._open()
        missing = self.decoded
        try:
            while missing and len(block := self._sound.read(min(missing, AGAIN))):
                missing -= len(block)
        except self._damage:
            return False
        return not missing

    def _end(self) -> None:
        """Find out whether something was left out."""
        self._ended = True
        size = file_size(self._file)
        if size < self._size:
            raise AudioError(
                f"{self.name}: changed while it was read: wait until it is complete, or read a copy"
            )
        self._size = size
        if self._paged:
            self._check_pages()
        elif self._format == "FLAC":
            self._check_stream(0)
        else:
            self._check_size()
            self._check_stream(MP3_SLACK if self._mp3 else round(SLACK_S * self.rate))
        self.continues |= self.next_at is not None
        if self._format == "MP3":
            self.continues |= holds_frames(self._rest())
            if self._virtual.padded and not self.reason and self.length is None:
                self.reason = "it ends within a frame"

    def finish(self, heard: int) -> None:
        """Add the notices, ``heard`` being the number of samples that all decoders got."""
        decoded = self.before + self.decoded
        announced = None if self.announced is None else self.before + self.announced
        enough = announced is not None and heard + MP3_SLACK >= announced
        if self.reason and not (heard > decoded and (enough or announced is None)):
            announced_s = None if announced is None else announced / self.rate
            self.notices.append(incomplete(self.name, heard / self.rate, announced_s, self.reason))
        elif heard == decoded:
            self._check_unread()

    def _check_stream(self, slack: int) -> None:
        """Compare the samples with the length that the header states."""
        short = self.length is not None and self.decoded + slack < self.length
        if short and not self.reason:
            self.reason = "it ends early"
        self.continues = self._format in STREAMS and bool(self.reason)

    def _check_size(self) -> None:
        """Compare the size that the header states with the file's."""
        data = sample_data(self._file, self._start)
        if data is None or (self._piped and data.placeholder):
            return
        share = data.share(self._size)
        if not share or not self.decoded:
            return
        announced = round(self.decoded / share)
        if announced - self.decoded > SLACK_S * self.rate:
            self.announced, self.reason = announced, "its data end early"

    def _check_pages(self) -> None:
        pages = read_pages(self._file, self._start)
        self.next_at = pages.joined_at
        if self.next_at is not None:
            self.announced = None
        self.reason = self.reason or pages.missing
        if not pages.complete:
            self.announced = None
        self._check_stream(0)

    def _rest(self) -> bytes:
        """Return the beginning of what libsndfile did not read."""
        self._file.seek(self._virtual.position)
        return self._file.read(SEARCHED_BYTES)

    def _check_unread(self) -> None:
        """Add a notice if more follows than a tag."""
        if self.length is None and not self.continues:
            return
        data = sample_data(self._file, self._start)
        tag_bytes = 0 if self._mp3 or data is None else TAG_BYTES
        read = self._virtual.position if data is None else data.end
        unread = self._size - read
        if unread > max(tag_bytes, TAG_SHARE * read) or self.continues:
            heard_s = (self.before + self.decoded) / self.rate
            text = (
                f"{self.name}: {unread} bytes follow the {heard_s:.3f} s that its header "
                "states, and were not read: re-encode it to read all"
            )
            values = {
                "audio": self.name,
                "bytes": unread,
                "announced_s": heard_s,
                "heard_s": heard_s,
            }
            self.notices.append(Notice(UNREAD, text, values))
