"""What a notebook shows of turns: a timeline, a table of turns, and a player with their audio."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ovdiar.texts import counted
from ovdiar.timeline_svg import END, GUTTER, WIDTH, timeline_svg

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation, Turn

MOST_ROWS = 20
"""Turns that are listed without their audio; the timeline has all."""
HEADS = ("start (s)", "end (s)", "speaker", "confidence")

CLICK = """
const button = event.target.closest('button[value]'), svg = event.target.closest('svg');
if (!button && !svg) return;
const sound = this.querySelector('audio');
if (button) [sound.from, sound.until] = button.value.split(' ').map(Number);
else {
  const box = svg.getBoundingClientRect(), [left, right, start, end] = this.dataset.axis.split(' ');
  const share = ((event.clientX - box.left) / box.width - left) / (right - left);
  if (share < 0) return;
  [sound.from, sound.until] = [+start + share * (end - start), Infinity];
}
sound.currentTime = sound.from;
sound.play();
"""
"""Handler of clicks: a turn's button plays the turn, the timeline plays from there on."""
PLAY = """
const sound = this, follow = () => {
  if (sound.paused) return;
  if (sound.currentTime >= sound.until) {
    if (sound.currentTime < sound.until + 1) sound.pause();
    sound.until = Infinity;
  }
  requestAnimationFrame(follow);
};
follow();
"""
"""Handler of the player: playback stops at the end of the turn, unless it was moved elsewhere."""


def to_svg(annotation: Annotation) -> str:
    """Draw the timeline."""
    return timeline_svg(annotation.label_timelines(), annotation.extent, annotation.uri or "turns")


def to_html(annotation: Annotation, remarks: Iterable[str] = ()) -> str:
    """Return the timeline, lines of text below it, and a table that can be opened."""
    parts = [to_svg(annotation), *(f"<p>{escape(remark)}</p>" for remark in remarks)]
    if annotation.turns:
        shown, more = annotation.turns[:MOST_ROWS], len(annotation) - MOST_ROWS
        parts += [
            f"<details><summary>{counted(len(annotation), 'turn')}</summary>",
            _table(HEADS, (_cells(turn) for turn in shown)),
            f"<p>and {more} more</p>" if more > 0 else "",
            "</details>",
        ]
    return f"<div>{''.join(parts)}</div>"


def to_player(annotation: Annotation, address: str) -> str:
    """Return the timeline, a player, and a table in which each turn has a button that plays it.

    Parameters
    ----------
    annotation
        Turns of the recording.
    address
        URL of the audio.
    """
    extent = annotation.extent
    axis = f"{GUTTER / WIDTH} {END / WIDTH} {extent.start} {extent.end}"
    rows = ((_button(turn), *_cells(turn)) for turn in annotation.turns)
    return "".join(
        [
            f'<div data-axis="{axis}" onclick="{escape(CLICK)}">{to_svg(annotation)}',
            f'<audio controls="" preload="auto" style="width: 100%" src="{escape(address)}" ',
            f'onplay="{escape(PLAY)}"></audio>',
            '<div style="max-height: 24em; overflow-y: auto">',
            _table(("", *HEADS), rows) if annotation.turns else "",
            "</div></div>",
        ]
    )


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    parts = ["<table><thead><tr>", *(f"<th>{head}</th>" for head in heads), "</tr></thead><tbody>"]
    parts += (f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return "".join([*parts, "</tbody></table>"])


def _cells(turn: Turn) -> tuple[str, ...]:
    sure = "" if turn.confidence is None else f"{turn.confidence:.2f}"
    return (f"{turn.segment.start:.3f}", f"{turn.segment.end:.3f}", escape(turn.speaker), sure)


def _button(turn: Turn) -> str:
    start, end = turn.segment.start, turn.segment.end
    name = escape(f"Play {turn.speaker} at {start:.1f} s")
    return f'<button value="{start} {end}" aria-label="{name}" title="{name}">&#9654;</button>'
