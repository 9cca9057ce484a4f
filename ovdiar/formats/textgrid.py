"""Praat's TextGrid, a tier of intervals for each speaker (Praat manual, "TextGrid file formats").

A tier cannot hold two intervals at a time: where a speaker's own turns overlap, they become one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import seconds
from ovdiar.formats.tracks import apart, forward, from_zero, in_order
from ovdiar.segment import Segment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ovdiar.annotation import Annotation

INTERVALS, POINTS = "IntervalTier", "TextTier"

TOKEN = re.compile(
    r'"((?:[^"]|"")*)"'  # texts, quotes in them doubled
    r"|(?<!\S)([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?!\S)"  # numbers that stand alone
    r"|(?<!\S)<(exists|absent)>(?!\S)"
    r"|(?<!\S)![^\n]*"  # comments
)
"""What Praat reads of a file, long or short; all the rest is there for human eyes."""


def dumps(annotation: Annotation) -> str:
    """Serialize one recording in Praat's long form; intervals in which a speaker talks have a name.

    Raises
    ------
    FormatError
        When a turn starts before 0 s, or a speaker's name is blank, which stands for silence.
    """
    end_s = from_zero(annotation).extent.end
    labels = annotation.labels()
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", *_span(0.0, end_s)]
    lines += ["tiers? <exists>", f"size = {len(labels)}", "item []:"]
    for number, label in enumerate(labels, start=1):
        if not label.strip():
            raise FormatError(f"the speaker {label!r} would read as silence in a tier: rename it")
        intervals = list(_tiled(annotation.label_timeline(label), label, end_s))
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


def _tiled(timeline: Iterable[Segment], label: str, end_s: float) -> Iterator[tuple[Segment, str]]:
    """Fill the whole time: the speaker's segments, and empty intervals between them."""
    at = 0.0
    for segment in apart(timeline):
        gap = Segment(at, segment.start)
        if gap:
            yield gap, ""
        yield Segment(segment.start if gap else at, segment.end), label
        at = segment.end
    if Segment(at, end_s):
        yield Segment(at, end_s), ""


def loads(text: str, source: str = "TextGrid") -> Annotation:
    """Parse one recording, in Praat's long or short form: a speaker is the name of a tier.

    Intervals without a text are silence; tiers of points say nothing of who speaks. ``source``
    names the text in messages.

    Raises
    ------
    FormatError
        At what is no TextGrid, and at the first malformed tier.
    """
    tokens = _Tokens(text, source)
    if tokens.next("text") != "ooTextFile" or tokens.next("text") != "TextGrid":
        raise FormatError(f'{source} does not begin with "ooTextFile" and "TextGrid": check it')
    tokens.span()
    if tokens.next("flag") == "absent":
        return in_order(())
    turns = [turn for _ in range(tokens.count()) for turn in _tier(tokens)]
    return in_order(sorted(turns, key=lambda turn: turn[0]))


def _tier(tokens: _Tokens) -> list[tuple[Segment, str]]:
    kind = tokens.next("text")
    if kind not in {INTERVALS, POINTS}:
        raise FormatError(f"{tokens.where()}: {kind!r} is no kind of tier: expected {INTERVALS}")
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
    """The texts, numbers and flags of a file, one after another."""

    KINDS = ("text", "number", "flag")

    def __init__(self, text: str, source: str) -> None:
        self._text, self._source, self._at = text, source, 0
        self._found = (match for match in TOKEN.finditer(text) if match.lastindex)

    def where(self) -> str:
        """Say which line was read last."""
        return f"{self._source}, line {self._text.count(chr(10), 0, self._at) + 1}"

    def next(self, kind: str) -> str:
        """Return the next token, which must be a text, a number or a flag."""
        match = next(self._found, None)
        if match is None:
            raise FormatError(f"{self._source} ends where a {kind} is expected: it was cut off")
        self._at = match.start()
        if self.KINDS.index(kind) + 1 != match.lastindex:
            raise FormatError(
                f"{self.where()}: expected a {kind}, not {match[0][:40]!r}: correct it"
            )
        return match[match.lastindex].replace('""', '"')

    def count(self) -> int:
        """Return the next number, which must be whole."""
        text = self.next("number")
        if not text.isdecimal() or len(text) > 9:
            raise FormatError(f"{self.where()}: {text} is no number of things: correct it")
        return int(text)

    def span(self) -> Segment:
        """Return the next two numbers as a segment."""
        start, end = self.next("number"), self.next("number")
        where = self.where()
        return forward(seconds(start, "start", where), seconds(end, "end", where), where)
