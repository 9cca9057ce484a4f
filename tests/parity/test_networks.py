"""The graphs against pyannote's own torch networks, on the checkpoints that both can read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov
import pytest
import soundfile
from ovdiar_export.checkpoints.checkpoint import read_checkpoint
from ovdiar_export.evaluation.pooling import pool
from ovdiar_export.graphs import pyannet, wespeaker, xvector
from ovdiar_export.graphs.fbank import KaldiFbank, kaldi_fbank, subtract_mean
from ovdiar_export.graphs.layers import model, parameter
from reference.execution import Network, relative
from reference.signals import buzz, mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

RATE = 16_000
CAPTURED = Path(__file__).parent.parent / "export" / "data" / "networks.npz"
POOLED = {"wespeaker_resnet34": wespeaker, "xvector_sincnet": xvector}


@pytest.fixture(scope="module")
def windows(shared: Path) -> NDArray[np.float32]:
    """Give the three windows of 10 s that every reference was computed on."""
    samples, rate = soundfile.read(shared / "data/sample/sample.wav", dtype="float32")
    assert rate == RATE
    with np.load(shared / "reference/networks/segmentation_powerset.npz") as reference:
        starts = reference["start_seconds"] * RATE
    return np.stack([samples[start : start + 10 * RATE] for start in starts])


def tensors(shared: Path, name: str) -> Mapping[str, NDArray[Any]]:
    return read_checkpoint(shared / "checkpoints" / f"{name}.bin").tensors


def reference(shared: Path, name: str) -> dict[str, NDArray[Any]]:
    with np.load(shared / "reference/networks" / f"{name}.npz") as stored:
        return dict(stored)


def test_powerset_log_probabilities(shared: Path, windows: NDArray[np.float32]) -> None:
    name = "segmentation_powerset"
    network = Network(pyannet.build(tensors(shared, name), powerset=True))
    wanted = reference(shared, name)
    np.testing.assert_allclose(network(windows), wanted["log_probabilities"], atol=1e-5)
    short = network(windows[:1, : 2 * RATE])
    np.testing.assert_allclose(short, wanted["log_probabilities_first_2_seconds"], atol=1e-5)


def test_filterbank(shared: Path, windows: NDArray[np.float32]) -> None:
    source = parameter("waveform", -1, -1)
    features = subtract_mean(kaldi_fbank(source, KaldiFbank()))
    found = Network(model("fbank", source, "features", features))(windows[:1])
    wanted = reference(shared, "wespeaker_resnet34")["fbank_first"]
    np.testing.assert_allclose(found, wanted, atol=1e-3)


@pytest.mark.parametrize("name", POOLED)
def test_embeddings_of_masked_windows(
    shared: Path, windows: NDArray[np.float32], name: str
) -> None:
    weights = tensors(shared, name)
    features = Network(POOLED[name].build_trunk(weights))(windows)
    head = Network(POOLED[name].build_head(weights))
    wanted = reference(shared, name)
    whole = head(np.stack([pool(window) for window in features]))
    assert relative(whole, wanted["embeddings_without_mask"]) <= 1e-4
    for window, masks, embeddings in zip(
        features, wanted["masks"], wanted["embeddings"], strict=True
    ):
        assert relative(head(np.stack([pool(window, row) for row in masks])), embeddings) <= 1e-4


@pytest.mark.parametrize("name", POOLED)
def test_embeddings_of_two_seconds_and_of_an_empty_mask(shared: Path, name: str) -> None:
    weights = tensors(shared, name)
    features = Network(POOLED[name].build_trunk(weights))(buzz(2 * RATE)[None])[0]
    rows = np.stack([pool(features, row) for row in (mask(115), np.zeros(115), None)])
    with np.load(CAPTURED) as captured:
        found = Network(POOLED[name].build_head(weights))(rows)
        assert relative(found, captured[name]) <= 1e-4


@pytest.mark.parametrize("recording", ["sample/sample", "ami/trn03", "ami/trn05", "ami/dev00"])
def test_trained_sigmoid_scores(shared: Path, tiny: Path, recording: str) -> None:
    """Every window agrees to 1e-4, which takes torch's own order of sums (see ``sincnet``).

    The trained model adds 0.31 to a waveform that it scales by 0.008, so what it sees of a band
    without energy (``sample`` is a telephone call) is the rounding of that sum, which it then
    normalises up: torch itself differs by 1.9e-4 there from processor to processor.
    """
    network = Network(ov.Core().read_model(tiny / "segmentation" / "openvino_model.xml"))
    samples, _ = soundfile.read(shared / "data" / f"{recording}.wav", dtype="float32")
    path = shared / "reference/pyannote-3.3.2" / f"{Path(recording).name}.npz"
    with np.load(path) as stored:
        wanted = stored["segmentations"]
        step = round(float(stored["chunk_step"]) * RATE)
        width = round(float(stored["chunk_duration"]) * RATE)
    padded = np.pad(samples, (0, width))
    chunks = [padded[i * step : i * step + width] for i in range(len(wanted))]
    distances = np.abs(network(np.stack(chunks)) - wanted)
    assert distances.max() <= 1e-4
