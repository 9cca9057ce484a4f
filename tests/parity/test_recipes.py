"""The recipes with networks of full size: from checkpoint to who spoke when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from ovdiar_export.cli import main
from reference.execution import relative

import ovdiar
from ovdiar.networks.bundle import load_plda

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

RATE = 16_000
MODELS = {
    "segmentation/pytorch_model.bin": "checkpoints/segmentation_powerset.bin",
    "embedding/pytorch_model.bin": "checkpoints/wespeaker_resnet34.bin",
    "plda/plda.npz": "plda/plda.npz",
    "plda/xvec_transform.npz": "plda/xvec_transform.npz",
}


@pytest.fixture(scope="module", params=["3.1", "community-1"])
def bundle(
    request: pytest.FixtureRequest, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Give a bundle that the command made of a copy in pyannote's layout."""
    folder = tmp_path_factory.mktemp("copy")
    for name, source in MODELS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(shared / source)
    target = folder / str(request.param)
    assert main([request.param, "--from", str(folder), "--output", str(target)]) == 0
    return target


def reference(shared: Path, name: str) -> Mapping[str, NDArray[np.float32]]:
    with np.load(shared / "reference/networks" / f"{name}.npz") as stored:
        return dict(stored)


def test_the_written_networks_answer_as_torch_does(bundle: Path, shared: Path) -> None:
    models = ovdiar.load(bundle)
    samples, _ = soundfile.read(shared / "data/sample/sample.wav", dtype="float32")
    scores = reference(shared, "segmentation_powerset")
    start = int(scores["start_seconds"][0]) * RATE
    window = samples[np.newaxis, start : start + 10 * RATE]
    wanted = scores["log_probabilities"][:1]
    np.testing.assert_allclose(models.segmentation(window), wanted, atol=1e-3)
    vectors = reference(shared, "wespeaker_resnet34")
    spoken = vectors["masks"][0].any(axis=1)
    found = models.embedding(window, vectors["masks"][:1])[0, spoken]
    assert relative(found, vectors["embeddings"][0, spoken]) <= 1e-4


def test_a_bundle_diarizes_with_its_own_hyper_parameters(
    bundle: Path, shared: Path, conversation: Path
) -> None:
    samples, rate = soundfile.read(conversation, dtype="float32", frames=12 * RATE)
    audio = {"waveform": samples, "sample_rate": rate}
    trace: dict[str, Any] = {}
    result = ovdiar.SpeakerDiarization(ovdiar.load(bundle))(audio, trace=trace)
    preset = ovdiar.SpeakerDiarization(None, preset=bundle.name, plda=shared / "plda")
    again = preset.decode(trace["segmentations"].data, trace["embeddings"])
    turns = list(result.speaker_diarization)
    assert turns == list(again.speaker_diarization)
    assert turns
    assert all(0 <= segment.start < segment.end <= 13 for segment, _ in turns)
    assert result.speaker_embeddings.shape == (len(result.speaker_diarization.labels()), 256)


def test_the_plda_of_a_bundle_is_the_published_one(bundle: Path, shared: Path) -> None:
    found = ovdiar.load(bundle).bundle.plda()
    wanted = load_plda(shared / "plda") if bundle.name == "community-1" else None
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        np.testing.assert_array_equal(found.transform, wanted.transform)
