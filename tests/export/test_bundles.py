"""Bundles of files on disk: what is written, when it is written again, and what leaves nothing."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from ovdiar_export import bundles
from ovdiar_export.bundles import install
from ovdiar_export.calibrations import TINY_CONFIDENCE
from ovdiar_export.checkpoints.checkpoint import read_checkpoint
from ovdiar_export.graphs import pyannet, wespeaker
from ovdiar_export.recipes import PUBLISHED, RECIPES, Recipe, custom
from ovdiar_export.sources.addresses import sha256_of
from ovdiar_export.sources.origins import origin_of
from reference import onnx_networks, published
from reference.execution import Network as Plain
from reference.signals import buzz
from reference.torch_files import Storage, Tensor, archive, entries_of, tensor_of, zip_form

from ovdiar.errors import ConfigError, ModelError, ModelNotFoundError
from ovdiar.networks.bundle import load_bundle
from ovdiar.networks.manifest import PROCESSING_S
from ovdiar.networks.models import load
from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
from ovdiar.presets import DIARIZATION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Give a folder in pyannote's layout, PLDA included."""
    return published.write_layout(tmp_path / "models")


def recipe_of(models: Path, **options: Any) -> Recipe:
    """Return the recipe of what a folder holds."""
    files = [str(models / name / "pytorch_model.bin") for name in ("segmentation", "embedding")]
    return custom("mine", *files, **options)


def with_plda(models: Path) -> dict[str, Any]:
    return {path.name: origin_of(str(path)) for path in (models / "plda").iterdir()}


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_networks_of_a_bundle_are_those_of_the_checkpoints(
    models: Path, tmp_path: Path
) -> None:
    install(recipe_of(models), output=tmp_path / "mine")
    loaded = load(tmp_path / "mine")
    waveform = buzz(32_000)[None]
    tensors = read_checkpoint(models / "segmentation" / "pytorch_model.bin").tensors
    wanted = Plain(pyannet.build(tensors, powerset=True))(waveform)
    np.testing.assert_allclose(loaded.segmentation(waveform), wanted, atol=1e-6)
    tensors = read_checkpoint(models / "embedding" / "pytorch_model.bin").tensors
    features = Plain(wespeaker.build_trunk(tensors))(waveform)[0]
    deviations = features.std(axis=1, ddof=1, dtype=np.float64)
    statistics = np.concatenate([features.mean(axis=1), deviations])[None]
    embedding = Plain(wespeaker.build_head(tensors))(statistics)
    found = loaded.embedding(waveform, np.ones((1, 1, features.shape[1]), np.float32))
    np.testing.assert_allclose(found[0], embedding, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["3.1", "2.1"])
def test_without_a_preset_hyper_parameters_follow_the_segmentation(
    name: str, tmp_path: Path
) -> None:
    models = published.write_layout(tmp_path / "models", powerset=name == "3.1")
    install(recipe_of(models), output=tmp_path / "mine")
    assert load_bundle(tmp_path / "mine").pipeline == asdict(DIARIZATION[name])


def test_a_plda_is_in_the_bundle_and_in_its_check(models: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine"
    install(recipe_of(models, plda=with_plda(models)), output=target)
    bundle = load_bundle(target)
    assert bundle.pipeline == asdict(DIARIZATION["community-1"])
    with np.load(models / "plda" / "plda.npz") as arrays:
        np.testing.assert_array_equal(bundle.plda().mu, arrays["mu"])  # type: ignore[union-attr]
    (target / "plda" / "plda.npz").write_bytes(b"")
    with pytest.raises(ModelError, match=r"plda\.npz has SHA-256"):
        load_bundle(target)


def test_a_bundle_is_written_once(models: Path, tmp_path: Path) -> None:
    recipe, lines = recipe_of(models, plda=with_plda(models)), list[str]()
    install(recipe, output=tmp_path / "mine")
    written = (tmp_path / "mine" / "bundle.json").stat()
    install(recipe, output=tmp_path / "mine", report=lines.append)
    assert lines == [f"{tmp_path / 'mine'} is up to date"]
    assert (tmp_path / "mine" / "bundle.json").stat() == written


def change_weights(models: Path, _target: Path) -> None:
    (models / "segmentation" / "pytorch_model.bin").write_bytes(
        published.segmentation_file(powerset=True, extra={"loss.weight": tensor_of(np.ones(2))})
    )


def change_plda(models: Path, _target: Path) -> None:
    arrays = published.plda_arrays()["plda.npz"]
    (models / "plda" / "plda.npz").write_bytes(published.npz(arrays | {"mu": -arrays["mu"]}))


def change_network(_models: Path, target: Path) -> None:
    (target / "embedding" / "head" / "openvino_model.bin").write_bytes(b"")


def change_calibration(_models: Path, target: Path) -> None:
    path = target / "bundle.json"
    manifest = json.loads(path.read_text())
    manifest["calibration"]["confidence"]["bias"] = 0.0
    path.write_text(json.dumps(manifest))


def change_hyper_parameter(_models: Path, target: Path) -> None:
    path = target / "bundle.json"
    manifest = json.loads(path.read_text())
    manifest["pipeline"]["threshold"] = 0.5
    path.write_text(json.dumps(manifest))


def lower_version(_models: Path, target: Path) -> None:
    path = target / "bundle.json"
    manifest = json.loads(path.read_text())
    manifest["networks_version"] -= 1
    path.write_text(json.dumps(manifest))


def remove_version(_models: Path, target: Path) -> None:
    path = target / "bundle.json"
    manifest = json.loads(path.read_text())
    del manifest["networks_version"]
    path.write_text(json.dumps(manifest))


def break_manifest(_models: Path, target: Path) -> None:
    (target / "bundle.json").write_text("[]")


@pytest.mark.parametrize(
    "change",
    [
        *(change_weights, change_plda, change_network, change_calibration),
        *(change_hyper_parameter, lower_version, remove_version, break_manifest),
    ],
)
def test_a_bundle_that_is_not_what_the_recipe_makes_is_written_again(
    change: Any, models: Path, tmp_path: Path
) -> None:
    recipe, target = recipe_of(models, plda=with_plda(models)), tmp_path / "mine"
    install(recipe, output=target)
    change(models, target)
    lines: list[str] = []
    install(recipe, output=target, report=lines.append)
    assert lines[-1] == f"wrote {target}"
    found = load_bundle(target).manifest
    assert found["pipeline"]["threshold"] == DIARIZATION["community-1"].threshold
    weights = models / "segmentation" / "pytorch_model.bin"
    assert found["segmentation"]["sha256"] == sha256_of(weights)
    assert found["plda"]["files"]["plda/plda.npz"] == sha256_of(models / "plda" / "plda.npz")


def test_the_card_tells_sources_and_licences_but_not_where_files_lay(
    models: Path, tmp_path: Path
) -> None:
    install(recipe_of(models, plda=with_plda(models)), output=tmp_path / "mine")
    for name in ("README.md", "bundle.json"):
        text = (tmp_path / "mine" / name).read_text()
        assert "pytorch_model.bin" in text
        assert "unstated" in text
        assert str(tmp_path) not in text


def test_a_published_file_is_known_wherever_it_lies(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = models / "embedding" / "pytorch_model.bin"
    monkeypatch.setitem(PUBLISHED, sha256_of(path), RECIPES["3.1"].embedding)
    install(recipe_of(models), output=tmp_path / "mine")
    manifest = load_bundle(tmp_path / "mine").manifest
    assert manifest["embedding"]["license"] == "CC-BY-4.0"
    assert manifest["embedding"]["source"] == "pytorch_model.bin"
    assert manifest["licenses"] == ["CC-BY-4.0", "unstated"]


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_other_floating_point_numbers_become_float32(
    kind: str, models: Path, tmp_path: Path
) -> None:
    (models / "segmentation" / "pytorch_model.bin").write_bytes(
        published.segmentation_file(powerset=True, kind=kind)
    )
    (models / "embedding" / "pytorch_model.bin").write_bytes(published.embedding_file(kind))
    install(recipe_of(models), output=tmp_path / "mine")
    loaded, waveform = load(tmp_path / "mine"), buzz(32_000)[None]
    tensors = read_checkpoint(models / "segmentation" / "pytorch_model.bin").tensors
    assert {array.dtype for array in tensors.values()} == {np.dtype(np.float32)}
    wanted = Plain(pyannet.build(tensors, powerset=True))(waveform)
    np.testing.assert_allclose(loaded.segmentation(waveform), wanted, atol=1e-6)
    embedded = loaded.embedding(waveform, np.ones((1, 1, 25), np.float32))
    assert np.isfinite(embedded).all()


def test_an_embedding_may_be_safetensors(models: Path, tmp_path: Path) -> None:
    install(recipe_of(models), output=tmp_path / "one")
    path = models / "embedding" / "model.safetensors"
    path.write_bytes(published.embedding_safetensors())
    recipe = replace(recipe_of(models), embedding=origin_of(str(path)))
    install(recipe, output=tmp_path / "other")
    assert_same_weights(tmp_path, "embedding/trunk", "embedding/head")


def test_networks_of_onnx_make_a_bundle_that_diarizes(models: Path, tmp_path: Path) -> None:
    files = {"a": onnx_networks.segmentation_onnx(), "b.onnx": onnx_networks.features_onnx()}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    recipe = custom("mine", *(str(tmp_path / name) for name in files))
    install(recipe, output=tmp_path / "mine")
    loaded = load(tmp_path / "mine")
    assert loaded.bundle.pipeline == asdict(DIARIZATION["3.1"])
    manifest = loaded.bundle.manifest
    for name in ("segmentation", "embedding"):
        assert (manifest[name]["verified"], manifest[name]["evaluation"]) == (True, "onnxruntime")
    assert {*manifest["parity"]} == {
        *("segmentation_scores", "embedding_features", "embedding_vectors")
    }
    waveform = buzz(12 * 16_000)
    trace: dict[str, Any] = {}
    SpeakerDiarization(loaded)({"waveform": waveform, "sample_rate": 16_000}, trace=trace)
    assert trace["segmentations"].data.shape == (3, 589, 3)
    assert trace["embeddings"].shape == (3, 3, onnx_networks.DIMENSION)
    other = replace(recipe, segmentation=recipe_of(models).segmentation)
    install(other, output=tmp_path / "mine")
    assert load_bundle(tmp_path / "mine").segmentation.architecture == "PyanNet"


@pytest.fixture
def without_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hide ONNX Runtime, also from processes that are started; return what hides it."""
    folder = tmp_path / "hidden"
    folder.mkdir()
    (folder / "onnxruntime.py").write_text("raise ImportError('hidden')")
    monkeypatch.syspath_prepend(folder)
    find = importlib.util.find_spec
    monkeypatch.setattr(
        bundles, "find_spec", lambda name: None if name == "onnxruntime" else find(name)
    )
    return folder


def recipe_of_onnx(models: Path) -> Recipe:
    """Return the recipe of a checkpoint and a network of ONNX."""
    path = models / "embedding" / "model.onnx"
    path.write_bytes(onnx_networks.features_onnx())
    return replace(recipe_of(models), embedding=origin_of(str(path)))


@pytest.mark.usefixtures("without_onnxruntime")
def test_without_onnxruntime_a_network_of_onnx_is_stated_as_not_verified(
    models: Path, tmp_path: Path
) -> None:
    lines: list[str] = []
    install(recipe_of_onnx(models), output=tmp_path / "mine", report=lines.append)
    [line] = [line for line in lines if "not verified" in line]
    assert line == (
        "the embedding network is not verified: ONNX Runtime cannot be imported (hidden): "
        "pip install 'ovdiar[export]' and export again"
    )
    manifest = load_bundle(tmp_path / "mine").manifest
    assert (manifest["embedding"]["verified"], manifest["embedding"]["evaluation"]) == (False, None)
    assert manifest["segmentation"]["verified"] is True
    assert {*manifest["parity"]} == {"segmentation_scores"}
    card = (tmp_path / "mine" / "README.md").read_text()
    assert card.count("is not verified") == 1
    assert "Embedding is not verified: no other evaluation of it could be run." in card


def test_a_network_that_was_not_verified_is_once_onnxruntime_is_there(
    models: Path, tmp_path: Path, without_onnxruntime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, lines = recipe_of_onnx(models), list[str]()
    install(recipe, output=tmp_path / "mine")
    install(recipe, output=tmp_path / "mine", report=lines.append)
    assert lines == [f"{tmp_path / 'mine'} is up to date"]
    (without_onnxruntime / "onnxruntime.py").unlink()
    monkeypatch.setattr(bundles, "find_spec", importlib.util.find_spec)
    install(recipe, output=tmp_path / "mine", report=lines.append)
    assert lines[-1] == f"wrote {tmp_path / 'mine'}"
    assert load_bundle(tmp_path / "mine").manifest["embedding"]["verified"] is True


def test_a_bundle_states_how_confidence_is_calibrated_and_what_its_networks_cost(
    models: Path, tmp_path: Path
) -> None:
    install(recipe_of(models), output=tmp_path / "mine")
    bundle = load_bundle(tmp_path / "mine")
    assert bundle.calibration == TINY_CONFIDENCE
    assert bundle.segmentation.processing_s == PROCESSING_S["segmentation"]
    assert bundle.embedding.processing_s == PROCESSING_S["pooled"]


def test_damaged_onnx_is_one_line_and_leaves_nothing(models: Path, tmp_path: Path) -> None:
    path = models / "embedding" / "model.onnx"
    path.write_bytes(onnx_networks.features_onnx()[:-50])
    recipe = replace(recipe_of(models), embedding=origin_of(str(path)))
    message = refused(recipe, tmp_path / "mine")
    assert message.startswith(f"{path}: OpenVINO cannot read it")


def assert_same_weights(folder: Path, *networks: str) -> None:
    """Compare the constants of two bundles; the names of nodes are numbered on and on."""
    for network in networks:
        one, other = (folder / b / network / "openvino_model.bin" for b in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()


def refused(recipe: Recipe, target: Path) -> str:
    """Return the one line with which an export is refused, which leaves nothing behind."""
    before = left(target.parent)
    with pytest.raises((ModelError, ConfigError)) as caught:
        install(recipe, output=target)
    assert left(target.parent) == before
    message = str(caught.value)
    assert "\n" not in message
    return message


def bad_file(name: str) -> bytes:
    """Return a file that is no segmentation model."""
    state = published.tensors_of(published.segmentation_state(powerset=True))
    misshapen = tensor_of(np.zeros((3, 3), np.float32))
    beyond = Tensor(Storage(np.zeros(4, np.float32), "float32"), 2, (4,), (1,))
    makers: dict[str, Callable[[], bytes]] = {
        "another architecture": published.embedding_file,
        "a bare state dict": lambda: zip_form(state),
        "a missing tensor": lambda: published.segmentation_file(
            powerset=True, without="classifier.bias"
        ),
        "a misshapen tensor": lambda: published.segmentation_file(
            powerset=True, extra={"classifier.weight": misshapen}
        ),
        "a tensor beyond its storage": lambda: published.segmentation_file(
            powerset=True, extra={"classifier.bias": beyond}
        ),
        "a path out of the archive": lambda: archive(
            [(f"../{entry}", data) for entry, data in entries_of({"state_dict": state})]
        ),
        "no checkpoint": lambda: b"<html>Sign in</html>",
        "nothing": lambda: b"",
    }
    return makers[name]()


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("another architecture", "give a segmentation model of pyannote"),
        ("a bare state dict", "states no pyannote specifications"),
        ("a missing tensor", "has no tensor 'classifier.bias'"),
        ("a misshapen tensor", "'classifier.weight' has shape (3, 3)"),
        ("a tensor beyond its storage", "storage"),
        ("a path out of the archive", "archive"),
        ("no checkpoint", "not a torch or safetensors checkpoint"),
        ("nothing", "not a torch or safetensors checkpoint"),
    ],
)
def test_a_bad_file_is_one_line_and_leaves_nothing(
    name: str, complaint: str, models: Path, tmp_path: Path
) -> None:
    (models / "segmentation" / "pytorch_model.bin").write_bytes(bad_file(name))
    assert complaint in refused(recipe_of(models), tmp_path / "mine")


def test_a_bad_second_part_leaves_nothing_of_the_first(models: Path, tmp_path: Path) -> None:
    (models / "embedding" / "pytorch_model.bin").write_bytes(
        published.segmentation_file(powerset=True)
    )
    message = refused(recipe_of(models), tmp_path / "mine")
    assert message.startswith(f"{models / 'embedding' / 'pytorch_model.bin'}: tensor 'lstm.")


def test_extra_tensors_are_ignored(models: Path, tmp_path: Path) -> None:
    install(recipe_of(models), output=tmp_path / "one")
    change_weights(models, tmp_path)
    install(recipe_of(models), output=tmp_path / "other")
    assert_same_weights(tmp_path, "segmentation")


def test_five_gigabytes_that_are_no_checkpoint_are_refused_at_once(
    models: Path, tmp_path: Path
) -> None:
    os.truncate(models / "segmentation" / "pytorch_model.bin", 0)
    os.truncate(models / "segmentation" / "pytorch_model.bin", 5 * 10**9)
    start = time.perf_counter()
    refused(recipe_of(models), tmp_path / "mine")
    assert time.perf_counter() - start < 2


def test_a_plda_of_another_dimension_leaves_nothing(models: Path, tmp_path: Path) -> None:
    for name, data in published.plda_files(12).items():
        (models / "plda" / name).write_bytes(data)
    message = refused(recipe_of(models, plda=with_plda(models)), tmp_path / "mine")
    assert "for embeddings of dimension 16" in message


@pytest.mark.parametrize("function", ["copyfile", "copyfileobj"])
def test_a_full_disk_leaves_nothing(
    function: str, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    recipe = recipe_of(models, plda=with_plda(models))
    if function == "copyfileobj":
        name = "whisperx-3.8.6-py3-none-any.whl"
        data = published.segmentation_file(powerset=True)
        published.write_wheel(tmp_path / "wheels", name, {"net.bin": data})
        recipe = replace(recipe, segmentation=origin_of("pypi://whisperx==3.8.6#net.bin"))
    monkeypatch.setattr(shutil, function, fail)
    before = left(tmp_path)
    with pytest.raises(ModelError, match="No space left on device"):
        install(recipe, output=tmp_path / "mine", wheels=tmp_path / "wheels")
    assert left(tmp_path) == before


def test_a_failed_export_leaves_the_bundle_that_was_there(models: Path, tmp_path: Path) -> None:
    install(recipe_of(models), output=tmp_path / "mine")
    (models / "embedding" / "pytorch_model.bin").write_bytes(b"")
    before = load_bundle(tmp_path / "mine").manifest
    refused(recipe_of(models), tmp_path / "mine")
    assert load_bundle(tmp_path / "mine").manifest == before


def test_a_missing_file_is_named(models: Path, tmp_path: Path) -> None:
    (models / "embedding" / "pytorch_model.bin").unlink()
    with pytest.raises(ModelNotFoundError, match=r"embedding/pytorch_model\.bin: no such file"):
        install(recipe_of(models), output=tmp_path / "mine")
