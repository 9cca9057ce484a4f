"""Networks run once for a recording, and the cache keeps what the pipeline computes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.corpora import Counted, write_corpus

from ovdiar import SpeakerDiarization
from ovdiar.errors import ConfigError
from ovdiar.networks.models import Models
from ovdiar.tuning.cache import PreparedCache
from ovdiar.tuning.corpus import read_corpus

if TYPE_CHECKING:
    from pathlib import Path


class Setting:
    """A corpus, networks that count their windows, and a cache."""

    def __init__(self, folder: Path) -> None:
        models = write_corpus(folder / "corpus", voices=(3,), windows=9)
        self.segmentation = Counted(models.segmentation)
        self.models = Models(models.bundle, self.segmentation, models.embedding)
        (self.sample,) = read_corpus(folder / "corpus")
        self.folder = folder / "cache"

    def cache(self, **parameters: Any) -> PreparedCache:
        """Open the cache anew, as another process would."""
        default = SpeakerDiarization(self.models, **parameters).parameters
        return PreparedCache(self.models, default, self.folder)

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
        prepared = setting.cache().load(setting.sample, 0.5)
        np.testing.assert_array_equal(prepared.scores.data, trace["segmentations"].data)
        np.testing.assert_array_equal(prepared.embeddings, trace["embeddings"])
        assert prepared.scores.windows == trace["segmentations"].windows
        assert prepared.scores.frames == trace["segmentations"].frames
        assert {prepared.scores.data.dtype, prepared.embeddings.dtype} == {np.dtype(np.float32)}


def test_what_is_kept_is_not_computed_again(setting: Setting) -> None:
    setting.cache().load(setting.sample, 0.5)
    before = setting.asked
    setting.cache().load(setting.sample, 0.5)
    assert setting.asked == before == (9, 9)


def test_several_thresholds_embed_several_times_and_segment_once(setting: Setting) -> None:
    setting.cache().prepare(setting.sample, [0.5, 0.3, 0.7])
    for threshold in (0.5, 0.3, 0.7, 0.3):
        setting.cache().load(setting.sample, threshold)
    assert setting.asked == (9, 3 * 9)


@pytest.mark.parametrize(
    "change", [{"threshold": 0.2, "min_cluster_size": 3}, {"linkage": "average", "fa": 0.2}]
)
def test_the_back_end_does_not_matter_to_what_is_kept(
    setting: Setting, change: dict[str, Any]
) -> None:
    setting.cache().load(setting.sample, 0.5)
    setting.cache(**change).load(setting.sample, 0.5)
    assert setting.asked == (9, 9)


@pytest.mark.parametrize(
    "change", [{"segmentation_step": 0.2}, {"embedding_exclude_overlap": False}]
)
def test_what_the_networks_depend_on_makes_another_pass(
    setting: Setting, change: dict[str, Any]
) -> None:
    setting.cache().load(setting.sample, 0.5)
    before = setting.asked
    setting.cache(**change).load(setting.sample, 0.5)
    assert setting.asked > before


def test_another_bundle_or_another_recording_makes_another_pass(setting: Setting) -> None:
    setting.cache().load(setting.sample, 0.5)
    bundle = replace(setting.models.bundle, manifest={"embedding": {"files": {"a": "b"}}})
    setting.models = Models(bundle, setting.segmentation, setting.models.embedding)
    setting.cache().load(setting.sample, 0.5)
    assert setting.asked == (18, 18)
    data = bytearray(setting.sample.audio.read_bytes())
    data[-1] ^= 1
    setting.sample.audio.write_bytes(data)
    setting.cache().load(setting.sample, 0.5)
    assert setting.asked == (27, 27)


def test_a_bundle_with_other_defaults_has_the_same_networks(setting: Setting) -> None:
    setting.cache().load(setting.sample, 0.5)
    manifest: dict[str, Any] = {"created_by": "another", "pipeline": {"threshold": 0.1}}
    bundle = replace(setting.models.bundle, manifest=manifest, pipeline=manifest["pipeline"])
    setting.models = Models(bundle, setting.segmentation, setting.models.embedding)
    setting.cache().load(setting.sample, 0.5)
    assert setting.asked == (9, 9)


def test_a_recording_that_moved_is_still_known(setting: Setting, tmp_path: Path) -> None:
    setting.cache().load(setting.sample, 0.5)
    moved = setting.sample.audio.rename(tmp_path / "renamed.wav")
    setting.cache().load(replace(setting.sample, audio=moved), 0.5)
    assert setting.asked == (9, 9)


def test_damaged_files_are_made_again(setting: Setting) -> None:
    expected = setting.cache().load(setting.sample, 0.5)
    for path in setting.folder.iterdir():
        path.write_bytes(path.read_bytes()[:-40])
    found = setting.cache().load(setting.sample, 0.5)
    np.testing.assert_array_equal(found.embeddings, expected.embeddings)
    assert setting.asked == (18, 18)
    setting.cache().load(setting.sample, 0.5)
    assert setting.asked == (18, 18)


def test_a_cache_that_cannot_be_written_is_named(setting: Setting) -> None:
    setting.folder.touch()
    with pytest.raises(ConfigError, match="cannot be written"):
        setting.cache().load(setting.sample, 0.5)
