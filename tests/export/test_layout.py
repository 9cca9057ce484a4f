"""Local copies in pyannote's layout."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from ovdiar_export.bundles import _told, install
from ovdiar_export.layout import WEIGHTS, localised, read_layout
from ovdiar_export.recipes import RECIPES
from reference import published

from ovdiar.errors import ModelError, ModelNotFoundError
from ovdiar.networks.bundle import load_bundle
from ovdiar.presets import DIARIZATION

NAME = "pyannote.audio.pipelines.SpeakerDiarization"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a folder with segmentation/, embedding/ and plda/, without a configuration."""
    return published.write_layout(tmp_path / "copy")


def configure(folder: Path, params: dict[str, Any] | None = None, **options: Any) -> None:
    """Write a configuration of VBx, unless told otherwise."""
    given = {
        "clustering": "VBxClustering",
        "segmentation": "$model/segmentation",
        "embedding": "$model/embedding",
        "plda": "$model/plda",
        **options,
    }
    tree = {"pipeline": {"name": NAME, "params": given}, "params": params or {}}
    (folder / "config.yaml").write_text(yaml.safe_dump(tree))


def test_without_a_configuration_models_are_found_by_their_folders(copy: Path) -> None:
    found = read_layout(copy)
    assert found.segmentation == copy / "segmentation" / "pytorch_model.bin"
    assert found.embedding == copy / "embedding" / "pytorch_model.bin"
    assert found.plda == copy / "plda"
    assert found.pipeline == {}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_may_have_any_of_the_published_names(name: str, copy: Path) -> None:
    (copy / "embedding" / "pytorch_model.bin").rename(copy / "embedding" / name)
    assert read_layout(copy).embedding == copy / "embedding" / name


@pytest.mark.parametrize(
    "named",
    [
        "$model/nets/one",
        "$model/nets/one@main",
        "nets/one",
        "nets/one/pytorch_model.bin",
        "one",
        "owner/one",
        "owner/one@v1",
        "owner/beside",
        "ABSOLUTE",
    ],
)
def test_a_configuration_names_places_in_and_beside_its_folder(
    named: str, copy: Path, tmp_path: Path
) -> None:
    named = str(copy / "nets" / "one") if named == "ABSOLUTE" else named
    within = {"one": copy / "one", "owner/one": copy / "one", "owner/one@v1": copy / "one"}
    place = within.get(named, copy / "nets" / "one")
    place = tmp_path / "beside" if named == "owner/beside" else place
    place.parent.mkdir(exist_ok=True)
    (copy / "segmentation").rename(place)
    configure(copy, segmentation=named)
    assert read_layout(copy).segmentation == place / "pytorch_model.bin"


def test_a_path_may_be_relative_to_the_working_directory(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.write_layout(tmp_path / "other")
    monkeypatch.chdir(tmp_path)
    configure(copy, segmentation="other/segmentation")
    assert read_layout(copy).segmentation == Path("other/segmentation/pytorch_model.bin")


def test_a_repository_is_looked_for_in_the_folder_of_its_role(copy: Path) -> None:
    configure(copy, segmentation="pyannote/segmentation-3.0")
    assert read_layout(copy).segmentation == copy / "segmentation" / "pytorch_model.bin"


@pytest.mark.parametrize("named", ["$model/none", "owner/none", "/none", "../none", "$model"])
def test_a_place_without_a_copy_is_named_with_where_to_put_one(named: str, copy: Path) -> None:
    (copy / "segmentation" / "pytorch_model.bin").unlink()
    (copy / "segmentation").rmdir()
    configure(copy, segmentation=named)
    with pytest.raises(ModelNotFoundError, match="put") as caught:
        read_layout(copy)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_missing_or_without_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match="is no folder"):
        read_layout(tmp_path / "none")
    with pytest.raises(ModelNotFoundError, match=r"segmentation holds no model"):
        read_layout(tmp_path)


def test_hyper_parameters_of_the_configuration_replace_the_presets(
    copy: Path, tmp_path: Path
) -> None:
    configure(copy, {"clustering": {"threshold": 0.5, "Fa": 0.1}}, segmentation_step=0.2)
    install(localised(RECIPES["community-1"], read_layout(copy)), output=tmp_path / "bundle")
    bundle = load_bundle(tmp_path / "bundle")
    wanted = asdict(DIARIZATION["community-1"])
    assert bundle.pipeline == wanted | {"threshold": 0.5, "fa": 0.1, "segmentation_step": 0.2}
    assert bundle.name == "community-1"
    assert bundle.manifest["licenses"] == ["unstated"]


def test_the_configuration_of_vbx_means_community_1_whatever_lies_in_the_folder(
    copy: Path,
) -> None:
    configure(copy)
    assert read_layout(copy).preset == "community-1"
    configure(copy, clustering="AgglomerativeClustering")
    found = read_layout(copy)
    assert (found.preset, found.plda) == (None, None)


def test_a_recipe_of_another_clustering_is_refused(copy: Path) -> None:
    configure(copy)
    with pytest.raises(ModelError, match=r"clusters by 'vbx' and 3\.1 by 'ahc'"):
        localised(RECIPES["3.1"], read_layout(copy))


def test_a_recipe_that_needs_a_plda_names_it(copy: Path) -> None:
    for path in (copy / "plda").iterdir():
        path.unlink()
    (copy / "plda").rmdir()
    with pytest.raises(ModelNotFoundError, match=r"has no plda/, which community-1 needs"):
        localised(RECIPES["community-1"], read_layout(copy))


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_takes_all_its_files_from_the_copy(name: str, copy: Path) -> None:
    recipe = localised(RECIPES[name], read_layout(copy))
    for origin in recipe.origins().values():
        location = origin.source.location
        assert isinstance(location, Path)
        assert location.is_relative_to(copy)
    assert recipe.parameters(powerset=True) == RECIPES[name].parameters(powerset=True)


def test_a_published_file_in_a_copy_keeps_its_name_and_licence(copy: Path, shared: Path) -> None:
    for path in (shared / "plda").iterdir():
        (copy / "plda" / path.name).write_bytes(path.read_bytes())
    recipe = localised(RECIPES["community-1"], read_layout(copy))
    told = _told(recipe.plda["plda.npz"], copy / "plda" / "plda.npz")
    assert told["license"] == "CC-BY-4.0"
    assert told["revision"].startswith("pyannote/speaker-diarization-community-1@")
