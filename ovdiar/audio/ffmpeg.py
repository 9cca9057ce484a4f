"""Audio decoded by ``ffmpeg``: M4A, video, and other formats that soundfile cannot read."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.audio.source import checked_rate
from ovdiar.errors import AudioError
from ovdiar.notices import Notice

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from numpy.typing import NDArray

AU_HEADER = struct.Struct(">4s5I")
"""Magic, offset of the samples (bytes), data size (unknown here), encoding, rate, channels."""

DEMUXERS = (
    *(
        "aac",
        "ac3",
        "aiff",
        "amr",
        "amrnb",
        "amrwb",
        "ape",
        "asf",
        "au",
        "avi",
        "caf",
        "dsf",
        "dts",
    ),
    *("eac3", "flac", "flv", "gsm", "loas", "matroska", "mov", "mp3", "mpc", "mpc8", "mpeg"),
    *("mpegts", "mxf", "nut", "ogg", "rm", "tak", "tta", "voc", "w64", "wav", "wv", "xwma"),
)
"""Formats that ffmpeg may detect, by its names (``ffmpeg -demuxers``).

All of them contain their audio. Formats that refer to other files (hls, dash, concat, sdp, image2)
are excluded, since an untrusted file could make ffmpeg read any local file.
"""
UNLISTED = "Format not on whitelist"
"""Message of ffmpeg for any other format, after the format's name."""

FFMPEG_INPUT = (
    *("-nostdin", "-v", "error", "-protocol_whitelist", "file"),
    *("-format_whitelist", ",".join(DEMUXERS), "-i"),
)
FFMPEG_OUTPUT = (
    # keep the container's timeline: fill a late start and gaps with silence
    *("-map", "0:a:0", "-af", "aresample=async=1:first_pts=0"),
    *("-c:a", "pcm_f32be", "-f", "au", "-"),
)


class FfmpegSource:
    """First audio track of a file, decoded by ``ffmpeg`` into a pipe.

    ffmpeg writes a Sun AU stream, whose header states the sample rate and the channels.

    Parameters
    ----------
    path
        File to decode. ffmpeg opens no other file.
    name
        Name of the audio in messages.
    reason
        Why soundfile could not read the file.
    stack
        Ends the process when it closes.

    Raises
    ------
    AudioError
        If ffmpeg is not on PATH, or cannot decode the file.
    """

    length: int | None = None

    def __init__(self, path: Path, name: str, reason: str, stack: ExitStack) -> None:
        program = shutil.which("ffmpeg")
        if program is None:
            raise AudioError(
                f"{name}: soundfile cannot read it ({reason}) and ffmpeg is not on PATH: "
                "install ffmpeg, or give WAV, FLAC, OGG or MP3"
            )
        self.name, self._path = name, path
        self.notices: list[Notice] = []
        self._log = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed by the stack
        process = subprocess.Popen(  # noqa: S603 - no shell, and the path is one argument
            (program, *FFMPEG_INPUT, f"file:{path}", *FFMPEG_OUTPUT),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._process = stack.enter_context(process)
        stack.callback(process.kill)
        header = self._read_bytes(AU_HEADER.size)
        if len(header) < AU_HEADER.size:
            self._check_end()
            raise AudioError(f"{name}: ffmpeg found no audio in it: give a recording")
        _, offset, _, _, rate, self.channels = AU_HEADER.unpack(header)
        self.rate = checked_rate(rate, name)
        self._read_bytes(offset - AU_HEADER.size)

    def read(self, count: int) -> NDArray[np.float32]:
        """Decode up to ``count`` samples, (samples, channels); an empty array at the end."""
        width = 4 * self.channels
        data = self._read_bytes(count * width)
        if len(data) < width:
            self._check_end()
        whole = len(data) // width * width
        return np.frombuffer(data[:whole], ">f4").reshape(-1, self.channels).astype(np.float32)

    def _read_bytes(self, size: int) -> bytes:
        return b"" if self._process.stdout is None else self._process.stdout.read(size)

    def _check_end(self) -> None:
        """Raise an error if ffmpeg failed; add a notice if it reported damage."""
        code = self._process.wait()
        self._log.seek(0)
        where, _, complaint = self._log.readline().decode(errors="replace").strip().rpartition("] ")
        if code and complaint.startswith(UNLISTED):
            form = where.removeprefix("[").partition(" @ ")[0]
            raise AudioError(
                f"{self.name}: ffmpeg detects the format {form!r}, which is not an audio "
                "format or only refers to other files: give the recording itself"
            )
        complaint = complaint.removeprefix(f"file:{self._path}: ")
        if code:
            raise AudioError(
                f"{self.name}: ffmpeg cannot decode it ({complaint or f'exit status {code}'}): "
                "check that it is a recording, or convert it to WAV"
            )
        if complaint:
            text = f"{self.name}: ffmpeg met damage ({complaint}) and left something out"
            values = {"audio": self.name, "complaint": complaint}
            self.notices.append(Notice("damaged-audio", text, values))
