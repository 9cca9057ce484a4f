"""Prepared recordings: clustered again they give the same answer, from memory or from a file."""

from __future__ import annotations

import io
import json
import re
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.recordings import Recording, record, silent, write_plda

from ovdiar import Prepared, SpeakerDiarization
from ovdiar.calibration import Calibration
from ovdiar.errors import ConfigError, FormatError, OvdiarWarning
from ovdiar.formats import rttm
from ovdiar.notices import Notice

if TYPE_CHECKING:
    from pathlib import Path

MEETING = record(11, voices=4, windows=24)
CALIBRATION = Calibration(activation=0.5, margin=2.0, bias=-1.0, largest_margin=1.5)
SETTINGS: list[dict[str, Any]] = [
    {},
    {"threshold": 0.3},
    {"num_speakers": 2},
    {"num_speakers": 6},
    {"max_speakers": 3},
    {"linkage": "average", "threshold": 0.4},
    {"linkage": "average", "side_by_side": 0.3},
    {"min_cluster_size": 2, "refine_clusters": True},
    {"min_duration_on": 0.3, "min_duration_off": 0.4},
    {"training_filter": "clean", "clean_share": 0.3, "ghosts": "fold"},
    {"clustering": "kmeans", "num_speakers": 3},
]
COUNTS = ("num_speakers", "min_speakers", "max_speakers")


def _soft(recording: Recording = MEETING) -> Recording:
    """Return a recording whose scores are not 0 and 1 alone."""
    levels = np.random.default_rng(1).random(recording.scores.shape, dtype=np.float32)
    return recording._replace(scores=recording.scores * (0.6 + 0.4 * levels))


def _prepare(recording: Recording = MEETING, **parameters: Any) -> Prepared:
    models = recording.models()
    models = replace(models, bundle=replace(models.bundle, calibration=CALIBRATION))
    return SpeakerDiarization(models, **parameters).prepare(recording.audio())


def _text(result: Any) -> str:
    return json.dumps(result.serialize()) + rttm.dumps(result.speaker_diarization)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("changed", SETTINGS, ids=str)
def test_reclustering_a_file_equals_a_full_run(
    changed: dict[str, Any], tmp_path: Path, *, strict: bool
) -> None:
    recording = _soft()
    models = recording.models()
    models = replace(models, bundle=replace(models.bundle, calibration=CALIBRATION))
    counts = {name: changed[name] for name in COUNTS if name in changed}
    parameters = {name: value for name, value in changed.items() if name not in COUNTS}
    full = SpeakerDiarization(models, strict_parity=strict, **parameters)(
        recording.audio(), **counts
    )
    pipeline = SpeakerDiarization(models, strict_parity=strict)
    pipeline.prepare(recording.audio()).save(tmp_path / "kept.npz")
    kept = Prepared.load(tmp_path / "kept.npz")
    again = pipeline.cluster(kept, **counts, **parameters)
    assert _text(again) == _text(full)
    alone = SpeakerDiarization.for_prepared(kept, **parameters).cluster(kept, **counts)
    assert _text(alone) == _text(full)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 4), st.integers(1, 12), st.booleans())
def test_a_file_holds_the_very_arrays(seed: int, voices: int, windows: int, strict: bool) -> None:  # noqa: FBT001 - hypothesis'
    recording = record(seed, voices=voices, windows=windows) if voices else silent(windows)
    prepared = _prepare(_soft(recording), strict_parity=strict)
    found = Prepared.load(io.BytesIO(prepared.to_bytes()))
    speaking = prepared.active.data.any(axis=1)
    for name in ("scores", "active", "count"):
        kept, made = getattr(found, name), getattr(prepared, name)
        assert kept.data.dtype == made.data.dtype
        assert vars(kept) | {"data": None} == vars(made) | {"data": None}
    np.testing.assert_array_equal(found.active.data, prepared.active.data)
    np.testing.assert_array_equal(found.count.data, prepared.count.data)
    np.testing.assert_array_equal(found.embeddings, prepared.embeddings)
    for mine, theirs in ((found.scores.data, prepared.scores.data),):
        np.testing.assert_array_equal(
            mine.transpose(0, 2, 1)[speaking], theirs.transpose(0, 2, 1)[speaking]
        )
    for settings_, tree in prepared.trees.items():
        np.testing.assert_array_equal(found.trees[settings_], tree)
    rest = ("parameters", "strict_parity", "uri", "duration_s", "bundle", "calibration", "notices")
    assert all(getattr(found, name) == getattr(prepared, name) for name in rest)


def test_notices_of_the_audio_travel_with_the_file(tmp_path: Path) -> None:
    notice = Notice("unread-audio", "9 bytes were not read", {"bytes": 9})
    prepared = replace(_prepare(), notices=(notice,))
    prepared.save(tmp_path / "kept.npz")
    kept = Prepared.load(tmp_path / "kept.npz")
    with pytest.warns(OvdiarWarning, match="9 bytes were not read") as caught:
        result = SpeakerDiarization.for_prepared(kept).cluster(kept)
    assert result.notices == (notice,)
    assert result.serialize()["notices"] == [notice.to_dict()]
    assert caught[0].filename == __file__


def test_a_dendrogram_is_kept_and_serves_other_thresholds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _prepare().save(tmp_path / "kept.npz")
    kept = Prepared.load(tmp_path / "kept.npz")

    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("ovdiar.clustering.window_speakers.dendrogram", fail)
    pipeline = SpeakerDiarization.for_prepared(kept)
    for threshold in (0.2, 0.7):
        pipeline.cluster(kept, threshold=threshold)
    with pytest.raises(AssertionError):
        pipeline.cluster(kept, linkage="average")


def test_strict_parity_refuses_a_clustering_that_pyannote_lacks() -> None:
    with pytest.raises(ConfigError, match="'corrected' is not pyannote's"):
        _prepare(clustering="corrected", strict_parity=True)


def test_a_prepared_recording_holds_no_audio_and_is_small() -> None:
    long = record(3, voices=3, windows=240)
    prepared = _prepare(_soft(long))
    minutes = (prepared.duration_s or 0) / 60
    assert len(prepared.to_bytes()) < 1e5 * minutes


def test_vbx_needs_no_bundle_but_its_plda(tmp_path: Path) -> None:
    plda = write_plda(tmp_path / "plda")
    pipeline = SpeakerDiarization(MEETING.models(), preset="community-1", plda=plda)
    prepared = pipeline.prepare(MEETING.audio())
    again = SpeakerDiarization.for_prepared(prepared, plda=plda).cluster(prepared)
    assert _text(again) == _text(pipeline.cluster(prepared))


def test_another_bundle_is_refused() -> None:
    prepared = _prepare()
    other = MEETING.models()
    manifest = {"segmentation": {"sha256": "0" * 64}, "embedding": {}}
    other = replace(other, bundle=replace(other.bundle, manifest=manifest))
    with pytest.raises(ConfigError, match="was prepared with another bundle") as caught:
        SpeakerDiarization(other).cluster(prepared)
    assert "\n" not in str(caught.value)


def test_other_hyper_parameters_of_the_front_end_are_refused() -> None:
    prepared = _prepare()
    pipeline = SpeakerDiarization(MEETING.models(), segmentation_threshold=0.4)
    with pytest.raises(ConfigError, match=r"with segmentation_threshold 0.5 and this .* has 0.4"):
        pipeline.cluster(prepared)
    with pytest.raises(ConfigError, match="segmentation_step belongs to the front end"):
        SpeakerDiarization(MEETING.models()).cluster(prepared, segmentation_step=0.2)


def test_an_unknown_hyper_parameter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="'treshold' is unknown: choose from training_filter"):
        SpeakerDiarization(MEETING.models()).cluster(_prepare(), treshold=0.5)


def test_rounding_changes_scores_by_less_than_a_level_and_embeddings_by_half_precision() -> None:
    exact, rounded = (_prepare(_soft(), strict_parity=strict) for strict in (True, False))
    assert np.abs(exact.scores.data - rounded.scores.data).max() <= 0.5 / 1023 + 1e-6
    np.testing.assert_array_equal(exact.active.data, rounded.active.data)
    np.testing.assert_allclose(rounded.embeddings, exact.embeddings, rtol=2**-11, atol=1e-7)


def test_embeddings_that_half_precision_cannot_hold_are_kept_exact() -> None:
    large = MEETING._replace(embeddings=MEETING.embeddings * 1e6)
    np.testing.assert_array_equal(_prepare(large).embeddings, large.embeddings)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="no such file: check the path"):
        Prepared.load(tmp_path / "none.npz")


def test_a_newer_schema_says_to_upgrade(tmp_path: Path) -> None:
    with np.load(io.BytesIO(_prepare().to_bytes())) as arrays:
        content = dict(arrays)
    header = json.loads(content["header"].tobytes()) | {"schema": 99}
    content["header"] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    np.savez(tmp_path / "new.npz", **content)
    with pytest.raises(FormatError, match=r"schema 99, and this ovdiar reads up to 1: upgrade"):
        Prepared.load(tmp_path / "new.npz")


def test_a_file_that_announces_more_than_it_can_hold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("header.npy", bytes(10**6))
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x01\x02") + 24
    data[place : place + 4] = (2**31).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(FormatError, match="is no prepared recording"):
        Prepared.load(path)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_is_refused_in_one_line_or_changes_nothing(data: st.DataObject) -> None:
    content = bytearray(KEPT)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.none() | st.integers(0, len(content)))
    try:
        found = Prepared.load(io.BytesIO(bytes(content[:cut])))
    except FormatError as error:
        assert re.fullmatch("[^\n]*", str(error))  # noqa: PT017 - or nothing is raised
    else:
        assert found.to_bytes() == KEPT


KEPT = _prepare(_soft(record(2, voices=2, windows=3))).to_bytes()
