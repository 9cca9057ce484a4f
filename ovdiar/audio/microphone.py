"""Audio from a microphone, through PortAudio (extra ``live``)."""

from __future__ import annotations

import queue
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import AudioError, MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    size = round(block_s * rate)
    waiting: queue.Queue[NDArray[np.float32]] = queue.Queue(round(MOST_WAITING_S / block_s))
    lost: list[str] = []

    def hear(block: Any, _frames: int, _time: Any, status: Any) -> None:
        if status:
            lost.append(str(status))
        try:
            waiting.put_nowait(block[:, 0].copy())
        except queue.Full:
            lost.append(f"{MOST_WAITING_S:g} s are waiting")

    def blocks() -> Iterator[NDArray[np.float32]]:
        while True:
            if lost:
                raise AudioError(
                    f"audio of the microphone was lost ({lost[0]}): give a longer --step, or close "
                    "other programs"
                )
            try:
                yield waiting.get(timeout=0.5)
            except queue.Empty:
                if not stream.active:
                    raise AudioError("the microphone has stopped: check its connection") from None

    try:
        stream = sounddevice.InputStream(
            samplerate=rate,
            blocksize=size,
            device=device,
            channels=1,
            dtype="float32",
            callback=hear,
        )
    except (sounddevice.PortAudioError, ValueError) as error:
        raise AudioError(
            f"microphone {device if device is not None else '(default)'} cannot be opened "
            f"({error}): name another with --microphone NAME"
        ) from None
    with stream:
        yield blocks()
