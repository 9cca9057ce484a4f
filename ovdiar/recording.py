"""A recording that is read by blocks, as often as a pipeline needs it, and never held whole."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ovdiar.audio import open_audio

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from ovdiar.audio import AudioInput


class Recording:
    """Mono audio at one rate, read from its source again for each pass.

    Attributes
    ----------
    uri : the recording's name
    rate : of the blocks, Hz
    length : in samples, as the file announces it (0 where it does not); exact after a pass
    """

    def __init__(self, audio: AudioInput, rate: int) -> None:
        self._audio = audio
        self.rate = rate
        with open_audio(audio, rate=rate) as reader:
            self.uri = reader.uri
            self.length = reader.length or 0
        self._passes = contextlib.ExitStack()

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.length / self.rate

    def close(self) -> None:
        """End the passes that were not read to their end, and their threads."""
        self._passes.close()

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """Read from start to end; the next block is decoded while one is in use."""
        blocks = self._read()
        self._passes.callback(blocks.close)
        return blocks

    def _read(self) -> Generator[NDArray[np.float32], None, None]:
        done = 0
        with (
            open_audio(self._audio, rate=self.rate) as reader,
            contextlib.closing(_one_ahead(reader)) as blocks,
        ):
            for block in blocks:
                done += len(block)
                yield block
        self.length = done


@contextlib.contextmanager
def open_recording(audio: AudioInput, *, rate: int) -> Iterator[Recording]:
    """Open a recording for several passes; what cannot be rewound is copied to a file first."""
    with contextlib.ExitStack() as stack:
        file: Any = audio
        if hasattr(file, "read") and not (hasattr(file, "seekable") and file.seekable()):
            spool = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(file, spool)
            audio = spool
        yield stack.enter_context(contextlib.closing(Recording(audio, rate)))


def _one_ahead(
    blocks: Iterable[NDArray[np.float32]],
) -> Generator[NDArray[np.float32], None, None]:
    """Iterate in another thread, one block ahead; what it raises is raised here."""
    iterator = iter(blocks)
    with ThreadPoolExecutor(1, "ovdiar-decoding") as thread:
        coming = thread.submit(next, iterator, None)
        while (block := coming.result()) is not None:
            coming = thread.submit(next, iterator, None)
            yield block
