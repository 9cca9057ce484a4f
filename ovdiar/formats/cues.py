"""Timed cues of SubRip and WebVTT: a line with start and end times, followed by lines of text.

Text belongs to a cue as players show it. In SubRip, a cue extends to the number or the times of the
next one, whatever empty lines there are. In WebVTT (W3C, WebVTT, "collect a WebVTT block"), it ends
at the first line without any character, or before a line with an arrow.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ovdiar.errors import FormatError
from ovdiar.formats.tracks import checked_clock, checked_segment
from ovdiar.texts import quoted, split_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

ARROW = "-->"
CLOCK = re.compile(r"(?:(\d{1,6}):)?([0-5]?\d):([0-5]?\d)(?:[.,](\d{1,9}))?")
TIMES = re.compile(r"\s*[\d:.,]+\s*-->\s*\d")
"""What looks like the times of a cue wherever it stands."""
NUMBER = re.compile(r"\s*\d+\s*")


class Cue(NamedTuple):
    """One cue of a subtitle file.

    Parameters
    ----------
    segment
        Start and end, in seconds.
    lines
        Lines of text that are not blank.
    where
        File and line of the times, for error messages.
    identifier
        Line before the times, if any; WebVTT only.
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
        If a turn starts before 0 s or ends after `ovdiar.formats.columns.LATEST_S`.
    """
    for segment, speaker in checked_clock(annotation):
        start_ms, end_ms = round(segment.start * 1000), round(segment.end * 1000)
        if start_ms < end_ms:
            yield (
                f"{format_timestamp(start_ms, mark)} {ARROW} {format_timestamp(end_ms, mark)}",
                speaker,
            )


def subrip_cues(text: str, source: str) -> list[Cue]:
    """Parse the cues of SubRip; text before the first one is skipped.

    Raises
    ------
    FormatError
        If there is text and no cue, or a cue has no valid times.
    """
    lines = split_lines(text)
    places = [n for n, line in enumerate(lines) if ARROW in line and _is_timing(lines, n)]
    if not places:
        if text.strip():
            raise FormatError(f"{source} has no subtitles: expected lines of times with {ARROW}")
        return []
    numbered = _without_number(lines[: places[0]]) != _not_blank(lines[: places[0]])
    cues = []
    for place, after in zip(places, [*places[1:], len(lines)], strict=True):
        spoken = lines[place + 1 : after]
        followed = after < len(lines)
        kept = _without_number(spoken) if numbered and followed else _not_blank(spoken)
        cues.append(_cue(lines[place], kept, f"{source}, line {place + 1}"))
    return cues


def _is_timing(lines: list[str], place: int) -> bool:
    """Return whether a line with an arrow starts a cue: it looks so, or stands where one starts."""
    if TIMES.match(lines[place]):
        return True
    before = lines[max(place - 2, 0) : place]
    if before and NUMBER.fullmatch(before[-1]):
        before.pop()
        return not before or not before[-1].strip()
    return not before or not before[-1].strip()


def _not_blank(lines: list[str]) -> list[str]:
    return [line for line in lines if line.strip()]


def _without_number(lines: list[str]) -> list[str]:
    """Drop blank lines, and the number of the next cue, which is the last line."""
    kept = _not_blank(lines)
    return kept[:-1] if kept and NUMBER.fullmatch(kept[-1]) else kept


def webvtt_blocks(text: str, source: str) -> Iterator[Cue | str]:
    """Parse the blocks of WebVTT: cues, and unchanged text where there is no arrow.

    Raises
    ------
    FormatError
        If a cue has no valid times.
    """
    lines = split_lines(text)
    start = 0
    timed: int | None = None
    for place, line in enumerate([*lines, ""]):
        arrow = ARROW in line
        if arrow and timed is None and 0 <= place - start <= 1 and start > 0:
            timed = place
        elif arrow or not line:
            if start < place:
                yield _block(lines, (start, place), timed, source)
            start, timed = (place, place) if arrow else (place + 1, None)


def _block(lines: list[str], span: tuple[int, int], timed: int | None, source: str) -> Cue | str:
    start, end = span
    if timed is None:
        return "\n".join(lines[start:end])
    identifier = "".join(lines[start:timed])
    kept = _not_blank(lines[timed + 1 : end])
    return _cue(lines[timed], kept, f"{source}, line {timed + 1}", identifier)


def _cue(times: str, lines: list[str], where: str, identifier: str = "") -> Cue:
    start, _, end = times.partition(ARROW)
    end, *settings = end.split(maxsplit=1) or [""]  # coordinates in SubRip, settings in WebVTT
    segment = checked_segment(_seconds(start, where), _seconds(end, where), where)
    return Cue(segment, lines, where, identifier, "".join(settings))


def _seconds(text: str, where: str) -> float:
    found = CLOCK.fullmatch(text.strip())
    if found is None:
        raise FormatError(
            f"{where}: {quoted(text.strip())} is not a time: expected hours:minutes:seconds"
        )
    hours, minutes, seconds, fraction = found.groups("0")
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    parts = 10 ** len(fraction)
    return float((parts * whole + int(fraction)) / parts)


class Convention(NamedTuple):
    """A way in which every cue of a file names its speaker, at the beginning of its first line."""

    pattern: re.Pattern[str]
    speakers: frozenset[str]

    def name(self, line: str, *, first: bool) -> re.Match[str] | None:
        """Return the match where a line names a speaker.

        A later line of a cue does if it begins with a dash, or if its name also begins a cue.
        """
        found = self.pattern.match(line)
        dashed = line.lstrip().startswith("-")
        return found if found and (first or dashed or found[1].strip() in self.speakers) else None

    def without_name(self, line: str, *, first: bool) -> str:
        """Return a line without the name of its speaker, if it has one."""
        found = self.name(line, first=first)
        return line[found.end() :].lstrip() if found else line


BRACKETED = re.compile(r"\s*(?:-\s*)?\[([^\[\]]+)\]:?")
BEFORE_COLON = re.compile(r"\s*(?:-\s*)?\[?([^:<>\[\]]{1,60})\]?:(?:\s|$)")


def convention(
    cues: Sequence[Cue], patterns: Sequence[re.Pattern[str]] = (BRACKETED, BEFORE_COLON)
) -> Convention | None:
    """Return the first convention that every cue has, or None: ``[NAME]`` or ``NAME:``."""
    for pattern in patterns:
        found = [pattern.match(cue.lines[0]) if cue.lines else None for cue in cues]
        names = [match[1].strip() for match in found if match]
        if names and len(names) == len(cues) and all(names):
            return Convention(pattern, frozenset(names))
    return None


def cue_speakers(cues: Sequence[Cue]) -> list[list[str]]:
    """Return the speakers of each cue, by the `convention` of the file.

    Raises
    ------
    FormatError
        If no convention names a speaker in every cue.
    """
    if not cues:
        return []
    known = convention(cues)
    if known is None:
        nameless = next((cue for cue in cues if convention([cue]) is None), cues[0])
        raise FormatError(
            f"{nameless.where}: {quoted(' '.join(nameless.lines))} names no speaker: start every "
            "cue with [NAME], or every cue with NAME:"
        )
    return [
        list(
            dict.fromkeys(
                match[1].strip()
                for place, line in enumerate(cue.lines)
                if (match := known.name(line, first=not place))
            )
        )
        for cue in cues
    ]


def without_names(cues: Sequence[Cue]) -> list[Cue]:
    """Return cues without the ``[NAME]`` of their speakers, where every cue with text has one.

    ``NAME:`` stays, since words before a colon are also spoken.
    """
    known = convention([cue for cue in cues if cue.lines], (BRACKETED,))
    if known is None:
        return list(cues)
    return [
        cue._replace(
            lines=[known.without_name(line, first=not n) for n, line in enumerate(cue.lines)]
        )
        for cue in cues
    ]
