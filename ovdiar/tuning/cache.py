"""Prepared recordings, kept in the user's cache.

Embeddings are computed from the frames in which a speaker is active, so they depend on the
segmentation threshold: a recording is prepared for each threshold that is tried, and a trial gives
exactly the pipeline's answer. The segmentation network runs once for all of them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING

from ovdiar.audio.recording import open_recording
from ovdiar.errors import FormatError
from ovdiar.files import make_folder_of
from ovdiar.networks.bundle import user_cache
from ovdiar.networks.digests import sha256
from ovdiar.parameters import FrontEndParameters
from ovdiar.pipelines.diarization.front_end import embed, segment
from ovdiar.pipelines.diarization.prepared import Prepared
from ovdiar.pipelines.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ovdiar.networks.models import Models
    from ovdiar.parameters import DiarizationParameters
    from ovdiar.tuning.corpus import Sample


class PreparedCache:
    """Prepares recordings with a bundle's networks, each only once.

    The name of a file is a digest of the networks (by the manifest, which holds the SHA-256 of
    their files), of the audio and of the hyper-parameters of the front end, so that nothing stale
    is ever read; a damaged file is made again.

    Parameters
    ----------
    models : the networks
    default : the hyper-parameters that trials start from
    folder : where files are kept, by default ``tuning`` in the user's cache
    """

    def __init__(
        self, models: Models, default: DiarizationParameters, folder: Path | None = None
    ) -> None:
        self.folder = user_cache() / "tuning" if folder is None else folder
        self._models, self._default = models, default
        self._digests: dict[Path, str] = {}

    def has(self, sample: Sample, threshold: float) -> bool:
        """Return whether a recording is prepared for a segmentation threshold."""
        return self._path(sample, threshold).is_file()

    def prepare(self, sample: Sample, thresholds: Iterable[float]) -> None:
        """Prepare a recording for several segmentation thresholds, where that is not done.

        Raises
        ------
        AudioError, ConfigError, OutputError
            The recording cannot be read, or the cache cannot be written.
        """
        lacking = [each for each in thresholds if not self.has(sample, each)]
        if not lacking:
            return
        rate = self._models.segmentation.spec.frames.rate
        request = {"audio": sample.audio, "uri": sample.uri}
        level_dbfs = self._default.recording_level
        with (
            Steps(None, request) as steps,
            open_recording(request, rate=rate, level_dbfs=level_dbfs) as recording,
        ):
            scores = segment(self._models, recording, self._default, steps)
            for threshold in lacking:
                parameters = self._at(threshold)
                prepared = embed(self._models, recording, scores, parameters, steps)
                path = self._path(sample, threshold)
                make_folder_of(path)
                prepared.save(path)

    def load(self, sample: Sample, threshold: float) -> Prepared:
        """Return a recording prepared for a segmentation threshold.

        Raises
        ------
        AudioError, ConfigError, OutputError
            As `prepare`.
        """
        path = self._path(sample, threshold)
        if path.is_file():
            try:
                return Prepared.load(path)
            except FormatError:
                path.unlink(missing_ok=True)
        self.prepare(sample, [threshold])
        return Prepared.load(path)

    def _at(self, threshold: float) -> DiarizationParameters:
        return replace(self._default, segmentation_threshold=threshold)

    def _path(self, sample: Sample, threshold: float) -> Path:
        """Return the file of a recording for a segmentation threshold."""
        if sample.audio not in self._digests:
            self._digests[sample.audio] = sha256(sample.audio)
        manifest = self._models.bundle.manifest
        identity = [
            version("ovdiar"),
            [manifest.get(part) for part in ("segmentation", "embedding")],
            self._digests[sample.audio],
            self._at(threshold).section(FrontEndParameters).to_dict(),
        ]
        text = json.dumps(identity, sort_keys=True)
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()}.npz"
