"""One recording of an archive: where it is, what it is called, how it is diarized."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from ovdiar.errors import ConfigError

BYTES_A_SECOND = 32_000
"""Of 16-bit mono audio at 16 kHz: how long a recording is taken for before it is opened."""
SELECTED = ("channel", "track", "strict")
"""What is read of a recording: fields of `ovdiar.audio.selection.Selection`."""


@dataclass(frozen=True)
class Job:
    """A recording to diarize.

    Parameters
    ----------
    path : a path of this machine, or a URL
    uri : its name, also that of its outputs; slashes are folders
    num_speakers, min_speakers, max_speakers : the number of speakers, or bounds of it
    channel, track, strict : what to read of it, see `ovdiar.audio.selection.Selection`
    start_s, end_s : the part to diarize, s; None for the beginning and the end
    duration_s : its length, s, where it was stated
    size, state : bytes, and a text that changes when the file does
    settings : digest of everything else that determines the result (see `settings_digest`)
    known : SHA-256 of the file when it was last diarized with these settings
    """

    path: str
    uri: str
    num_speakers: int | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None
    channel: int | None = None
    track: int | None = None
    strict: bool | None = None
    start_s: float | None = None
    end_s: float | None = None
    duration_s: float | None = None
    size: int = 0
    state: str = ""
    settings: str = ""
    known: str = ""

    @property
    def expected_s(self) -> float:
        """The length, s, as it was stated, or guessed from the size."""
        if self.start_s is not None and self.end_s is not None:
            return self.end_s - self.start_s
        return self.size / BYTES_A_SECOND if self.duration_s is None else self.duration_s

    def counts(self) -> dict[str, Any]:
        """Return the number of speakers, as pipelines take it."""
        return {
            "num_speakers": self.num_speakers,
            "min_speakers": self.min_speakers,
            "max_speakers": self.max_speakers,
        }

    def selection(self) -> dict[str, Any]:
        """Return what to read of the recording, as audio mappings state it."""
        return {name: getattr(self, name) for name in SELECTED}

    def request(self) -> dict[str, Any]:
        """Return what of the settings belongs to this recording.

        The track and ``strict`` are there only if they are given: results of earlier versions,
        which had neither, stay valid.
        """
        part = {"channel": self.channel, "start": self.start_s, "end": self.end_s}
        later = {"track": self.track, "strict": self.strict or None}
        given = {name: value for name, value in later.items() if value is not None}
        return self.counts() | part | given


def checked_uri(uri: str, where: str) -> str:
    """Return a recording's name, which also names its outputs.

    Raises
    ------
    ConfigError
        It is empty, or leads out of the folder of the outputs.
    """
    parts = PurePosixPath(uri).parts
    outside = not parts or ".." in parts or PureWindowsPath(uri).drive
    if outside or uri.startswith(("/", "\\")) or not uri.isprintable():
        raise ConfigError(
            f"{where}: the uri {uri!r} cannot name outputs: give a name without .., without a "
            "leading slash and in printable characters"
        )
    return str(PurePosixPath(uri))
