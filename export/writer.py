"""Write a bundle: networks, manifest, model card. Beside its place first, then renamed into it."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.errors import ModelError, OvdiarError
from ovdiar.networks.bundle import MANIFEST, SCHEMA, sha256
from ovdiar.networks.runtime import import_openvino

from .card import model_card

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import openvino as ov

    from .parts import Part

NETWORK_FILES = ("openvino_model.xml", "openvino_model.bin")


def save_networks(part: Part, folder: Path, *, compress_to_fp16: bool = False) -> dict[str, str]:
    """Write a part's networks below a folder; return the SHA-256 of each file written.

    ``compress_to_fp16`` halves the weights of networks; they still compute in float32.
    """
    digests = {}
    for place, model in part.networks.items():
        target = folder / place / NETWORK_FILES[0]
        target.parent.mkdir(parents=True, exist_ok=True)
        save_network(model, target, compress_to_fp16=compress_to_fp16)
        for name in NETWORK_FILES:
            digests[f"{place}/{name}"] = sha256(target.with_name(name))
    return digests


def save_network(model: ov.Model, target: Path, *, compress_to_fp16: bool = False) -> None:
    """Write one network; a disk that takes no more is told in one line."""
    try:
        import_openvino().save_model(model, target, compress_to_fp16=compress_to_fp16)
    except RuntimeError as error:  # all that OpenVINO says of a full disk is "iostream error"
        raise ModelError(
            f"{target} cannot be written ({shutil.disk_usage(target.parent).free} bytes are free): "
            "make room, or choose another folder"
        ) from error


def write_manifest(manifest: Mapping[str, Any], folder: Path) -> None:
    """Write the manifest and the model card that tells the same to people."""
    text = json.dumps({"schema": SCHEMA, **manifest}, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    (folder / "README.md").write_text(model_card(manifest), encoding="utf-8")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give an empty folder that becomes ``target`` if all goes well, and else vanishes.

    What ``target`` held before is replaced as a whole, if it was a bundle or empty.

    Raises
    ------
    ModelError
        The target holds something else, or cannot be written.
    """
    with _telling(target):
        if target.exists() and not (target / MANIFEST).is_file() and not _is_empty(target):
            raise ModelError(f"{target} holds something that is no bundle: choose another folder")
        place = target.resolve()
        if place == Path.cwd():
            raise ModelError(f"{place} is the current folder: run this from another one")
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=f".{place.name}.", dir=place.parent, ignore_cleanup_errors=True
        ) as beside:
            fresh = Path(beside, "new")
            fresh.mkdir()
            yield fresh
            _exchange(place, fresh, Path(beside, "old"))


@contextlib.contextmanager
def _telling(target: Path) -> Iterator[None]:
    """Say in one line what the system refuses."""
    try:
        yield
    except OvdiarError:  # some are OSErrors, too
        raise
    except OSError as error:
        raise ModelError(
            f"{target} cannot be written ({error.strerror}): choose another folder, or one in it"
        ) from error


def _is_empty(folder: Path) -> bool:
    return folder.is_dir() and not any(folder.iterdir())


def _exchange(place: Path, fresh: Path, old: Path) -> None:
    """Move a folder to its place, and what was there away; put that back if it fails."""
    try:
        if place.exists():
            place.replace(old)
        fresh.replace(place)
    except BaseException:  # an interruption, too, leaves one of the two
        if old.exists() and not place.exists():
            old.replace(place)
        raise
