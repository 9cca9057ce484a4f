"""Raw PCM that comes in: from standard input, a socket or another program."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Literal

import numpy as np

from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Encoding = Literal["s16le", "f32le"]
ENCODINGS: dict[str, np.dtype[Any]] = {
    "s16le": np.dtype("<i2"),
    "f32le": np.dtype("<f4"),
}
"""ffmpeg's names of sample formats: 16-bit integers, 32-bit floats."""


class PcmReader:
    """Converts bytes of interleaved samples, cut anywhere, to blocks (channels, n).

    Parameters
    ----------
    encoding
        One of `ENCODINGS`.
    channels
        Number of channels.

    Raises
    ------
    ConfigError
        The encoding is unknown, or there is no channel.
    """

    def __init__(self, encoding: str, channels: int = 1) -> None:
        if encoding not in ENCODINGS:
            names = ", ".join(ENCODINGS)
            raise ConfigError(f"encoding {encoding!r} is unknown: choose from {names}")
        if channels < 1:
            raise ConfigError(f"channels is {channels}: give at least 1")
        self._kind, self._channels, self._rest = ENCODINGS[encoding], channels, b""

    def push(self, content: bytes) -> NDArray[Any]:
        """Return the samples that are complete (channels, n)."""
        content = self._rest + content
        whole = len(content) // (self._kind.itemsize * self._channels)
        used = whole * self._kind.itemsize * self._channels
        self._rest = content[used:]
        samples = np.frombuffer(content[:used], self._kind).reshape(-1, self._channels)
        native: NDArray[Any] = samples.T.astype(self._kind.newbyteorder("="))
        return native


def read_pcm(
    file: IO[bytes], encoding: str, channels: int = 1, *, at_once: int = 2**14
) -> Iterator[NDArray[Any]]:
    """Read a pipe to its end, in blocks (channels, n) as they come in."""
    reader = PcmReader(encoding, channels)
    read = getattr(file, "read1", file.read)
    while content := read(at_once):
        yield reader.push(content)
