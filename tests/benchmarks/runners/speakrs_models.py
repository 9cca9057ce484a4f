"""Write the folder of models that speakrs loads for the CPU.

python speakrs_models.py SEGMENTATION EMBEDDING PLDA OUT, in the environment of ovdiar

SEGMENTATION is a checkpoint of PyanNet for windows of 10 s and a powerset of three speakers
(``pyannote/segmentation-3.0``), EMBEDDING one of WeSpeaker's ResNet34, PLDA the folder with
``plda.npz`` and ``xvec_transform.npz``. speakrs names tensors as the ONNX exports of these networks
do: those that the exporter of ONNX makes (LSTM and linear weights) have numbers, of which only the
order counts.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ovdiar_export.checkpoints.checkpoint import read_checkpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    Tensors = Mapping[str, np.ndarray]

LAYERS = 4
"""Of the LSTM, each bidirectional."""
ONNX_GATES = (0, 3, 1, 2)
"""Input, output, forget, cell: where ONNX's gates are in torch's order (input, forget, cell,
output)."""
BATCH_NORM_EPSILON = 1e-5
MIN_SAMPLES = 400
"""The shortest audio that WeSpeaker's filterbank takes: a frame of 25 ms."""


def gates(tensor: np.ndarray) -> np.ndarray:
    """Reorder the gates, which are stacked on the first axis."""
    return np.concatenate([np.split(tensor, 4)[gate] for gate in ONNX_GATES])


def lstm(trained: Tensors, layer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return biases (2, 8 H), input (2, 4 H, I) and recurrent weights (2, 4 H, H) of a layer."""

    def both(kind: str) -> np.ndarray:
        names = (f"lstm.{kind}_l{layer}{direction}" for direction in ("", "_reverse"))
        return np.stack([gates(trained[name]) for name in names])

    return (
        np.concatenate([both("bias_ih"), both("bias_hh")], axis=1),
        both("weight_ih"),
        both("weight_hh"),
    )


def segmentation(trained: Tensors) -> dict[str, np.ndarray]:
    """Name the tensors of PyanNet as its ONNX export does."""
    kept = {
        name: tensor
        for name, tensor in trained.items()
        if not name.startswith("lstm.")
        and not (name.startswith(("linear", "classifier")) and "weight" in name)
    }
    half = trained["sincnet.conv1d.0.filterbank.n_"] / 2
    arrays = [array for layer in range(LAYERS) for array in lstm(trained, layer)]
    linear = [trained[f"{name}.weight"].T for name in ("linear.0", "linear.1", "classifier")]
    made = {f"onnx::LSTM_{number}": array for number, array in enumerate(arrays)}
    made |= {f"onnx::MatMul_{number}": array for number, array in enumerate(linear)}
    return kept | made | {"onnx::Div_0": half}


def embedding(trained: Tensors) -> dict[str, np.ndarray]:
    """Fold each batch normalization of ResNet34 into the convolution before it."""
    folded = {name: trained[name] for name in ("resnet.seg_1.weight", "resnet.seg_1.bias")}
    for name in (
        n for n, tensor in trained.items() if n.startswith("resnet.") and tensor.ndim == 4
    ):
        norm = batch_norm(name.removesuffix(".weight"))
        scale = trained[f"{norm}.weight"] / np.sqrt(
            trained[f"{norm}.running_var"] + BATCH_NORM_EPSILON
        )
        folded[name] = trained[name] * scale[:, None, None, None]
        folded[f"{name}_bias"] = trained[f"{norm}.bias"] - trained[f"{norm}.running_mean"] * scale
    return folded


def batch_norm(convolution: str) -> str:
    """Return the name of the batch normalization that follows a convolution."""
    stem, _, last = convolution.rpartition(".")
    return f"{stem}.1" if last == "0" else f"{stem}.{last.replace('conv', 'bn')}"


def save_safetensors(path: Path, tensors: Tensors) -> None:
    """Write float32 tensors: the header's length, the header as JSON, the data."""
    header, blocks, offset = {}, [], 0
    for name in sorted(tensors):
        block = np.ascontiguousarray(tensors[name], "<f4").tobytes()
        place = [offset, offset + len(block)]
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": place}
        blocks.append(block)
        offset += len(block)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(b"".join([struct.pack("<Q", len(text)), text, *blocks]))


def main() -> None:
    """Write everything."""
    checkpoint, resnet, plda, out = (Path(argument) for argument in sys.argv[1:])
    out.mkdir(parents=True, exist_ok=True)
    networks = {
        "segmentation-3.0": segmentation(read_checkpoint(checkpoint).tensors),
        "wespeaker-multimask-tail": embedding(read_checkpoint(resnet).tensors),
    }
    for name, tensors in networks.items():
        save_safetensors(out / f"{name}.safetensors", tensors)
    for file in ("plda.npz", "xvec_transform.npz"):
        with np.load(plda / file) as arrays:
            for name, array in arrays.items():
                np.save(out / f"plda_{name}.npy", array.astype(np.float32))
    samples = out / "wespeaker-voxceleb-resnet34.min_num_samples.txt"
    samples.write_text(f"{MIN_SAMPLES}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
