"""Encode a recording for web pages, as a small file with sample-accurate seeking, and its waveform.

The format is MP3 at a constant 40 kbit/s, mono, 16 kHz: every browser plays it and seeks in it
exactly. Other formats and rates are compared in docs/studies/report-audio.md.
"""

from __future__ import annotations

import io
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.audio.reading import open_audio
from ovdiar.errors import MissingPackageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from ovdiar.audio.reading import AudioInput

    Progress = Callable[[float, float | None], None]

RATE = 16_000
MEDIA_TYPE = "audio/mpeg"
COMPRESSION = 0.8
"""libsndfile's compression level, from 320 to 8 kbit/s; 0.8 gives 40 kbit/s at 16 kHz."""
FRAME_SAMPLES, FRAME_BYTES = 576, 180
"""Samples and bytes of an MP3 frame at this rate and level; the first tells the encoder's delay."""
PEAK_SAMPLES = 320
"""Samples per value of the finest waveform outline, 20 ms."""
MAX_PEAKS = 20_000


@dataclass(frozen=True, eq=False)
class Sound:
    """An encoded recording and its waveform outline.

    Parameters
    ----------
    duration_s
        Duration, in seconds.
    peaks
        (N,) uint8, the largest amplitude in each of N equal parts, scaled so that the loudest is
        255.
    mp3
        The encoded recording; empty if it was only measured.
    """

    duration_s: float
    peaks: NDArray[np.uint8]
    mp3: bytes = b""


def encode(audio: AudioInput, *, progress: Progress | None = None) -> Sound:
    """Encode a recording and compute its waveform outline in one pass.

    ``progress`` is called with the fraction that is done and the time left in seconds.

    Raises
    ------
    AudioError
        If the audio cannot be decoded, see `ovdiar.audio.reading.open_audio`.
    MissingPackageError
        If the installed soundfile cannot write MP3.
    """
    return _pass(audio, progress, encoded=True)


def measure(audio: AudioInput, *, progress: Progress | None = None) -> Sound:
    """Compute the waveform outline of a recording without encoding it; errors as in `encode`."""
    return _pass(audio, progress, encoded=False)


def _pass(audio: AudioInput, progress: Progress | None, *, encoded: bool) -> Sound:
    outline, file, total, began = [], io.BytesIO(), 0, time.monotonic()
    with ExitStack() as stack:
        reader = stack.enter_context(open_audio(audio, rate=RATE))
        writer = stack.enter_context(_writer(file)) if encoded else None
        rest = np.empty(0, np.float32)
        for block in reader:
            total += len(block)
            if writer is not None:
                writer.write(np.clip(block, -1, 1))
            rest = np.concatenate([rest, np.abs(block)])
            whole = len(rest) // PEAK_SAMPLES * PEAK_SAMPLES
            outline.append(rest[:whole].reshape(-1, PEAK_SAMPLES).max(axis=1))
            rest = rest[whole:]
            done = total / RATE / reader.duration_s if reader.duration_s else 0.0
            if progress is not None and 0 < done < 1:
                progress(done, (time.monotonic() - began) * (1 / done - 1))
        if len(rest):
            outline.append(rest.max(keepdims=True))
    if progress is not None:
        progress(1.0, 0.0)
    return Sound(total / RATE, _peaks(np.concatenate(outline), total), file.getvalue())


def _soundfile() -> Any:
    import soundfile  # noqa: PLC0415 - only needed to embed audio

    return soundfile


def _writer(file: io.BytesIO) -> Any:
    soundfile = _soundfile()
    settings: dict[str, Any] = {"bitrate_mode": "CONSTANT", "compression_level": COMPRESSION}
    try:
        return soundfile.SoundFile(file, "w", RATE, 1, "MPEG_LAYER_III", format="MP3", **settings)
    except (soundfile.LibsndfileError, TypeError, ValueError):
        raise MissingPackageError(
            f"soundfile {soundfile.__version__} with libsndfile {soundfile.__libsndfile_version__} "
            "cannot write MP3: pip install -U soundfile, or link the audio instead of embedding it"
        ) from None


def _peaks(outline: NDArray[np.float32], samples: int) -> NDArray[np.uint8]:
    """Reduce values of 20 ms (the last may be shorter) to at most `MAX_PEAKS` values."""
    count = min(len(outline), MAX_PEAKS)
    boundaries = np.arange(count) * (samples / count / PEAK_SAMPLES)
    starts = np.minimum(boundaries.astype(int), len(outline) - 1)
    peaks = np.maximum.reduceat(outline, starts)
    loudest = peaks.max() or 1.0
    return np.rint(255 * (peaks / loudest)).astype(np.uint8)
