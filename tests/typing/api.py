"""The public API as users write it, for mypy: nothing here runs.

``assert_type`` names what a call returns. Where a line ends in ``type: ignore``, mypy must refuse
it: an ignored error that is none is itself reported.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from typing_extensions import assert_type

import ovdiar
from ovdiar import (
    Annotation,
    DiarizationResult,
    FrameGrid,
    Inference,
    Models,
    OnlineDiarizer,
    OverlappedSpeechDetection,
    Prepared,
    Resegmentation,
    Segment,
    SpeakerDiarization,
    SpeakerSegmentation,
    Turn,
    VoiceActivityDetection,
    VoiceLibrary,
    assign_speakers,
    load,
)
from ovdiar.errors import AudioError, CancelledError, ConfigError, OvdiarError, OvdiarWarning
from ovdiar.formats import rttm
from ovdiar.hooks import ArtifactHook, Hooks, ProgressHook, TimingHook
from ovdiar.streaming.events import Event
from ovdiar.streaming.state import OnlineState
from ovdiar.transcripts.transcript import Transcript


def loading() -> Models:
    assert_type(ovdiar.__version__, str)
    assert_type(load(), Models)
    assert_type(load("tiny", device="AUTO", threads=2), Models)
    ovdiar.load(5)  # type: ignore[arg-type]
    ovdiar.Diarization  # type: ignore[attr-defined]  # noqa: B018
    return ovdiar.load(Path("bundles") / "tiny")


def diarizing(models: Models) -> DiarizationResult:
    result = ovdiar.SpeakerDiarization(models, threshold=0.6)("meeting.wav", num_speakers=3)
    assert_type(result, DiarizationResult)
    pipeline = SpeakerDiarization(
        models,
        preset="3.1",
        strict_parity=True,
        batch_size=4,
        segmentation_threshold=0.5,
        segmentation_step=0.1,
        min_duration_off=0.1,
        embedding_exclude_overlap=True,
        training_filter="clean",
        clustering="ahc",
        linkage="average",
        min_cluster_size=12,
    )
    SpeakerDiarization(models, treshold=0.6)  # type: ignore[call-arg]
    SpeakerDiarization(models, threshold="0.6")  # type: ignore[arg-type]
    SpeakerDiarization(models, min_cluster_size=1.5)  # type: ignore[arg-type]
    SpeakerDiarization(models, "3.1")  # type: ignore[arg-type, call-arg]
    with open("meeting.wav", "rb") as file:  # noqa: PTH123 - as users write it
        pipeline(file, min_speakers=2, max_speakers=6)
    pipeline({"waveform": np.zeros((2, 16_000), np.float32), "sample_rate": 16_000})
    pipeline(Path("meeting.wav"), speakers=3)  # type: ignore[call-arg]
    return pipeline(Path("meeting.wav"))


def reading_a_result(result: DiarizationResult) -> None:
    for segment, speaker in result.speaker_diarization:
        assert_type(segment, Segment)
        assert_type(speaker, str)
        assert_type(segment.end - segment.start, float)
    assert_type(result.exclusive_speaker_diarization, Annotation)
    assert_type(result.speaker_embeddings, NDArray[Any])
    assert_type(result.confidence, tuple[float | None, ...])
    assert_type(result.serialize(), dict[str, Any])
    assert_type(result.to_dataframe(), Any)
    result.speaker_diarization = Annotation()  # type: ignore[misc]


def reading_turns(annotation: Annotation) -> None:
    for segment, track, label in annotation.itertracks(yield_label=True):
        assert_type(segment, Segment)
        assert_type(track, str)
        assert_type(label, str)
    for segment, track in annotation.itertracks():
        assert_type((segment, track), tuple[Segment, str])
    assert_type(annotation.itertracks(yield_label=True), Iterator[tuple[Segment, str, str]])
    for segment, label in annotation:
        annotation.itertracks(yield_label=segment.duration > 1 and label != "")
    assert_type(annotation.labels(), list[str])
    assert_type(annotation.label_duration("SPEAKER_00"), float)
    assert_type(annotation.chart(), list[tuple[str, float]])
    assert_type(annotation.argmax(Segment(0.0, 5.0)), str | None)
    assert_type(annotation.crop(Segment(0.0, 5.0)).support(0.5), Annotation)
    assert_type(annotation.rename_labels({"SPEAKER_00": "Ann"}), Annotation)
    assert_type(annotation.get_timeline(), tuple[Segment, ...])
    assert_type(Annotation.of([(0.0, 1.5, "Ann")], uri="meeting").turns, tuple[Turn, ...])
    assert_type(Turn(Segment(0.0, 1.0), "Ann").confidence, float | None)


def decoding(scores: NDArray[np.float32], embeddings: NDArray[np.float32]) -> None:
    pipeline = SpeakerDiarization(None, preset="community-1", plda="plda")
    trace: dict[str, Any] = {}
    grid = FrameGrid(step=270, width=991)
    result = pipeline.decode(
        scores, embeddings, window_s=10.0, step_s=1.0, grid=grid, uri="meeting", trace=trace
    )
    assert_type(result, DiarizationResult)


def other_pipelines(models: Models, baseline: Annotation) -> None:
    vad = VoiceActivityDetection(
        models, onset=0.684, offset=0.577, min_duration_on=0.181, min_duration_off=0.037
    )
    assert_type(vad("a.wav"), Annotation)
    assert_type(OverlappedSpeechDetection(models, preset="ami")("a.wav"), Annotation)
    assert_type(SpeakerSegmentation(models, stitch_threshold=0.4)("a.wav"), Annotation)
    assert_type(Resegmentation(models.segmentation)("a.wav", baseline), Annotation)
    assert_type(Resegmentation(models)("a.wav", "baseline.rttm"), Annotation)
    VoiceActivityDetection(models, stitch_threshold=0.4)  # type: ignore[call-arg]
    Resegmentation(models)("a.wav")  # type: ignore[call-arg]


def one_network(models: Models) -> None:
    windows = Inference(models, duration=5.0, step=0.5, skip_aggregation=True)
    windows("a.wav")
    windows.crop("a.wav", Segment(3.0, 9.0))
    Inference(models.embedding, window="whole")(Path("a.wav"))


def hooks_and_cancelling(pipeline: SpeakerDiarization) -> None:
    with ProgressHook() as hook:
        pipeline("a.wav", hook=hook)
    with TimingHook() as timing, ArtifactHook("segmentation") as artifacts:
        pipeline("a.wav", hook=Hooks(timing, artifacts, ovdiar.hooks.ProgressHook()))
        assert_type(timing.timing, dict[str, float])
        assert_type(artifacts.artifacts, dict[str, Any])

    def hook_of_ones_own(step_name: str, step_artifact: Any, **details: Any) -> None:
        print(step_name, step_artifact, details)  # noqa: T201 - as users write it

    def progress(fraction: float, left_s: float | None) -> None:
        print(f"{fraction:.0%}, {left_s or 0:.0f} s left")  # noqa: T201 - as users write it

    cancel = threading.Event()
    pipeline("a.wav", hook=hook_of_ones_own, progress=progress, cancel=cancel)
    pipeline("a.wav", cancel=True)  # type: ignore[arg-type]


def errors(pipeline: SpeakerDiarization) -> str:
    try:
        pipeline("a.wav")
    except (AudioError, ConfigError) as error:
        assert_type(error, AudioError | ConfigError)
        builtin: ValueError = error
        return str(builtin)
    except CancelledError:
        return "stopped"
    except OvdiarError as error:
        return str(error)
    warning: type[UserWarning] = OvdiarWarning
    return warning.__name__ + ovdiar.errors.FormatError.__name__


def files(result: DiarizationResult) -> None:
    annotation = ovdiar.formats.read("meeting.rttm")
    assert_type(annotation, Annotation)
    ovdiar.formats.write("meeting.TextGrid", annotation)
    ovdiar.formats.write(
        Path("meeting.json"),
        result.speaker_diarization,
        exclusive=result.exclusive_speaker_diarization,
        provenance=result.provenance,
    )
    assert_type(ovdiar.formats.dumps(annotation, "srt"), str)
    assert_type(rttm.loads("", "meeting.rttm"), dict[str, Annotation])


def words(result: DiarizationResult, whisper: dict[str, object], transcript: Transcript) -> None:
    assert_type(assign_speakers(whisper, result), dict[str, Any])
    assert_type(assign_speakers(transcript, result.speaker_diarization), Transcript)
    assert_type(assign_speakers([object()], result, max_gap=0.5), list[dict[str, Any]])


def known_voices(models: Models, pipeline: SpeakerDiarization, prepared: Prepared) -> None:
    library = VoiceLibrary(models)
    library.enroll("Ann", prepared, consent="form 12", expires=date(2027, 1, 31))
    library.save("voices.json")
    again = VoiceLibrary.load(Path("voices.json"))
    result = pipeline.cluster(prepared)
    assert_type(again.name_speakers(prepared, result), DiarizationResult)
    for each in again.identify(prepared, result.speaker_diarization, identification_threshold=0.9):
        assert_type(each.name, str | None)
        assert_type(each.probability, float | None)
    assert_type(again.remove("Ann").name, str)
    again.identify_embeddings(models, result.speaker_embeddings, np.ones(2), ["A", "B"])
    again.enroll("Ann", "ann.wav")  # type: ignore[arg-type]


def live(models: Models, block: NDArray[np.float32]) -> DiarizationResult:
    diarizer = OnlineDiarizer(models, latency=1.0, sample_rate=8000, new_speaker_delay=3.0)
    assert_type(diarizer.feed(block), list[Event])
    diarizer.state.save("state.npz")
    diarizer = OnlineDiarizer.resume(models, OnlineState.load("state.npz"))
    assert_type(diarizer.flush(), list[Event])
    assert_type(diarizer.annotation, Annotation)
    return diarizer.finalize(cancel=threading.Event())
