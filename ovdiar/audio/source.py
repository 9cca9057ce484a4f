"""Where samples come from when soundfile has no part in it: an array in memory, or ffmpeg."""

from __future__ import annotations

import math
import shutil
import struct
import subprocess
import tempfile
import warnings
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from ovdiar.errors import AudioError, OvdiarWarning

if TYPE_CHECKING:
    from contextlib import ExitStack
    from pathlib import Path

    from numpy.typing import NDArray


class Source(Protocol):
    """A recording as it was made: ``name`` (for messages), ``rate`` in Hz, ``channels``."""

    name: str
    rate: int
    channels: int

    @property
    def length(self) -> int | None:
        """Samples of one channel; None where only decoding to the end tells."""

    def read(self, count: int) -> NDArray[np.float32]:
        """Decode up to ``count`` samples: (samples, channels), none of them at the end."""


NUMBERS = (int, float, np.integer, np.floating)


def checked_rate(rate: Any, name: str) -> int:
    """Return a sample rate as a whole number of Hz, or raise AudioError."""
    if not isinstance(rate, NUMBERS) or not 0 < rate < math.inf or rate % 1:
        raise AudioError(
            f"{name}: a sample rate of {rate!r} is not a positive whole number of Hz: "
            "give the rate that the audio was recorded at"
        )
    return int(rate)


class ArraySource:
    """An array in memory, (channels, samples) or (samples,).

    Integers stand for fractions of their range, [-1, 1); the array is neither changed nor copied.
    """

    name = "waveform"

    def __init__(self, waveform: Any, rate: Any) -> None:
        array = np.atleast_2d(np.asarray(waveform))
        if array.ndim != 2 or not len(array):
            raise AudioError(
                f"a waveform of shape {array.shape}: give (channels, samples) or (samples,)"
            )
        if 0 < array.shape[1] < array.shape[0]:
            raise AudioError(
                f"a waveform of shape {array.shape} has more channels than samples: transpose it"
            )
        bits = 8 * array.dtype.itemsize
        if array.dtype.kind != "f" and not (array.dtype.kind in "iu" and bits <= 32):
            raise AudioError(f"a waveform of {array.dtype} values: give floats, int16 or int32")
        self._full_scale = None if array.dtype.kind == "f" else 2.0 ** (bits - 1)
        self._zero = 2.0 ** (bits - 1) if array.dtype.kind == "u" else 0.0
        self.rate = checked_rate(rate, self.name)
        self.channels, self.length = array.shape
        self._array, self._taken = array, 0

    def read(self, count: int) -> NDArray[np.float32]:
        """Convert up to ``count`` samples: (samples, channels), none of them at the end."""
        block = self._array[:, self._taken : self._taken + count].T
        self._taken += len(block)
        if self._full_scale is not None:
            block = (block - self._zero) / self._full_scale
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite: refused later
            return np.asarray(block, np.float32)


AU_HEADER = struct.Struct(">4s5I")
"""Magic, offset of the samples (bytes), their size (unknown here), encoding, rate, channels."""

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
"""What ffmpeg may take a file for, by its names (``ffmpeg -demuxers``).

All of them hold their sound. Others name the files that do (hls, dash, concat, sdp, image2):
whoever sends one would choose which of our files are heard.
"""
UNLISTED = "Format not on whitelist"
"""What ffmpeg says when it takes a file for anything else, after the name of that."""

FFMPEG_INPUT = (
    *("-nostdin", "-v", "error", "-protocol_whitelist", "file"),
    *("-format_whitelist", ",".join(DEMUXERS), "-i"),
)
FFMPEG_OUTPUT = (
    # keep the container's time line: where sound starts late or breaks off, silence stands
    *("-map", "0:a:0", "-af", "aresample=async=1:first_pts=0"),
    *("-c:a", "pcm_f32be", "-f", "au", "-"),
)


class FfmpegSource:
    """The first sound track of a file, decoded by the program ``ffmpeg`` into a pipe.

    It comes as a Sun AU stream, which states rate and channels in its header.

    Parameters
    ----------
    path : the file; no other is opened, whatever it refers to
    name : what messages call it
    reason : why soundfile did not read it
    stack : ends the process when it closes

    Raises
    ------
    AudioError : ffmpeg is not on PATH, or cannot decode the file
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
        self._log = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - the stack does
        process = subprocess.Popen(  # noqa: S603 - no shell, and the path is one argument
            (program, *FFMPEG_INPUT, f"file:{path}", *FFMPEG_OUTPUT),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        self._process = stack.enter_context(process)
        stack.callback(process.kill)
        header = self._take(AU_HEADER.size)
        if len(header) < AU_HEADER.size:
            self._check_end()
            raise AudioError(f"{name}: ffmpeg found no sound in it: give a recording")
        _, offset, _, _, rate, self.channels = AU_HEADER.unpack(header)
        self.rate = checked_rate(rate, name)
        self._take(offset - AU_HEADER.size)

    def read(self, count: int) -> NDArray[np.float32]:
        """Decode up to ``count`` samples: (samples, channels), none of them at the end."""
        width = 4 * self.channels
        data = self._take(count * width)
        if len(data) < width:
            self._check_end()
        whole = len(data) // width * width
        return np.frombuffer(data[:whole], ">f4").reshape(-1, self.channels).astype(np.float32)

    def _take(self, size: int) -> bytes:
        return b"" if self._process.stdout is None else self._process.stdout.read(size)

    def _check_end(self) -> None:
        """Raise what ffmpeg failed of; warn of what it complained about."""
        code = self._process.wait()
        self._log.seek(0)
        where, _, complaint = self._log.readline().decode(errors="replace").strip().rpartition("] ")
        if code and complaint.startswith(UNLISTED):
            form = where.removeprefix("[").partition(" @ ")[0]
            raise AudioError(
                f"{self.name}: ffmpeg takes it for {form!r}, which is no kind of recording, or "
                "only names others: give the recording itself"
            )
        complaint = complaint.removeprefix(f"file:{self._path}: ")
        if code:
            raise AudioError(
                f"{self.name}: ffmpeg cannot decode it ({complaint or f'exit status {code}'}): "
                "check that it is a recording, or convert it to WAV"
            )
        if complaint:
            warnings.warn(
                f"{self.name}: ffmpeg met damage ({complaint}) and left something out",
                OvdiarWarning,
                stacklevel=2,
            )
