"""What produced an answer, in plain values: enough to produce it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.networks.bundle import MANIFEST
from ovdiar.networks.digests import sha256
from ovdiar.pipelines.diarization.speaker_count import UNBOUNDED
from ovdiar.serialization import origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovdiar.clustering.ahc import CountBounds
    from ovdiar.networks.bundle import Bundle
    from ovdiar.parameters import Parameters

NETWORKS = ("segmentation", "embedding")
MODEL_KEYS = ("revision", "sha256", "precision")
"""What the manifest states of a network's origin."""


def provenance(
    parameters: Parameters,
    *,
    uri: str | None,
    duration_s: float | None = None,
    bundle: Mapping[str, Any] | None = None,
    bounds: CountBounds | None = None,
    strict_parity: bool = False,
) -> dict[str, Any]:
    """Return ovdiar's version, the recording, the bundle and the hyper-parameters.

    Parameters
    ----------
    parameters : those that were used
    uri, duration_s : name and length (s) of the recording, where they are known
    bundle : the networks' (see `describe`), where they ran
    bounds : of the number of speakers, where one was given
    strict_parity : stated where it was set
    """
    stated = origin(uri)
    if duration_s is not None:
        stated["duration_s"] = round(duration_s, 3)
    if bundle is not None:
        stated["bundle"] = dict(bundle)
    used = parameters.to_dict() | _numbers(bounds)
    used |= {"strict_parity": True} if strict_parity else {}
    stated["parameters"] = {
        name: value.item() if isinstance(value, np.generic) else value
        for name, value in used.items()
    }
    return stated


def _numbers(bounds: CountBounds | None) -> dict[str, Any]:
    """Name the numbers of speakers that were given."""
    if bounds is None:
        return {}
    if bounds.exact is not None:
        return {"num_speakers": bounds.exact}
    least = {"min_speakers": bounds.least} if bounds.least else {}
    return least | ({"max_speakers": bounds.most} if bounds.most < UNBOUNDED else {})


def describe(bundle: Bundle) -> dict[str, Any]:
    """Identify a bundle: its manifest lists the digest of every file, so one digest covers all."""
    stated: dict[str, Any] = {"name": bundle.name}
    manifest = bundle.folder / MANIFEST
    if manifest.is_file():
        stated["sha256"] = sha256(manifest)
    for part in NETWORKS:
        entry = bundle.manifest.get(part, {})
        stated[part] = {key: entry[key] for key in MODEL_KEYS if key in entry}
    return stated
