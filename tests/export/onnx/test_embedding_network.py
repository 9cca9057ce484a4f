"""Embedding networks that came as ONNX, against their slow evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ovdiar_export.graphs.fbank import KaldiFbank
from ovdiar_export.onnx import embedding_network
from reference.execution import Network
from reference.onnx_networks import (
    CONTEXT,
    DIMENSION,
    absolute_onnx,
    features_onnx,
    samples_onnx,
    vector_of_features,
    vector_of_samples,
)
from reference.signals import buzz

from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from ovdiar_export.parts import Part

WESPEAKER = {"framework": "wespeaker", "sample_rate": 16000, "normalize_samples": 0}
THREE_D = {
    "framework": "3d-speaker",
    "sample_rate": 16000,
    "normalize_samples": 1,
    "feature_normalize_type": "global-mean",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "net.onnx"


def made(path: Path, data: bytes) -> Part:
    path.write_bytes(data)
    return embedding_network.part(path)


def filterbank(signal: NDArray[np.float32], *, povey: bool) -> NDArray[np.float64]:
    """Compute Kaldi's log mel energies frame by frame, their mean over the frames taken off."""
    phase = 2 * np.pi * np.arange(400) / 399
    window = (0.5 - 0.5 * np.cos(phase)) ** 0.85 if povey else 0.54 - 0.46 * np.cos(phase)
    rows = []
    for start in range(0, len(signal) - 399, 160):
        frame = signal[start : start + 400].astype(np.float64) * (1 if povey else 32_768)
        frame -= frame.mean()
        frame -= 0.97 * np.concatenate([frame[:1], frame[:-1]])
        power = np.abs(np.fft.rfft(frame * window, 512)) ** 2
        energy = KaldiFbank().filters() @ power
        rows.append(np.log(np.maximum(energy, np.finfo(np.float32).eps)))
    features: NDArray[np.float64] = np.array(rows) - np.mean(rows, axis=0)
    return features


@pytest.mark.parametrize("metadata", [{}, WESPEAKER, THREE_D, {"framework": "3d-speaker"}])
def test_the_makers_filterbank_stands_before_features(metadata: dict[str, Any], path: Path) -> None:
    found = made(path, features_onnx(metadata=metadata))
    signal = buzz(8000)
    wanted = filterbank(signal, povey=metadata.get("framework") == "3d-speaker")
    answer = Network(found.networks["embedding/features"])(signal[None])[0]
    np.testing.assert_allclose(answer, wanted, atol=2e-3)


@pytest.mark.parametrize("kept", [False, True])
def test_features_are_embedded_as_the_network_does(kept: bool, path: Path) -> None:  # noqa: FBT001 - pytest passes it by name
    found = made(path, features_onnx(kept=kept))
    assert found.entry == {
        "architecture": "ONNX",
        "kind": "utterance",
        "sample_rate": 16000,
        "dimension": DIMENSION,
        "min_samples": CONTEXT * 160,
        "select": "frames",
        "hop_samples": 160,
    }
    features = np.random.default_rng(0).standard_normal((2, 30, 80)).astype(np.float32)
    answers = Network(found.networks["embedding/network"])(features)
    for row, answer in zip(features, answers, strict=True):
        np.testing.assert_allclose(answer, vector_of_features(row), rtol=1e-4)


@pytest.mark.parametrize("shape", [("N", 1, "T"), ("N", "T")])
def test_waveforms_are_embedded_as_the_network_does(
    shape: tuple[int | str, ...], path: Path
) -> None:
    found = made(path, samples_onnx(shape))
    assert found.entry["min_samples"] == 400
    assert (found.entry["select"], found.entry["hop_samples"]) == ("samples", 1)
    waveforms = np.stack([buzz(2000, seed) for seed in range(2)])
    features = Network(found.networks["embedding/features"])(waveforms)
    assert features.shape == (2, 2000, 1)
    answers = Network(found.networks["embedding/network"])(features)
    for row, answer in zip(waveforms, answers, strict=True):
        np.testing.assert_allclose(answer, vector_of_samples(row), rtol=1e-4)


@pytest.mark.parametrize("kind", ["features", "samples"])
def test_the_shortest_input_is_answered_and_one_less_is_not(kind: str, path: Path) -> None:
    found = made(path, features_onnx() if kind == "features" else samples_onnx())
    least = found.entry["min_samples"] // found.entry["hop_samples"]
    network = Network(found.networks["embedding/network"])
    bands = 80 if kind == "features" else 1
    generator = np.random.default_rng(0)

    def differ(frames: int) -> bool:
        try:
            one, other = network(generator.standard_normal((2, frames, bands)))
        except RuntimeError:
            return False
        return bool((one != other).any())

    assert differ(least)
    assert not differ(least - 1)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"metadata": {"sample_rate": 8000}}, "audio at 8000 Hz"),
        ({"metadata": {"feature_normalize_type": "per_feature"}}, "normalised by 'per_feature'"),
        ({"frames": True}, "more than one vector"),
    ],
)
def test_a_network_that_is_none_of_embedding_is_refused(
    options: dict[str, Any], complaint: str, path: Path
) -> None:
    with pytest.raises(ModelError) as caught:
        made(path, features_onnx(**options))
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "shape", [("B", 80, "T"), ("B", "T", 40), ("B", "T", "K"), (1, 1, "T", 80)]
)
def test_an_input_that_is_neither_is_named_beside_what_is_wanted(
    shape: tuple[int | str, ...], path: Path
) -> None:
    with pytest.raises(ModelError, match=r"'x' .*\]: expected features \[N, frames, 80\]"):
        made(path, absolute_onnx(shape))
