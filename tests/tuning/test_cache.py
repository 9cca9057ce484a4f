"""Networks run once for a recording, and what is kept is what the pipeline heard."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.corpora import Counted, write_corpus

from ovdiar import SpeakerDiarization
from ovdiar.errors import ConfigError
from ovdiar.networks.models import Models
from ovdiar.presets import DiarizationParameters
from ovdiar.tuning.cache import EvidenceCache, trial
from ovdiar.tuning.corpus import read_corpus

if TYPE_CHECKING:
    from pathlib import Path


class Setting:
    """A corpus, networks that count what they are asked, and a cache."""

    def __init__(self, folder: Path) -> None:
        models = write_corpus(folder / "corpus", voices=(3,), windows=9)
        self.segmentation = Counted(models.segmentation)
        self.models = Models(models.bundle, self.segmentation, models.embedding)
        (self.sample,) = read_corpus(folder / "corpus")
        self.folder = folder / "cache"

    def cache(self, **parameters: Any) -> EvidenceCache:
        """Open the cache anew, as another process would."""
        default = SpeakerDiarization(self.models, **parameters).parameters
        return EvidenceCache(self.models, default, self.folder)

    @property
    def asked(self) -> tuple[int, int]:
        """Count the windows that segmentation and embedding were asked about."""
        return self.segmentation.asked, self.models.embedding.asked  # type: ignore[attr-defined]


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


def test_a_pass_equals_the_pipelines_own_whether_fresh_or_kept(setting: Setting) -> None:
    trace: dict[str, Any] = {}
    SpeakerDiarization(setting.models)(setting.sample.audio, trace=trace)
    for _ in range(2):
        heard = setting.cache().hear(setting.sample, 0.5)
        np.testing.assert_array_equal(heard.scores.data, trace["segmentations"].data)
        np.testing.assert_array_equal(heard.embeddings, trace["embeddings"])
        assert heard.scores.windows == trace["segmentations"].windows
        assert heard.scores.frames == trace["segmentations"].frames
        assert {heard.scores.data.dtype, heard.embeddings.dtype} == {np.dtype(np.float32)}


def test_what_was_heard_is_not_heard_again(setting: Setting) -> None:
    setting.cache().hear(setting.sample, 0.5)
    before = setting.asked
    setting.cache().hear(setting.sample, 0.5)
    assert setting.asked == before == (9, 9)


def test_another_threshold_embeds_again_and_segments_no_more(setting: Setting) -> None:
    for threshold in (0.5, 0.3, 0.7, 0.3):
        setting.cache().hear(setting.sample, threshold)
    assert setting.asked == (9, 3 * 9)


@pytest.mark.parametrize(
    "change", [{"threshold": 0.2, "min_cluster_size": 3}, {"linkage": "average", "fa": 0.2}]
)
def test_the_back_end_does_not_matter_to_what_is_kept(
    setting: Setting, change: dict[str, Any]
) -> None:
    setting.cache().hear(setting.sample, 0.5)
    setting.cache(**change).hear(setting.sample, 0.5)
    assert setting.asked == (9, 9)


@pytest.mark.parametrize(
    "change", [{"segmentation_step": 0.2}, {"embedding_exclude_overlap": False}]
)
def test_what_the_networks_depend_on_makes_another_pass(
    setting: Setting, change: dict[str, Any]
) -> None:
    setting.cache().hear(setting.sample, 0.5)
    before = setting.asked
    setting.cache(**change).hear(setting.sample, 0.5)
    assert setting.asked > before


def test_another_bundle_or_another_recording_makes_another_pass(setting: Setting) -> None:
    setting.cache().hear(setting.sample, 0.5)
    bundle = replace(setting.models.bundle, manifest={"embedding": {"files": {"a": "b"}}})
    setting.models = Models(bundle, setting.segmentation, setting.models.embedding)
    setting.cache().hear(setting.sample, 0.5)
    assert setting.asked == (18, 18)
    data = bytearray(setting.sample.audio.read_bytes())
    data[-1] ^= 1
    setting.sample.audio.write_bytes(data)
    setting.cache().hear(setting.sample, 0.5)
    assert setting.asked == (27, 27)


def test_a_bundle_with_other_defaults_has_the_same_networks(setting: Setting) -> None:
    setting.cache().hear(setting.sample, 0.5)
    manifest: dict[str, Any] = {"created_by": "another", "pipeline": {"threshold": 0.1}}
    bundle = replace(setting.models.bundle, manifest=manifest, pipeline=manifest["pipeline"])
    setting.models = Models(bundle, setting.segmentation, setting.models.embedding)
    setting.cache().hear(setting.sample, 0.5)
    assert setting.asked == (9, 9)


def test_a_recording_that_moved_is_still_known(setting: Setting, tmp_path: Path) -> None:
    setting.cache().hear(setting.sample, 0.5)
    moved = setting.sample.audio.rename(tmp_path / "renamed.wav")
    setting.cache().hear(replace(setting.sample, audio=moved), 0.5)
    assert setting.asked == (9, 9)


def test_damaged_files_are_made_again(setting: Setting) -> None:
    expected = setting.cache().hear(setting.sample, 0.5)
    for path in setting.folder.iterdir():
        path.write_bytes(path.read_bytes()[:-40])
    found = setting.cache().hear(setting.sample, 0.5)
    np.testing.assert_array_equal(found.embeddings, expected.embeddings)
    assert setting.asked == (18, 18)
    setting.cache().hear(setting.sample, 0.5)
    assert setting.asked == (18, 18)


def test_a_cache_that_cannot_be_written_is_named(setting: Setting) -> None:
    setting.folder.touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        setting.cache().hear(setting.sample, 0.5)


@pytest.mark.parametrize(
    ("asked", "tried"), [("keep", "keep"), ("report", "keep"), ("fold", "fold")]
)
def test_trials_fold_ghosts_but_report_none(asked: str, tried: str, setting: Setting) -> None:
    parameters = DiarizationParameters(ghosts=asked, threshold=0.4)
    assert trial(setting.models, parameters).parameters == replace(parameters, ghosts=tried)
