"""A recording that is decoded block by block, as many times as needed, never loaded as a whole.

All passes must read the same audio: a file that changes before the last pass ends raises an error.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.audio.reading import open_audio
from ovdiar.audio.selection import selection_of
from ovdiar.audio.streams import BlockFile, is_stream, open_path, spooled
from ovdiar.cancellation import check_cancelled
from ovdiar.conditioning import gain_to
from ovdiar.errors import AudioError
from ovdiar.notices import warn

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from numpy.typing import NDArray

    from ovdiar.audio.reading import AudioInput, AudioReader
    from ovdiar.notices import Notice


class Recording:
    """Mono audio at one sample rate, decoded again for each pass.

    What ffmpeg decodes is decoded once: the first pass keeps it in a temporary file, 64 KB per
    second of 16 kHz audio, from the block where ffmpeg was started.

    With ``level_dbfs`` other than 0, a pass before the first one measures the recording, and blocks
    are brought to that level (see `ovdiar.conditioning.gain_to`).

    Attributes
    ----------
    uri
        Name of the recording.
    rate
        Sample rate of the blocks, in Hz.
    length
        Duration in samples, as the file header states (0 if unknown); exact after a pass.
    notices
        Notices of omitted audio, each once regardless of the number of passes; complete after one.
    """

    def __init__(self, audio: AudioInput, rate: int, level_dbfs: float = 0.0) -> None:
        self._audio = audio
        self._level_dbfs = level_dbfs
        self._gain: float | None = None
        self.rate = rate
        self._state = _state(audio)
        self._passes = contextlib.ExitStack()
        reader = self._passes.enter_context(open_audio(audio, rate=rate))
        self._opened: AudioReader | None = reader
        self.uri = reader.uri
        self.length = reader.length or 0
        self.notices: tuple[Notice, ...] = ()
        self._handed_over = 0
        self._kept: BlockFile | None = None
        self._kept_from = 0

    @property
    def duration_s(self) -> float:
        """Duration, in seconds."""
        return self.length / self.rate

    def take_notices(self) -> tuple[Notice, ...]:
        """Return the notices not taken yet; `close` does not warn of them any more."""
        taken = self.notices[self._handed_over :]
        self._handed_over = len(self.notices)
        return taken

    def close(self) -> None:
        """Stop unfinished passes and their threads, and warn of the remaining notices."""
        self._passes.close()
        for notice in self.take_notices():
            warn(notice)

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Read all blocks in order; the next block is decoded while the current one is in use."""
        blocks = self._read()
        self._passes.callback(blocks.close)
        return blocks

    def _read(self) -> Generator[NDArray[np.float32], None, None]:
        if self._level_dbfs and self._gain is None:
            with contextlib.closing(self._pass()) as blocks:
                self._gain = gain_to(self._level_dbfs, _cancellable(blocks), self.rate)
        with contextlib.closing(self._pass()) as blocks:
            for block in blocks:
                yield block if self._gain is None else block * np.float32(self._gain)

    def _pass(self) -> Generator[NDArray[np.float32], None, None]:
        """Read all blocks as they are, and set the exact length."""
        self._check_state()
        done = 0
        with contextlib.closing(self._decode() if self._kept is None else self._again()) as blocks:
            for block in blocks:
                done += len(block)
                yield block
        self._check_state()
        self.length = done

    def _decode(self) -> Generator[NDArray[np.float32], None, None]:
        """Decode the recording, and keep what ffmpeg decodes."""
        reader, self._opened = self._opened, None
        kept: BlockFile | None = None
        done = kept_from = 0
        with (
            reader or open_audio(self._audio, rate=self.rate) as reading,
            contextlib.closing(_one_ahead(reading.blocks())) as blocks,
        ):
            for block in blocks:
                if kept is None and reading.by_ffmpeg:
                    kept, kept_from = BlockFile(self.uri), done
                    self._passes.callback(kept.close)
                if kept is not None:
                    kept.append(block)
                done += len(block)
                yield block
            self.notices += tuple(each for each in reading.notices if each not in self.notices)
        self._kept, self._kept_from = kept, kept_from

    def _again(self) -> Generator[NDArray[np.float32], None, None]:
        """Decode what soundfile decodes, and read what was kept."""
        done = 0
        if self._kept_from:
            with open_audio(self._audio, rate=self.rate) as reader:
                blocks = reader.blocks()
                while done < self._kept_from and (block := next(blocks, None)) is not None:
                    done += len(block)
                    yield block
        yield from self._kept or ()

    def _check_state(self) -> None:
        """Raise AudioError if the file was replaced or written to since it was opened."""
        if _state(self._audio) != self._state:
            raise AudioError(
                f"{self.uri}: changed while it was read: wait until it is complete, or read a copy"
            )


@contextlib.contextmanager
def open_recording(audio: AudioInput, *, rate: int, level_dbfs: float = 0.0) -> Iterator[Recording]:
    """Open a recording for several passes; streams that are not seekable are copied to a file.

    ``level_dbfs`` is the level that it is brought to, 0 for as it is.
    """
    request = dict(audio) if isinstance(audio, Mapping) else {"audio": audio}
    source: Any = request.get("audio")
    with contextlib.ExitStack() as stack:
        name = "stream"
        if isinstance(source, (str, os.PathLike)) and is_stream(source):
            name = str(source)
            request.setdefault("uri", Path(source).stem)
            source = stack.enter_context(open_path(source))
            piped = True
        else:
            piped = hasattr(source, "read") and not (
                hasattr(source, "seekable") and source.seekable()
            )
        if piped:
            limit = selection_of(request).stream_bytes
            request["audio"] = stack.enter_context(spooled(source, name, limit))
        yield stack.enter_context(contextlib.closing(Recording(request, rate, level_dbfs)))


def _state(audio: AudioInput) -> tuple[int, ...] | None:
    """Return values that change when a file does; None for audio in memory or a missing file."""
    source: Any = audio.get("audio") if isinstance(audio, Mapping) else audio
    try:
        if isinstance(source, (str, os.PathLike)):
            found = Path(source).stat()
        else:
            found = os.fstat(source.fileno())
    except (AttributeError, OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _cancellable(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    for block in blocks:
        check_cancelled()
        yield block


def _one_ahead(
    blocks: Iterable[NDArray[np.float32]],
) -> Generator[NDArray[np.float32], None, None]:
    """Iterate in another thread, one block ahead; its exceptions are raised here."""
    iterator = iter(blocks)
    with ThreadPoolExecutor(1, "ovdiar-decoding") as thread:
        following = thread.submit(next, iterator, None)
        while (block := following.result()) is not None:
            following = thread.submit(next, iterator, None)
            yield block
