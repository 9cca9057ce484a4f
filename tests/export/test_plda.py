"""PLDA files on their way into a bundle."""

from __future__ import annotations

import hashlib
import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ovdiar_export import plda
from ovdiar_export.plda import copy_plda
from reference.published import DIMENSION, npz, plda_arrays, plda_files

from ovdiar.errors import ModelError
from ovdiar.networks.bundle import load_plda

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, files: dict[str, bytes]) -> dict[str, Path]:
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in files}


def copied(folder: Path, files: dict[str, bytes], dimension: int = DIMENSION) -> dict[str, str]:
    (folder / "bundle").mkdir()
    return copy_plda(written(folder / "given", files), folder / "bundle", dimension)


def test_the_copies_are_the_files_and_their_digests_are_told(tmp_path: Path) -> None:
    files = plda_files()
    digests = copied(tmp_path, files)
    for name, data in files.items():
        assert (tmp_path / "bundle" / "plda" / name).read_bytes() == data
        assert digests[f"plda/{name}"] == hashlib.sha256(data).hexdigest()
    assert len(digests) == len(files)
    assert load_plda(tmp_path / "bundle" / "plda").lda.shape == (DIMENSION, 8)


def test_the_published_plda_is_accepted(shared: Path, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in (shared / "plda").iterdir()}
    assert len(copied(tmp_path, files, 256)) == 2


@pytest.mark.parametrize(
    ("file", "name", "value", "complaint"),
    [
        ("plda.npz", "mu", None, "has no array 'mu'"),
        ("plda.npz", "tr", np.ones((8, 7)), "'tr' has shape (8, 7), expected (8, 8)"),
        ("plda.npz", "psi", np.ones(9), "'psi' has shape (9,), expected (8,)"),
        ("plda.npz", "psi", np.ones((8, 1)), "'psi' has shape (8, 1), expected (8,)"),
        ("plda.npz", "psi", np.full(8, np.nan), "'psi' holds no finite numbers"),
        ("plda.npz", "psi", np.ones(8, int), "'psi' holds no finite numbers"),
        ("plda.npz", "tr", np.zeros((8, 8)), "covariances that have no inverse"),
        ("plda.npz", "mu", np.array([{}] * 8), "is damaged"),
        ("xvec_transform.npz", "lda", np.ones((5, 8)), "for embeddings of dimension 16"),
    ],
)
def test_arrays_that_are_none_of_a_plda_are_refused(
    file: str, name: str, value: Any, complaint: str, tmp_path: Path
) -> None:
    arrays = plda_arrays()
    arrays[file].pop(name)
    if value is not None:
        arrays[file][name] = value
    with pytest.raises(ModelError) as caught:
        copied(tmp_path, {file: npz(values) for file, values in arrays.items()})
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x93NUMPY", b"x" * 1000])
@pytest.mark.parametrize("file", plda_files())
def test_a_file_that_is_no_archive_is_refused(file: str, data: bytes, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=file):
        copied(tmp_path, plda_files() | {file: data})


def test_an_archive_that_unpacks_to_more_than_a_plda_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mu.npy", bytes(2**20))
    monkeypatch.setattr(plda, "MAX_BYTES", 2**20 - 1)
    monkeypatch.setattr(np, "load", None)
    with pytest.raises(ModelError, match="unpacks to 1048576 bytes"):
        copied(tmp_path, plda_files() | {"xvec_transform.npz": file.getvalue()})


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    files = written(tmp_path / "given", plda_files())
    files["plda.npz"].unlink()
    with pytest.raises(ModelError, match=r"plda\.npz cannot be read"):
        copy_plda(files, tmp_path, DIMENSION)
