"""Find, read and check a bundle: the folder that the exporter wrote."""

from __future__ import annotations

import hashlib
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
from ovdiar.frames import FrameGrid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ovdiar.clustering.plda import Plda

SCHEMA = 1
"""Version of the manifest that this release writes and reads."""
MANIFEST = "bundle.json"
RECIPES = ("tiny", "open", "2.1", "3.1", "community-1")
"""Bundles that the exporter knows how to make by name alone."""
UNREADABLE_ARRAYS = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error),
    *(ValueError, KeyError, TypeError, AttributeError),
)
"""What NumPy raises for an .npz that is damaged, or that is something else."""


@dataclass(frozen=True)
class SegmentationSpec:
    """What the runtime must know of a segmentation network.

    ``window_samples`` at ``frames.rate`` go in; scores on the grid ``frames`` come out, one
    column for each of ``classes``. ``powerset`` is the largest set of speakers that one class
    stands for, or None where each class is a speaker.
    """

    architecture: str
    window_samples: int
    frames: FrameGrid
    classes: tuple[str, ...]
    powerset: int | None
    min_samples: int


@dataclass(frozen=True)
class EmbeddingSpec:
    """What the runtime must know of an embedding network.

    ``kind`` is ``pooled`` (trunk, masked statistics, head) or ``utterance`` (a speaker's own
    material goes through the whole network). Of an utterance: ``select`` says whether ``samples``
    are chosen before the features or feature ``frames`` after, ``level_dbfs`` the loudness to
    which quiet speech is raised, and
    ``partial_frames``/``partial_step_frames`` cut long speech into pieces whose normalised
    embeddings are averaged. ``hop_samples`` is the distance of the trunk's or of feature frames.
    Of a trunk: ``channels``, and ``context_samples``, how far a frame hears to either side. Zero
    or None: not used.
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
    channels: int = 0
    context_samples: int = 0


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle on disk, read and checked."""

    folder: Path
    name: str
    segmentation: SegmentationSpec
    embedding: EmbeddingSpec
    pipeline: Mapping[str, Any]
    manifest: Mapping[str, Any] = field(repr=False)

    @property
    def static_batch(self) -> int | None:
        """How many windows its networks take at once, if it was exported for a fixed number."""
        static = self.manifest.get("static")
        return None if static is None else int(static["batch"])

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
            "make one with ovdiar-export tiny --output FOLDER"
        )
    recipe = recipe_of(str(name)) if given.name == str(name) else "tiny"
    others = "" if recipe in RECIPES else f", or take one of {', '.join(RECIPES)}"
    raise ModelNotFoundError(
        f"bundle {str(name)!r} is not in {models_folder()}: make it with ovdiar-export {recipe}"
        + others
    )


def recipe_of(name: str) -> str:
    """Tell what makes a bundle of that name: the arguments of ovdiar-export."""
    return name if name in RECIPES else f"custom {name} --segmentation FILE --embedding FILE"


def load_bundle(name: str | os.PathLike[str]) -> Bundle:
    """Find a bundle, read its manifest and check its files against their SHA-256."""
    folder = find_bundle(name)
    manifest = read_manifest(folder)
    try:
        bundle = Bundle(
            folder=folder,
            name=manifest["name"],
            segmentation=_segmentation(manifest["segmentation"]),
            embedding=_embedding(manifest["embedding"]),
            pipeline=manifest["pipeline"],
            manifest=manifest,
        )
        expected = {**manifest["segmentation"]["files"], **manifest["embedding"]["files"]}
        expected.update(manifest.get("plda", {}).get("files", {}))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"manifest {folder / MANIFEST} lacks or misstates {error}: export the bundle again"
        ) from error
    verify_files(folder, expected)
    return bundle


def installed() -> dict[str, str]:
    """List the bundles where bundles live: names, and the networks that each holds."""
    manifests = sorted(models_folder().glob(f"*/{MANIFEST}"))
    return {path.parent.name: _in_a_line(path.parent) for path in manifests}


def _in_a_line(folder: Path) -> str:
    """Say what a bundle holds, or why it cannot be used."""
    try:
        manifest = read_manifest(folder)
        parts = [manifest[part]["architecture"] for part in ("segmentation", "embedding")]
        return f"{' + '.join(parts)} ({', '.join(manifest['licenses'])})"
    except (ModelError, KeyError, TypeError) as error:
        return f"cannot be used: {error}"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read a bundle's manifest; a newer schema is refused."""
    path = folder / MANIFEST
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelNotFoundError(f"{path} does not exist: export the bundle") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"manifest {path} cannot be read: export the bundle again") from error
    schema = manifest.get("schema") if isinstance(manifest, dict) else None
    if not isinstance(schema, int):
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
                f"{str(digest)[:12]}...: export the bundle again"
            )


def sha256(path: Path) -> str:
    """Digest a file, block by block."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


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


def _segmentation(entry: Mapping[str, Any]) -> SegmentationSpec:
    rate = int(entry["sample_rate"])
    frames = entry["frames"]
    return SegmentationSpec(
        architecture=entry["architecture"],
        window_samples=int(entry["window_samples"]),
        frames=FrameGrid(int(frames["step"]), int(frames["width"]), int(frames["start"]), rate),
        classes=tuple(entry["classes"]),
        powerset=entry["powerset"],
        min_samples=int(entry["min_samples"]),
    )


def _embedding(entry: Mapping[str, Any]) -> EmbeddingSpec:
    optional: Mapping[str, Callable[[Any], Any]] = {
        "select": str,
        "hop_samples": int,
        "level_dbfs": float,
        "partial_frames": int,
        "partial_step_frames": int,
        "channels": int,
        "context_samples": int,
    }
    return EmbeddingSpec(
        architecture=entry["architecture"],
        kind=entry["kind"],
        rate=int(entry["sample_rate"]),
        dimension=int(entry["dimension"]),
        min_samples=int(entry["min_samples"]),
        **{k: kind(entry[k]) for k, kind in optional.items() if entry.get(k) is not None},
    )
