"""Timeline of speaker turns as SVG, one lane per speaker, for notebooks and reports.

The colours are Okabe and Ito's colour-blind safe palette (2008), without black and yellow, which
are invisible on one of the two backgrounds. Speakers of one colour differ in pattern, and lanes are
labelled.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ovdiar.segment import merge
from ovdiar.texts import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ovdiar.segment import Segment

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
PATTERNS = ("plain", "dots", "bars", "rungs", "grid")
"""Patterns over the colours: the first six speakers are plain, the next six dotted, and so on."""
MARKS = {
    "dots": "M2 2h2v2h-2z",
    "bars": "M2 0h1.5v6h-1.5z",
    "rungs": "M0 2h6v1.5h-6z",
    "grid": "M2 0h1v6h-1zM0 2h6v1h-6z",
}
"""What a pattern repeats, in a square of 6 by 6 pixels."""
WIDTH, GUTTER, LANE, AXIS = 800, 130, 22, 26
"""Width of the picture and of its labels, height of a lane and of the axis, in pixels."""
END = WIDTH - 10
"""Right end of the axis."""
TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
MAX_TICKS = 10


def look(place: int) -> tuple[str, str]:
    """Return the colour and the pattern of a speaker, given the place among all labels."""
    return COLOURS[place % len(COLOURS)], PATTERNS[place // len(COLOURS) % len(PATTERNS)]


def timeline_svg(timelines: Mapping[str, Sequence[Segment]], extent: Segment, title: str) -> str:
    """Draw the segments of each speaker.

    Segments less than half a pixel apart are merged.

    Parameters
    ----------
    timelines
        Segments by speaker.
    extent
        Segment to draw.
    title
        Title of the picture.
    """
    height = LANE * len(timelines) + AXIS
    name, turns = escape(title), sum(map(len, timelines.values()))
    scale = (END - GUTTER) / (extent.duration or 1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        f' width="{WIDTH}" style="max-width: 100%" role="img"',
        ' font-family="sans-serif" font-size="12" fill="currentColor">',
        f"<title>{name}: {counted(len(timelines), 'speaker')}, {counted(turns, 'turn')}</title>",
    ]
    if not timelines:
        parts.append(f'<text x="4" y="17">{name}: no speech</text>')
    used = {look(lane)[1] for lane in range(len(timelines))}
    parts += [_pattern(name) for name in PATTERNS if name in used and name in MARKS]
    for lane, (label, timeline) in enumerate(timelines.items()):
        colour, pattern = look(lane)
        middle = LANE * lane + LANE / 2
        short = label if len(label) <= 18 else label[:17] + "…"
        parts.append(f'<text x="4" y="{middle + 4:g}">{escape(short)}</text>')
        marks = []
        for turn in merge(timeline, collar=0.5 / scale):
            left, width = GUTTER + (turn.start - extent.start) * scale, turn.duration * scale
            parts.append(
                f'<rect x="{left:.1f}" y="{middle - 7:g}" width="{width:.1f}" '
                f'height="14" fill="{colour}">'
                f"<title>{escape(label)} {turn}</title></rect>"
            )
            marks.append(f"M{left:.1f} {middle - 7:g}h{width:.1f}v14h-{width:.1f}z")
        if pattern in MARKS:
            over = f'fill="url(#ovdiar-{pattern})" pointer-events="none"'
            parts.append(f'<path d="{"".join(marks)}" {over}/>')
    if timelines:
        top = LANE * len(timelines)
        parts.append(f'<path d="M{GUTTER} {top}H{END}" stroke="currentColor"/>')
        for time_s, text in ticks(extent):
            x = GUTTER + (time_s - extent.start) * scale
            parts.append(f'<path d="M{x:.1f} {top}v5" stroke="currentColor"/>')
            parts.append(f'<text x="{x:.1f}" y="{top + 18}" text-anchor="middle">{text}</text>')
    return "".join([*parts, "</svg>"])


def _pattern(name: str) -> str:
    return (
        f'<pattern id="ovdiar-{name}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<path d="{MARKS[name]}" fill="#fff"/></pattern>'
    )


def ticks(extent: Segment) -> Iterator[tuple[float, str]]:
    """Return round times within an extent (s), with their labels."""
    fitting = (step for step in TICKS_S if extent.duration / step <= MAX_TICKS)
    step = next(fitting, 3600 * -(-extent.duration // (3600 * MAX_TICKS)))
    first = int(-(-extent.start // step))
    for index in range(first, int(extent.end // step) + 1):
        yield index * step, format_time(index * step, fine=step < 1)


def format_time(time_s: float, *, fine: bool) -> str:
    """Format a time as ``M:SS`` or ``H:MM:SS``, with tenths of a second if ``fine``."""
    sign = "-" if time_s < 0 else ""
    minutes, seconds = divmod(round(abs(time_s), 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    tail = f"{seconds:04.1f}" if fine else f"{int(seconds):02d}"
    return f"{sign}{hours}:{minutes:02d}:{tail}" if hours else f"{sign}{minutes}:{tail}"
