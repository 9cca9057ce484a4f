"""Praat's TextGrid, one interval tier per speaker (Praat manual, "TextGrid file formats").

Intervals of a tier cannot overlap, so overlapping turns of the same speaker are merged.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import seconds
from ovdiar.formats.tracks import (
    annotation_from_rows,
    checked_clock,
    checked_segment,
    merge_overlapping,
)
from ovdiar.segment import Segment
from ovdiar.texts import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovdiar.annotation import Annotation

INTERVALS, POINTS = "IntervalTier", "TextTier"

TOKEN = re.compile(
    r'"([^"]*(?:""[^"]*)*)"'  # texts, with doubled quotes
    r"|(?<!\S)([-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)"  # isolated numbers
    r"|(?<!\S)<(exists|absent)>(?!\S)"
    r"|(?<!\S)![^\n]*"  # comments
)
"""The tokens that Praat reads from a long or short file; everything else is for human readers."""


def dumps(annotation: Annotation) -> str:
    """Serialize one recording in Praat's long form; the text of an interval is the speaker's name.

    Raises
    ------
    FormatError
        If a turn starts before 0 s, or a speaker's name is blank, which stands for silence.
    """
    end_s = checked_clock(annotation).extent.end
    timelines = annotation.label_timelines()
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", *_span(0.0, end_s)]
    lines += ["tiers? <exists>", f"size = {len(timelines)}", "item []:"]
    for number, (label, timeline) in enumerate(timelines.items(), start=1):
        if not label.strip():
            raise FormatError(
                f"the speaker {quoted(label)} stands for silence in a tier: rename it"
            )
        intervals = list(_fill_gaps(timeline, label, end_s))
        lines += [f"item [{number}]:", f'class = "{INTERVALS}"', f"name = {_quoted(label)}"]
        lines += [*_span(0.0, end_s), f"intervals: size = {len(intervals)}"]
        for place, (segment, text) in enumerate(intervals, start=1):
            lines += [f"intervals [{place}]:", *_span(segment.start, segment.end)]
            lines += [f"text = {_quoted(text)}"]
    return "\n".join(lines) + "\n"


def _span(start_s: float, end_s: float) -> tuple[str, str]:
    return f"xmin = {start_s:.6f}", f"xmax = {end_s:.6f}"


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _fill_gaps(
    timeline: Iterable[Segment], label: str, end_s: float
) -> Iterator[tuple[Segment, str]]:
    """Tile the whole duration: the speaker's segments, and empty intervals between them."""
    at = 0.0
    for segment in merge_overlapping(timeline):
        gap = Segment(at, segment.start)
        if gap:
            yield gap, ""
        yield Segment(segment.start if gap else at, segment.end), label
        at = segment.end
    if Segment(at, end_s):
        yield Segment(at, end_s), ""


def loads(text: str, source: str = "TextGrid") -> Annotation:
    """Parse one recording in Praat's long or short form.

    The speaker of a turn is the name of its tier.

    Parameters
    ----------
    text
        TextGrid. Intervals without text are silence; point tiers are ignored.
    source
        Name of the text in error messages.

    Raises
    ------
    FormatError
        If the text is not a TextGrid, or a tier is malformed.
    """
    tokens = _Tokens(text, source)
    if tokens.next("text") != "ooTextFile" or tokens.next("text") != "TextGrid":
        raise FormatError(f'{source} does not start with "ooTextFile" and "TextGrid": check it')
    tokens.span()
    if tokens.next("flag") == "absent":
        return annotation_from_rows(())
    turns = [turn for _ in range(tokens.count()) for turn in _tier(tokens)]
    return annotation_from_rows(sorted(turns, key=lambda turn: turn[0]))


def _tier(tokens: _Tokens) -> list[tuple[Segment, str]]:
    kind = tokens.next("text")
    if kind not in {INTERVALS, POINTS}:
        raise FormatError(
            f"{tokens.where()}: {quoted(kind)} is not a tier class: expected {INTERVALS}"
        )
    name = tokens.next("text")
    tokens.span()
    size = tokens.count()
    if kind == POINTS:
        for _ in range(size):
            tokens.next("number")
            tokens.next("text")
        return []
    intervals = [(tokens.span(), tokens.next("text")) for _ in range(size)]
    return [(segment, name) for segment, text in intervals if text.strip()]


class _Tokens:
    """Iterate over the texts, numbers and flags of a file."""

    KINDS = ("text", "number", "flag")

    def __init__(self, text: str, source: str) -> None:
        self._text, self._source = text, source
        self._at, self._counted, self._lines = 0, 0, 1
        self._found = (match for match in TOKEN.finditer(text) if match.lastindex)

    def where(self) -> str:
        """Return the source and the line read last, for error messages."""
        self._lines += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return f"{self._source}, line {self._lines}"

    def next(self, kind: str) -> str:
        """Return the next token, which must be of the given kind: text, number or flag."""
        match = next(self._found, None)
        if match is None:
            raise FormatError(
                f"{self._source} ends where a {kind} is expected: it is truncated, export it again"
            )
        self._at = match.start()
        if self.KINDS.index(kind) + 1 != match.lastindex:
            raise FormatError(
                f"{self.where()}: expected a {kind}, not {quoted(match[0], 40)}: correct it"
            )
        return match[match.lastindex].replace('""', '"')

    def count(self) -> int:
        """Return the next number, which must be a non-negative integer."""
        text = self.next("number")
        if not text.isdecimal() or len(text) > 9:
            raise FormatError(f"{self.where()}: {quoted(text)} is not a count: correct it")
        return int(text)

    def span(self) -> Segment:
        """Return the next two numbers as a segment."""
        start, end = self.next("number"), self.next("number")
        where = self.where()
        return checked_segment(seconds(start, "start", where), seconds(end, "end", where), where)
