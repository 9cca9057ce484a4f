"""Timeline of speaker turns as SVG, one lane per speaker, for notebooks and reports.

The colours are Okabe and Ito's colour-blind safe palette (2008), without black and yellow, which
are invisible on one of the two backgrounds. Lanes are labelled as well.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ovdiar.segment import merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ovdiar.segment import Segment

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
WIDTH, GUTTER, LANE, AXIS = 800, 130, 22, 26
"""Width of the picture and of its labels, height of a lane and of the axis, in pixels."""
TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600)
MAX_TICKS = 10


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
    scale = (WIDTH - GUTTER - 10) / (extent.duration or 1.0)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        f' width="{WIDTH}" style="max-width: 100%" role="img"',
        ' font-family="sans-serif" font-size="12" fill="currentColor">',
        f"<title>{name}: {len(timelines)} speakers, {turns} turns</title>",
    ]
    if not timelines:
        parts.append(f'<text x="4" y="17">{name}: no speech</text>')
    for lane, (label, timeline) in enumerate(timelines.items()):
        middle = LANE * lane + LANE / 2
        short = label if len(label) <= 18 else label[:17] + "…"
        parts.append(f'<text x="4" y="{middle + 4:g}">{escape(short)}</text>')
        for turn in merge(timeline, collar=0.5 / scale):
            left = GUTTER + (turn.start - extent.start) * scale
            parts.append(
                f'<rect x="{left:.1f}" y="{middle - 7:g}" width="{turn.duration * scale:.1f}" '
                f'height="14" fill="{COLOURS[lane % len(COLOURS)]}">'
                f"<title>{escape(label)} {turn}</title></rect>"
            )
    if timelines:
        top = LANE * len(timelines)
        parts.append(f'<path d="M{GUTTER} {top}H{WIDTH - 10}" stroke="currentColor"/>')
        for time_s, text in ticks(extent):
            x = GUTTER + (time_s - extent.start) * scale
            parts.append(f'<path d="M{x:.1f} {top}v5" stroke="currentColor"/>')
            parts.append(f'<text x="{x:.1f}" y="{top + 18}" text-anchor="middle">{text}</text>')
    return "".join([*parts, "</svg>"])


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
