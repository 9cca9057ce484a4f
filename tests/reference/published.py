"""Files as they are published, of the same form and names, with few weights and from a seed."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
from reference import random_weights
from reference.torch_files import Call, Name, Tensor, safe_form, tensor_of, zip_form

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DIMENSION = 16
SPEAKERS = ["speaker#1", "speaker#2", "speaker#3"]


def tensors_of(state: random_weights.Tensors, kind: str = "float32") -> dict[str, Tensor]:
    """Store a state dict as numbers of a kind."""
    if kind == "bfloat16":
        upper = {name: (v.view(np.uint32) >> 16).astype(np.uint16) for name, v in state.items()}
        return {name: tensor_of(values, "bfloat16") for name, values in upper.items()}
    return {name: tensor_of(values.astype(kind)) for name, values in state.items()}


def segmentation_state(*, powerset: bool, seed: int = 0) -> random_weights.Tensors:
    return random_weights.pyannet(hidden=4, layers=1, classes=7 if powerset else 3, seed=seed)


def embedding_state(seed: int = 0) -> random_weights.Tensors:
    return random_weights.resnet(
        (1, 1, 1, 1), bottleneck=False, width=2, dimension=DIMENSION, seed=seed
    )


def segmentation_file(
    *,
    powerset: bool,
    kind: str = "float32",
    extra: dict[str, Any] | None = None,
    without: str | None = None,
) -> bytes:
    """Return a checkpoint of pyannote's: 10 s and a powerset, or 5 s and sigmoids.

    ``extra`` tensors stand beside or in place of its own, of which ``without`` is missing.
    """
    specifications = {
        "duration": 10.0 if powerset else 5.0,
        "classes": SPEAKERS,
        "powerset_max_classes": 2 if powerset else None,
    }
    about = {
        "architecture": {
            "module": "pyannote.audio.models.segmentation.PyanNet",
            "class": "PyanNet",
        },
        "specifications": Call(
            Name("pyannote.audio.core.task", "Specifications"), (), specifications
        ),
    }
    state = tensors_of(segmentation_state(powerset=powerset), kind)
    state = {name: value for name, value in state.items() if name != without} | (extra or {})
    return zip_form({"state_dict": state, "pyannote.audio": about})


def embedding_file(kind: str = "float32") -> bytes:
    """Return a checkpoint of a small WeSpeaker ResNet."""
    return zip_form({"state_dict": tensors_of(embedding_state(), kind)})


def embedding_safetensors() -> bytes:
    return safe_form(tensors_of(embedding_state()))


def ecapa_file() -> bytes:
    """Return SpeechBrain's checkpoint: a bare state dict."""
    return zip_form(tensors_of(random_weights.ecapa((8, 8, 8, 8, 24))))


def campplus_file() -> bytes:
    """Return 3D-Speaker's checkpoint: a bare state dict."""
    return zip_form(tensors_of(random_weights.campplus((1, 1, 1), growth=4)))


def ge2e_file() -> bytes:
    return zip_form({"model_state": tensors_of(random_weights.ge2e(dimension=256))})


def plda_arrays(dimension: int = DIMENSION, size: int = 8) -> dict[str, dict[str, Any]]:
    """Return the arrays of both files of a PLDA, well conditioned."""
    generator = np.random.default_rng(0)
    normal = generator.standard_normal
    return {
        "xvec_transform.npz": {
            "mean1": normal(dimension),
            "lda": normal((dimension, size)).astype(np.float32),
            "mean2": normal(size).astype(np.float32),
        },
        "plda.npz": {
            "mu": normal(size),
            "tr": np.eye(size) + 0.1 * normal((size, size)),
            "psi": generator.uniform(0.5, 2, size),
        },
    }


def npz(arrays: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def plda_files(dimension: int = DIMENSION) -> dict[str, bytes]:
    return {name: npz(arrays) for name, arrays in plda_arrays(dimension).items()}


def write_layout(folder: Path, *, powerset: bool = True, plda: bool = True) -> Path:
    """Write a folder in pyannote's layout, without a configuration."""
    files = {
        "segmentation/pytorch_model.bin": segmentation_file(powerset=powerset),
        "embedding/pytorch_model.bin": embedding_file(),
    }
    if plda:
        files |= {f"plda/{name}": data for name, data in plda_files().items()}
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def write_wheel(folder: Path, name: str, files: Mapping[str, bytes]) -> Path:
    """Write a wheel that holds files and nothing that an installer would need."""
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / name, "w") as wheel:
        for member, data in files.items():
            wheel.writestr(member, data)
    return folder / name
