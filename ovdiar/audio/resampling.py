"""Change the rate of a signal, block after block, as if it had come in one piece."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ovdiar.errors import AudioError, MissingPackageError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def resampled_length(samples: int, source_hz: int, target_hz: int) -> int:
    """Count the samples at the target rate that start before the source ends."""
    return -(-samples * target_hz // source_hz)


class Resampler:
    """soxr at high quality, which librosa uses and brings; blocks of any size give one answer.

    The output has exactly `resampled_length` samples, so that no length drifts.

    Raises
    ------
    MissingPackageError : soxr is not installed
    """

    def __init__(self, source_hz: int, target_hz: int) -> None:
        try:
            import soxr  # noqa: PLC0415 - audio at the rate of the models needs no resampler
        except ImportError:
            raise MissingPackageError(
                f"resampling from {source_hz} to {target_hz} Hz needs soxr, which comes with "
                f"librosa: pip install librosa, or give audio at {target_hz} Hz"
            ) from None
        self._rates = source_hz, target_hz
        try:
            self._stream = soxr.ResampleStream(source_hz, target_hz, 1, "float32", "HQ")
        except RuntimeError as error:
            raise AudioError(
                f"{source_hz} Hz cannot be resampled to {target_hz} Hz ({error}): "
                "check the recording's sample rate"
            ) from None
        self._taken = self._given = 0

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Resample as far as the blocks until now tell; (n,) gives (m,), possibly none."""
        self._taken += len(block)
        out: NDArray[np.float32] = self._stream.resample_chunk(np.ascontiguousarray(block))
        self._given += len(out)
        return out

    def finish(self) -> NDArray[np.float32]:
        """Resample the rest as if silence followed."""
        source_hz, target_hz = self._rates
        silence = np.zeros(1 + resampled_length(1, target_hz, source_hz), np.float32)
        out: NDArray[np.float32] = self._stream.resample_chunk(silence, last=True)
        return out[: resampled_length(self._taken, source_hz, target_hz) - self._given]
