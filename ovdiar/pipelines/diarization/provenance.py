"""What made an answer, in plain values: enough to make it again, or to tell why it cannot be."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.networks.bundle import MANIFEST, sha256
from ovdiar.pipelines.diarization.speaker_count import UNBOUNDED
from ovdiar.serialization import origin

if TYPE_CHECKING:
    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.networks.bundle import Bundle
    from ovdiar.presets import ActivityParameters, DiarizationParameters

OF_A_MODEL = ("revision", "sha256", "precision")
"""What the manifest says of where a network came from."""


def provenance(
    parameters: ActivityParameters | DiarizationParameters,
    *,
    uri: str | None,
    bundle: Bundle | None = None,
    duration_s: float | None = None,
    bounds: CountBounds | None = None,
    strict_parity: bool = False,
) -> dict[str, Any]:
    """Tell ovdiar's version, the recording, the bundle and the hyper-parameters.

    Parameters
    ----------
    parameters : those that were used
    uri, duration_s : name and length (s) of the recording, where they are known
    bundle : what the networks came from, where they ran
    bounds : of the number of speakers; told where something was asked for
    strict_parity : told where it was asked for
    """
    told = origin(uri)
    if duration_s is not None:
        told["duration_s"] = round(duration_s, 3)
    if bundle is not None:
        told["bundle"] = _describe(bundle)
    used = (
        asdict(parameters) | _numbers(bounds) | ({"strict_parity": True} if strict_parity else {})
    )
    told["parameters"] = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in used.items()
    }
    return told


def _numbers(bounds: CountBounds | None) -> dict[str, Any]:
    """Name the numbers of speakers that were asked for."""
    if bounds is None:
        return {}
    if bounds.exact is not None:
        return {"num_speakers": bounds.exact}
    least = {"min_speakers": bounds.least} if bounds.least else {}
    return least | ({"max_speakers": bounds.most} if bounds.most < UNBOUNDED else {})


def _describe(bundle: Bundle) -> dict[str, Any]:
    """Name a bundle; its manifest lists the digest of every file, so that one digest names all."""
    told: dict[str, Any] = {"name": bundle.name}
    manifest = bundle.folder / MANIFEST
    if manifest.is_file():
        told["sha256"] = sha256(manifest)
    for part in ("segmentation", "embedding"):
        entry = bundle.manifest.get(part, {})
        told[part] = {key: entry[key] for key in OF_A_MODEL if key in entry}
    return told
