"""A bundle in another precision is verified in float32 first, and says what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ovdiar_export.bundles import install
from ovdiar_export.precision.request import Request
from ovdiar_export.recipes import TINY

from ovdiar import SpeakerDiarization, load
from ovdiar.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    said: list[str] = []
    folder = tmp_path_factory.mktemp("half") / "tiny"
    return install(TINY, output=folder, request=Request("f16"), report=said.append), said


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.bin"))


def test_half_precision_halves_the_weights(half: tuple[Path, list[str]], tiny: Path) -> None:
    assert _bytes(half[0]) < 0.55 * _bytes(tiny)


def test_what_it_cost_is_said_and_kept(half: tuple[Path, list[str]]) -> None:
    folder, said = half
    cost = load(folder).bundle.manifest["cost"]
    assert 0 < cost["segmentation_score_change"] < 0.01
    assert any(line.startswith("f16 cost: segmentation_score_change ") for line in said)
    assert "score_change" in (folder / "README.md").read_text(encoding="utf-8")


def test_the_float32_networks_were_verified(half: tuple[Path, list[str]]) -> None:
    assert load(half[0]).bundle.manifest["parity"]["segmentation_scores"] < 1e-3


def test_it_finds_the_same_speakers(half: tuple[Path, list[str]], conversation: Path) -> None:
    result = SpeakerDiarization(load(half[0]))(conversation)
    assert len(result.speaker_diarization.labels()) == 4


def test_another_precision_is_another_bundle(half: tuple[Path, list[str]]) -> None:
    said: list[str] = []
    install(TINY, output=half[0], request=Request("f16"), report=said.append)
    assert said == [f"{half[0]} is up to date"]


def test_int8_asks_for_recordings() -> None:
    with pytest.raises(ConfigError, match="give --calibrate"):
        Request("int8")
