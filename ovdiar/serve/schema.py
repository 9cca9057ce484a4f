"""Responses of the service, compatible with LocalAI's ``/v1/audio/diarization``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation
    from ovdiar.notices import Notice


class Segment(BaseModel):
    """A speaker turn."""

    id: int
    speaker: str = Field(examples=["SPEAKER_00"])
    label: str = Field(description="index of the speaker", examples=["0"])
    start: float = Field(ge=0, description="seconds from the start of the recording")
    end: float = Field(ge=0, description="seconds from the start of the recording")


class RatedSegment(Segment):
    """A speaker turn with its confidence."""

    confidence: float | None = Field(ge=0, le=1, description="confidence of the turn, 0 to 1")


class Speaker(BaseModel):
    """Totals of one speaker."""

    id: str = Field(examples=["SPEAKER_00"])
    label: str
    total_speech_duration: float = Field(ge=0, description="seconds, including overlapped speech")
    segment_count: int = Field(ge=1)


class Note(BaseModel):
    """Additional information about the result, such as omitted audio."""

    code: str = Field(description="stable identifier of the notice")
    text: str = Field(description="one line")
    values: dict[str, Any] = Field(description="values in the text")


class Diarization(BaseModel):
    """Speaker turns of a recording (``json``)."""

    task: Literal["diarize"] = "diarize"
    duration: float = Field(ge=0, description="duration of the recording, seconds")
    num_speakers: int = Field(ge=0)
    segments: list[Segment]
    notices: list[Note] = Field(description="additional information about the result")


class VerboseDiarization(BaseModel):
    """Speaker turns with confidence, and totals by speaker (``verbose_json``)."""

    task: Literal["diarize"] = "diarize"
    duration: float = Field(ge=0, description="duration of the recording, seconds")
    num_speakers: int = Field(ge=0)
    segments: list[RatedSegment]
    speakers: list[Speaker]
    notices: list[Note] = Field(description="additional information about the result")


class Model(BaseModel):
    """A bundle."""

    id: str
    object: Literal["model"] = "model"
    owned_by: Literal["ovdiar"] = "ovdiar"


class ModelList(BaseModel):
    """Available bundles."""

    object: Literal["list"] = "list"
    data: list[Model]


class Health(BaseModel):
    """Status and load of the service."""

    status: Literal["ok"] = "ok"
    running: int = Field(ge=0, description="number of requests that run")
    waiting: int = Field(ge=0, description="number of requests in the queue")
    uploading: int = Field(ge=0, description="number of requests that are still arriving")
    streams: int = Field(ge=0, description="number of open WebSockets")
    max_concurrent: int = Field(ge=1)
    max_queue: int = Field(ge=0)


class Live(BaseModel):
    """The service answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """Whether the service takes recordings."""

    status: Literal["ready", "starting", "stopping"]


class Queued(BaseModel):
    """Position in the queue (event ``queued``)."""

    position: int = Field(ge=1, description="1 for the next that runs")


class Progress(BaseModel):
    """Progress of a run (event ``progress``)."""

    fraction: float = Field(ge=0, le=1, description="share of the run's time that has passed")
    eta_s: float | None = Field(ge=0, description="time left, seconds; null if it is unknown")


def diarization(
    annotation: Annotation, duration_s: float, notices: Iterable[Notice] = ()
) -> VerboseDiarization:
    """Convert an annotation to the most detailed response.

    Parameters
    ----------
    annotation
        Speaker turns.
    duration_s
        Duration of the recording, in seconds.
    notices
        Notices of the result.
    """
    labels = annotation.labels()
    numbers = {speaker: str(number) for number, speaker in enumerate(labels)}
    segments = [
        RatedSegment(
            id=number,
            speaker=turn.speaker,
            label=numbers[turn.speaker],
            start=round(turn.segment.start, 3),
            end=round(turn.segment.end, 3),
            confidence=None if turn.confidence is None else round(turn.confidence, 3),
        )
        for number, turn in enumerate(annotation.turns)
    ]
    durations_by_speaker = {
        speaker: [turn.segment.duration for turn in annotation.turns if turn.speaker == speaker]
        for speaker in labels
    }
    return VerboseDiarization(
        duration=round(duration_s, 3),
        num_speakers=len(labels),
        segments=segments,
        speakers=[
            Speaker(
                id=speaker,
                label=numbers[speaker],
                total_speech_duration=round(sum(durations), 3),
                segment_count=len(durations),
            )
            for speaker, durations in durations_by_speaker.items()
        ],
        notices=[Note(**notice.to_dict()) for notice in notices],
    )
