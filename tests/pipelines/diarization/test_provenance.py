"""Provenance tells what made an answer, in values that JSON can hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.recordings import record
from reference.replay import WINDOWS

from ovdiar import SpeakerDiarization
from ovdiar.networks.bundle import load_bundle
from ovdiar.networks.digests import sha256
from ovdiar.parameters import DiarizationParameters
from ovdiar.pipelines.diarization.provenance import describe, provenance
from ovdiar.presets import DIARIZATION

if TYPE_CHECKING:
    from pathlib import Path

MEETING = record(11, voices=3, windows=12)


def test_a_bundle_is_named_with_its_digest_and_its_sources(tiny: Path) -> None:
    bundle = load_bundle(tiny)
    stated = describe(bundle)
    told = provenance(DiarizationParameters(), uri=None, bundle=stated)["bundle"]
    assert (told["name"], told["sha256"]) == ("tiny", sha256(tiny / "bundle.json"))
    for part in ("segmentation", "embedding"):
        assert told[part] == {
            key: bundle.manifest[part][key] for key in ("revision", "sha256", "precision")
        }


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, {}),
        ({"num_speakers": np.int64(3)}, {"num_speakers": 3}),
        ({"min_speakers": 2}, {"min_speakers": 2}),
        ({"min_speakers": 2, "max_speakers": 5}, {"min_speakers": 2, "max_speakers": 5}),
        ({"max_speakers": 5}, {"max_speakers": 5}),
    ],
)
def test_parameters_are_told_with_the_number_that_was_asked_for(
    asked: dict[str, Any], told: dict[str, Any]
) -> None:
    pipeline = SpeakerDiarization(MEETING.models(), min_cluster_size=np.int64(3))
    result = pipeline(MEETING.audio(), **asked)
    parameters = json.loads(json.dumps(result.serialize()))["provenance"]["parameters"]
    names = ("num_speakers", "min_speakers", "max_speakers")
    assert {name: parameters[name] for name in names if name in parameters} == told
    assert parameters["min_cluster_size"] == 3


def test_what_was_not_heard_has_neither_bundle_nor_length() -> None:
    pipeline = SpeakerDiarization(MEETING.models(), preset="3.1", strict_parity=True)
    told = pipeline.decode(MEETING.scores, MEETING.embeddings, **MEETING.how()).provenance
    assert told is not None
    assert told.keys() == {"ovdiar", "parameters"}
    assert told["parameters"]["threshold"] == DIARIZATION["3.1"].threshold
    assert told["parameters"]["strict_parity"] is True


def test_what_was_heard_has_its_length() -> None:
    told = SpeakerDiarization(MEETING.models())(MEETING.audio("call")).provenance
    assert told is not None
    assert (told["uri"], told["duration_s"]) == ("call", WINDOWS.step_s * 11 + WINDOWS.width_s)
