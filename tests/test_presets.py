"""Published hyper-parameters hold the published values, and nothing odd takes their place."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from ovdiar import presets
from ovdiar.errors import ConfigError
from ovdiar.parameters import ActivityParameters, DiarizationParameters, declarations
from ovdiar.presets import choose

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# The model card of pyannote/segmentation: onset, offset, min_duration_on, min_duration_off.
CARD: dict[str, dict[str, tuple[float, ...]]] = {
    "VOICE_ACTIVITY": {
        "ami": (0.684, 0.577, 0.181, 0.037),
        "dihard3": (0.767, 0.377, 0.136, 0.067),
        "voxconverse": (0.767, 0.713, 0.182, 0.501),
    },
    "OVERLAPPED_SPEECH": {
        "ami": (0.448, 0.362, 0.116, 0.187),
        "dihard3": (0.430, 0.320, 0.091, 0.144),
        "voxconverse": (0.587, 0.426, 0.337, 0.112),
    },
    "RESEGMENTATION": {
        "ami": (0.542, 0.527, 0.044, 0.705),
        "dihard3": (0.592, 0.489, 0.163, 0.182),
        "voxconverse": (0.537, 0.724, 0.410, 0.563),
    },
}

# The configurations of the published pipelines; what one leaves out does not act in it.
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "2.1": {
        "segmentation_step": 0.1,
        "embedding_exclude_overlap": True,
        "training_filter": "active",
        "clustering": "ahc",
        "linkage": "centroid",
        "threshold": 0.7153814381597874,
        "min_cluster_size": 15,
        "segmentation_threshold": 0.4442333667381752,
        "min_duration_off": 0.5817029604921046,
    },
    "3.1": {
        "segmentation_step": 0.1,
        "embedding_exclude_overlap": True,
        "training_filter": "active",
        "clustering": "ahc",
        "linkage": "centroid",
        "threshold": 0.7045654963945799,
        "min_cluster_size": 12,
        "min_duration_off": 0.0,
    },
    "community-1": {
        "segmentation_step": 0.1,
        "embedding_exclude_overlap": True,
        "training_filter": "clean",
        "clustering": "vbx",
        "threshold": 0.6,
        "fa": 0.07,
        "fb": 0.8,
        "min_duration_off": 0.0,
    },
}

DEFAULT = DiarizationParameters()
DECLARED = declarations(DiarizationParameters)
RANGES = {name: each.within for name, each in DECLARED.items() if each.kind in (int, float)}
CHOICES = {name: each.choices for name, each in DECLARED.items() if each.choices}
CARD_ORDER = ("onset", "offset", "min_duration_on", "min_duration_off")
NO_TABLE: Mapping[str, DiarizationParameters] = {}


@pytest.mark.parametrize("task", CARD)
def test_detection_presets_are_those_of_the_card(task: str) -> None:
    table: Mapping[str, ActivityParameters] = getattr(presets, task)
    held = {name: tuple(asdict(each)[key] for key in CARD_ORDER) for name, each in table.items()}
    assert held == CARD[task]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_diarization_presets_are_those_of_the_configurations(name: str) -> None:
    held = asdict(presets.DIARIZATION[name])
    assert {key: held[key] for key in CONFIGURATIONS[name]} == CONFIGURATIONS[name]


def test_no_other_generation_is_claimed() -> None:
    assert set(presets.DIARIZATION) == set(CONFIGURATIONS)


def test_every_number_of_a_diarization_has_a_range_and_every_word_its_choices() -> None:
    bounded = {name for name, (least, _) in RANGES.items() if math.isfinite(least)}
    assert bounded == set(RANGES)
    assert set(CHOICES) == {
        name for name, value in asdict(DEFAULT).items() if isinstance(value, str)
    }


@pytest.mark.parametrize("bound", [0, 1])
@pytest.mark.parametrize("name", RANGES)
def test_both_ends_of_a_range_are_within(name: str, bound: int) -> None:
    value = RANGES[name][bound]
    if math.isfinite(value):
        assert getattr(DEFAULT.with_values({name: value}), name) == value


@pytest.mark.parametrize("name", RANGES)
def test_beyond_a_range_is_refused_with_value_and_limits(name: str) -> None:
    least, most = RANGES[name]
    for value in (least - 1, most + 1 if math.isfinite(most) else -math.inf):
        with pytest.raises(ConfigError, match=f"{name} (is|=) -?[0-9infe+.]+") as caught:
            DEFAULT.with_values({name: value})
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("value", ["1", True, [1], math.nan])
def test_what_is_no_number_is_refused(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"{name} (is|=) ") as caught:
        DEFAULT.with_values({name: value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [2.5, math.inf, -math.inf])
def test_a_size_is_a_whole_number(value: float) -> None:
    with pytest.raises(ConfigError, match=r"min_cluster_size = .* is not of the kind int"):
        DEFAULT.with_values({"min_cluster_size": value})


@pytest.mark.parametrize("value", [0.0, 1.0, 1, "yes"])
def test_a_switch_is_true_or_false(value: object) -> None:
    with pytest.raises(ConfigError, match=r"embedding_exclude_overlap = .* of the kind bool"):
        DEFAULT.with_values({"embedding_exclude_overlap": value})


@pytest.mark.parametrize("number", [12, 12.0, np.int64(12), np.float32(12)])
def test_whole_numbers_of_any_type_become_whole_numbers(number: Any) -> None:
    size = DEFAULT.with_values({"min_cluster_size": number}).min_cluster_size
    assert (size, type(size)) == (12, int)


@pytest.mark.parametrize("number", [1, np.float32(1), np.int64(1)])
def test_numbers_of_any_type_become_floats(number: Any) -> None:
    threshold = DEFAULT.with_values({"threshold": number}).threshold
    assert (threshold, type(threshold)) == (1.0, float)


@pytest.mark.parametrize("name", CHOICES)
def test_an_unknown_choice_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} 'best' is unknown: choose from ") as caught:
        DEFAULT.with_values({name: "best"})
    assert all(choice in str(caught.value) for choice in CHOICES[name])


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="hyper-parameter 'treshold' is unknown") as caught:
        DEFAULT.with_values({"treshold": 0.5})
    assert "threshold" in str(caught.value).split(":")[1]


@pytest.mark.parametrize("name", ["onset", "offset"])
@pytest.mark.parametrize("value", [-0.1, 1.1, math.nan])
def test_thresholds_of_scores_lie_between_zero_and_one(name: str, value: float) -> None:
    with pytest.raises(ConfigError, match=f"{name} is .*from 0 to 1"):
        ActivityParameters().with_values({name: value})


@pytest.mark.parametrize("name", ["min_duration_on", "min_duration_off"])
def test_durations_are_not_negative(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is -0.1"):
        ActivityParameters().with_values({name: -0.1})


def test_without_a_preset_the_default_stands() -> None:
    assert choose(presets.DIARIZATION, None, DEFAULT, {}) == DEFAULT


def test_a_preset_replaces_the_whole_default() -> None:
    default = DEFAULT.with_values({"fa": 9})
    assert choose(presets.DIARIZATION, "2.1", default, {}) == presets.DIARIZATION["2.1"]


def test_what_is_given_by_name_outweighs_the_preset() -> None:
    chosen = choose(presets.DIARIZATION, "2.1", DEFAULT, {"threshold": 0.3, "fa": None})
    assert chosen == presets.DIARIZATION["2.1"].with_values({"threshold": 0.3})


def test_false_is_given_by_name_too() -> None:
    given = {"embedding_exclude_overlap": False}
    assert not choose(presets.DIARIZATION, "3.1", DEFAULT, given).embedding_exclude_overlap


def test_a_file_changes_the_default_where_it_says_so(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"threshold": 0.3, "min_cluster_size": 4.0}), encoding="utf-8")
    chosen = choose(presets.DIARIZATION, file, DEFAULT, {})
    assert chosen == DEFAULT.with_values({"threshold": 0.3, "min_cluster_size": 4})


@pytest.mark.parametrize("preset", ["5.0", "missing.json", ""])
def test_an_unknown_preset_is_refused_with_the_published_ones(preset: str) -> None:
    with pytest.raises(ConfigError, match=r"neither published \(2.1, 3.1, community-1\)") as caught:
        choose(presets.DIARIZATION, preset, DEFAULT, {})
    assert "\n" not in str(caught.value)


def test_where_nothing_is_published_the_message_says_so() -> None:
    with pytest.raises(ConfigError, match="none is published"):
        choose(NO_TABLE, "ami", DEFAULT, {})


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "[" * 100_000, "3", '"ami"', '{"onset": 1}'])
def test_a_file_that_is_no_object_of_hyper_parameters_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"neither published|holds no JSON object|is unknown"):
        choose(presets.DIARIZATION, file, DEFAULT, {})


def test_a_file_of_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="nor a readable JSON file"):
        choose(presets.DIARIZATION, file, DEFAULT, {})


def test_a_preset_tuned_for_diarization_serves_detection(tmp_path: Path) -> None:
    path = tmp_path / "tuned.json"
    path.write_text('{"segmentation_threshold": 0.6, "min_duration_off": 0.2, "threshold": 0.3}')
    chosen = presets.choose(presets.VOICE_ACTIVITY, path, ActivityParameters(), {})
    assert chosen == ActivityParameters(onset=0.6, offset=0.6, min_duration_off=0.2)
