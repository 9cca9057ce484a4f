"""The answer at the end of a stream: the offline one over what was kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar.annotation import Annotation, Turn
from ovdiar.errors import AudioError
from ovdiar.notices import Notice, warn
from ovdiar.pipelines.diarization.back_end import label_of
from ovdiar.result import DiarizationResult
from ovdiar.segment import Segment
from ovdiar.voices.naming import named

if TYPE_CHECKING:
    from ovdiar.pipelines.diarization.pipeline import SpeakerDiarization
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.pipelines.steps import Cancel
    from ovdiar.streaming.naming import LiveNames
    from ovdiar.streaming.session import Session

CLUSTERED_LIVE = Notice(
    "live-outputs",
    "the stream is longer than the audio that is kept: the answer is clustered from what the "
    "networks said while it was heard; give a larger keep_audio for the offline answer",
)
LIVE_TURNS = Notice(
    "live-turns",
    "the stream is longer than what is kept of it: the answer are the live turns; give a larger "
    "keep_audio or keep_outputs",
)


def answer(
    session: Session, pipeline: SpeakerDiarization, names: LiveNames | None, cancel: Cancel | None
) -> DiarizationResult:
    """Diarize what was kept of a stream that has ended; known voices get their names.

    Raises
    ------
    AudioError
        Nothing was heard.
    """
    given: dict[str, Any] = {
        "max_speakers": session.settings.max_speakers or None,
        "cancel": cancel,
    }
    if not session.audio.length:
        raise AudioError("nothing was heard (0 s): feed at least one sample")
    if session.audio.whole:
        audio = {
            "waveform": np.concatenate(session.audio.blocks()),
            "sample_rate": session.source_rate,
            "uri": session.uri,
        }
        if names is None:
            return pipeline(audio, **given)
        prepared = pipeline.prepare(audio, cancel=cancel)
        return _named(prepared, pipeline.cluster(prepared, **given), names)
    if session.outputs.whole and session.outputs.scores:
        prepared = session.prepared()
        return _told(_named(prepared, pipeline.cluster(prepared, **given), names), CLUSTERED_LIVE)
    turns = turns_of(session)
    dimension = session.models.embedding.spec.dimension
    nothing = np.zeros((len(turns.labels()), dimension), np.float32)
    result = DiarizationResult(turns, turns, nothing)
    if names is not None:
        result = named(result, names.identities(session.decisions.labelling.speakers))
    return _told(result, LIVE_TURNS)


def turns_of(session: Session) -> Annotation:
    """Return the turns that are final so far."""
    turns = session.decisions.turns
    finals = turns.finals()
    times = turns.grid.centres_s(1 + max((each.end for each in finals), default=0))
    return Annotation(
        tuple(
            Turn(
                Segment(float(times[each.start]), float(times[each.end])),
                label_of(each.number),
                str(number),
                each.confidence,
            )
            for number, each in enumerate(finals)
        ),
        session.uri,
    )


def _named(
    prepared: Prepared, result: DiarizationResult, names: LiveNames | None
) -> DiarizationResult:
    if names is None:
        return result
    return names.library.name_speakers(prepared, result, **names.parameters)


def _told(result: DiarizationResult, notice: Notice) -> DiarizationResult:
    warn(notice)
    return replace(result, notices=(*result.notices, notice))
