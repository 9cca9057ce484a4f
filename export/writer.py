"""Write a bundle (networks, manifest, model card) to a temporary folder, then rename that."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.ending import undivided
from ovdiar.errors import ModelError, OvdiarError
from ovdiar.networks.bundle import MANIFEST, SCHEMA
from ovdiar.networks.digests import sha256
from ovdiar.networks.runtime import import_openvino
from ovdiar.temporary import folder_in

from .card import model_card

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import openvino as ov

    from .parts import Part

NETWORK_FILES = ("openvino_model.xml", "openvino_model.bin")


def save_networks(part: Part, folder: Path, *, compress_to_fp16: bool = False) -> dict[str, str]:
    """Write a part's networks below a folder; return the SHA-256 of each file written.

    ``compress_to_fp16`` stores weights in half the space; networks still compute in float32.
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
    """Write one network; on a full disk, raise ModelError."""
    try:
        import_openvino().save_model(model, target, compress_to_fp16=compress_to_fp16)
    except RuntimeError as error:  # for a full disk OpenVINO raises "iostream error"
        raise ModelError(
            f"{target} cannot be written ({shutil.disk_usage(target.parent).free} bytes are free): "
            "make room, or choose another folder"
        ) from error


def write_manifest(manifest: Mapping[str, Any], folder: Path) -> None:
    """Write the manifest and the model card."""
    text = json.dumps({"schema": SCHEMA, **manifest}, indent=2, ensure_ascii=False)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    (folder / "README.md").write_text(model_card(manifest), encoding="utf-8")


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes ``target`` on success and is removed on failure.

    A bundle or an empty folder at ``target`` is replaced as a whole.

    Raises
    ------
    ModelError
        The target holds something else or cannot be written.
    """
    with _system_errors(target):
        if target.exists() and not (target / MANIFEST).is_file() and not _is_empty(target):
            raise ModelError(f"{target} is not a bundle and not empty: choose another folder")
        place = target.resolve()
        if place == Path.cwd():
            raise ModelError(f"{place} is the current folder: run this from another one")
        place.parent.mkdir(parents=True, exist_ok=True)
        with folder_in(place.parent) as beside:
            fresh = beside / "new"
            fresh.mkdir()
            yield fresh
            _exchange(place, fresh, beside / "old")


@contextlib.contextmanager
def _system_errors(target: Path) -> Iterator[None]:
    """Turn an error of the system into ModelError."""
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
    """Move a folder to its place and the old one away; put the old one back on failure."""
    try:
        with undivided():
            if place.exists():
                place.replace(old)
            fresh.replace(place)
    except BaseException:  # also on an interruption
        if old.exists() and not place.exists():
            old.replace(place)
        raise
