"""Audio input: decode, mix to mono, resample and read by blocks.

A recording is decoded once, in order, so memory use does not grow with its duration. soundfile, and
soxr for resampling (which librosa installs), are imported on demand. Files that soundfile cannot
open are decoded by ffmpeg.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ovdiar.audio.ffmpeg import FfmpegSource
from ovdiar.audio.resampling import Resampler, resampled_length
from ovdiar.audio.sound_file import FileSource, MissingLengthError
from ovdiar.audio.source import ArraySource, checked_rate
from ovdiar.errors import AudioError, AudioNotFoundError, ConfigError, MissingPackageError
from ovdiar.frames import Waveform, read_only
from ovdiar.notices import warn
from ovdiar.temporary import folder_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ovdiar.audio.source import Source
    from ovdiar.notices import Notice

AudioInput: TypeAlias = "str | os.PathLike[str] | IO[bytes] | Mapping[str, Any]"
"""A path; a binary file object; ``{"waveform": (channels, samples) or (samples,), "sample_rate":
int}``; or ``{"audio": path or file object}``. A mapping may also have ``uri`` and ``channel``, the
number of the channel to use, from 0, or ``"mix"`` for the mean of all.
"""


def load(audio: AudioInput, *, rate: int = 16000, channel: int | None = None) -> Waveform:
    """Read a whole recording.

    Parameters and errors are those of `open_audio`.

    Returns
    -------
    Mono float32 samples (n,) at ``rate``.
    """
    with open_audio(audio, rate=rate, channel=channel) as reader:
        if reader.length is None:
            return Waveform(np.concatenate(list(reader)), rate, reader.uri)
        try:
            samples = np.empty(reader.length, np.float32)
        except (MemoryError, ValueError):
            raise AudioError(
                f"{reader.uri}: {reader.duration_s:.0f} s do not fit into memory: split it"
            ) from None
        filled = 0
        for block in reader:
            samples[filled : filled + len(block)] = block
            filled += len(block)
        return Waveform(samples[:filled], rate, reader.uri)


def open_audio(
    audio: AudioInput, *, rate: int = 16000, channel: int | None = None, block_s: float = 10.0
) -> AudioReader:
    """Open a recording for block-wise reading.

    Parameters
    ----------
    audio
        See `AudioInput`. A seekable file object is read from its start and rewound afterwards; any
        other file object is first copied to a temporary file.
    rate
        Sample rate of the blocks, in Hz.
    channel
        Channel to read, from 0. By default, all channels are averaged.
    block_s
        Duration decoded at once, in seconds. The samples do not depend on it.

    Raises
    ------
    AudioNotFoundError
        If the file does not exist.
    AudioError
        If the audio cannot be opened or decoded.
    ConfigError
        If ``block_s`` is not positive.
    MissingPackageError
        If soundfile or soxr is needed and not installed.
    """
    request: Mapping[str, Any] = audio if isinstance(audio, Mapping) else {"audio": audio}
    channel = _checked_channel(request.get("channel") if channel is None else channel)
    with ExitStack() as stack:
        source: Source
        if "waveform" in request:
            uri, source = "waveform", ArraySource(request["waveform"], request.get("sample_rate"))
        elif "audio" in request:
            uri, source = _open(request["audio"], stack)
        else:
            raise AudioError(
                f"an audio mapping with the keys {sorted(map(str, request))} has no audio: "
                "give 'waveform' and 'sample_rate', or 'audio'"
            )
        if channel is not None and channel >= source.channels:
            choice = f"choose 0 to {source.channels - 1}" if source.channels > 1 else "choose 0"
            raise AudioError(f"{source.name}: channel {channel} does not exist: {choice}, or mix")
        uri = str(request.get("uri") or uri)
        reader = AudioReader(source, uri, checked_rate(rate, uri), channel, block_s)
        reader.closing = stack.pop_all()
        return reader


class AudioReader(AbstractContextManager["AudioReader"]):
    """Mono float32 blocks of a recording at one sample rate. Iterate once, inside a ``with`` block.

    Attributes
    ----------
    uri
        Name of the recording.
    rate
        Sample rate of the blocks, in Hz.
    block_s
        Duration decoded at once, in seconds.
    duration_s
        Duration, in seconds. None if it is unknown before the end is decoded.
    length
        Duration in samples at ``rate``, or None likewise. An MP3 may be one or two frames shorter.
    """

    def __init__(
        self, source: Source, uri: str, rate: int, channel: int | None, block_s: float
    ) -> None:
        if not 0 < block_s < float("inf"):
            raise ConfigError(f"block_s is {block_s}: give a number of seconds above 0, e.g. 10")
        self.uri, self.rate, self.block_s = uri, rate, block_s
        self.duration_s: float | None = None
        self.length: int | None = None
        if source.length is not None:
            self.duration_s = source.length / source.rate
            self.length = resampled_length(source.length, source.rate, rate)
        self.closing = ExitStack()
        self._source, self._channel = source, channel
        resampler = None if rate == source.rate else Resampler(source.rate, rate)
        self._blocks = self._read(source, resampler)
        self._warning = self._then_warn()

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.closing.close()

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Iterate over the blocks that have not been read yet; warn at the end of omitted audio."""
        return self._warning

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Notices of omitted audio; complete once everything has been read."""
        return tuple(self._source.notices)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Iterate likewise without a warning, for callers that pass `notices` on."""
        return self._blocks

    def _then_warn(self) -> Iterator[NDArray[np.float32]]:
        yield from self._blocks
        for notice in self.notices:
            warn(notice)

    def _read(self, source: Source, resampler: Resampler | None) -> Iterator[NDArray[np.float32]]:
        count = max(1, round(self.block_s * source.rate))
        done = 0
        while len(block := source.read(count)):
            rows = np.ascontiguousarray(block.T)  # four times as fast as averaging short rows
            mono = rows.mean(axis=0) if self._channel is None else rows[self._channel]
            finite = np.isfinite(mono)
            if not finite.all():
                first = int(np.argmin(finite))
                raise AudioError(
                    f"{source.name}: the sample at {(done + first) / source.rate:.3f} s is "
                    f"{mono[first]}, not a finite number: repair or re-encode the recording"
                )
            done += len(mono)
            if resampler is not None:
                mono = resampler.push(mono)
            if len(mono):
                yield read_only(mono)
        if not done:
            raise AudioError(f"{source.name}: has no samples (0 s): give at least one sample")
        if resampler is not None and len(tail := resampler.finish()):
            yield read_only(tail)


def _checked_channel(channel: Any) -> int | None:
    if channel is None or channel == "mix":
        return None
    if isinstance(channel, (int, np.integer)) and channel >= 0:
        return int(channel)
    raise AudioError(f"channel {channel!r} does not exist: give a number from 0, or 'mix' for all")


def _open(audio: Any, stack: ExitStack) -> tuple[str, Source]:
    """Return the recording's name and source; the stack closes whatever is opened."""
    if isinstance(audio, (str, os.PathLike)):
        path = Path(audio)
        try:
            file = stack.enter_context(path.open("rb"))
        except FileNotFoundError:
            raise AudioNotFoundError(f"{path}: no such file: check the path") from None
        except OSError as error:
            reason = "is a folder, not a recording" if path.is_dir() else error.strerror
            raise AudioError(f"{path}: {reason}: give a readable file") from None
        return path.stem, _decode(_seekable(file, stack), str(path), path, stack)
    try:
        binary = isinstance(audio.read(0), bytes)
    except (AttributeError, TypeError, ValueError, OSError):
        binary = False
    if not binary:
        raise AudioError(
            f"audio of type {type(audio).__name__} cannot be read: give a path, an open binary "
            "file, or a mapping with 'waveform' and 'sample_rate'"
        )
    return "stream", _decode(_seekable(audio, stack), "stream", None, stack)


def _seekable(file: IO[bytes], stack: ExitStack) -> IO[bytes]:
    """Return the file, to be rewound at the end, or a temporary copy if it is not seekable."""
    try:
        file.seek(0)
    except (AttributeError, OSError):
        spool = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - closed by the stack
        shutil.copyfileobj(file, spool)
        return spool
    stack.callback(file.seek, 0)
    return file


def _decode(file: IO[bytes], name: str, path: Path | None, stack: ExitStack) -> Source:
    file.seek(0)
    if not file.read(1):
        raise AudioError(f"{name}: is empty (0 bytes): copy or record it again")
    try:
        import soundfile  # noqa: PLC0415 - not needed for audio in memory
    except (ImportError, OSError):  # OSError: libsndfile is missing
        raise MissingPackageError(
            f"{name}: reading audio files needs soundfile: pip install soundfile"
        ) from None
    try:
        source = FileSource(file, name, soundfile)
    except (soundfile.LibsndfileError, MissingLengthError) as error:
        reason = error.error_string.rstrip(".")
    else:
        stack.callback(source.close)
        return source
    if path is None or not path.is_file():
        path = stack.enter_context(folder_in()) / "audio"
        file.seek(0)
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
    return FfmpegSource(path, name, reason, stack)
