"""Audio from a microphone, through PortAudio (extra ``live``)."""

from __future__ import annotations

import queue
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ovdiar.errors import AudioError, MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

MOST_WAITING_S = 60.0
"""Audio that waits while the networks are busy, s, before the microphone counts as too fast."""


@contextmanager
def open_microphone(
    device: int | str | None = None, *, rate: int, block_s: float = 0.1
) -> Iterator[Iterator[NDArray[np.float32]]]:
    """Record mono blocks (n,) at a rate until the ``with`` block ends.

    Parameters
    ----------
    device
        Number or part of the name of an input device; by default the system's.
    rate
        Sample rate, Hz.
    block_s
        Length of a block, s.

    Raises
    ------
    MissingPackageError
        sounddevice or PortAudio is not installed.
    AudioError
        There is no such device, or it stops or is read too slowly.
    """
    try:
        import sounddevice  # noqa: PLC0415 - an extra
    except (ImportError, OSError) as error:  # OSError: PortAudio is missing
        raise MissingPackageError(
            f'a microphone needs sounddevice with PortAudio ({error}): pip install "ovdiar[live]"'
        ) from None
    heard = _Heard(round(MOST_WAITING_S / block_s))
    try:
        stream = sounddevice.InputStream(
            samplerate=rate,
            blocksize=round(block_s * rate),
            device=device,
            channels=1,
            dtype="float32",
            callback=heard.take,
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError(
            f"microphone {device if device is not None else '(default)'} cannot be opened "
            f"({error}): name another with --microphone NAME"
        ) from None
    with stream:
        yield heard.blocks(stream)


class _Heard:
    """Blocks that wait between PortAudio's thread and the reader's."""

    def __init__(self, most: int) -> None:
        self._waiting: queue.Queue[NDArray[np.float32]] = queue.Queue(most)
        self._lost = ""

    def take(self, block: Any, _frames: int, _time: Any, status: Any) -> None:
        """Take a block (n, 1) from PortAudio."""
        if status:
            self._lost = self._lost or str(status)
        try:
            self._waiting.put_nowait(block[:, 0].copy())
        except queue.Full:
            self._lost = self._lost or f"more than {MOST_WAITING_S:g} s are waiting"

    def blocks(self, stream: Any) -> Iterator[NDArray[np.float32]]:
        """Yield the blocks as they come in."""
        while not self._lost:
            block = self._next()
            if block is not None:
                yield block
            elif not stream.active:
                raise AudioError("the microphone has stopped: check its connection")
        raise AudioError(
            f"audio of the microphone was lost ({self._lost}): give a longer --step, or close "
            "other programs"
        )

    def _next(self) -> NDArray[np.float32] | None:
        """Wait a little for a block."""
        try:
            return self._waiting.get(timeout=0.5)
        except queue.Empty:
            return None
