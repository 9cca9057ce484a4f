"""What the networks say of a recording, computed once and kept in the user's cache.

Embeddings are taken from the frames in which a speaker is active, so they depend on the
segmentation threshold: they are computed for each threshold that is tried, and a trial scores
exactly what the pipeline would answer with its hyper-parameters. Segmentation is computed once.
"""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.frames import FrameGrid, WindowedFrames
from ovdiar.networks.bundle import UNREADABLE_ARRAYS, sha256, user_cache
from ovdiar.networks.models import Models
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.tuning.writing import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar.networks.bundle import SegmentationSpec
    from ovdiar.presets import DiarizationParameters
    from ovdiar.tuning.corpus import Sample

BACK_END = frozenset(
    {"segmentation_threshold", "min_duration_on", "min_duration_off", "training_filter"}
    | {"clean_share", "clustering", "linkage", "side_by_side", "threshold", "min_cluster_size"}
    | {"refine_clusters", "fa", "fb", "ghosts"}
)
"""Hyper-parameters that segmentation scores do not depend on."""


@dataclass(frozen=True, eq=False)
class Heard:
    """Scores (C, F, S) of a recording's windows, and embeddings (C, S, D)."""

    scores: WindowedFrames
    embeddings: NDArray[np.float32]


class Recalled:
    """A segmentation network that repeats, window after window, what it once said."""

    def __init__(self, spec: SegmentationSpec, scores: NDArray[np.float32]) -> None:
        self.spec = spec
        self._scores, self._done = scores, 0

    def __call__(self, windows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Give the scores of the next windows (N, samples) -> (N, frames, speakers)."""
        first, self._done = self._done, self._done + len(windows)
        return self._scores[first : self._done]


class EvidenceCache:
    """Hears recordings with a bundle's networks, each only once.

    A file's name digests what the manifest says of the networks (the SHA-256 of their files
    too), the audio's content and every hyper-parameter that its arrays depend on, so that nothing
    stale is ever read; a damaged file is made again.

    Parameters
    ----------
    models : the networks; ``default`` are the hyper-parameters that trials start from
    folder : where outcomes are kept, by default ``tuning`` in the user's cache
    """

    def __init__(
        self, models: Models, default: DiarizationParameters, folder: Path | None = None
    ) -> None:
        self.folder = user_cache() / "tuning" if folder is None else folder
        self._models, self._default = models, default
        self._digests: dict[Path, str] = {}

    def keeps(self, sample: Sample, threshold: float) -> bool:
        """Tell whether the networks have been heard on a recording at this threshold."""
        return all(self._path(sample, each).is_file() for each in (None, threshold))

    def hear(self, sample: Sample, threshold: float) -> Heard:
        """Return what the networks say of a recording at one segmentation threshold.

        Raises
        ------
        AudioError, ConfigError
            The recording cannot be read, or the cache cannot be written.
        """
        scores = _load(self._path(sample, None))
        known = None if scores is None else _windowed(scores)
        kept = _load(self._path(sample, threshold))
        if known is None or kept is None:
            return self._run(sample, threshold, known)
        return Heard(known, kept["embeddings"])

    def _run(self, sample: Sample, threshold: float, known: WindowedFrames | None) -> Heard:
        """Run the pipeline as a user would, and keep what its networks said."""
        models = self._models
        if known is not None and models.segmentation.spec.powerset is None:
            recalled = Recalled(models.segmentation.spec, known.data)
            models = Models(models.bundle, recalled, models.embedding)
        trace: dict[str, Any] = {}
        parameters = replace(self._default, segmentation_threshold=threshold)
        pipeline = trial(models, parameters)
        pipeline({"audio": sample.audio, "uri": sample.uri}, trace=trace)
        heard = Heard(trace["segmentations"], trace["embeddings"])
        scores = heard.scores
        if known is None:
            grids = {"windows": _numbers(scores.windows), "frames": _numbers(scores.frames)}
            _save(self._path(sample, None), scores=scores.data, **grids)
        _save(self._path(sample, threshold), embeddings=heard.embeddings)
        return heard

    def _path(self, sample: Sample, threshold: float | None) -> Path:
        """Name the file of a recording's scores, or of its embeddings at a threshold."""
        if sample.audio not in self._digests:
            self._digests[sample.audio] = sha256(sample.audio)
        manifest = self._models.bundle.manifest
        front_end = {k: v for k, v in asdict(self._default).items() if k not in BACK_END}
        identity = [
            version("ovdiar"),
            [manifest.get(part) for part in ("segmentation", "embedding")],
            self._digests[sample.audio],
            front_end,
            threshold,
        ]
        text = json.dumps(identity, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()}.npz"


def trial(models: Models, parameters: DiarizationParameters) -> SpeakerDiarization:
    """Make the pipeline of a trial. It reports no ghosts: nobody reads its turns."""
    if parameters.ghosts == "report":
        parameters = replace(parameters, ghosts="keep")
    return SpeakerDiarization(models, **asdict(parameters))


def _numbers(grid: FrameGrid) -> NDArray[np.int64]:
    return np.array([grid.step, grid.width, grid.start, grid.rate], dtype=np.int64)


def _windowed(arrays: dict[str, NDArray[Any]]) -> WindowedFrames:
    windows, frames = (FrameGrid(*arrays[name].tolist()) for name in ("windows", "frames"))
    return WindowedFrames(arrays["scores"], windows, frames)


def _save(path: Path, **arrays: NDArray[Any]) -> None:
    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    write_whole(path, content.getvalue())


def _load(path: Path) -> dict[str, NDArray[Any]] | None:
    """Read arrays; None where there are none, or the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return dict(arrays)
    except UNREADABLE_ARRAYS:
        return None
