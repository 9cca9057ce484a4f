"""Every pipeline tells how far it is, and stops when it is told to."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from reference.recordings import record, silent

from ovdiar import (
    Annotation,
    Inference,
    OverlappedSpeechDetection,
    Resegmentation,
    Segment,
    SpeakerDiarization,
    SpeakerSegmentation,
    VoiceActivityDetection,
)
from ovdiar.cancellation import cancellable, check_cancelled
from ovdiar.clustering.cluster import cluster_speakers
from ovdiar.errors import CancelledError
from ovdiar.pipelines import steps
from ovdiar.pipelines.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable

MEETING = record(0, voices=3, windows=10)
MODELS = MEETING.models()
DECODER = SpeakerDiarization(None)


def _call(pipeline: Callable[..., Any], *inputs: Any) -> Callable[..., Any]:
    return lambda **more: pipeline(MEETING.audio(), *inputs, **more)


RUNS: dict[str, Callable[..., Any]] = {
    "diarization": _call(SpeakerDiarization(MODELS, batch_size=3)),
    "decoding": lambda **more: DECODER.decode(
        MEETING.scores, MEETING.embeddings, **MEETING.how(), **more
    ),
    "voice activity": _call(VoiceActivityDetection(MODELS)),
    "overlapped speech": _call(OverlappedSpeechDetection(MODELS)),
    "segmentation": _call(SpeakerSegmentation(MODELS)),
    "resegmentation": _call(Resegmentation(MODELS), Annotation()),
    "inference": _call(Inference(MODELS)),
    "excerpt": _call(Inference(MODELS).crop, Segment(0, 6)),
}
EVERY = pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)


class Told(list[tuple[float, float | None]]):
    """A progress callback that writes down what it is told, and does something at one call."""

    def __init__(self, at: int = 0, act: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._at, self._act = at, act

    def __call__(self, fraction: float, eta_s: float | None) -> None:
        self.append((fraction, eta_s))
        if self._act is not None and len(self) == self._at:
            self._act()


def _fail() -> None:
    raise ZeroDivisionError


@EVERY
def test_the_fraction_goes_from_nothing_to_all(run: Callable[..., Any]) -> None:
    told = Told()
    run(progress=told)
    fractions = [fraction for fraction, _ in told]
    assert told[0] == (0.0, None)
    assert told[-1] == (1.0, 0.0)
    assert fractions == sorted(fractions)
    assert fractions.count(1.0) == 1


def test_silence_is_done_in_the_end_too() -> None:
    told = Told()
    SpeakerDiarization(silent(10).models())(silent(10).audio(), progress=told)
    assert told[-1] == (1.0, 0.0)


@EVERY
def test_a_run_that_is_cancelled_before_does_not_begin(run: Callable[..., Any]) -> None:
    cancel, told = threading.Event(), Told()
    cancel.set()
    with pytest.raises(CancelledError, match=r"cancelled 0\.0 s after its start, with 0% done"):
        run(progress=told, cancel=cancel)
    assert told == []


@EVERY
def test_a_run_stops_where_it_is_cancelled(run: Callable[..., Any]) -> None:
    whole = Told()
    run(progress=whole)
    for at in range(1, len(whole)):  # at the last call there is nothing left to stop
        cancel = threading.Event()
        told = Told(at, cancel.set)
        with pytest.raises(CancelledError):
            run(progress=told, cancel=cancel)
        assert len(told) == at


@EVERY
def test_what_a_progress_callback_raises_stops_the_run(run: Callable[..., Any]) -> None:
    told = Told(2, _fail)
    with pytest.raises(ZeroDivisionError):
        run(progress=told)
    assert len(told) == 2


@EVERY
def test_an_event_that_stays_unset_changes_nothing(run: Callable[..., Any]) -> None:
    assert repr(run(cancel=threading.Event())) == repr(run())


@pytest.mark.parametrize("step", ["segmentation", "speaker_counting", "embeddings"])
def test_no_step_follows_the_one_in_which_a_run_is_cancelled(step: str) -> None:
    cancel = threading.Event()
    outcomes = []

    def hook(name: str, artifact: Any, **_: Any) -> None:
        if artifact is not None:
            outcomes.append(name)
            if name == step:
                cancel.set()

    with pytest.raises(CancelledError):
        RUNS["diarization"](hook=hook, cancel=cancel)
    assert outcomes[-1] == step


def test_clustering_is_not_followed_by_anything_once_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cancel, module = threading.Event(), "ovdiar.pipelines.diarization.pipeline"

    def cluster_and_cancel(*inputs: Any) -> Any:
        cancel.set()
        return cluster_speakers(*inputs)

    monkeypatch.setattr(f"{module}.cluster_speakers", cluster_and_cancel)
    monkeypatch.setattr(f"{module}.decode", _fail)
    trace: dict[str, Any] = {}
    with pytest.raises(CancelledError):
        RUNS["decoding"](cancel=cancel, trace=trace)
    assert trace == {}


def test_a_hook_with_a_method_progress_is_told_the_fraction() -> None:
    class Both:
        def __init__(self) -> None:
            self.names: list[str] = []
            self.progress = Told()

        def __call__(self, step_name: str, *_: Any, **__: Any) -> None:
            self.names.append(step_name)

    hook, told = Both(), Told()
    RUNS["diarization"](hook=hook, progress=told)
    assert "embeddings" in hook.names
    assert hook.progress[-1] == (1.0, 0.0)
    assert len(hook.progress) == len(told)


def test_while_a_batch_takes_long_everybody_is_told_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps, "REPORT_EVERY_S", 0.0)
    monkeypatch.setattr(steps, "REPEAT_EVERY_S", 0.0)
    told, calls = Told(), []
    with Steps(lambda *call, **more: calls.append((call, more)), "a", progress=told) as run:
        run.progress("segmentation")(completed=1, total=4)
        before = len(told), len(calls)
        check_cancelled()
        assert (len(told), len(calls)) == (before[0] + 1, before[1] + 1)
    assert calls[-1] == calls[-2]


def test_outside_a_run_nothing_is_cancelled() -> None:
    with Steps(None, None, cancel=threading.Event()):
        check_cancelled()
    with pytest.raises(ZeroDivisionError), cancellable(_fail):
        check_cancelled()
    check_cancelled()


def test_a_nested_run_checks_the_outer_one_first() -> None:
    called: list[str] = []
    with cancellable(lambda: called.append("outer")):
        with cancellable(lambda: called.append("inner")):
            check_cancelled()
        check_cancelled()
    assert called == ["outer", "inner", "outer"]


def test_a_check_belongs_to_its_thread() -> None:
    called: list[str] = []
    with cancellable(lambda: called.append("mine")):
        thread = threading.Thread(target=check_cancelled)
        thread.start()
        thread.join()
    assert called == []


def test_all_that_a_cancelled_run_decoded_ahead_is_let_go() -> None:
    before = threading.active_count()
    noise = {"waveform": np.zeros(16000 * 60, np.float32), "sample_rate": 16000}
    cancel = threading.Event()
    told = Told(2, cancel.set)
    with pytest.raises(CancelledError) as caught:
        VoiceActivityDetection(record(0, voices=1, windows=111).models(), batch_size=1)(
            noise, progress=told, cancel=cancel
        )
    assert caught.value is not None  # its traceback holds the frames of the run
    assert threading.active_count() == before
