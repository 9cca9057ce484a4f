"""What a notebook shows of turns: a timeline, and a table of the first turns."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ovdiar.timeline_svg import timeline_svg

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation, Turn

MOST_ROWS = 20
"""Turns that are listed; the timeline has all."""


def to_svg(annotation: Annotation) -> str:
    """Draw the timeline."""
    return timeline_svg(annotation.label_timelines(), annotation.extent, annotation.uri or "turns")


def to_html(annotation: Annotation, remarks: Iterable[str] = ()) -> str:
    """Return the timeline, lines of text below it, and a table that can be opened."""
    parts = [to_svg(annotation), *(f"<p>{escape(remark)}</p>" for remark in remarks)]
    if annotation.turns:
        shown, more = annotation.turns[:MOST_ROWS], len(annotation) - MOST_ROWS
        heads = ("start (s)", "end (s)", "speaker", "confidence")
        parts += [
            f"<details><summary>{len(annotation)} turns</summary><table><thead><tr>",
            *(f"<th>{head}</th>" for head in heads),
            "</tr></thead><tbody>",
            *map(_row, shown),
            "</tbody></table>",
            f"<p>and {more} more</p>" if more > 0 else "",
            "</details>",
        ]
    return f"<div>{''.join(parts)}</div>"


def _row(turn: Turn) -> str:
    sure = "" if turn.confidence is None else f"{turn.confidence:.2f}"
    cells = (f"{turn.segment.start:.3f}", f"{turn.segment.end:.3f}", escape(turn.speaker), sure)
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
