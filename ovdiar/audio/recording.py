"""A recording that is read by blocks, as often as a pipeline needs it, and never held whole.

Passes must hear the same: a file that changes before the last of them ends is refused.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.audio.reading import open_audio
from ovdiar.errors import AudioError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from ovdiar.audio.reading import AudioInput


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
        self._state = _state(audio)
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
        self._check_state()
        done = 0
        with (
            open_audio(self._audio, rate=self.rate) as reader,
            contextlib.closing(_one_ahead(reader)) as blocks,
        ):
            for block in blocks:
                done += len(block)
                yield block
        self._check_state()
        self.length = done

    def _check_state(self) -> None:
        """Refuse a file that was replaced or written to since it was opened."""
        if _state(self._audio) != self._state:
            raise AudioError(
                f"{self.uri}: changed while it was read: wait until it is complete, or copy it"
            )


@contextlib.contextmanager
def open_recording(audio: AudioInput, *, rate: int) -> Iterator[Recording]:
    """Open a recording for several passes; what cannot be rewound is copied to a file first."""
    request = dict(audio) if isinstance(audio, Mapping) else {"audio": audio}
    held: Any = request.get("audio")
    with contextlib.ExitStack() as stack:
        if isinstance(held, (str, os.PathLike)) and _is_pipe(Path(held)):
            request.setdefault("uri", Path(held).stem)
            held = stack.enter_context(Path(held).open("rb"))
        if hasattr(held, "read") and not (hasattr(held, "seekable") and held.seekable()):
            spool = stack.enter_context(tempfile.TemporaryFile())
            shutil.copyfileobj(held, spool)
            spool.flush()
            request["audio"] = spool
        yield stack.enter_context(contextlib.closing(Recording(request, rate)))


def _is_pipe(path: Path) -> bool:
    """Tell whether a path can be read once only: a named pipe, or the shell's <(command)."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _state(audio: AudioInput) -> tuple[int, ...] | None:
    """Return what changes when a file does; None of what is in memory, or not there."""
    held: Any = audio.get("audio") if isinstance(audio, Mapping) else audio
    try:
        if isinstance(held, (str, os.PathLike)):
            found = Path(held).stat()
        else:
            found = os.fstat(held.fileno())
    except (AttributeError, OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


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
