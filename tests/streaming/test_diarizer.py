"""Audio is fed; no event contradicts a final one, and the end is the offline answer."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.live import Viewer, events_of

from ovdiar import OnlineDiarizer, SpeakerDiarization
from ovdiar.errors import AudioError, ConfigError, FormatError, OvdiarWarning
from ovdiar.formats import rttm
from ovdiar.streaming.state import OnlineState

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ovdiar import Models
    from ovdiar.streaming.events import Event

RATE = 16_000


@pytest.fixture(scope="module")
def expected(live_models: Models, talk: NDArray[np.float32]) -> list[Event]:
    """Give the events of everything at once."""
    return events_of(OnlineDiarizer(live_models), talk, len(talk))


@pytest.mark.parametrize("block", [17, RATE // 2])
def test_blocks_of_any_size_give_the_same_events(
    live_models: Models, talk: NDArray[np.float32], expected: list[Event], block: int
) -> None:
    assert events_of(OnlineDiarizer(live_models), talk, block) == expected


def test_single_samples_give_the_same_events(
    live_models: Models, talk: NDArray[np.float32]
) -> None:
    short = talk[: 4 * RATE]
    at_once = events_of(OnlineDiarizer(live_models), short, len(short))
    assert events_of(OnlineDiarizer(live_models), short, 1) == at_once


@given(cuts=st.lists(st.integers(0, 6 * RATE), max_size=6))
@settings(max_examples=4)
def test_blocks_of_different_sizes_give_the_same_events(
    live_models: Models, talk: NDArray[np.float32], cuts: list[int]
) -> None:
    short = talk[: 6 * RATE]
    at_once = events_of(OnlineDiarizer(live_models), short, len(short))
    diarizer = OnlineDiarizer(live_models)
    found = [event for part in np.split(short, sorted(cuts)) for event in diarizer.feed(part)]
    assert found + diarizer.flush() == at_once


@pytest.mark.parametrize("latency", [0.5, 2.0, 5.0])
def test_no_event_contradicts_a_final_one(
    live_models: Models, talk: NDArray[np.float32], latency: float
) -> None:
    diarizer = OnlineDiarizer(live_models, latency=latency)
    viewer = Viewer(events_of(diarizer, talk, len(talk)))
    assert set(viewer.final) == viewer.closed & set(viewer.shown)
    spoken = sorted(viewer.final.values())
    held = sorted((s.start, s.end, who) for s, who in diarizer.annotation)
    assert [row[2] for row in spoken] == [row[2] for row in held]
    np.testing.assert_allclose([row[:2] for row in spoken], [row[:2] for row in held])


@pytest.mark.parametrize("latency", [0.5, 2.0, 5.0])
def test_turns_of_known_speakers_are_final_within_the_latency(
    live_models: Models, talk: NDArray[np.float32], latency: float
) -> None:
    events = events_of(OnlineDiarizer(live_models, latency=latency), talk, RATE)
    longest = max(latency, 2.0)
    reached: dict[int, float] = {}
    for event in events:
        if event.kind == "final" and event.end > reached.get(event.turn, event.start):
            waited_s = event.at - reached.get(event.turn, event.start)
            assert waited_s <= longest + 0.5
            reached[event.turn] = event.end
    assert reached


@pytest.mark.parametrize("seconds", [0.01, 1.7, 10.0, 11.0])
def test_the_end_is_the_offline_answer(
    live_models: Models, talk: NDArray[np.float32], seconds: float
) -> None:
    heard = talk[: round(seconds * RATE)]
    diarizer = OnlineDiarizer(live_models, uri="waveform")
    events_of(diarizer, heard, 5000)
    offline = SpeakerDiarization(live_models)({"waveform": heard, "sample_rate": RATE})
    result = diarizer.finalize()
    assert result.serialize() == offline.serialize()
    assert rttm.dumps(result.speaker_diarization) == rttm.dumps(offline.speaker_diarization)
    assert np.array_equal(result.speaker_embeddings, offline.speaker_embeddings)


@pytest.mark.parametrize("step", [0, 7])
def test_a_resumed_stream_goes_on_as_if_nothing_had_happened(
    live_models: Models,
    talk: NDArray[np.float32],
    expected: list[Event],
    tmp_path: Path,
    step: int,
) -> None:
    diarizer, found = OnlineDiarizer(live_models), []
    for number, first in enumerate(range(0, len(talk), 9000)):
        found += diarizer.feed(talk[first : first + 9000])
        if number == step:
            diarizer.state.save(tmp_path / "state.npz")
            state = OnlineState.load(tmp_path / "state.npz")
            diarizer = OnlineDiarizer.resume(live_models, state)
    assert found + diarizer.flush() == expected


def test_a_resampled_stream_is_resumed_too(live_models: Models, talk: NDArray[np.float32]) -> None:
    rate = 22_050
    at_once = events_of(OnlineDiarizer(live_models, sample_rate=rate), talk[: 6 * rate], rate)
    diarizer = OnlineDiarizer(live_models, sample_rate=rate)
    found = diarizer.feed(talk[: 3 * rate + 5])
    diarizer = OnlineDiarizer.resume(live_models, diarizer.state)
    found += diarizer.feed(talk[3 * rate + 5 : 6 * rate])
    assert found + diarizer.flush() == at_once


def test_a_state_of_another_bundle_is_refused(live_models: Models, tiny: Path) -> None:
    import ovdiar

    state = OnlineDiarizer(ovdiar.load(tiny)).state
    with pytest.raises(ConfigError, match="another bundle 'tiny'"):
        OnlineDiarizer.resume(live_models, state)


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(b"something else")
    with pytest.raises(FormatError, match="is no state of a stream"):
        OnlineState.load(path)


def changed_state(models: Models, old: bytes, new: bytes) -> io.BytesIO:
    """Return a file of a state in whose header something is replaced."""
    with np.load(io.BytesIO(OnlineDiarizer(models).state.content)) as arrays:
        changed = {name: arrays[name] for name in arrays}
    header = changed["header"].tobytes()
    assert old in header
    changed["header"] = np.frombuffer(header.replace(old, new), np.uint8)
    file = io.BytesIO()
    np.savez(file, **changed)
    file.seek(0)
    return file


def test_a_state_makes_only_classes_of_a_stream(live_models: Models) -> None:
    file = changed_state(live_models, b'"class": "Session"', b'"class": "Popened"')
    with pytest.raises(FormatError, match="is damaged"):
        OnlineDiarizer.resume(live_models, OnlineState.load(file))


@pytest.mark.parametrize("schema", [1, 3])
def test_a_state_of_another_schema_is_refused(live_models: Models, schema: int) -> None:
    file = changed_state(live_models, b'"schema": 2', f'"schema": {schema}'.encode())
    with pytest.raises(FormatError, match=f"a state of schema {schema}, and this ovdiar reads 2"):
        OnlineState.load(file)


def test_beyond_the_kept_audio_the_answer_is_clustered_from_outputs(
    live_models: Models, talk: NDArray[np.float32]
) -> None:
    diarizer = OnlineDiarizer(live_models, keep_audio=5.0)
    events_of(diarizer, talk, RATE)
    with pytest.warns(OvdiarWarning, match="longer than the audio that is kept"):
        result = diarizer.finalize()
    assert [notice.code for notice in result.notices][-1] == "live-outputs"
    offline = SpeakerDiarization(live_models)({"waveform": talk, "sample_rate": RATE})
    labels = offline.speaker_diarization.labels()
    assert result.speaker_diarization.labels() == labels


def test_beyond_the_kept_outputs_the_answer_is_the_live_turns(
    live_models: Models, talk: NDArray[np.float32]
) -> None:
    diarizer = OnlineDiarizer(live_models, keep_audio=0.0, keep_outputs=0.0)
    events_of(diarizer, talk, RATE)
    with pytest.warns(OvdiarWarning, match="the live turns"):
        result = diarizer.finalize()
    assert result.speaker_diarization == diarizer.annotation


def test_streams_of_one_bundle_do_not_disturb_each_other(
    live_models: Models, talk: NDArray[np.float32], expected: list[Event]
) -> None:
    with ThreadPoolExecutor(3) as threads:
        found = list(
            threads.map(lambda _: events_of(OnlineDiarizer(live_models), talk, RATE), range(3))
        )
    assert found == [expected] * 3


def test_integers_and_channels_are_heard_as_in_a_file(
    live_models: Models, talk: NDArray[np.float32]
) -> None:
    short = np.rint(talk[: 3 * RATE] * 32768).astype(np.int16)
    mono, stereo = OnlineDiarizer(live_models), OnlineDiarizer(live_models)
    one = mono.feed(short.astype(np.float32) / 32768) + mono.flush()
    assert stereo.feed(np.stack([short, short])) + stereo.flush() == one


def test_silence_has_no_turns(live_models: Models) -> None:
    diarizer = OnlineDiarizer(live_models)
    assert events_of(diarizer, np.zeros(3 * RATE, np.float32), RATE) == []
    assert len(diarizer.finalize().speaker_diarization) == 0


def test_no_more_speakers_than_allowed_are_final(
    live_models: Models, talk: NDArray[np.float32]
) -> None:
    diarizer = OnlineDiarizer(live_models, max_speakers=1)
    events_of(diarizer, talk, RATE)
    assert diarizer.annotation.labels() == ["SPEAKER_00"]


@pytest.mark.parametrize(
    "settings",
    [
        {"latency": 0.5, "step": 0.1},
        {"latency": 5.0, "step": 0.3, "new_speaker_delay": 0.0},
        {"latency": 2.0, "new_speaker_delay": 20.0},
        {"latency": 1.0, "step": 1.0, "max_speakers": 1},
    ],
    ids=str,
)
def test_with_any_settings_speech_between_pauses_is_told_without_contradiction(
    live_models: Models, talk: NDArray[np.float32], settings: dict[str, float]
) -> None:
    pause = np.zeros(3 * RATE, np.float32)
    parts = [part for second in range(2, 8) for part in (talk[second * RATE :][:RATE], pause)]
    diarizer = OnlineDiarizer(live_models, **settings)  # type: ignore[arg-type]
    events = events_of(diarizer, np.concatenate(parts), 7001)
    viewer = Viewer(events)
    assert viewer.final
    assert set(viewer.final) <= viewer.closed


def test_a_stream_that_has_ended_takes_no_more(live_models: Models) -> None:
    diarizer = OnlineDiarizer(live_models)
    diarizer.flush()
    with pytest.raises(ConfigError, match="has ended"):
        diarizer.feed(np.zeros(1, np.float32))
    with pytest.raises(AudioError, match="nothing was heard"):
        diarizer.finalize()


def test_a_sample_that_is_no_number_is_named(live_models: Models) -> None:
    diarizer = OnlineDiarizer(live_models)
    diarizer.feed(np.zeros(RATE, np.float32))
    with pytest.raises(AudioError, match=r"sample at 1\.500 s is nan"):
        diarizer.feed(np.r_[np.zeros(RATE // 2), np.nan].astype(np.float32))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"latency": 0.4}, "latency is 0.4"),
        ({"latency": 6.0}, "latency is 6"),
        ({"latency": 0.5, "step": 0.6}, "longer than the latency"),
        ({"sample_rate": 0}, "sample rate"),
    ],
)
def test_settings_out_of_range_are_refused(
    live_models: Models, given: dict[str, float], complaint: str
) -> None:
    with pytest.raises((ConfigError, AudioError), match=complaint):
        OnlineDiarizer(live_models, **given)  # type: ignore[arg-type]
