"""A bundle is found, read, and never trusted further than its checksums."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference.bundles import manifest, write_bundle
from reference.recordings import DIMENSION, write_plda

from ovdiar.errors import ConfigError, ModelError, ModelNotFoundError
from ovdiar.frames import FrameGrid
from ovdiar.networks import bundle
from ovdiar.networks.bundle import (
    find_bundle,
    load_bundle,
    load_plda,
    models_folder,
    user_cache,
)
from ovdiar.networks.digests import sha256

MISSING = object()


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty folder of bundles, and work elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("OVDIAR_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def _with(path: str, value: Any) -> dict[str, Any]:
    """Describe a bundle with one value changed, or missing, at a dotted path."""
    content = manifest()
    *parents, last = path.split(".")
    entry = content
    for parent in parents:
        entry = entry[parent]
    if value is MISSING:
        del entry[last]
    else:
        entry[last] = value
    return content


def _refusal(name: str | Path, error: type[ModelError] = ModelError) -> str:
    with pytest.raises(ModelError) as caught:
        load_bundle(name)
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_bundle_is_found_by_its_name(models: Path) -> None:
    folder = write_bundle(models / "small")
    assert find_bundle("small") == folder


def test_a_bundle_is_found_by_its_folder(models: Path, tmp_path: Path) -> None:
    folder = write_bundle(tmp_path / "mine")
    assert find_bundle(folder) == find_bundle(str(folder)) == folder
    assert not models.exists()


def test_a_folder_here_outweighs_the_name_there(models: Path) -> None:
    write_bundle(models / "small")
    write_bundle(Path("small"))
    assert find_bundle("small") == Path("small")


def test_a_folder_here_that_is_no_bundle_does_not_hide_the_name_there(models: Path) -> None:
    Path("small").mkdir()
    folder = write_bundle(models / "small")
    assert find_bundle("small") == folder


def test_a_missing_bundle_says_where_it_was_sought_and_which_command_makes_it(models: Path) -> None:
    message = _refusal("open", ModelNotFoundError)
    assert "'open'" in message
    assert str(models) in message
    assert message.endswith("ovdiar-export open")


@pytest.mark.usefixtures("models")
def test_a_missing_bundle_of_another_name_is_a_custom_one() -> None:
    message = _refusal("small", ModelNotFoundError)
    assert "ovdiar-export custom small --segmentation FILE --embedding FILE" in message
    assert message.endswith("or take one of base, tiny, open, 2.1, 3.1, community-1")


def test_a_missing_folder_is_not_taken_for_a_recipe(tmp_path: Path) -> None:
    message = _refusal(tmp_path / "gone", ModelNotFoundError)
    assert message.endswith("ovdiar-export base")


def test_a_folder_without_a_manifest_is_named(tmp_path: Path) -> None:
    message = _refusal(tmp_path, ModelNotFoundError)
    assert str(tmp_path) in message
    assert "has no bundle.json" in message


def test_bundles_live_where_the_variable_says(models: Path) -> None:
    assert models_folder() == models


@pytest.mark.parametrize("given", [None, ""])
def test_without_the_variable_bundles_live_in_the_users_cache(
    monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.delenv("OVDIAR_MODELS", raising=False)
    if given is not None:
        monkeypatch.setenv("OVDIAR_MODELS", given)
    assert models_folder() == user_cache() / "models"


@pytest.mark.parametrize(
    ("platform", "variable", "value", "cache"),
    [
        ("linux", "XDG_CACHE_HOME", "/caches", "/caches/ovdiar"),
        ("linux", "XDG_CACHE_HOME", "", "/home/ann/.cache/ovdiar"),
        ("darwin", "XDG_CACHE_HOME", "/caches", "/home/ann/Library/Caches/ovdiar"),
        ("win32", "LOCALAPPDATA", "/local", "/local/ovdiar"),
        ("win32", "LOCALAPPDATA", "", "/home/ann/AppData/Local/ovdiar"),
    ],
)
def test_every_platform_has_its_cache(
    monkeypatch: pytest.MonkeyPatch, platform: str, variable: str, value: str, cache: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    monkeypatch.setenv(variable, value)
    assert user_cache() == Path(cache)


def test_a_bundle_says_what_its_networks_expect(tmp_path: Path) -> None:
    loaded = load_bundle(write_bundle(tmp_path))
    assert (loaded.name, loaded.folder, loaded.pipeline) == ("small", tmp_path, {"threshold": 0.5})
    segmentation, embedding = loaded.segmentation, loaded.embedding
    assert segmentation.frames == FrameGrid(step=270, width=991, start=0, rate=16000)
    assert segmentation.classes == ("speaker#1", "speaker#2", "speaker#3")
    assert (segmentation.window_samples, segmentation.powerset) == (80000, None)
    assert (embedding.kind, embedding.dimension, embedding.level_dbfs) == ("utterance", 256, -30.0)


def test_what_an_embedding_does_not_state_has_its_default(tmp_path: Path) -> None:
    embedding = load_bundle(write_bundle(tmp_path)).embedding
    assert (embedding.partial_frames, embedding.partial_step_frames) == (0, 0)


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", '{"schema": "1"}', "{}"])
def test_a_damaged_manifest_is_refused(tmp_path: Path, text: str) -> None:
    message = _refusal(write_bundle(tmp_path, text))
    assert "bundle.json" in message
    assert "export the bundle again" in message


def test_a_manifest_in_another_encoding_is_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    (tmp_path / "bundle.json").write_bytes(b"\xff\xfe{")
    assert "cannot be read" in _refusal(tmp_path)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("name", MISSING),
        ("pipeline", MISSING),
        ("segmentation", MISSING),
        ("segmentation", None),
        ("segmentation.frames", []),
        ("segmentation.frames.step", "wide"),
        ("segmentation.window_samples", None),
        ("segmentation.files", MISSING),
        ("segmentation.files", ["openvino_model.xml"]),
        ("segmentation.classes", 3),
        ("embedding.kind", MISSING),
        ("embedding.dimension", "many"),
        ("embedding.level_dbfs", "loud"),
    ],
)
def test_a_manifest_that_lacks_or_misstates_something_is_refused(
    tmp_path: Path, path: str, value: object
) -> None:
    message = _refusal(write_bundle(tmp_path, _with(path, value)))
    assert f"{tmp_path / 'bundle.json'}: {path}" in message.replace("the top level", path)
    assert " is " in message


def test_a_newer_schema_asks_for_a_newer_ovdiar(tmp_path: Path) -> None:
    message = _refusal(write_bundle(tmp_path, _with("schema", bundle.SCHEMA + 1)))
    assert f"has schema {bundle.SCHEMA + 1} and this ovdiar reads up to {bundle.SCHEMA}" in message
    assert "upgrade ovdiar" in message


@pytest.mark.parametrize("part", ["segmentation", "embedding"])
@pytest.mark.parametrize("change", [b"", b"ne", b"neT", b"nets"])
def test_a_network_that_was_changed_is_refused_by_name(
    tmp_path: Path, part: str, change: bytes
) -> None:
    write_bundle(tmp_path)
    (name,) = manifest()[part]["files"]
    (tmp_path / name).write_bytes(change)
    message = _refusal(tmp_path)
    assert name in message
    assert hashlib.sha256(change).hexdigest()[:12] in message


def test_a_network_that_is_missing_is_named(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    (name,) = manifest()["embedding"]["files"]
    (tmp_path / name).unlink()
    assert f"{name} is missing" in _refusal(tmp_path)


@pytest.mark.parametrize("digest", [None, 7, "", "00"])
def test_a_digest_that_is_none_is_refused(tmp_path: Path, digest: object) -> None:
    (name,) = manifest()["embedding"]["files"]
    content = manifest()
    content["embedding"]["files"] = {name: digest}
    assert "SHA-256" in _refusal(write_bundle(tmp_path, content))


def test_the_files_of_a_plda_are_checked_too(tmp_path: Path) -> None:
    write_plda(tmp_path / "plda")
    content = manifest() | {"plda": {"files": {"plda/plda.npz": "00"}}}
    assert "plda/plda.npz" in _refusal(write_bundle(tmp_path, content)).replace("\\", "/")


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_digest_is_that_of_the_whole_file(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    file = tmp_path / "file"
    file.write_bytes(content[:size])
    assert sha256(file) == hashlib.sha256(content[:size]).hexdigest()


def test_a_bundle_with_a_plda_loads_it(tmp_path: Path) -> None:
    write_plda(tmp_path / "plda")
    plda = load_bundle(write_bundle(tmp_path)).plda()
    assert plda is not None
    assert plda.phi.shape == (DIMENSION,)


def test_a_bundle_without_a_plda_has_none(tmp_path: Path) -> None:
    assert load_bundle(write_bundle(tmp_path)).plda() is None


@pytest.mark.parametrize("name", ["xvec_transform.npz", "plda.npz"])
def test_a_missing_file_of_a_plda_is_named(tmp_path: Path, name: str) -> None:
    (write_plda(tmp_path) / name).unlink()
    with pytest.raises(ModelNotFoundError, match=f"lacks {name}") as caught:
        load_plda(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["xvec_transform.npz", "plda.npz"])
@pytest.mark.parametrize("damage", ["empty", "text", "truncated", "one array", "other arrays"])
def test_a_damaged_plda_is_refused(tmp_path: Path, name: str, damage: str) -> None:
    file = write_plda(tmp_path) / name
    content = file.read_bytes()
    if damage == "one array":
        with file.open("wb") as opened:
            np.save(opened, np.zeros(3))
    elif damage == "other arrays":
        np.savez(file, weights=np.zeros(3))
    else:
        damaged = {"empty": b"", "text": b"hello", "truncated": content[: len(content) // 2]}
        file.write_bytes(damaged[damage])
    with pytest.raises(ModelError, match="cannot be read") as caught:
        load_plda(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_plda_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    write_plda(tmp_path)
    np.savez(tmp_path / "plda.npz", mu=np.zeros(4), tr=np.zeros((4, 4)), psi=np.ones(4))
    with pytest.raises(ModelError, match="cannot be read"):
        load_plda(tmp_path)


def test_a_plda_never_unpickles(tmp_path: Path) -> None:
    write_plda(tmp_path)
    np.savez(tmp_path / "plda.npz", mu=np.array([{}], dtype=object))
    with pytest.raises(ModelError, match="cannot be read"):
        load_plda(tmp_path)


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Path:
        message = "Could not determine home directory."
        raise RuntimeError(message)

    monkeypatch.setattr(Path, "home", fail)
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigError, match="set HOME"):
        user_cache()
