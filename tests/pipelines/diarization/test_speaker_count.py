"""The number of speakers asked for is the number of speakers answered."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from reference.clustered import prepared_of
from reference.recordings import FRAMES, Recording, record, silent, write_plda

from ovdiar import DiarizationResult, SpeakerDiarization
from ovdiar.clustering.ahc import CountBounds
from ovdiar.clustering.cluster import Clusters
from ovdiar.clustering.window_speakers import WindowSpeakers
from ovdiar.errors import ConfigError, OvdiarWarning
from ovdiar.frames import FrameGrid, WindowedFrames
from ovdiar.parameters import DiarizationParameters
from ovdiar.pipelines.diarization.back_end import Decoded, decode
from ovdiar.pipelines.diarization.speaker_count import UNBOUNDED, speaker_bounds, within_bounds

if TYPE_CHECKING:
    from pathlib import Path

    from ovdiar.pipelines.diarization.prepared import Prepared

SLOW = settings(max_examples=8, deadline=None)
SEEDS = st.integers(0, 10**6)
CLUSTERINGS = ("ahc", "vbx", "kmeans")
CHOOSING = ("ahc", "vbx")
"""Clusterings that find a number by themselves."""


@pytest.fixture(scope="session")
def plda(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_plda(tmp_path_factory.mktemp("plda"))


def _meeting(seed: int) -> Recording:
    return record(seed, voices=4, windows=40)


def _pipeline(clustering: str, plda: Path, **more: Any) -> SpeakerDiarization:
    if clustering == "vbx":
        return SpeakerDiarization(None, preset="community-1", plda=plda, **more)
    return SpeakerDiarization(None, preset="3.1", **{"clustering": clustering, **more})


def _read(pipeline: SpeakerDiarization, recording: Recording, **asked: Any) -> DiarizationResult:
    return pipeline.decode(recording.scores, recording.embeddings, **recording.how(), **asked)


def _found(pipeline: SpeakerDiarization, recording: Recording, **asked: Any) -> int:
    return len(_read(pipeline, recording, **asked).speaker_diarization.labels())


@pytest.mark.parametrize("clustering", CHOOSING)
@pytest.mark.parametrize("seed", range(5))
def test_four_voices_are_found_unasked(clustering: str, plda: Path, seed: int) -> None:
    assert _found(_pipeline(clustering, plda), _meeting(seed)) == 4


@pytest.mark.parametrize("clustering", CLUSTERINGS)
@SLOW
@given(SEEDS, st.integers(1, 6))
def test_the_number_is_obeyed_exactly(clustering: str, plda: Path, seed: int, number: int) -> None:
    assert _found(_pipeline(clustering, plda), _meeting(seed), num_speakers=number) == number


@pytest.mark.parametrize("clustering", CHOOSING)
@SLOW
@given(SEEDS, st.integers(1, 6))
def test_the_minimum_is_obeyed(clustering: str, plda: Path, seed: int, least: int) -> None:
    found = _found(_pipeline(clustering, plda), _meeting(seed), min_speakers=least)
    assert found >= least


@pytest.mark.parametrize("clustering", CHOOSING)
@SLOW
@given(SEEDS, st.integers(1, 6))
def test_the_maximum_is_obeyed(clustering: str, plda: Path, seed: int, most: int) -> None:
    found = _found(_pipeline(clustering, plda), _meeting(seed), max_speakers=most)
    assert 1 <= found <= most


@pytest.mark.parametrize("clustering", CHOOSING)
@SLOW
@given(SEEDS, st.integers(1, 6), st.integers(0, 3))
def test_the_answer_lies_between_minimum_and_maximum(
    clustering: str, plda: Path, seed: int, least: int, more: int
) -> None:
    pipeline = _pipeline(clustering, plda)
    found = _found(pipeline, _meeting(seed), min_speakers=least, max_speakers=least + more)
    assert least <= found <= least + more


@pytest.mark.parametrize("clustering", CLUSTERINGS)
def test_one_voice_can_be_split(clustering: str, plda: Path) -> None:
    monologue = record(3, voices=1, windows=60)
    assert _found(_pipeline(clustering, plda), monologue, num_speakers=3) == 3


@pytest.mark.parametrize("clustering", CHOOSING)
def test_a_small_cluster_size_does_not_stand_in_the_way(clustering: str, plda: Path) -> None:
    pipeline = _pipeline(clustering, plda, min_cluster_size=1000)
    assert _found(pipeline, record(1, voices=4, windows=40), num_speakers=5) == 5


@SLOW
@given(SEEDS, st.integers(1, 6))
@example(0, 4)
def test_an_answer_that_obeys_is_pyannotes(seed: int, number: int) -> None:
    recording = _meeting(seed)
    forced = _read(SpeakerDiarization(None, preset="3.1"), recording, num_speakers=number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OvdiarWarning)
        strict = SpeakerDiarization(None, preset="3.1", strict_parity=True)
        plain = _read(strict, recording, num_speakers=number)
    if len(plain.speaker_diarization.labels()) == number:
        spoken = dict.fromkeys(who for _, who in plain.speaker_diarization)
        names = {who: f"SPEAKER_{index:02d}" for index, who in enumerate(spoken)}
        assert forced.speaker_diarization == plain.speaker_diarization.rename_labels(names)


def test_strict_parity_does_not_force() -> None:
    monologue = record(3, voices=1, windows=60)
    strict = SpeakerDiarization(None, preset="3.1", strict_parity=True)
    with pytest.warns(OvdiarWarning, match="asked for 4 speakers and found"):
        assert _found(strict, monologue, num_speakers=4) < 4


@pytest.mark.parametrize("strict", [False, True])
def test_silence_of_two_speakers_warns_and_returns_nobody(strict: bool) -> None:  # noqa: FBT001 - pytest's
    pipeline = SpeakerDiarization(None, preset="3.1", strict_parity=strict)
    with pytest.warns(OvdiarWarning, match="asked for 2 speakers and found 0: nobody speaks"):
        result = _read(pipeline, silent(5), num_speakers=2)
    assert (len(result.speaker_diarization), result.speaker_embeddings.shape) == (0, (0, 16))


@pytest.mark.parametrize("asked", [{}, {"max_speakers": 2}])
def test_silence_is_a_quiet_answer_to_no_demand(asked: dict[str, int]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _found(SpeakerDiarization(None, preset="3.1"), silent(5), **asked) == 0


@pytest.mark.parametrize("clustering", CLUSTERINGS)
def test_too_little_speech_warns_of_what_was_found_and_why(clustering: str, plda: Path) -> None:
    short = record(0, voices=2, windows=1)
    found_and_why = r"asked for 5 speakers and found \d: the recording holds 2 stretches of speech"
    with pytest.warns(OvdiarWarning, match=found_and_why):
        assert _found(_pipeline(clustering, plda), short, num_speakers=5) <= 2


def test_a_warning_points_at_the_callers_line() -> None:
    with pytest.warns(OvdiarWarning) as caught:
        SpeakerDiarization(None, preset="3.1").decode(*silent(2)[:2], num_speakers=2)
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"num_speakers": 0}, "num_speakers is 0"),
        ({"min_speakers": -1}, "min_speakers is -1"),
        ({"max_speakers": 0}, "max_speakers is 0"),
        ({"num_speakers": 2.5}, "num_speakers is 2.5"),
        ({"num_speakers": "2"}, "num_speakers is 2"),
        ({"num_speakers": np.nan}, "num_speakers is nan"),
        ({"min_speakers": 3, "max_speakers": 2}, "min_speakers 3 exceeds max_speakers 2"),
    ],
)
def test_impossible_numbers_are_refused_in_one_line(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        _read(SpeakerDiarization(None, preset="3.1"), silent(1), **asked)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "bounds"),
    [
        ((None, None, None), CountBounds(0, UNBOUNDED)),
        ((3, None, None), CountBounds(3, 3)),
        ((3, 4, 5), CountBounds(3, 3)),
        ((None, 2, None), CountBounds(2, UNBOUNDED)),
        ((None, None, 5), CountBounds(0, 5)),
        ((None, 2, 2), CountBounds(2, 2)),
        ((np.int64(3), None, None), CountBounds(3, 3)),
    ],
)
def test_the_number_outweighs_minimum_and_maximum(
    asked: tuple[Any, ...], bounds: CountBounds
) -> None:
    assert speaker_bounds(*asked) == bounds


def _overlapping_pair() -> tuple[Prepared, Clusters]:
    """Let 0 and 1, whose voices are similar, talk at once, and 2 afterwards."""
    scores = np.zeros((1, 30, 3), dtype=np.float32)
    for speaker, (start, end) in enumerate([(0, 20), (5, 15), (22, 28)]):
        scores[0, start:end, speaker] = 1
    windowed = WindowedFrames(scores, FrameGrid(48000, 48000), FRAMES)
    voices = np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 0, 1]])
    speakers = np.arange(3)
    soft = np.zeros((1, 3, 3))
    clusters = Clusters(speakers[np.newaxis], voices, soft, (0 * speakers, speakers), speakers)
    return prepared_of(windowed, voices[np.newaxis]), clusters


def _at_most(prepared: Prepared, clusters: Clusters, most: int) -> Decoded:
    parameters = DiarizationParameters()
    speakers = WindowSpeakers(prepared.embeddings, prepared.active.data)
    decoded = decode(prepared, clusters, parameters, most=3)
    return within_bounds(prepared, speakers, decoded, parameters, CountBounds(1, most), None)


@pytest.mark.parametrize("most", [1, 2])
def test_clusters_that_are_too_many_are_merged_even_where_they_overlap(most: int) -> None:
    assert len(_at_most(*_overlapping_pair(), most).speakers) == most


def test_the_two_most_similar_are_merged_and_their_columns_too() -> None:
    prepared, clusters = _overlapping_pair()
    merged = _at_most(prepared, clusters, 2)
    assert merged.clusters.labels.tolist() == [[0, 0, 1]]
    assert merged.clusters.centroids.tolist() == clusters.centroids[[0, 2]].tolist()
    assert merged.clusters.soft.shape == (1, 3, 2)


@pytest.mark.parametrize("strict", [False, True])
def test_a_number_that_was_not_met_is_a_notice(*, strict: bool) -> None:
    pipeline = SpeakerDiarization(None, preset="3.1", strict_parity=strict)
    with pytest.warns(OvdiarWarning) as caught:
        result = _read(pipeline, silent(5), num_speakers=2)
    (notice,) = result.notices
    assert (notice.code, notice.values["found"]) == ("speaker-count", 0)
    assert notice.text == str(caught[0].message)
