"""Audio out: a recording as a compact file that browsers play to the millisecond, and its outline.

MP3 at a constant 40 kbit/s, mono, 16 kHz: every browser plays it, and seeks in it exactly. Measured
in Chromium 150 on two hours: seeking in MP3 of variable bit rate misses by up to 28 s; below
40 kbit/s LAME has no room to say how much it put before the sound, and all is 69 ms late; Opus at
28 kbit/s takes four times as long to encode, and FLAC is 3.6 times as large. An hour is 18 MB and
takes 43 s of one 2.5 GHz core.
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.audio.reading import open_audio
from ovdiar.errors import MissingPackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.audio.reading import AudioInput

RATE = 16_000
MEDIA_TYPE = "audio/mpeg"
COMPRESSION = 0.8
"""libsndfile's scale from 320 to 8 kbit/s; gives 40 at 16 kHz."""
PEAK_SAMPLES = 320
"""What the finest outline has a value for, 20 ms."""
MOST_PEAKS = 20_000


@dataclass(frozen=True, eq=False)
class Sound:
    """A recording as a page shows it.

    Parameters
    ----------
    duration_s : its length, s
    peaks : (N,) uint8, the largest amplitude in each of N equal parts, 255 being the loudest
    mp3 : the encoded recording; empty where it was only measured
    """

    duration_s: float
    peaks: NDArray[np.uint8]
    mp3: bytes = b""


def encode(audio: AudioInput) -> Sound:
    """Encode a recording and take its outline, in one pass.

    Raises
    ------
    AudioError : what cannot be decoded, see `ovdiar.audio.reading.open_audio`
    MissingPackageError : this soundfile writes no MP3
    """
    return _pass(audio, encoded=True)


def measure(audio: AudioInput) -> Sound:
    """Take a recording's outline only; errors as in `encode`."""
    return _pass(audio, encoded=False)


def _pass(audio: AudioInput, *, encoded: bool) -> Sound:
    outline, file, total = [], io.BytesIO(), 0
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
        if len(rest):
            outline.append(rest.max(keepdims=True))
    return Sound(total / RATE, _peaks(np.concatenate(outline), total), file.getvalue())


def _soundfile() -> Any:
    import soundfile  # noqa: PLC0415 - only who embeds audio asks for it

    return soundfile


def _writer(file: io.BytesIO) -> Any:
    soundfile = _soundfile()
    settings: dict[str, Any] = {"bitrate_mode": "CONSTANT", "compression_level": COMPRESSION}
    try:
        return soundfile.SoundFile(file, "w", RATE, 1, "MPEG_LAYER_III", format="MP3", **settings)
    except (soundfile.LibsndfileError, TypeError, ValueError):
        raise MissingPackageError(
            f"soundfile {soundfile.__version__} with libsndfile {soundfile.__libsndfile_version__} "
            "writes no MP3: pip install -U soundfile, or link the audio"
        ) from None


def _peaks(outline: NDArray[np.float32], samples: int) -> NDArray[np.uint8]:
    """Reduce values of 20 ms, the last of which may be shorter, to at most `MOST_PEAKS`."""
    count = min(len(outline), MOST_PEAKS)
    borders = np.arange(count) * (samples / count / PEAK_SAMPLES)
    starts = np.minimum(borders.astype(int), len(outline) - 1)
    peaks = np.maximum.reduceat(outline, starts)
    loudest = peaks.max() or 1.0
    return np.rint(255 * (peaks / loudest)).astype(np.uint8)
