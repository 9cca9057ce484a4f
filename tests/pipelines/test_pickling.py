"""A pipeline pickles and copies as what it was made of: bundle, hyper-parameters, PLDA."""

from __future__ import annotations

import copy
import pickle
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ovdiar
from ovdiar.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 4096
"""Bytes of a pickle that holds no network and no PLDA."""


@pytest.mark.parametrize("carry", [lambda each: pickle.loads(pickle.dumps(each)), copy.deepcopy])  # noqa: S301
def test_a_pipeline_that_was_carried_over_answers_the_same(
    carry: Any, tiny: Path, excerpt: Path
) -> None:
    pipeline = ovdiar.SpeakerDiarization(ovdiar.load(tiny, threads=1), threshold=0.6)
    expected = pipeline(excerpt)
    found = carry(pipeline)(excerpt)
    assert found.serialize() == expected.serialize()
    assert np.array_equal(found.speaker_embeddings, expected.speaker_embeddings)


@pytest.mark.parametrize(
    "pipeline", [ovdiar.SpeakerDiarization, ovdiar.VoiceActivityDetection, ovdiar.Inference]
)
def test_a_pickle_holds_no_network(pipeline: Any, tiny: Path, excerpt: Path) -> None:
    used = pipeline(ovdiar.load(tiny))
    used(excerpt)
    assert len(pickle.dumps(used)) < LARGEST


def test_a_bundle_that_lies_elsewhere_is_found_by_its_name(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here" / "tiny", tmp_path / "there" / "tiny"
    shutil.copytree(tiny, here)
    carried = pickle.dumps(ovdiar.load(here, threads=1))
    there.parent.mkdir()
    here.rename(there)
    monkeypatch.setenv("OVDIAR_MODELS", str(there.parent))
    assert pickle.loads(carried).bundle.folder == there  # noqa: S301


def test_another_bundle_of_the_same_name_is_refused(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(tiny, folder)
    carried = pickle.dumps(ovdiar.load(folder))
    with (folder / "bundle.json").open("a") as manifest:
        manifest.write("\n")
    with pytest.raises(ModelError, match="has another manifest"):
        pickle.loads(carried)  # noqa: S301
