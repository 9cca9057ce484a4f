"""Segmentation models: who speaks when in a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ovdiar.networks.manifest import check_output, columns_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ovdiar.networks.bundle import SegmentationSpec
    from ovdiar.networks.runtime import Network

EDGE_FRAMES = 2
"""Frames by which networks differ in how they treat the ends of a window."""


class SegmentationModel(Protocol):
    """Model that scores the speakers or powerset classes of windows."""

    @property
    def spec(self) -> SegmentationSpec:
        """Input and output of the network."""
        ...

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score windows (N, samples) -> (N, frames, classes)."""
        ...


@dataclass(frozen=True, eq=False)
class Segmentation:
    """Segmentation network of a bundle."""

    spec: SegmentationSpec
    network: Network

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score windows (N, samples) -> (N, frames, classes).

        Raises
        ------
        ModelError
            If the frames or classes are not those of ``spec``.
        """
        scores = self.network(windows)
        grid = self.spec.frames
        frames = max(1 + (windows.shape[1] - grid.width) // grid.step, 1)
        columns = columns_of(len(self.spec.classes), self.spec.powerset)
        check_output("segmentation", "classes", scores.shape[2], columns)
        check_output("segmentation", "frames", scores.shape[1], frames, EDGE_FRAMES)
        return scores
