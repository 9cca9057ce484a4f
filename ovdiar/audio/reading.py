"""Audio input: decode, mix to mono, resample and read by blocks.

A recording is decoded once, in order, so memory use does not grow with its duration. soundfile, and
soxr for resampling (which librosa installs), are imported on demand. Files that soundfile cannot
open are decoded by ffmpeg.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ovdiar.audio.mixing import Heard
from ovdiar.audio.opening import open_source
from ovdiar.audio.resampling import Resampler, resampled_length
from ovdiar.audio.selection import selection_of
from ovdiar.audio.shortfall import LOSSES
from ovdiar.audio.source import ArraySource, checked_rate
from ovdiar.errors import AudioError, ConfigError
from ovdiar.frames import Waveform, read_only
from ovdiar.notices import warn

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from ovdiar.audio.selection import Selection
    from ovdiar.audio.source import Source
    from ovdiar.notices import Notice

BLOCK_VALUES = 2**24
"""Values decoded at once at most: 64 MiB, whatever rate and channels a header states."""

AudioInput: TypeAlias = "str | os.PathLike[str] | IO[bytes] | Mapping[str, Any]"
"""A path; a binary file object; ``{"waveform": (channels, samples) or (samples,), "sample_rate":
int}``; or ``{"audio": path or file object}``. A mapping may also have ``uri``, and any parameter of
`ovdiar.audio.selection.Selection`: ``channel``, ``track``, ``strict`` and ``max_stream_mb``.
"""


def load(audio: AudioInput, *, rate: int = 16000, **selected: Any) -> Waveform:
    """Read a whole recording.

    Parameters and errors are those of `open_audio`.

    Returns
    -------
    Mono float32 samples (n,) at ``rate``.
    """
    with open_audio(audio, rate=rate, **selected) as reader:
        try:
            samples = np.empty(reader.length or 0, np.float32)
        except (MemoryError, ValueError):  # a header may state any length
            samples = np.empty(0, np.float32)
        filled = 0
        more: list[NDArray[np.float32]] = []
        try:
            for block in reader:
                if not more and filled + len(block) <= len(samples):
                    samples[filled : filled + len(block)] = block
                    filled += len(block)
                else:
                    more.append(block)
            samples = samples[:filled]
            if more:
                samples = np.concatenate([samples, *more] if filled else more)
        except MemoryError:
            raise AudioError(
                f"{reader.uri}: its samples do not fit into memory: split it"
            ) from None
        return Waveform(samples, rate, reader.uri)


def open_audio(
    audio: AudioInput,
    *,
    rate: int = 16000,
    channel: int | str | None = None,
    track: int | None = None,
    strict: bool | None = None,
    max_stream_mb: float | None = None,
    block_s: float = 10.0,
) -> AudioReader:
    """Open a recording for block-wise reading.

    Parameters
    ----------
    audio
        See `AudioInput`. A seekable file object is read from its start and rewound afterwards; any
        other file object, and a pipe or device, is first copied to a temporary file.
    rate
        Sample rate of the blocks, in Hz.
    channel, track, strict, max_stream_mb
        What to read, see `ovdiar.audio.selection.Selection`; instead of what a mapping states.
    block_s
        Duration decoded at once, in seconds. The samples do not depend on it.

    Raises
    ------
    AudioNotFoundError
        If the file does not exist.
    AudioError
        If the audio cannot be opened or decoded; with ``strict``, if not to its end.
    ConfigError
        If ``block_s`` or ``max_stream_mb`` is not positive.
    MissingPackageError
        If soundfile or soxr is needed and not installed.
    """
    request: Mapping[str, Any] = audio if isinstance(audio, Mapping) else {"audio": audio}
    selection = selection_of(
        audio, channel=channel, track=track, strict=strict, max_stream_mb=max_stream_mb
    )
    with ExitStack() as stack:
        source: Source
        if "waveform" in request:
            uri, source = "waveform", ArraySource(request["waveform"], request.get("sample_rate"))
        elif "audio" in request:
            uri, source = open_source(request["audio"], selection, stack)
        else:
            raise AudioError(
                f"an audio mapping with the keys {sorted(map(str, request))} has no audio: "
                "give 'waveform' and 'sample_rate', or 'audio'"
            )
        uri = str(request.get("uri") or uri)
        reader = AudioReader(source, uri, checked_rate(rate, uri), selection, block_s)
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
        Duration in samples at ``rate``, or None likewise; as the header states it, see `notices`.
    """

    def __init__(
        self, source: Source, uri: str, rate: int, selection: Selection, block_s: float
    ) -> None:
        channel = selection.channel
        if channel is not None and channel >= source.channels:
            choice = f"choose 0 to {source.channels - 1}" if source.channels > 1 else "choose 0"
            raise AudioError(f"{source.name}: channel {channel} does not exist: {choice}, or mix")
        if (selection.track or 0) >= source.tracks:
            raise AudioError(
                f"{source.name}: audio track {selection.track} does not exist: choose 0 (--track)"
            )
        if not 0 < block_s < float("inf"):
            raise ConfigError(f"block_s is {block_s}: give a number of seconds above 0, e.g. 10")
        self.uri, self.rate, self.block_s = uri, rate, block_s
        self.duration_s: float | None = None
        self.length: int | None = None
        if source.length is not None:
            self.duration_s = source.length / source.rate
            self.length = resampled_length(source.length, source.rate, rate)
        self.closing = ExitStack()
        self._source, self._selection = source, selection
        self._heard = Heard(source, selection)
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
        return (*self._source.notices, *self._heard.notices)

    @property
    def by_ffmpeg(self) -> bool:
        """Whether ffmpeg has been started for the blocks read so far or for the next one."""
        return self._source.by_ffmpeg

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Iterate likewise without a warning, for callers that pass `notices` on."""
        return self._blocks

    def _then_warn(self) -> Iterator[NDArray[np.float32]]:
        yield from self._blocks
        for notice in self.notices:
            warn(notice)

    def _read(self, source: Source, resampler: Resampler | None) -> Iterator[NDArray[np.float32]]:
        count = max(1, min(round(self.block_s * source.rate), BLOCK_VALUES // source.channels))
        while len(block := source.read(count)):
            mono = self._heard.mix(block)
            if resampler is not None:
                mono = resampler.push(mono)
            if len(mono):
                yield read_only(mono)
        if not self._heard.samples:
            reasons = [notice.values.get("reason") for notice in source.notices]
            reason = f" ({reasons[0]})" if reasons and reasons[0] else ""
            raise AudioError(
                f"{source.name}: has no samples (0 s){reason}: give at least one sample"
            )
        if resampler is not None and len(tail := resampler.finish()):
            yield read_only(tail)
        self._heard.finish()
        for notice in self.notices:
            if self._selection.strict and notice.code in LOSSES:
                raise AudioError(f"{notice.text} (refused by strict)")
