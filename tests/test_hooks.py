"""Hooks are told what pyannote's are told, and the ready-made ones make something of it."""

from __future__ import annotations

import io
import re
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from reference.recordings import record, silent

from ovdiar import SpeakerDiarization
from ovdiar.hooks import ArtifactHook, Hooks, ProgressHook, TimingHook

if TYPE_CHECKING:
    from reference.recordings import Recording

STEPS = ["segmentation", "speaker_counting", "embeddings", "discrete_diarization"]
MEETING = record(0, voices=3, windows=10)


class Call(NamedTuple):
    name: str
    artifact: Any
    file: Any
    total: int | None
    completed: int | None


class Diary:
    """A hook that writes down every call; it raises at one of them."""

    def __init__(self, *, fails_at: int | None = None) -> None:
        self.calls: list[Call] = []
        self._fails_at = fails_at

    def __call__(self, step_name: str, step_artifact: Any, **details: Any) -> None:
        found = [details.pop(name, None) for name in ("file", "total", "completed")]
        assert not details
        self.calls.append(Call(step_name, step_artifact, *found))
        if len(self.calls) == self._fails_at:
            raise InterruptedError(step_name)


def _run(hook: Any, recording: Recording = MEETING, batch_size: int = 4) -> dict[str, Any]:
    audio = recording.audio()
    SpeakerDiarization(recording.models(), batch_size=batch_size)(audio, hook=hook)
    return audio


def test_steps_come_in_order_first_progress_then_the_outcome() -> None:
    diary = Diary()
    _run(diary)
    told = [(call.name, "window" if call.artifact is None else "done") for call in diary.calls]
    assert list(dict.fromkeys(told)) == [
        ("segmentation", "window"),
        ("segmentation", "done"),
        ("speaker_counting", "done"),
        ("embeddings", "window"),
        ("embeddings", "done"),
        ("discrete_diarization", "done"),
    ]


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 32])
@pytest.mark.parametrize("step", ["segmentation", "embeddings"])
def test_progress_runs_from_none_to_all_windows(step: str, batch_size: int) -> None:
    diary = Diary()
    _run(diary, batch_size=batch_size)
    calls = [call for call in diary.calls if call.name == step and call.artifact is None]
    completed = [call.completed for call in calls]
    assert {call.total for call in calls} == {10}
    assert completed == [*range(0, 10, batch_size), 10]


def test_outcomes_come_without_progress() -> None:
    diary = Diary()
    _run(diary)
    outcomes = [call for call in diary.calls if call.artifact is not None]
    assert [call.name for call in outcomes] == STEPS
    assert {(call.total, call.completed) for call in outcomes} == {(None, None)}


def test_outcomes_are_what_the_trace_holds() -> None:
    diary = Diary()
    trace: dict[str, Any] = {}
    pipeline = SpeakerDiarization(MEETING.models(), strict_parity=True)
    pipeline(MEETING.audio(), hook=diary, trace=trace)
    found = {call.name: call.artifact for call in diary.calls if call.artifact is not None}
    assert found["segmentation"] is trace["segmentations"]
    assert found["speaker_counting"] is trace["count"]
    assert np.array_equal(found["embeddings"], trace["embeddings"], equal_nan=True)
    assert found["discrete_diarization"] is trace["discrete_diarization"]


def test_every_call_names_the_file() -> None:
    diary = Diary()
    audio = _run(diary)
    assert all(call.file is audio for call in diary.calls)


def test_decoding_tells_its_own_step_only() -> None:
    diary = Diary()
    SpeakerDiarization(None).decode(
        MEETING.scores, MEETING.embeddings, hook=diary, uri="a", **MEETING.how()
    )
    assert [(call.name, call.file) for call in diary.calls] == [("discrete_diarization", "a")]


def test_silence_ends_with_the_count() -> None:
    diary = Diary()
    _run(diary, silent(10))
    assert [call.name for call in diary.calls if call.artifact is not None] == STEPS[:2]


@pytest.mark.parametrize("fails_at", range(1, 12))
def test_a_hook_that_raises_stops_the_pipeline_there(fails_at: int) -> None:
    diary = Diary(fails_at=fails_at)
    with pytest.raises(InterruptedError):
        _run(diary)
    assert len(diary.calls) == fails_at


def test_a_hook_changes_nothing() -> None:
    pipeline = SpeakerDiarization(MEETING.models())
    hooked, plain = (pipeline(MEETING.audio(), hook=hook) for hook in (Diary(), None))
    assert hooked.speaker_diarization == plain.speaker_diarization


def test_one_bar_is_drawn_over_all_steps(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressHook(disable=False) as hook:
        _run(hook)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("\r  0%|")
    assert captured.err.count("100%|") == captured.err.count("\n") == 1


def test_a_bar_tells_the_step_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressHook(disable=False) as hook:
        hook.progress(0.0, None)
        hook("segmentation", None, total=10, completed=0)
        time.sleep(0.2)  # tqdm draws ten times a second at most
        hook.progress(0.25, 89.5)
    drawn = capsys.readouterr().err.split("\r")
    assert re.fullmatch(r" 25%\|█+[^|]*\| 00:00, 01:30 left, segmentation\n", drawn[-1])


def test_a_second_recording_has_a_bar_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressHook(disable=False) as hook:
        _run(hook, silent(10))
        _run(hook, silent(7))
    assert capsys.readouterr().err.count("100%|") == 2


def test_progress_is_drawn_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ProgressHook() as hook:
        _run(hook)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ProgressHook() as hook:
        _run(hook)
    assert "100%|" in capsys.readouterr().err


def test_progress_is_drawn_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    output = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})
    for disable, bars in ((None, 1), (True, 0)):
        shown = output()
        monkeypatch.setattr(sys, "stderr", shown)
        with ProgressHook(disable=disable) as hook:
            _run(hook)
        assert shown.getvalue().count("100%|") == bars


def test_an_interrupted_bar_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InterruptedError), ProgressHook(disable=False) as hook:
        _run(Hooks(hook, Diary(fails_at=2)))
    assert capsys.readouterr().err.endswith("\n")


def test_time_is_measured_for_each_step_and_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(float(second) for second in (0, 1, 3, 6, 10, 20))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    hook = TimingHook()
    with hook:
        hook("segmentation", None, total=1, completed=0)
        hook("segmentation", "scores")
        hook("embeddings", "vectors")
    assert hook.timing == {"segmentation": 5.0, "embeddings": 4.0, "total": 19.0}


def test_time_of_all_steps_is_no_more_than_the_total() -> None:
    with TimingHook() as hook:
        _run(hook)
    assert set(hook.timing) == {*STEPS, "total"}
    assert 0 < sum(hook.timing[step] for step in STEPS) <= hook.timing["total"]


def test_time_starts_at_zero_again() -> None:
    hook = TimingHook()
    for _ in range(2):
        with hook:
            hook("segmentation", None)
    assert set(hook.timing) == {"segmentation", "total"}


def test_artifacts_of_all_steps_are_kept() -> None:
    with ArtifactHook() as hook:
        _run(hook)
    assert list(hook.artifacts) == STEPS
    np.testing.assert_array_equal(hook.artifacts["embeddings"], MEETING.embeddings)


def test_artifacts_of_named_steps_are_kept() -> None:
    with ArtifactHook("speaker_counting") as hook:
        _run(hook)
    assert list(hook.artifacts) == ["speaker_counting"]


def test_a_kept_artifact_is_a_copy() -> None:
    vectors = np.zeros(3)
    with ArtifactHook() as hook:
        hook("embeddings", vectors)
    vectors[0] = 1
    assert hook.artifacts["embeddings"].tolist() == [0, 0, 0]


def test_artifacts_of_the_last_recording_are_forgotten() -> None:
    hook = ArtifactHook()
    with hook:
        hook("embeddings", "old")
    with hook:
        assert hook.artifacts == {}


def test_hooks_are_called_entered_and_left_together() -> None:
    diary, timing, artifacts = Diary(), TimingHook(), ArtifactHook("speaker_counting")
    with Hooks(diary, timing, artifacts) as hooks:
        _run(hooks)
    assert "total" in timing.timing
    assert list(artifacts.artifacts) == ["speaker_counting"]
    assert diary.calls[0].name == "segmentation"


def test_hooks_are_called_in_their_order() -> None:
    order: list[int] = []
    first, second = (lambda *_, number=number, **__: order.append(number) for number in (1, 2))
    Hooks(first, second)("segmentation", None)
    assert order == [1, 2]
