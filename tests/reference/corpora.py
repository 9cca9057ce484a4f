"""Made-up recordings on disk, and one bundle of networks that knows them all.

The samples of a recording count on from those of the one before, so that a replayed window tells
which recording it belongs to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from reference.recordings import FRAMES, Recording, record
from reference.replay import WINDOWS

from ovdiar.annotation import Annotation
from ovdiar.formats import rttm

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar.networks.bundle import SegmentationSpec
    from ovdiar.networks.models import Models
    from ovdiar.networks.segmentation import SegmentationModel


class Counted:
    """A segmentation network that counts the windows it is asked about."""

    def __init__(self, network: SegmentationModel) -> None:
        self.spec: SegmentationSpec = network.spec
        self._network = network
        self.asked = 0

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        self.asked += len(windows)
        return self._network(windows)


def reference_of(talk: NDArray[np.bool_], uri: str) -> Annotation:
    """Write down who speaks when (T, voices), frame by frame."""
    step_s = FRAMES.step_s
    turns = []
    for voice in range(talk.shape[1]):
        edges = np.flatnonzero(np.diff(talk[:, voice].astype(int), prepend=0, append=0))
        for start, end in edges.reshape(-1, 2):
            turns.append((start * step_s, end * step_s, f"voice{voice}"))
    return Annotation.of(turns, uri=uri)


def write_corpus(
    folder: Path, voices: tuple[int, ...] = (2, 3, 4), windows: int = 8, **pipeline: Any
) -> Models:
    """Write a recording and its reference for each number of voices; return networks for all."""
    folder.mkdir(parents=True, exist_ok=True)
    recordings = [record(seed, voices=n, windows=windows) for seed, n in enumerate(voices)]
    length = (windows - 1) * WINDOWS.step + WINDOWS.width
    for number, recording in enumerate(recordings):
        name = f"meeting{number}"
        samples = number * windows * WINDOWS.step + np.arange(length, dtype=np.float32)
        soundfile.write(folder / f"{name}.wav", samples, 16000, subtype="FLOAT")
        text = rttm.dumps(reference_of(recording.talk, name))
        (folder / f"{name}.rttm").write_text(text, encoding="utf-8")
    scores, embeddings = (np.concatenate([each[index] for each in recordings]) for index in (0, 1))
    return Recording(scores, embeddings, recordings[0].talk).models(**pipeline)
