"""Find, read and check a bundle: the folder that the exporter wrote."""

from __future__ import annotations

import json
import os
import sys
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ovdiar.errors import ConfigError, ModelError, ModelNotFoundError
from ovdiar.networks.digests import sha256
from ovdiar.networks.manifest import (
    MAX_STATIC,
    PROCESSING_S,
    Entry,
    calibrations,
    checked_hyper_parameters,
    embedding_values,
    segmentation_values,
    upgraded,
)
from ovdiar.networks.names import DEFAULT_BUNDLE, RECIPES, recipe_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ovdiar.calibration import Calibration, VoiceCalibration
    from ovdiar.clustering.plda import Plda
    from ovdiar.frames import FrameGrid

SCHEMA = 2
"""Version of the manifest that the exporter writes. Older ones are read, see `upgraded`."""
MANIFEST = "bundle.json"
NETWORKS = ("segmentation", "embedding")
"""The parts of a bundle that hold networks."""
UNREADABLE_ARRAYS = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError),
    *(ValueError, KeyError, TypeError, AttributeError),
)
"""What NumPy raises for an .npz that is damaged, or that is something else."""


@dataclass(frozen=True)
class SegmentationSpec:
    """What the runtime must know of a segmentation network.

    ``window_samples`` at ``frames.rate`` go in; scores on the grid ``frames`` come out, one
    column for each of ``classes``. ``powerset`` is the largest set of speakers that one class
    stands for, or None where each class is a speaker. ``processing_s`` is what a slow CPU needs
    for one second of audio, s.
    """

    architecture: str
    window_samples: int
    frames: FrameGrid
    classes: tuple[str, ...]
    powerset: int | None
    min_samples: int
    processing_s: float = PROCESSING_S["segmentation"]


@dataclass(frozen=True)
class EmbeddingSpec:
    """What the runtime must know of an embedding network.

    ``kind`` is ``pooled`` (trunk, masked statistics, head) or ``utterance`` (a speaker's own
    material goes through the whole network). Of an utterance: ``select`` says whether ``samples``
    are chosen before the features or feature ``frames`` after, ``level_dbfs`` the loudness to
    which quiet speech is raised, and ``partial_frames``/``partial_step_frames`` cut long speech
    into pieces whose normalised embeddings are averaged; speech of fewer than ``min_frames`` is
    repeated. ``hop_samples`` is the distance of the trunk's or of feature frames. Of a trunk:
    ``channels``, and ``context_samples``, the samples to either side that a frame depends on. Zero
    or None: not used. ``processing_s`` is what a slow CPU needs for one second of its input, s.
    """

    architecture: str
    kind: Literal["pooled", "utterance"]
    rate: int
    dimension: int
    min_samples: int
    select: Literal["samples", "frames"] = "frames"
    hop_samples: int = 0
    level_dbfs: float | None = None
    partial_frames: int = 0
    partial_step_frames: int = 0
    min_frames: int = 0
    channels: int = 0
    context_samples: int = 0
    processing_s: float = PROCESSING_S["utterance"]


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle on disk, read and checked.

    ``manifest`` is of the schema `SCHEMA`. Without a ``calibration``, as in bundles of schema 1,
    the confidence of a turn cannot be calculated; without a ``voice_calibration``, nor can the
    probability that two voices are one.
    """

    folder: Path
    name: str
    segmentation: SegmentationSpec
    embedding: EmbeddingSpec
    pipeline: Mapping[str, Any]
    manifest: Mapping[str, Any] = field(repr=False)
    calibration: Calibration | None = None
    voice_calibration: VoiceCalibration | None = None
    static_batch: int | None = None
    """How many windows its networks take at once, if it was exported for a fixed number."""

    def plda(self) -> Plda | None:
        """Load the bundle's PLDA, where it has one."""
        folder = self.folder / "plda"
        return load_plda(folder) if folder.is_dir() else None


def models_folder() -> Path:
    """Return where bundles live: ``$OVDIAR_MODELS``, else the user's cache."""
    given = os.environ.get("OVDIAR_MODELS")
    return Path(given) if given else user_cache() / "models"


def user_cache() -> Path:
    """Return ovdiar's folder in the per-user cache of this platform."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or _home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = _home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache")
    return base / "ovdiar"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise ConfigError(
            "this user has no home folder, where the cache would be: set HOME"
        ) from error


def find_bundle(name: str | os.PathLike[str]) -> Path:
    """Find a bundle by its name, or take a folder as it is."""
    given = Path(name)
    folder = given if (given / MANIFEST).is_file() else models_folder() / given
    if (folder / MANIFEST).is_file():
        return folder
    if given.is_dir():
        raise ModelNotFoundError(
            f"folder {str(given)!r} is no bundle (it has no {MANIFEST}): "
            f"make one with ovdiar-export {DEFAULT_BUNDLE} --output FOLDER"
        )
    recipe = recipe_of(str(name)) if given.name == str(name) else DEFAULT_BUNDLE
    others = "" if recipe in RECIPES else f", or take one of {', '.join(RECIPES)}"
    raise ModelNotFoundError(
        f"bundle {str(name)!r} is not in {models_folder()}: make it with ovdiar-export {recipe}"
        + others
    )


def load_bundle(name: str | os.PathLike[str]) -> Bundle:
    """Find a bundle, read its manifest and check its files against their SHA-256.

    Raises
    ------
    ModelNotFoundError
        There is no bundle of that name or in that folder.
    ModelError
        A file differs from its digest, the schema is newer, or a value is missing or wrong.
    """
    folder = find_bundle(name)
    manifest = read_manifest(folder)
    try:
        bundle = _bundle(folder, upgraded(manifest, SCHEMA))
        expected = _digests(bundle.manifest)
    except ModelError as error:
        place = folder / MANIFEST
        raise ModelError(f"manifest {place}: {error}; export the bundle again") from error
    verify_files(folder, expected)
    return bundle


def installed() -> dict[str, str]:
    """List the bundles in the folder of bundles: names, and the networks that each holds."""
    manifests = sorted(models_folder().glob(f"*/{MANIFEST}"))
    return {path.parent.name: _in_a_line(path.parent) for path in manifests}


def _in_a_line(folder: Path) -> str:
    """Describe what a bundle holds, or why it cannot be used."""
    try:
        manifest = Entry(read_manifest(folder))
        parts = [manifest.entry(name).text("architecture") for name in NETWORKS]
        return f"{' + '.join(parts)} ({', '.join(manifest.texts('licenses'))})"
    except ModelError as error:
        return f"cannot be used: {error}"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a bundle's manifest as it was written, of this schema or an older one.

    Raises
    ------
    ModelNotFoundError, ModelError
        There is none, it is no JSON object with a schema, or the schema is newer.
    """
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"{path} does not exist: export the bundle") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"manifest {path} cannot be read: export the bundle again") from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise ModelError(f"manifest {path} states no schema: export the bundle again")
    if schema > SCHEMA:
        raise ModelError(
            f"bundle {folder} has schema {schema} and this ovdiar reads up to {SCHEMA}: "
            "upgrade ovdiar, or export the bundle again"
        )
    return manifest


def verify_files(folder: Path, expected: Mapping[str, str]) -> None:
    """Compare files with their SHA-256 digests; raise ModelError at the first that differs."""
    for name, digest in expected.items():
        path = folder / name
        try:
            found = sha256(path)
        except OSError as error:
            raise ModelError(f"bundle file {path} is missing: export the bundle again") from error
        if found != digest:
            raise ModelError(
                f"bundle file {path} has SHA-256 {found[:12]}..., the manifest says "
                f"{digest[:12]}...: export the bundle again"
            )


def load_plda(folder: str | os.PathLike[str]) -> Plda:
    """Read the two arrays files of a PLDA (``xvec_transform.npz``, ``plda.npz``)."""
    from ovdiar.clustering.plda import Plda  # noqa: PLC0415 - only VBx needs it

    try:
        with (
            np.load(Path(folder) / "xvec_transform.npz", allow_pickle=False) as transform,
            np.load(Path(folder) / "plda.npz", allow_pickle=False) as plda,
        ):
            return Plda.from_arrays(transform, plda)
    except FileNotFoundError as error:
        raise ModelNotFoundError(
            f"PLDA folder {str(folder)!r} lacks {Path(str(error.filename)).name}: "
            "give the folder with xvec_transform.npz and plda.npz"
        ) from error
    except UNREADABLE_ARRAYS as error:
        reason = " ".join(str(error).split())
        raise ModelError(
            f"PLDA folder {str(folder)!r} cannot be read ({reason}): copy its two files again"
        ) from error


def _bundle(folder: Path, manifest: dict[str, Any]) -> Bundle:
    top = Entry(manifest)
    batch = top.entry("static").whole("batch", 1, MAX_STATIC) if top.has("static") else None
    segmentation = SegmentationSpec(**segmentation_values(top.entry("segmentation")))
    rate = segmentation.frames.rate
    return Bundle(
        folder=folder,
        name=top.text("name"),
        segmentation=segmentation,
        embedding=EmbeddingSpec(**embedding_values(top.entry("embedding"), rate)),
        pipeline=checked_hyper_parameters(top.mapping("pipeline")),
        manifest=manifest,
        **calibrations(top),
        static_batch=batch,
    )


def _digests(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of every file that a manifest lists."""
    top = Entry(manifest)
    parts = [*NETWORKS, *(["plda"] if top.has("plda") else [])]
    return {k: v for part in parts for k, v in top.entry(part).digests("files").items()}
