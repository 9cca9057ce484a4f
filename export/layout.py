"""A local copy of models in pyannote's layout."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError, ModelNotFoundError

from .configuration import read_configuration
from .recipes import PLDA_FILES, Recipe
from .sources.origins import Origin, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .configuration import Configuration

CONFIG = "config.yaml"
WEIGHTS = (
    "pytorch_model.bin",
    "model.safetensors",
    "embedding_model.ckpt",
    "pretrained.pt",
    "model.onnx",
)
"""Published names of a model's file in its folder."""


@dataclass(frozen=True)
class Layout:
    """Where the models of a local copy are, and the hyper-parameters of its configuration.

    ``plda`` is a folder, or None where there is none or the clustering does not use it.
    """

    folder: Path
    segmentation: Path
    embedding: Path
    plda: Path | None = None
    pipeline: Mapping[str, Any] = field(default_factory=dict)

    @property
    def preset(self) -> str | None:
        """The generation that the configuration implies: VBx came with community-1."""
        return "community-1" if self.pipeline.get("clustering") == "vbx" else None


def read_layout(folder: Path) -> Layout:
    """Find the models in a folder: ``segmentation/``, ``embedding/`` and optionally ``plda/``.

    A ``config.yaml`` in it may name other places: ``$model/NAME`` within the folder, a path
    relative to the folder or the working directory, or a repository of Hugging Face, whose copy is
    searched in and beside the folder.

    Raises
    ------
    ModelNotFoundError
        The folder or a model is missing.
    ModelError, MissingPackageError
        See `read_configuration`.
    """
    if not folder.is_dir():
        raise ModelNotFoundError(
            f"{folder} is no folder: name one that holds segmentation/ and embedding/"
        )
    if (folder / CONFIG).is_file():
        return _configured(folder, read_configuration(folder / CONFIG))
    return Layout(
        folder,
        segmentation=_weights(folder / "segmentation"),
        embedding=_weights(folder / "embedding"),
        plda=folder / "plda" if (folder / "plda").is_dir() else None,
    )


def _configured(folder: Path, configuration: Configuration) -> Layout:
    places = {name: name for name in ("segmentation", "embedding", "plda")}
    places |= configuration.places
    wanted = configuration.pipeline["clustering"] == "vbx"
    return Layout(
        folder,
        segmentation=_weights(_place(folder, "segmentation", places["segmentation"])),
        embedding=_weights(_place(folder, "embedding", places["embedding"])),
        plda=_place(folder, "plda", places["plda"]) if wanted else None,
        pipeline=configuration.pipeline,
    )


def _place(folder: Path, role: str, named: str) -> Path:
    """Return the file or folder that a configuration names."""
    inside = named == "$model" or named.startswith("$model/")
    plain = named.removeprefix("$model").lstrip("/") if inside else named
    plain = plain.partition("@")[0] if not (folder / plain).exists() else plain
    candidates = [folder / plain]
    if not inside:
        name = Path(plain).name
        candidates += [Path(plain), folder / role, folder / name, folder.parent / name]
    for candidate in candidates:
        if candidate.exists():
            return candidate
    raise ModelNotFoundError(
        f"{folder / CONFIG} names {named!r}, of which there is no copy in or beside {folder}: "
        f"put one into {folder / role}"
    )


def _weights(place: Path) -> Path:
    """Return the weights: the place itself, or the file in it."""
    if place.is_file():
        return place
    for name in WEIGHTS:
        if (place / name).is_file():
            return place / name
    raise ModelNotFoundError(f"{place} holds no model: put its {WEIGHTS[0]} there")


def localised(recipe: Recipe, layout: Layout) -> Recipe:
    """Replace a recipe's files by those of a local copy, and hyper-parameters where they differ.

    Raises
    ------
    ModelError
        The copy is of another generation or lacks the PLDA.
    """
    wanted = recipe.parameters(powerset=True)["clustering"]
    found = layout.pipeline.get("clustering", wanted)
    if found != wanted:
        raise ModelError(
            f"{layout.folder / CONFIG} clusters by {found!r} and {recipe.name} by {wanted!r}: "
            "choose the recipe that fits, or ovdiar-export custom NAME --from FOLDER"
        )
    if recipe.plda and layout.plda is None:
        raise ModelNotFoundError(
            f"{layout.folder} has no plda/, which {recipe.name} needs: "
            f"put {' and '.join(PLDA_FILES)} there"
        )
    return replace(
        recipe,
        segmentation=origin_of(str(layout.segmentation)),
        embedding=origin_of(str(layout.embedding)),
        plda=plda_origins(layout.plda) if recipe.plda and layout.plda else {},
        pipeline={**recipe.pipeline, **layout.pipeline},
        without_hub=None,
    )


def plda_origins(folder: Path) -> dict[str, Origin]:
    """Return the files of a PLDA in a folder."""
    return {name: origin_of(str(folder / name)) for name in PLDA_FILES}
