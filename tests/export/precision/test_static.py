"""Networks of fixed shapes answer as those of free shapes do, and say what they do not take."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ovdiar_export.bundles import _installed, install
from ovdiar_export.cli import main
from ovdiar_export.precision.request import Request
from ovdiar_export.recipes import TINY, Recipe
from ovdiar_export.sources.origins import PYANNOTE_SEGMENTATION, origin_of
from reference import random_weights
from reference.commands import Answer, answer_of
from reference.torch_files import safe_form, tensor_of

from ovdiar import Inference, Models, SpeakerDiarization, load
from ovdiar.audio import reading
from ovdiar.errors import ConfigError
from ovdiar.formats import rttm
from ovdiar.networks import models
from ovdiar.networks.runtime import import_openvino

if TYPE_CHECKING:
    from pathlib import Path

RATE = 16_000


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a checkpoint of a small residual network with weights from a seed."""
    tensors = random_weights.resnet((1, 1, 1, 1), bottleneck=False, width=8)
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    path.write_bytes(safe_form({name: tensor_of(values) for name, values in tensors.items()}))
    return path


@pytest.fixture(scope="module", params=["tiny", "wespeaker"])
def pair(
    request: pytest.FixtureRequest, embedding: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Models, Models]:
    """Give a bundle of free shapes, and the same of fixed ones."""
    folder = tmp_path_factory.mktemp("bundles")
    recipe = TINY
    if request.param != "tiny":
        recipe = Recipe("wespeaker", PYANNOTE_SEGMENTATION, origin_of(str(embedding)))
    free = install(recipe, output=folder / "free")
    fixed = install(recipe, output=folder / "fixed", request=Request(static=3))
    return load(free), load(fixed)


def test_every_shape_is_fixed(pair: tuple[Models, Models]) -> None:
    paths = sorted(pair[1].bundle.folder.rglob("openvino_model.xml"))
    assert len(paths) == 3
    core = import_openvino().Core()
    for path in paths:
        model = core.read_model(path)
        assert not model.is_dynamic()
        assert not any(
            port.partial_shape.is_dynamic for op in model.get_ops() for port in op.outputs()
        )


def test_turns_are_the_same_to_the_byte(pair: tuple[Models, Models], conversation: Path) -> None:
    waveform = reading.load(conversation)
    if pair[0].embedding.spec.kind == "pooled":  # slower
        waveform = replace(waveform, samples=waveform.samples[: 30 * RATE])
    heard = {"waveform": waveform.samples, "sample_rate": RATE}
    free, fixed = (
        rttm.dumps(SpeakerDiarization(models)(heard).speaker_diarization) for models in pair
    )
    assert free.count("\n") > 5
    assert fixed == free


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_any_number_of_windows_is_scored(count: int, pair: tuple[Models, Models]) -> None:
    width = pair[0].bundle.segmentation.window_samples
    windows = np.random.default_rng(count).normal(0, 0.1, (count, width)).astype(np.float32)
    free, fixed = (models.segmentation(windows) for models in pair)
    np.testing.assert_allclose(fixed, free, atol=1e-5)
    masks = np.ones((count, 2, 100), np.float32)
    free, fixed = (models.embedding(windows, masks) for models in pair)
    np.testing.assert_allclose(fixed, free, atol=1e-5)


def test_another_window_is_refused_in_one_line(
    pair: tuple[Models, Models], conversation: Path
) -> None:
    with pytest.raises(ConfigError, match=r"fixed shape \(80000,\), not \(32000,\): use") as caught:
        Inference(pair[1], duration=2.0)(conversation)
    assert "\n" not in str(caught.value)


def test_fast_mode_is_refused_in_one_line(embedding: Path, tmp_path: Path) -> None:
    recipe = Recipe("fixed", PYANNOTE_SEGMENTATION, origin_of(str(embedding)))
    fixed = load(install(recipe, output=tmp_path / "fixed", request=Request(static=1)))
    silence = {"waveform": np.zeros(RATE), "sample_rate": RATE}
    with pytest.raises(ConfigError, match=r"'shared' \(--fast\) .*'fixed' are fixed"):
        SpeakerDiarization(fixed, embedding_reuse="shared")(silence)


def test_speech_of_any_length_cannot_be_fixed(tmp_path: Path) -> None:
    tensors = random_weights.ecapa((16, 16, 16, 16, 48))
    path = tmp_path / "embedding_model.ckpt"
    path.write_bytes(safe_form({name: tensor_of(values) for name, values in tensors.items()}))
    recipe = Recipe("ecapa", PYANNOTE_SEGMENTATION, origin_of(str(path)))
    with pytest.raises(ConfigError, match="ECAPA-TDNN takes speech of any length"):
        install(recipe, output=tmp_path / "fixed", request=Request(static=8))
    assert sorted(tmp_path.iterdir()) == [path]


def test_the_manifest_and_the_card_tell(pair: tuple[Models, Models]) -> None:
    folder = pair[1].bundle.folder
    assert json.loads((folder / "bundle.json").read_text())["static"] == {"batch": 3}
    assert "Fixed: 3 windows at once" in (folder / "README.md").read_text()
    assert (pair[0].bundle.static_batch, pair[1].bundle.static_batch) == (None, 3)


def test_an_npu_takes_it(pair: tuple[Models, Models], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "available_devices", lambda: ["CPU", "NPU"])
    assert load(pair[1].bundle.folder, device="NPU").bundle.static_batch == 3


@pytest.fixture
def export(capsys: pytest.CaptureFixture[str]) -> Any:
    return partial(answer_of, main, capsys)


def test_another_batch_is_another_bundle(tiny: Path) -> None:
    manifest = tiny / "bundle.json"
    assert "static" not in json.loads(manifest.read_text())
    assert _installed(TINY, tiny, Request())
    assert not _installed(TINY, tiny, Request(static=2))


@pytest.mark.parametrize("batch", ["0", "-1", "1025", "x"])
def test_a_batch_that_cannot_be_meant_is_told_in_one_line(
    batch: str, export: Any, tmp_path: Path
) -> None:
    answer: Answer = export("tiny", "--output", tmp_path / "tiny", f"--static={batch}")
    assert answer.is_complaint()
    assert batch in answer.err
