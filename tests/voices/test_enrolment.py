"""Voices are enrolled from enough clean speech of one voice, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reference.recordings import silent
from reference.voice_libraries import VOICES, conversation, diarized, library, prepared

from ovdiar.errors import ConfigError, EnrolmentError
from ovdiar.voices.enrolment import LEAST_S, assess


def test_a_monologue_is_usable_and_gives_its_voice() -> None:
    recording, result = diarized(conversation(2))
    verdict = assess(recording, result.speaker_diarization)
    assert verdict.finding == "usable"
    assert verdict.usable
    assert verdict.seconds >= LEAST_S
    assert verdict.voiceprint is not None
    assert verdict.voiceprint.embedding @ VOICES[2] > 0.99


def test_too_little_speech_is_too_short() -> None:
    recording, result = diarized(conversation(0, windows=4))
    turns = result.speaker_diarization.crop(result.speaker_diarization.turns[0].segment)
    verdict = assess(recording, turns)
    assert verdict.finding == "too short"
    assert f"give at least {LEAST_S:g} s" in verdict.text


def test_silence_is_too_short() -> None:
    recording, result = diarized(silent(6))
    verdict = assess(recording, result.speaker_diarization)
    assert (verdict.finding, verdict.seconds, verdict.consistency) == ("too short", 0.0, None)


def test_a_conversation_holds_two_voices() -> None:
    recording, result = diarized(conversation(0, 1))
    verdict = assess(recording, result.speaker_diarization)
    assert verdict.finding == "two voices"
    assert verdict.others_s > 5


def test_speech_that_is_not_similar_to_itself_is_too_noisy() -> None:
    noisy = conversation(0, noise=2.0)
    recording, result = diarized(noisy)
    one = result.speaker_diarization.rename_labels(
        dict.fromkeys(result.speaker_diarization.labels(), "SPEAKER_00")
    )
    verdict = assess(recording, one)
    assert verdict.finding == "too noisy"
    assert "less noise" in verdict.text


@pytest.mark.parametrize("bad", [conversation(0, 1), silent(6)])
def test_what_is_not_usable_is_refused_and_leaves_the_library_as_it_was(bad: object) -> None:
    known = library(0)
    with pytest.raises(EnrolmentError, match=r"^meeting: (two voices|too short): "):
        known.enroll("Ann", prepared(bad))  # type: ignore[arg-type]
    assert [len(voice.exemplars) for voice in known] == [1]


def test_another_recording_adds_an_exemplar() -> None:
    known = library(0)
    known.enroll("Ann", prepared(conversation(0, seed=9)), consent="form 3")
    (ann,) = known
    assert (len(ann.exemplars), ann.consent) == (2, "form 3")
    assert ann.seconds == pytest.approx(sum(each.voiceprint.seconds for each in ann.exemplars))


@pytest.mark.parametrize("name", ["", " ", " Ann", "A\nB", "x" * 201, "SPEAKER_00"])
def test_a_name_that_cannot_label_a_speaker_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="name"):
        library().enroll(name, prepared(conversation(0)))


def test_a_recording_of_another_embedding_is_refused() -> None:
    other = prepared(conversation(0), sha256="cd" * 32, revision="other")
    with pytest.raises(ConfigError, match=r"made up, 1 .* other .* cannot be compared"):
        library(0).enroll("Bob", other)


def test_a_recording_of_the_same_weights_in_another_precision_is_accepted() -> None:
    known = library()
    known.enroll("Ann", prepared(conversation(0), precision="bf16"))
    assert "Ann" in known


def test_tensors_of_unknown_origin_are_refused() -> None:
    nameless = replace(prepared(conversation(0)), bundle=None)
    with pytest.raises(ConfigError, match="not known which embedding"):
        library().enroll("Ann", nameless)


def test_exemplars_are_of_length_one() -> None:
    (ann,) = library(0)
    assert np.linalg.norm(ann.exemplars[0].voiceprint.embedding) == pytest.approx(1)
