"""Write the networks of the speed benchmark: pyannote's checkpoints, and ONNX for sherpa-onnx.

Runs in pyannote's environment (with onnx): python pyannote_networks.py SIGMOID.npz SHARED OUT

The segmentation network is the trained one of ``pyannote/segmentation`` (2022.07; its tensors by
name in SIGMOID.npz), made into a powerset for windows of 10 s, so that all three pipelines take it
and find real turns: a set of speakers scores the sum of their logits, the empty set 0, which puts
the loudest set first exactly where its speakers' sigmoids exceed 0.5. The embedding is WeSpeaker's
ResNet34 with the random weights of the shared checkpoints: its speed is that of trained ones.
"""

from __future__ import annotations

import shutil
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.filterwarnings("ignore")

import onnx  # noqa: E402 - pyannote warns while it is imported
import torch  # noqa: E402
from pyannote.audio import Model  # noqa: E402

SETS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
WINDOW = 160_000
FRAME, HOP = 991, 270
"""Of PyanNet, in samples: what a frame hears, and the distance of two."""


class Segmentation(torch.nn.Module):
    """Gives the output its published name."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Score a batch of windows."""
        return self.network(x)


class Embedding(torch.nn.Module):
    """WeSpeaker without its filterbank and masks, as sherpa-onnx expects it."""

    def __init__(self, resnet: torch.nn.Module) -> None:
        super().__init__()
        self.resnet = resnet

    def forward(self, feats: torch.Tensor) -> torch.Tensor:
        """Embed filterbank features (1, frames, bands)."""
        return self.resnet(feats)[1]


def describe(path: Path, **facts: object) -> None:
    """Add sherpa-onnx's metadata to an ONNX file."""
    model = onnx.load(str(path))
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=str(value))
    onnx.save(model, str(path))


def powerset(trained: dict[str, np.ndarray], template: Path, out: Path) -> None:
    """Put trained tensors into the checkpoint of an untrained powerset network."""
    checkpoint = torch.load(template, weights_only=False, map_location="cpu")
    members = torch.zeros(len(SETS), 3)
    for row, speakers in enumerate(SETS):
        members[row, list(speakers)] = 1
    for name in checkpoint["state_dict"]:
        tensor = torch.from_numpy(trained[name])
        checkpoint["state_dict"][name] = members @ tensor if "classifier" in name else tensor
    torch.save(checkpoint, out)


def main() -> None:
    """Write everything."""
    sigmoid, shared, out = (Path(argument) for argument in sys.argv[1:])
    with np.load(sigmoid) as arrays:
        powerset(dict(arrays), shared / "segmentation_powerset.bin", out / "segmentation.bin")
    segmentation = Model.from_pretrained(out / "segmentation.bin").eval()
    # under a name without "wespeaker", by which pyannote would expect an ONNX file
    shutil.copyfile(shared / "wespeaker_resnet34.bin", out / "embedding.bin")
    embedding = Model.from_pretrained(out / "embedding.bin").eval()
    with torch.inference_mode():
        torch.onnx.export(
            Segmentation(segmentation),
            (torch.zeros(1, 1, WINDOW),),
            out / "segmentation.onnx",
            input_names=["x"],
            output_names=["y"],
            dynamic_axes={"x": {0: "N", 2: "T"}, "y": {0: "N", 1: "T"}},
            dynamo=False,
        )
        torch.onnx.export(
            Embedding(embedding.resnet),
            (torch.zeros(1, 998, 80),),
            out / "embedding.onnx",
            input_names=["feats"],
            output_names=["embs"],
            dynamic_axes={"feats": {0: "B", 1: "T"}, "embs": {0: "B"}},
            dynamo=False,
        )
    describe(
        out / "segmentation.onnx",
        model_type="pyannote-segmentation-3.0",
        sample_rate=16_000,
        window_size=WINDOW,
        receptive_field_size=FRAME,
        receptive_field_shift=HOP,
        num_speakers=3,
        powerset_max_classes=2,
        num_classes=len(SETS),
    )
    describe(
        out / "embedding.onnx",
        framework="wespeaker",
        language="English",
        sample_rate=16_000,
        output_dim=256,
        normalize_samples=0,
    )


if __name__ == "__main__":
    main()
