"""A hyper-parameter is declared once, and everything else derives from its declaration."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pytest

from ovdiar import Resegmentation, SpeakerDiarization, SpeakerSegmentation, VoiceActivityDetection
from ovdiar import options as pipelines
from ovdiar.commands import options as command
from ovdiar.errors import ConfigError
from ovdiar.options import DiarizationOptions, RunOptions, accepts, documented
from ovdiar.parameters import (
    BackEndParameters,
    ClusteringParameters,
    ConditioningParameters,
    DecodingParameters,
    DiarizationParameters,
    EmbeddingParameters,
    FrontEndParameters,
    Parameters,
    SegmentationParameters,
    declarations,
    parameter,
)
from ovdiar.presets import choose
from ovdiar.tuning.space import space_around

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = (
    SegmentationParameters,
    ConditioningParameters,
    EmbeddingParameters,
    ClusteringParameters,
    DecodingParameters,
)
OPTIONS = {
    SpeakerDiarization: DiarizationOptions,
    VoiceActivityDetection: pipelines.ActivityOptions,
    SpeakerSegmentation: pipelines.SpeakerSegmentationOptions,
    Resegmentation: pipelines.ResegmentationOptions,
}


@dataclass(frozen=True, kw_only=True)
class MadeUp(DiarizationParameters):
    """The hyper-parameters of diarization, and one more."""

    loudness: float = parameter(
        0.25, "share of 100 % loudness", within=(0.0, 1.0), parity=0.0, tried=(0.25, 0.75)
    )


@dataclass(frozen=True, kw_only=True)
class MadeUpOptions(RunOptions, MadeUp):
    """Its keyword arguments."""


@documented(MadeUpOptions)
class Pipeline:
    """A pipeline.

    Parameters
    ----------
    {options}
    """

    @accepts(MadeUpOptions)
    def __init__(self, models: None, **given: Any) -> None:
        del models
        self.given = given


def test_a_made_up_field_is_a_keyword_argument() -> None:
    assert Pipeline(None, loudness=0.5).given == {"loudness": 0.5}
    signature = inspect.signature(Pipeline).parameters["loudness"]
    assert (signature.kind, signature.default) == (inspect.Parameter.KEYWORD_ONLY, None)
    with pytest.raises(TypeError, match="unexpected keyword argument 'loudnes'"):
        Pipeline(None, loudnes=0.5)  # type: ignore[call-arg]


def test_a_made_up_field_is_documented() -> None:
    assert "loudness : share of 100 % loudness\n" in f"{Pipeline.__doc__}"


def test_a_made_up_field_is_checked() -> None:
    with pytest.raises(ConfigError, match="loudness is 2: give a number from 0 to 1"):
        MadeUp(loudness=2.0)
    with pytest.raises(ConfigError, match=r"'0.5' is not of the kind float"):
        MadeUp().with_values({"loudness": "0.5"})


def test_a_made_up_field_is_read_from_presets_and_manifests(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"loudness": 0.75}), encoding="utf-8")
    assert choose({}, file, MadeUp(), {}).loudness == 0.75
    assert MadeUp().with_values(MadeUp(loudness=0.5).to_dict()) == MadeUp(loudness=0.5)


def test_a_made_up_field_is_an_option_of_the_command() -> None:
    parser = command.Parser()
    command.add_parameters(parser, MadeUp)
    assert "share of 100 % loudness" in " ".join(parser.format_help().split())
    assert command.parameters_of(parser.parse_args(["--loudness", "0.5"]), MadeUp) == {
        "loudness": 0.5
    }
    assert command.parameters_of(parser.parse_args([]), MadeUp) == {}


def test_a_made_up_field_is_off_with_strict_parity() -> None:
    assert MadeUp().with_parity() == MadeUp(loudness=0.0)


def test_a_made_up_field_is_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ovdiar.tuning.space.DECLARED", declarations(MadeUp))
    space = space_around(MadeUp(), sigmoid=True, plda=False)
    assert space.independent["loudness"].tried == (0.25, 0.75)


def test_every_parameter_belongs_to_one_section_and_one_end() -> None:
    names = [name for section in SECTIONS for name in declarations(section)]
    assert sorted(names) == sorted(set(names)) == sorted(declarations(DiarizationParameters))
    front, back = declarations(FrontEndParameters), declarations(BackEndParameters)
    assert front.keys().isdisjoint(back)
    assert front.keys() | back.keys() == declarations(DiarizationParameters).keys()


@pytest.mark.parametrize("pipeline", OPTIONS)
def test_every_option_is_an_argument_and_documented(pipeline: type) -> None:
    names = declarations(OPTIONS[pipeline])
    assert list(inspect.signature(pipeline).parameters)[1:] == list(names)
    lines = (pipeline.__doc__ or "").splitlines()
    assert all(any(line.startswith(f"{name} : ") for line in lines) for name in names)
    assert "{options}" not in f"{pipeline.__doc__}"


def test_sections_are_frozen_and_hold_their_own_values_only() -> None:
    whole = DiarizationParameters(threshold=0.4, segmentation_step=0.2)
    section = whole.section(ClusteringParameters)
    assert section == ClusteringParameters(threshold=0.4)
    with pytest.raises(AttributeError):
        section.threshold = 0.5  # type: ignore[misc]
    assert {field.name for field in fields(section)} == set(declarations(ClusteringParameters))


def test_none_is_not_given() -> None:
    assert DiarizationParameters().with_values({"threshold": None}) == DiarizationParameters()
    assert SpeakerDiarization(None, preset=None, batch_size=None).batch_size is None


def test_every_meaning_is_one_plain_line() -> None:
    for options in OPTIONS.values():
        for each in declarations(options).values():
            assert each.meaning
            assert "\n" not in each.meaning
            assert not each.meaning.endswith(".")


def test_a_base_without_fields_is_empty() -> None:
    assert Parameters().to_dict() == {}
