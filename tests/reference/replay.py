"""A network that answers what it was given, wherever in the recording it is asked.

The samples of its recordings are their own positions (float32 counts to 17 minutes), so that
a window tells where it begins, and the network keeps nothing between calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.frames import FrameGrid
from ovdiar.networks.bundle import SegmentationSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar.networks.segmentation import SegmentationModel

FRAMES = FrameGrid(step=270, width=991)
WINDOWS = FrameGrid(step=8000, width=80000)


def positions(samples: int, uri: str = "recording") -> dict[str, Any]:
    """Make a recording of so many samples."""
    return {"waveform": np.arange(samples, dtype=np.float32), "sample_rate": 16000, "uri": uri}


class Replay:
    """Replays scores (C, F, classes) window by window, on pyannote's grids unless told."""

    def __init__(
        self,
        scores: NDArray[Any],
        *,
        powerset: int | None = None,
        windows: FrameGrid = WINDOWS,
        frames: FrameGrid = FRAMES,
    ) -> None:
        self._scores, self._windows = np.asarray(scores, np.float32), windows
        speakers = scores.shape[2] if powerset is None else 3
        self.spec = SegmentationSpec(
            architecture="replay",
            window_samples=windows.width,
            frames=frames,
            classes=tuple(f"speaker#{number}" for number in range(1, speakers + 1)),
            powerset=powerset,
            min_samples=991,
        )
        self.duration_samples = (len(scores) - 1) * windows.step + windows.width
        """Of a recording that these windows cover to the last sample."""

    def recording(self, missing: int = 0, uri: str = "recording") -> dict[str, Any]:
        """Make the recording that these scores belong to, or one that is a few samples shorter."""
        return positions(self.duration_samples - missing, uri)

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        numbers = np.rint(windows[:, 0] / self._windows.step).astype(int)
        answer: NDArray[np.float32] = self._scores[numbers]
        return answer


class Remembering:
    """A network that is asked only once about the same windows, so that tests are fast."""

    def __init__(self, network: SegmentationModel) -> None:
        self.spec = network.spec
        self._network = network
        self._answers: dict[bytes, NDArray[np.float32]] = {}

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = windows.tobytes()
        if batch not in self._answers:
            self._answers[batch] = self._network(windows)
        return self._answers[batch]
