"""Timed cues of SubRip and WebVTT: a line with start and end times, followed by lines of text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ovdiar.errors import FormatError
from ovdiar.formats.tracks import checked_non_negative, checked_segment

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
    """One cue of a subtitle file.

    Parameters
    ----------
    segment
        Start and end, in seconds.
    lines
        Lines of text.
    where
        File and block number, for error messages.
    identifier
        Line before the times, if any.
    settings
        Text after the times on their line, if any.
    """

    segment: Segment
    lines: list[str]
    where: str
    identifier: str = ""
    settings: str = ""


def format_timestamp(time_ms: int, mark: str) -> str:
    """Format a time as ``HH:MM:SS`` and milliseconds, separated by ``mark``."""
    seconds, milliseconds = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{milliseconds:03d}"


def cue_timings(annotation: Annotation, mark: str) -> Iterator[tuple[str, str]]:
    """Return the timing line and the speaker of each turn.

    Turns shorter than a millisecond after rounding are skipped.

    Raises
    ------
    FormatError
        If a turn starts before 0 s, which timestamps cannot express.
    """
    for segment, speaker in checked_non_negative(annotation):
        start_ms, end_ms = round(segment.start * 1000), round(segment.end * 1000)
        if start_ms < end_ms:
            yield (
                f"{format_timestamp(start_ms, mark)} {ARROW} {format_timestamp(end_ms, mark)}",
                speaker,
            )


def parse_cues(text: str, source: str) -> Iterator[Cue]:
    """Parse the cues of a text; other blocks, such as notes, are skipped."""
    return (block for block in parse_blocks(text, source) if isinstance(block, Cue))


def parse_blocks(text: str, source: str) -> Iterator[Cue | str]:
    """Parse the blocks between blank lines: cues, and unchanged text where there is no arrow."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, block in enumerate(filter(str.strip, BLANK_LINES.split(text)), start=1):
        lines = block.strip("\n").split("\n")
        timed = next((n for n, line in enumerate(lines[:2]) if ARROW in line), None)
        if timed is None:
            yield "\n".join(lines)
            continue
        where = f"{source}, block {number}"
        start, _, end = lines[timed].partition(ARROW)
        end, *settings = end.split(maxsplit=1) or [""]  # coordinates in SubRip, settings in WebVTT
        segment = checked_segment(_seconds(start, where), _seconds(end, where), where)
        yield Cue(segment, lines[timed + 1 :], where, "".join(lines[:timed]), "".join(settings))


def _seconds(text: str, where: str) -> float:
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        raise FormatError(
            f"{where}: {text.strip()!r} is not a time: expected hours:minutes:seconds"
        )
    hours, minutes, seconds, fraction = found.groups()
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return (1000 * whole + int(fraction.ljust(3, "0"))) / 1000


def cue_speakers(cue: Cue) -> list[str]:
    """Return the speakers of a cue: ``[NAME]`` or ``NAME:`` at the beginning of a line.

    Raises
    ------
    FormatError
        If no line names a speaker.
    """
    found = [BRACKETED.match(line) or BEFORE_COLON.match(line) for line in cue.lines]
    names = [match[1].strip() for match in found if match]
    if not any(names):
        raise FormatError(
            f"{cue.where}: {' '.join(cue.lines)!r} names no speaker: "
            "start its text with [NAME] or NAME:"
        )
    return [name for name in names if name]
