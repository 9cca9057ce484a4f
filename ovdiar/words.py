"""Assign a speaker to each word of a transcript.

The rules, in order:

1. A word without times (numerals in whisperX, or all words of a segment) lies between its
   neighbours, or the ends of its segment. Such words divide the speech in that interval in
   proportion to their letters, or the interval itself if there is no speech.
2. A word belongs to the speaker whose turns overlap it longest. Ties, which are common in
   overlapped speech, go to the speaker of the previous word, else to the earliest turn, else to
   the first label. A diarization with one speaker at a time has no ties, and is used if available
   (in a `DiarizationResult` and in JSON files).
3. A word outside all turns belongs to the nearest turn within ``max_gap`` s; ties as in rule 2. If
   there is none, its speaker is None.
4. A segment is split where the speaker of its words changes. Words are neither split nor reordered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, is_dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, overload

from ovdiar.errors import ConfigError
from ovdiar.notices import warn
from ovdiar.result import DiarizationResult
from ovdiar.transcripts import from_document, to_document
from ovdiar.transcripts.captions import strip_markup
from ovdiar.transcripts.transcript import Transcript
from ovdiar.transcripts.turn_index import TurnIndex

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation
    from ovdiar.transcripts.transcript import Passage, Word

MAX_GAP_S = 1.0
"""Default largest distance from a word to its turn (s), about the timing error of recognizers."""


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
    """Assign a speaker to each word of a transcript, and split segments where the speaker changes.

    Parameters
    ----------
    transcript
        Output of a recognizer: the parsed object of openai-whisper, whisperX, OpenAI's
        ``verbose_json`` or whisper.cpp; the segments of faster-whisper, as objects or as returned;
        or the result of `ovdiar.transcripts.read`. It is not modified.
    annotation
        Speaker turns. Of a result, the turns with one speaker at a time are used.
    max_gap
        Largest distance from a word to a turn of its speaker, in seconds.

    Returns
    -------
    The same type of object with all fields, and ``speaker`` in its segments and words: a label of
    the annotation, or None if no turn is within ``max_gap``, which also causes a warning.

    Raises
    ------
    FormatError
        If the format of the transcript is unknown or malformed.
    ConfigError
        If ``max_gap`` is negative.
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
    turns = TurnIndex(annotation)
    passages: list[Passage] = []
    previous: str | None = None
    unknown, count = 0, 0
    for passage in transcript.passages:
        words = []
        for word in _timed(passage, turns, transcript.family):
            speaker = turns.speaker_of(word.start or 0.0, word.end or 0.0, previous, max_gap)
            words.append(replace(word, speaker=speaker))
            previous = previous if speaker is None else speaker
            unknown += speaker is None and bool(word.text.strip())
            count += bool(word.text.strip())
        passages += replace(passage, words=tuple(words)).by_speaker()
    if unknown:
        warn(
            f"{unknown} of {count} words have no speaker: they are more than {max_gap} s from any "
            "turn; check that both belong to the same recording"
        )
    return replace(transcript, passages=tuple(passages))


def _timed(passage: Passage, turns: TurnIndex, family: str) -> list[Word]:
    """Return the words of a passage, with times for those that have none."""
    words: list[Word] = []
    runs = [list(run) for _, run in groupby(passage.words, key=lambda word: word.start is None)]
    for number, run in enumerate(runs):
        if run[0].start is not None:
            words += run
            continue
        following = runs[number + 1][0].start if number + 1 < len(runs) else passage.end
        start_s = (words[-1].end if words else None) or passage.start
        end_s = max(start_s, passage.end if following is None else following)
        lengths = [max(len(strip_markup(word.text, family).strip()), 1) for word in run]
        spans = turns.divide_speech(start_s, end_s, lengths)
        words += [
            replace(word, start=start, end=end)
            for word, (start, end) in zip(run, spans, strict=True)
        ]
    return words
