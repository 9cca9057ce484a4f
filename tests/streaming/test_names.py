"""Known voices have their names in events, and at the end as offline."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile
from reference.live import Viewer, events_of

import ovdiar
from ovdiar import OnlineDiarizer, SpeakerDiarization, VoiceLibrary
from ovdiar.errors import ConfigError, OvdiarWarning

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar import Models, Prepared
    from ovdiar.streaming.events import Event

RATE = 16_000
SURE: dict[str, Any] = {"identification_threshold": 0.5, "identification_margin": 0.0}
"""Two voices of a library and of 11 s are few to compare with."""


@pytest.fixture(scope="module")
def enrolments(live_models: Models, conversation: Path) -> dict[str, Prepared]:
    """Prepare what the two voices of `talk` say later."""
    samples, _ = soundfile.read(conversation, dtype="float32")
    said = {"Ann": ((18.04, 19.5), (27.2, 30.0), (61.8, 64.1)), "Bob": ((31.3, 34.5), (44.5, 46.9))}
    pipeline = SpeakerDiarization(live_models)
    found: dict[str, Prepared] = {}
    for name, parts in said.items():
        own = [samples[round(a * RATE) : round(b * RATE)] for a, b in parts]
        found[name] = pipeline.prepare({"waveform": np.concatenate(own), "sample_rate": RATE})
    return found


@pytest.fixture(scope="module")
def library(live_models: Models, enrolments: dict[str, Prepared]) -> VoiceLibrary:
    """Enrol the two voices."""
    found = VoiceLibrary(live_models)
    for name, prepared in enrolments.items():
        found.enroll(name, prepared)
    return found


@pytest.fixture(scope="module")
def told(live_models: Models, talk: NDArray[np.float32], library: VoiceLibrary) -> list[Event]:
    """Give the events of a stream whose speakers are known."""
    return events_of(OnlineDiarizer(live_models, voices=library, **SURE), talk, RATE)


def test_known_voices_are_named_once_they_are_recognised(told: list[Event]) -> None:
    first, second = (next(event for event in told if event.name == name) for name in ("Ann", "Bob"))
    assert first.speaker != second.speaker
    assert first.at < 8.5
    assert {event.name for event in told if event.at < 4.0} <= {None, "Ann"}
    latest = {event.speaker: event.name for event in told}
    assert (latest[first.speaker], latest[second.speaker]) == ("Ann", "Bob")


def test_names_change_nothing_else(
    live_models: Models, talk: NDArray[np.float32], told: list[Event]
) -> None:
    plain = Viewer(events_of(OnlineDiarizer(live_models), talk, RATE))
    assert Viewer(told).final == plain.final


def test_blocks_of_any_size_give_the_same_names(
    live_models: Models, talk: NDArray[np.float32], library: VoiceLibrary, told: list[Event]
) -> None:
    again = OnlineDiarizer(live_models, voices=library, **SURE)
    assert events_of(again, talk, len(talk)) == told


def test_a_resumed_stream_goes_on_with_the_names(
    live_models: Models, talk: NDArray[np.float32], library: VoiceLibrary, told: list[Event]
) -> None:
    diarizer = OnlineDiarizer(live_models, voices=library, **SURE)
    found = diarizer.feed(talk[: 7 * RATE])
    diarizer = OnlineDiarizer.resume(live_models, diarizer.state, voices=library, **SURE)
    found += diarizer.feed(talk[7 * RATE :])
    assert found + diarizer.flush() == told


def test_the_end_is_the_offline_answer_with_names(
    live_models: Models, talk: NDArray[np.float32], library: VoiceLibrary
) -> None:
    diarizer = OnlineDiarizer(live_models, uri="waveform", voices=library, **SURE)
    diarizer.feed(talk)
    pipeline = SpeakerDiarization(live_models)
    prepared = pipeline.prepare({"waveform": talk, "sample_rate": RATE})
    named = library.name_speakers(prepared, pipeline.cluster(prepared), **SURE)
    assert {"Ann", "Bob"} <= set(named.speaker_diarization.labels())
    assert diarizer.finalize().serialize() == named.serialize()


def test_final_turns_have_the_names(
    live_models: Models, talk: NDArray[np.float32], library: VoiceLibrary
) -> None:
    given: dict[str, Any] = {"keep_audio": 0.0, "keep_outputs": 0.0, **SURE}
    diarizer = OnlineDiarizer(live_models, voices=library, **given)
    events_of(diarizer, talk, RATE)
    assert {"Ann", "Bob"} <= set(diarizer.annotation.labels())
    with pytest.warns(OvdiarWarning, match="the live turns"):
        result = diarizer.finalize()
    assert result.speaker_diarization == diarizer.annotation
    assert [notice.code for notice in result.notices] == ["known-voices", "live-turns"]


def test_a_state_holds_no_enrolled_voice(
    live_models: Models, talk: NDArray[np.float32], library: VoiceLibrary
) -> None:
    with_voices = OnlineDiarizer(live_models, voices=library, **SURE)
    without = OnlineDiarizer(live_models)
    for each in (with_voices, without):
        each.feed(talk[:RATE])
    assert with_voices.state.content == without.state.content


def test_expired_voices_are_never_named(
    live_models: Models, talk: NDArray[np.float32], enrolments: dict[str, Prepared]
) -> None:
    expired = VoiceLibrary(live_models)
    expired.enroll("Ann", enrolments["Ann"], expires=date(2001, 1, 1))
    with pytest.warns(OvdiarWarning, match="1 of 1 voices have expired"):
        diarizer = OnlineDiarizer(live_models, voices=expired, **SURE)
    assert {event.name for event in events_of(diarizer, talk, RATE)} == {None}


def test_voices_of_another_bundle_are_refused(tiny: Path, library: VoiceLibrary) -> None:
    with pytest.raises(ConfigError, match="cannot be compared"):
        OnlineDiarizer(ovdiar.load(tiny), voices=library)
