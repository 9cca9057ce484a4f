"""Answer with the original torch model, where torch happens to be installed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.errors import ConfigError, MissingPackageError

from . import ge2e

if TYPE_CHECKING:
    from pathlib import Path

    from .layers import Tensors
    from .probe import Answers, Probe

PACKAGES = {
    "GE2E": ("torch",),
    "ECAPA-TDNN": ("torch", "speechbrain"),
    "CAM++": ("torch", "torchaudio", "modelscope"),
}
"""What a model needs; all others are pyannote's."""


def answer(probe: Probe, tensors: Tensors, checkpoint: Path | None) -> Answers:
    """Evaluate the model that the checkpoint was saved from.

    pyannote.audio reads ``checkpoint`` by itself; the networks of others are filled with
    ``tensors``. Of pyannote's embeddings there are ``vectors`` alone.

    Raises
    ------
    MissingPackageError
        torch, or the package that defines the model, is not installed.
    ConfigError
        No checkpoint was given to read.
    """
    architecture = str(probe.entry["architecture"])
    packages = PACKAGES.get(architecture, ("torch", "pyannote.audio"))
    try:
        torch = importlib.import_module("torch")
        with torch.inference_mode():
            if architecture == "GE2E":
                return _ge2e(torch, probe, tensors)
            if architecture == "ECAPA-TDNN":
                return _ecapa(torch, probe, tensors)
            if architecture == "CAM++":
                return _campplus(torch, probe, tensors)
            return _pyannote(torch, probe, checkpoint)
    except ImportError as error:
        raise MissingPackageError(
            f"verifying {architecture} with torch cannot import what it needs ({error}): "
            f"pip install {' '.join(packages)}, or verify with numpy"
        ) from error


def _pyannote(torch: Any, probe: Probe, checkpoint: Path | None) -> Answers:
    if checkpoint is None:
        raise ConfigError("pyannote.audio reads checkpoints itself: give the path of the file")
    model = importlib.import_module("pyannote.audio").Model.from_pretrained(checkpoint).eval()
    waveform = torch.tensor(probe.waveform)[None, None]
    if probe.entry["architecture"] == "PyanNet":
        return {"scores": model(waveform)[0].numpy()}
    rows = [model(waveform, weights=torch.tensor(mask)[None])[0].numpy() for mask in probe.masks]
    return {"vectors": np.stack(rows)}


def _ge2e(torch: Any, probe: Probe, tensors: Tensors) -> Answers:
    """Fill the three layers and the projection of Resemblyzer's encoder; features are librosa's."""
    state = {name: torch.tensor(np.array(value)) for name, value in tensors.items()}
    hidden, bands = tensors["lstm.weight_hh_l0"].shape[1], tensors["lstm.weight_ih_l0"].shape[1]
    layers = sum(name.startswith("lstm.weight_ih_l") for name in tensors)
    lstm = torch.nn.LSTM(bands, hidden, layers, batch_first=True)
    lstm.load_state_dict({k[5:]: v for k, v in state.items() if k.startswith("lstm.")})
    features = ge2e.features(np.float64(probe.waveform))
    pieces = torch.tensor(np.stack(probe.pieces(features)).astype(np.float32))
    last = lstm(pieces)[1][0][-1]
    raw = torch.relu(torch.nn.functional.linear(last, state["linear.weight"], state["linear.bias"]))
    return {"features": features, "vectors": (raw / raw.norm(dim=1, keepdim=True)).numpy()}


def _ecapa(torch: Any, probe: Probe, tensors: Tensors) -> Answers:
    """Fill SpeechBrain's network, sized as spkrec-ecapa-voxceleb, behind its filterbank."""
    lobes = importlib.import_module("speechbrain.lobes.models.ECAPA_TDNN")
    filterbank = importlib.import_module("speechbrain.lobes.features").Fbank(n_mels=80)
    normalization = importlib.import_module("speechbrain.processing.features").InputNormalization
    names = [f"blocks.{index}.tdnn1.conv.conv.weight" for index in (1, 2, 3)]
    channels = [len(tensors[name]) for name in ("blocks.0.conv.conv.weight", *names)]
    channels.append(len(tensors["mfa.conv.conv.weight"]))
    dimension = len(tensors["fc.conv.weight"])
    network = lobes.ECAPA_TDNN(80, channels=channels, lin_neurons=dimension).eval()
    state = {name: torch.tensor(np.array(value)) for name, value in tensors.items()}
    network.load_state_dict(state, strict=False)
    whole = torch.ones(1)
    bands = filterbank(torch.tensor(probe.waveform)[None])
    bands = normalization(norm_type="sentence", std_norm=False)(bands, whole)
    return {"features": bands[0].numpy(), "vectors": network(bands, whole)[:, 0].numpy()}


def _campplus(torch: Any, probe: Probe, tensors: Tensors) -> Answers:
    """Fill 3D-Speaker's network, as modelscope has it, behind torchaudio's filterbank."""
    layers = importlib.import_module("modelscope.models.audio.sv.DTDNN")
    fbank = importlib.import_module("torchaudio.compliance.kaldi").fbank
    dimension = len(tensors["xvector.dense.linear.weight"])
    network = layers.CAMPPlus(embedding_size=dimension).eval()
    state = {name: torch.tensor(np.array(value)) for name, value in tensors.items()}
    network.load_state_dict(state, strict=False)
    bands = fbank(torch.tensor(probe.waveform)[None], num_mel_bins=80)
    centred = bands - bands.mean(dim=0)
    return {"features": bands.numpy(), "vectors": network(centred[None]).numpy()}
