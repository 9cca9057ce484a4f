"""Write a bundle: networks, manifest, model card. Beside its place first, then renamed into it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ovdiar.bundle import MANIFEST, SCHEMA, sha256
from ovdiar.errors import ModelError

from .card import model_card

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .parts import Part

NETWORK_FILES = ("openvino_model.xml", "openvino_model.bin")


def save_networks(part: Part, folder: Path) -> dict[str, str]:
    """Write a part's networks below a folder; return the SHA-256 of each file written."""
    import openvino as ov  # noqa: PLC0415 - checking what is installed must not load it

    digests = {}
    for place, model in part.networks.items():
        target = folder / place / NETWORK_FILES[0]
        target.parent.mkdir(parents=True, exist_ok=True)
        ov.save_model(model, target, compress_to_fp16=False)
        for name in NETWORK_FILES:
            digests[f"{place}/{name}"] = sha256(target.with_name(name))
    return digests


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
    if target.exists() and not (target / MANIFEST).is_file():
        if not target.is_dir() or any(target.iterdir()):
            raise ModelError(f"{target} holds something that is no bundle: choose another folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise ModelError(
            f"{target.parent} cannot be written ({error.strerror}): choose another folder"
        ) from error
    try:
        fresh = beside / "new"
        fresh.mkdir()
        yield fresh
        if target.exists():
            os.replace(target, beside / "old")
        os.replace(fresh, target)
    except OSError as error:
        raise ModelError(
            f"{target} cannot be written ({error.strerror}): check the disk, then export again"
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
