"""Give every word its speaker: a transcript and a diarization, laid over each other.

The rules, in this order:

1. A word without times (numerals of whisperX; all words of a segment that came without) lies
   between its neighbours, or the ends of its segment: such words share the talk in that time in
   proportion to their letters, or the time itself where nobody talks.
2. A word belongs to the speaker whose turns overlap it longest. Where two tie, as they do all
   through overlapped speech, to the one of them who spoke the word before; else to the one whose
   turn began first; else to the first by name. A diarization with one speaker at a time, which a
   `DiarizationResult` and JSON files hold, leaves no ties, and is used where there is one.
3. A word outside of all turns belongs to the nearest turn, at most ``max_gap`` s away, by the same
   order where two tie; else to nobody (None).
4. A segment is split where the speaker of its words changes. Words stay whole and in order.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, overload

from ovdiar.errors import ConfigError, OvdiarWarning
from ovdiar.result import DiarizationResult
from ovdiar.transcripts import from_document, to_document
from ovdiar.transcripts.captions import plain
from ovdiar.transcripts.talk import Talk
from ovdiar.transcripts.transcript import Transcript

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation
    from ovdiar.transcripts.transcript import Passage, Word

MAX_GAP_S = 1.0
"""How far from a turn a word may lie by default, s: about what recognizers' times are off."""


@overload
def assign_speakers(
    transcript: Transcript, annotation: Annotation | DiarizationResult, *, max_gap: float = ...
) -> Transcript: ...
@overload
def assign_speakers(
    transcript: Mapping[str, Any],
    annotation: Annotation | DiarizationResult,
    *,
    max_gap: float = ...,
) -> dict[str, Any]: ...
@overload
def assign_speakers(
    transcript: Iterable[Any], annotation: Annotation | DiarizationResult, *, max_gap: float = ...
) -> list[dict[str, Any]]: ...


def assign_speakers(
    transcript: Transcript | Mapping[str, Any] | Iterable[Any],
    annotation: Annotation | DiarizationResult,
    *,
    max_gap: float = MAX_GAP_S,
) -> Transcript | dict[str, Any] | list[dict[str, Any]]:
    """Give every word of a transcript its speaker, and split segments where the speaker changes.

    Parameters
    ----------
    transcript : what a recognizer returned: the object of openai-whisper, whisperX, OpenAI's
        ``verbose_json`` or whisper.cpp, parsed; the segments of faster-whisper, as objects or as
        they come; or what `ovdiar.transcripts.read` gives. It is not changed
    annotation : who spoke when; of a result, the turns with one speaker at a time
    max_gap : how far from a turn a word may lie and still belong to its speaker, s

    Returns
    -------
    The same kind of object, every field kept, with ``speaker`` in its segments and words: a label
    of the annotation, or None where nobody is near (then there is a warning too).

    Raises
    ------
    FormatError, ConfigError
        The transcript is none that is known, or ``max_gap`` is below 0.
    """
    if not max_gap >= 0:
        raise ConfigError(f"max_gap is {max_gap}: give at least 0 s")
    if isinstance(annotation, DiarizationResult):
        annotation = annotation.exclusive_speaker_diarization
    if isinstance(transcript, Transcript):
        return _assigned(transcript, annotation, max_gap)
    if isinstance(transcript, Mapping):
        document: Any = dict(transcript)
    else:
        document = [_as_object(segment) for segment in transcript]
    assigned: dict[str, Any] | list[dict[str, Any]]
    assigned = to_document(_assigned(from_document(document), annotation, max_gap))
    return assigned


def _as_object(segment: Any) -> Any:
    """Return a segment of faster-whisper as an object."""
    if is_dataclass(segment) and not isinstance(segment, type):
        return asdict(segment)
    fields = getattr(segment, "_asdict", None)
    if fields is None:
        return segment
    row = fields()
    words = row.get("words")
    return row | {"words": words and [_as_object(word) for word in words]}


def _assigned(transcript: Transcript, annotation: Annotation, max_gap: float) -> Transcript:
    talk = Talk(annotation)
    passages: list[Passage] = []
    ongoing: str | None = None
    unknown, count = 0, 0
    for passage in transcript.passages:
        words = []
        for word in _timed(passage, talk, transcript.family):
            speaker = talk.speaker_of(word.start or 0.0, word.end or 0.0, ongoing, max_gap)
            words.append(replace(word, speaker=speaker))
            ongoing = ongoing if speaker is None else speaker
            unknown += speaker is None
        count += len(words)
        passages += replace(passage, words=tuple(words)).by_speaker()
    if unknown:
        warnings.warn(
            f"{unknown} of {count} words have no speaker: they lie more than {max_gap} s from any "
            "turn; check that both are of the same recording",
            OvdiarWarning,
            stacklevel=3,
        )
    return replace(transcript, passages=tuple(passages))


def _timed(passage: Passage, talk: Talk, family: str) -> list[Word]:
    """Give times to the words that have none, run by run."""
    words: list[Word] = []
    runs = [list(run) for _, run in groupby(passage.words, key=lambda word: word.start is None)]
    for number, run in enumerate(runs):
        if run[0].start is not None:
            words += run
            continue
        following = runs[number + 1][0].start if number + 1 < len(runs) else passage.end
        start_s = (words[-1].end if words else None) or passage.start
        end_s = max(start_s, passage.end if following is None else following)
        lengths = [max(len(plain(word.text, family).strip()), 1) for word in run]
        spans = talk.share(start_s, end_s, lengths)
        words += [
            replace(word, start=start, end=end)
            for word, (start, end) in zip(run, spans, strict=True)
        ]
    return words
