"""Who gets a name: each other's best match, sure enough, far enough ahead, and each name once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from reference.voice_libraries import (
    CALIBRATION,
    NAMES,
    VOICES,
    conversation,
    diarized,
    library,
    models_of,
)

from ovdiar.errors import ConfigError
from ovdiar.parameters import IdentificationParameters
from ovdiar.voices.identification import cohort_similarity, match

SIMILARITIES = st.integers(1, 5).flatmap(
    lambda speakers: st.integers(1, 5).flatmap(
        lambda voices: arrays(float, (speakers, voices), elements=st.floats(-1, 1))
    )
)
DEFAULTS = IdentificationParameters()
LONG = 60.0


@st.composite
def _cases(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Draw similarities (N, V) and the probabilities (N,) of the most similar voices."""
    alike = draw(SIMILARITIES)
    return alike, draw(arrays(float, len(alike), elements=st.floats(0, 1)))


@given(_cases())
def test_a_name_goes_to_one_speaker_and_a_speaker_has_one_name(
    case: tuple[np.ndarray, np.ndarray],
) -> None:
    alike, sure = case
    matches = match(alike, sure, np.full(len(alike), LONG), DEFAULTS)
    given_names = [voice for voice, reason in matches if reason == "named"]
    assert len(set(given_names)) == len(given_names)


@given(_cases())
def test_a_name_is_the_best_match_both_ways_sure_enough_and_ahead(
    case: tuple[np.ndarray, np.ndarray],
) -> None:
    alike, sure = case
    found = match(alike, sure, np.full(len(alike), LONG), DEFAULTS)
    for speaker, (voice, reason) in enumerate(found):
        row = sorted(alike[speaker])
        qualities = (
            alike[speaker, voice] == row[-1],
            int(alike[:, voice].argmax()) == speaker,
            sure[speaker] >= DEFAULTS.identification_threshold,
            alike[speaker, voice] >= DEFAULTS.identification_similarity,
            len(row) == 1 or row[-1] - row[-2] >= DEFAULTS.identification_margin,
        )
        assert (reason == "named") == all(qualities)


@given(SIMILARITIES, st.data())
def test_the_cohort_is_the_other_voices_of_a_speaker_and_the_other_speakers_of_a_voice(
    alike: np.ndarray, data: st.DataObject
) -> None:
    speaker, voice = (data.draw(st.integers(0, size - 1)) for size in alike.shape)
    others = [
        value
        for (row, column), value in np.ndenumerate(alike)
        if (row == speaker) != (column == voice)
    ]
    expected = [*sorted(others, reverse=True)[:5], 0.3]
    found = cohort_similarity(alike, speaker, voice, 0.3)
    assert found == pytest.approx(sum(expected) / len(expected))


def test_where_everybody_is_similar_the_same_similarity_says_less() -> None:
    seconds = 30.0
    assert CALIBRATION(0.6, 0.5, seconds) < CALIBRATION(0.6, 0.3, seconds)
    assert CALIBRATION(0.6, 0.3, 2.0) < CALIBRATION(0.6, 0.3, seconds)


def test_known_speakers_are_named_and_strangers_are_not() -> None:
    prepared, result = diarized(conversation(1, 4, 0))
    found = library(0, 1, 2).identify(prepared, result.speaker_diarization)
    assert sorted(each.name or "unknown" for each in found) == ["Ann", "Bob", "unknown"]
    assert {each.speaker for each in found} == set(result.speaker_diarization.labels())


def test_two_voices_that_are_nearly_the_same_give_no_name() -> None:
    twins = library(0)
    prepared, result = diarized(conversation(0))
    twins.enroll("Eve", prepared)
    (found,) = twins.identify(prepared, result.speaker_diarization)
    assert (found.name, found.reason) == (None, "too close")


def test_of_two_speakers_with_one_voice_the_nearer_is_named() -> None:
    _, result = diarized(conversation(0))
    tilted = VOICES[0] + 0.4 * VOICES[7]
    models = models_of(conversation(0))
    found = library(0).identify_embeddings(
        models, np.stack([tilted, VOICES[0]]), np.array([20.0, 20.0])
    )
    assert [each.name for each in found] == [None, "Ann"]
    assert found[0].reason == "another speaker"
    assert found[0].nearest == "Ann"
    assert result.speaker_diarization.labels() == ["SPEAKER_00"]


def test_embeddings_alone_give_the_names_that_the_recording_gives() -> None:
    recording = conversation(2, 1, 6)
    prepared, result = diarized(recording)
    known = library(0, 1, 2)
    whole = known.identify(prepared, result.speaker_diarization)
    alone = known.identify_embeddings(
        models_of(recording), result.speaker_embeddings, np.array([each.seconds for each in whole])
    )
    assert [each.name for each in alone] == [each.name for each in whole]


def test_a_speaker_without_an_embedding_stays_unknown() -> None:
    rows = np.stack([np.zeros(16), np.full(16, np.nan), VOICES[1]])
    found = library(0, 1).identify_embeddings(models_of(conversation(0)), rows, np.full(3, 9.0))
    assert [(each.name, each.reason) for each in found[:2]] == [(None, "too short")] * 2
    assert found[2].name == "Bob"


def test_little_speech_gives_no_name() -> None:
    rows = VOICES[:1]
    models = models_of(conversation(0))
    known = library(0)
    short = known.identify_embeddings(models, rows, np.array([0.9]))
    enough = known.identify_embeddings(models, rows, np.array([0.9]), identification_seconds=0.5)
    assert (short[0].reason, enough[0].name) == ("too short", "Ann")


def test_an_empty_library_and_an_empty_recording_give_no_names() -> None:
    prepared, result = diarized(conversation(0, 1))
    nobody = library()
    reasons = {each.reason for each in nobody.identify(prepared, result.speaker_diarization)}
    assert reasons == {"no voices"}
    assert (
        library(0).identify_embeddings(models_of(conversation(0)), np.zeros((0, 16)), np.zeros(0))
        == ()
    )


def test_without_a_calibration_a_least_similarity_must_be_given() -> None:
    known = library(0)
    known.calibration = None
    prepared, result = diarized(conversation(0))
    with pytest.raises(ConfigError, match=r"no calibration of voices: give the least similarity"):
        known.identify(prepared, result.speaker_diarization)
    (found,) = known.identify(prepared, result.speaker_diarization, identification_similarity=0.5)
    assert (found.name, found.probability) == ("Ann", None)


@pytest.mark.parametrize(
    ("name", "value"), [("identification_threshold", 1.5), ("identification_margin", -0.1)]
)
def test_parameters_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    prepared, result = diarized(conversation(0))
    given_value: dict[str, Any] = {name: value}
    with pytest.raises(ConfigError, match=f"{name} is"):
        library(0).identify(prepared, result.speaker_diarization, **given_value)


@pytest.mark.parametrize(
    ("rows", "seconds", "message"),
    [
        (np.ones((2, 16)), np.ones(3), "give .speakers, dimension."),
        (np.ones(16), np.ones(1), "give .speakers, dimension."),
        (np.ones((1, 8)), np.ones(1), "cannot be compared"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused(
    rows: np.ndarray, seconds: np.ndarray, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        library(0).identify_embeddings(models_of(conversation(0)), rows, seconds)


def test_named_speakers_keep_their_turns_and_embeddings() -> None:
    prepared, result = diarized(conversation(3, 1, 6))
    known = library(1, 3)
    found = known.name_speakers(prepared, result)
    assert {"Bob", "Dee"} < set(found.speaker_diarization.labels())
    names = {
        each.speaker: each.name or each.speaker
        for each in known.identify(prepared, result.speaker_diarization)
    }
    assert found.speaker_diarization == result.speaker_diarization.rename_labels(names)
    for row, name in zip(found.speaker_embeddings, found.speaker_diarization.labels(), strict=True):
        if name in NAMES:
            cosine = row @ VOICES[NAMES.index(name)] / np.linalg.norm(row)
            assert cosine > 0.95


def test_a_name_that_a_stranger_has_already_is_refused() -> None:
    prepared, result = diarized(conversation(0, 6))
    known = library(0)
    names = known.identify(prepared, result.speaker_diarization)
    (stranger,) = (each.speaker for each in names if each.name is None)
    clash = replace(
        result,
        speaker_diarization=result.speaker_diarization.rename_labels({stranger: "Ann"}),
        exclusive_speaker_diarization=result.exclusive_speaker_diarization.rename_labels(
            {stranger: "Ann"}
        ),
    )
    with pytest.raises(ConfigError, match="is labelled 'Ann', as a known voice is"):
        known.name_speakers(prepared, clash)
