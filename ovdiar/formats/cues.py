"""Timed cues, what SubRip and WebVTT share: a line of two clock times, then lines of text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ovdiar.errors import FormatError
from ovdiar.formats.tracks import forward, from_zero

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

ARROW = "-->"
CLOCK = re.compile(r"(?:(\d{1,6}):)?([0-5]?\d):([0-5]?\d)[.,](\d{1,3})")
BLANK_LINES = re.compile(r"\n[ \t]*\n")
BRACKETED = re.compile(r"\s*\[([^\[\]]+)\]")
BEFORE_COLON = re.compile(r"\s*(?:-\s*)?([^:<>]{1,60}):(?:\s|$)")


class Cue(NamedTuple):
    """A segment, its lines of text, and where it stands for messages.

    ``identifier`` is the line before its times, ``settings`` what stands behind them.
    """

    segment: Segment
    lines: list[str]
    where: str
    identifier: str = ""
    settings: str = ""


def clock(time_ms: int, mark: str) -> str:
    """Write a time as hours, minutes, seconds and, after ``mark``, milliseconds."""
    seconds, milliseconds = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{milliseconds:03d}"


def spans(annotation: Annotation, mark: str) -> Iterator[tuple[str, str]]:
    """Give each turn's line of times and its speaker; what rounds to no millisecond is left out.

    Raises
    ------
    FormatError
        When a turn starts before 0 s, which no clock shows.
    """
    for segment, speaker in from_zero(annotation):
        start_ms, end_ms = round(segment.start * 1000), round(segment.end * 1000)
        if start_ms < end_ms:
            yield f"{clock(start_ms, mark)} {ARROW} {clock(end_ms, mark)}", speaker


def cues(text: str, source: str) -> Iterator[Cue]:
    """Parse the blocks of lines that hold an arrow; numbers and notes are passed over."""
    return (block for block in blocks(text, source) if isinstance(block, Cue))


def blocks(text: str, source: str) -> Iterator[Cue | str]:
    """Parse the blocks between blank lines: cues, and as they are those that hold no arrow."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, block in enumerate(filter(str.strip, BLANK_LINES.split(text)), start=1):
        lines = block.strip("\n").split("\n")
        timed = next((n for n, line in enumerate(lines[:2]) if ARROW in line), None)
        if timed is None:
            yield "\n".join(lines)
            continue
        where = f"{source}, block {number}"
        start, _, end = lines[timed].partition(ARROW)
        end, *settings = end.split(maxsplit=1) or [""]  # SubRip has coordinates there
        segment = forward(_seconds(start, where), _seconds(end, where), where)
        yield Cue(segment, lines[timed + 1 :], where, "".join(lines[:timed]), "".join(settings))


def _seconds(text: str, where: str) -> float:
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        raise FormatError(f"{where}: {text.strip()!r} is no time: expected hours:minutes:seconds")
    hours, minutes, seconds, fraction = found.groups()
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return (1000 * whole + int(fraction.ljust(3, "0"))) / 1000


def speakers(cue: Cue) -> list[str]:
    """Name who speaks: ``[NAME]`` or ``NAME:`` at the beginning of any line.

    Raises
    ------
    FormatError
        When no line names anybody.
    """
    found = [BRACKETED.match(line) or BEFORE_COLON.match(line) for line in cue.lines]
    names = [match[1].strip() for match in found if match]
    if not any(names):
        raise FormatError(
            f"{cue.where}: {' '.join(cue.lines)!r} names no speaker: "
            "begin its text with [NAME] or NAME:"
        )
    return [name for name in names if name]
