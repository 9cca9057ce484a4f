"""Resample a signal block by block, with the same result as in one piece."""

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
    """Streaming resampler: soxr at high quality, the default of librosa.

    The result does not depend on the block sizes, and has exactly `resampled_length` samples.

    Raises
    ------
    AudioError
        If soxr cannot convert between the two rates.
    MissingPackageError
        If soxr is not installed.
    """

    def __init__(self, source_hz: int, target_hz: int) -> None:
        try:
            import soxr  # noqa: PLC0415 - not needed at the rate of the models
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
        self._received = self._returned = 0

    def push(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Resample the next block.

        Parameters
        ----------
        block
            (n,).

        Returns
        -------
        (m,), the samples that are determined so far, possibly none.
        """
        self._received += len(block)
        out: NDArray[np.float32] = self._stream.resample_chunk(np.ascontiguousarray(block))
        self._returned += len(out)
        return out

    def finish(self) -> NDArray[np.float32]:
        """Return the remaining samples (m,), as if silence followed."""
        source_hz, target_hz = self._rates
        silence = np.zeros(1 + resampled_length(1, target_hz, source_hz), np.float32)
        out: NDArray[np.float32] = self._stream.resample_chunk(silence, last=True)
        return out[: resampled_length(self._received, source_hz, target_hz) - self._returned]
