"""From audio through networks exported here to pyannote 3.3.2's own turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ovdiar_export.bundles import install
from ovdiar_export.recipes import Recipe
from ovdiar_export.sources.origins import PYANNOTE_SEGMENTATION, origin_of

from ovdiar import Models, SpeakerDiarization, load
from ovdiar.formats import rttm
from ovdiar.metrics import diarization_errors

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Models:
    wespeaker = origin_of(str(shared / "checkpoints" / "wespeaker_resnet34.bin"))
    recipe = Recipe("wespeaker", PYANNOTE_SEGMENTATION, wespeaker, preset="2.1")
    return load(install(recipe, output=tmp_path_factory.mktemp("bundles") / "wespeaker"))


@pytest.mark.parametrize("recording", ["sample/sample", "ami/dev00"])
def test_turns_from_audio_differ_from_pyannotes_by_half_a_percent_at_most(
    models: Models, shared: Path, recording: str
) -> None:
    pipeline = SpeakerDiarization(
        models,
        preset="2.1",
        segmentation_threshold=0.4442,
        min_duration_off=0.5817,
        min_cluster_size=6,
        threshold=0.5,
        strict_parity=True,
    )
    found = pipeline(shared / "data" / f"{recording}.wav").speaker_diarization
    uri = recording.partition("/")[2]
    path = shared / "reference" / "pyannote-3.3.2" / f"{uri}.diarization_t050.rttm"
    assert diarization_errors(rttm.load(path)[uri], found).rate <= 0.005
