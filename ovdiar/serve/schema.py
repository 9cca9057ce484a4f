"""What the service answers, as LocalAI's ``/v1/audio/diarization`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation


class Segment(BaseModel):
    """One turn of one speaker."""

    id: int
    speaker: str = Field(examples=["SPEAKER_00"])
    label: str = Field(description="the speaker's number", examples=["0"])
    start: float = Field(ge=0, description="from the recording's start, s")
    end: float = Field(ge=0, description="from the recording's start, s")


class RatedSegment(Segment):
    """One turn, and how sure it is."""

    confidence: float | None = Field(ge=0, le=1, description="how sure the speaker is")


class Speaker(BaseModel):
    """What one speaker said in all."""

    id: str = Field(examples=["SPEAKER_00"])
    label: str
    total_speech_duration: float = Field(ge=0, description="overlapped speech included, s")
    segment_count: int = Field(ge=1)


class Diarization(BaseModel):
    """Who spoke when: what json stands for."""

    task: Literal["diarize"] = "diarize"
    duration: float = Field(ge=0, description="of the recording, s")
    num_speakers: int = Field(ge=0)
    segments: list[Segment]


class VerboseDiarization(BaseModel):
    """Who spoke when, how sure that is, and how much in all: what verbose_json stands for."""

    task: Literal["diarize"] = "diarize"
    duration: float = Field(ge=0, description="of the recording, s")
    num_speakers: int = Field(ge=0)
    segments: list[RatedSegment]
    speakers: list[Speaker]


class Model(BaseModel):
    """A bundle that is served."""

    id: str
    object: Literal["model"] = "model"
    owned_by: Literal["ovdiar"] = "ovdiar"


class ModelList(BaseModel):
    """The bundles that are served."""

    object: Literal["list"] = "list"
    data: list[Model]


class Health(BaseModel):
    """That the service is up, and how busy it is."""

    status: Literal["ok"] = "ok"
    running: int = Field(ge=0, description="requests in progress")
    max_concurrent: int = Field(ge=1)


def diarization(annotation: Annotation, duration_s: float) -> VerboseDiarization:
    """Put turns, and the length of their recording, into the fullest answer."""
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
    said = {
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
            for speaker, durations in said.items()
        ],
    )
