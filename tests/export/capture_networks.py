"""Capture what the torch networks answer: writes data/networks.npz.

It runs in an environment of its own, with torch, pyannote.audio 4.0.7 and speechbrain 1.1, and
finds the checkpoints of random weights where the tests do::

    python tests/export/capture_networks.py

Only numbers are kept: signals and weights come from ``tests/reference`` by seed. What the script
needs of pyannote and SpeechBrain is their modules; no file of audio is read.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from reference import random_weights  # noqa: E402
from reference.signals import buzz, mask  # noqa: E402

CHECKPOINTS = Path(os.environ.get("OVDIAR_SHARED") or HERE.parents[2] / "shared") / "checkpoints"

torch = importlib.import_module("torch")


def load(network: Any, tensors: random_weights.Tensors) -> Any:
    """Fill a network; only counters of batches may stay as they are."""
    state = {name: torch.tensor(np.float32(value)) for name, value in tensors.items()}
    answer = network.load_state_dict(state, strict=False)
    left = [name for name in answer.missing_keys if not name.endswith("num_batches_tracked")]
    if left or answer.unexpected_keys:
        message = f"missing {left}, unexpected {answer.unexpected_keys}"
        raise RuntimeError(message)
    return network.eval()


def signal(samples: int) -> Any:
    return torch.tensor(buzz(samples))[None, None]


def embeddings(network: Any, samples: int) -> Any:
    """Embed with an uneven mask, with a mask of zeros, and without any."""
    masks = torch.tensor(np.stack([mask(115), np.zeros(115, np.float32)]))
    rows = [network(signal(samples), weights=row[None]) for row in masks]
    return torch.cat([*rows, network(signal(samples))]).numpy()


def pyannet() -> dict[str, Any]:
    task = importlib.import_module("pyannote.audio.core.task")
    module = importlib.import_module("pyannote.audio.models.segmentation.PyanNet")
    answers = {}
    for name, problem, largest in (
        ("sigmoid", task.Problem.MULTI_LABEL_CLASSIFICATION, None),
        ("powerset", task.Problem.MONO_LABEL_CLASSIFICATION, 2),
    ):
        network = module.PyanNet(
            sincnet={"stride": 10},
            lstm={"hidden_size": 8, "num_layers": 2},
            linear={"hidden_size": 12},
        )
        network.specifications = task.Specifications(
            problem=problem,
            resolution=task.Resolution.FRAME,
            duration=2.0,
            classes=["a", "b", "c"],
            powerset_max_classes=largest,
        )
        network.build()
        weights = random_weights.pyannet(linear=(12, 12), classes=network.dimension)
        load(network, weights)
        answers[f"pyannet_{name}"] = network(signal(32_000))[0].numpy()
    return answers


def pooled() -> dict[str, Any]:
    model = importlib.import_module("pyannote.audio").Model
    wespeaker = importlib.import_module("pyannote.audio.models.embedding.wespeaker")
    xvector = importlib.import_module("pyannote.audio.models.embedding.xvector")
    deep = load(
        wespeaker.WeSpeakerResNet152(), random_weights.resnet((3, 8, 36, 3), bottleneck=True)
    )
    cepstral = load(xvector.XVectorMFCC(), random_weights.xvector_mfcc())
    answers = {"wespeaker_resnet152": embeddings(deep, 32_000)}
    answers["xvector_mfcc"] = embeddings(cepstral, 32_000)
    for name in ("wespeaker_resnet34", "xvector_sincnet"):
        network = model.from_pretrained(CHECKPOINTS / f"{name}.bin").eval()
        answers[name] = embeddings(network, 32_000)
    return answers


def ecapa() -> dict[str, Any]:
    network = importlib.import_module("speechbrain.lobes.models.ECAPA_TDNN").ECAPA_TDNN(
        80, channels=[1024, 1024, 1024, 1024, 3072], lin_neurons=192
    )
    load(network, random_weights.ecapa())
    filterbank = importlib.import_module("speechbrain.lobes.features").Fbank(n_mels=80)
    features = importlib.import_module("speechbrain.processing.features")
    normalise = features.InputNormalization(norm_type="sentence", std_norm=False)
    answers = {}
    for samples in (640, 20_001):
        bands = normalise(filterbank(signal(samples)[0]), torch.ones(1))
        answers[f"ecapa_features_{samples}"] = bands[0, ::20].numpy()
        answers[f"ecapa_{samples}"] = network(bands, torch.ones(1))[0, 0].numpy()
    return answers


if __name__ == "__main__":
    with torch.inference_mode():
        captured = pyannet() | pooled() | ecapa()
    (HERE / "data").mkdir(exist_ok=True)
    np.savez_compressed(HERE / "data" / "networks.npz", **captured)
