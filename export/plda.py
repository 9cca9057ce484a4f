"""Copy a PLDA into a bundle: two files of arrays, which are checked first."""

from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.errors import ModelError
from ovdiar.networks.bundle import load_plda

from .checkpoints.archives import reading
from .sources.addresses import sha256_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_BYTES = 64 * 2**20
"""Limit of the unpacked arrays of one file; the published ones have 134 kB."""

SHAPES: Mapping[str, Mapping[str, str]] = {
    "xvec_transform.npz": {"mean1": "E", "lda": "ED", "mean2": "D"},
    "plda.npz": {"mu": "D", "tr": "DD", "psi": "D"},
}
"""The arrays of each file: E is the embedding's dimension, D that of the discriminant space."""


def copy_plda(files: Mapping[str, Path], folder: Path, dimension: int) -> dict[str, str]:
    """Copy the files of a PLDA into a bundle; return the SHA-256 of each by its place there.

    Parameters
    ----------
    files : by their names in `SHAPES`
    folder : of the bundle; ``plda/`` is made in it
    dimension : of the embeddings

    Raises
    ------
    ModelError
        A file is damaged, or its arrays are not those of a PLDA for this dimension.
    """
    sizes = {"E": dimension}
    for name, shapes in SHAPES.items():
        _check(files[name], shapes, sizes)
    place = folder / "plda"
    place.mkdir()
    for name in SHAPES:
        shutil.copyfile(files[name], place / name)
    try:
        load_plda(place)
    except ModelError as error:
        raise ModelError(
            f"{files['plda.npz']} holds covariances that have no inverse: fetch it again"
        ) from error
    return {f"plda/{name}": sha256_of(place / name) for name in SHAPES}


def _check(path: Path, shapes: Mapping[str, str], sizes: dict[str, int]) -> None:
    """Check the shapes of the arrays of one file; add sizes that are not yet known to ``sizes``."""
    with reading(str(path)):
        with zipfile.ZipFile(path) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
        if total > MAX_BYTES:
            raise ModelError(f"{path} unpacks to {total} bytes, more than {MAX_BYTES}: give a PLDA")
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in shapes if name in stored}
    for name, letters in shapes.items():
        if name not in arrays:
            raise ModelError(f"{path} has no array {name!r}: give the PLDA's own {path.name}")
        array = arrays[name]
        if len(array.shape) == len(letters):
            for letter, size in zip(letters, array.shape, strict=True):
                sizes.setdefault(letter, size)
        wanted = tuple(sizes.get(letter, 0) for letter in letters)
        if array.shape != wanted:
            raise ModelError(
                f"{path}: array {name!r} has shape {array.shape}, expected {wanted}: give a PLDA "
                f"for embeddings of dimension {sizes['E']}"
            )
        if array.dtype.kind != "f" or not array.size or not np.isfinite(array).all():
            raise ModelError(f"{path}: array {name!r} holds no finite numbers: fetch it again")
