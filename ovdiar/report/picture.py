"""Timeline of the turns as PNG or SVG, drawn by matplotlib (extra ``report``)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ovdiar.errors import MissingPackageError
from ovdiar.files import make_folder_of, write_bytes
from ovdiar.report.comparison import KINDS, compare
from ovdiar.report.content import LOW_CONFIDENCE
from ovdiar.segment import Segment, merge
from ovdiar.timeline_svg import look, ticks

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator

    from ovdiar.annotation import Annotation, Turn

WIDTH_IN, LEFT_IN, RIGHT_IN = 10.0, 1.45, 0.2
"""Width of the picture, of the labels on the left, and of the right margin, in inches."""
TOP_IN, BOTTOM_IN = 0.42, 0.36
"""Heights of the title and of the axis, in inches."""
LANE_IN, LOW_LANE_IN = 0.36, 0.2
"""Height of a speaker's lane, and of a lane of marks or of the reference, in inches."""
DOTS_PER_INCH = 150
FINEST = 4000
"""Turns and gaps shorter than this fraction of the duration are not visible."""
LONGEST_NAME = 18
INK, SOFT, RULE, WRONG = "#161b22", "#59626f", "#e1e5ea", "#b3261e"
SUFFIXES = (".png", ".svg")
SLANTED = "//////"
HATCHES = {"dots": "..", "bars": "|||", "rungs": "---", "grid": "+++"}
"""matplotlib's hatches for the patterns of `ovdiar.timeline_svg`."""


class Bars(NamedTuple):
    """Segments with one style; the height is a fraction of their lane."""

    segments: Iterable[Segment]
    height: float
    style: dict[str, Any]


class Lane(NamedTuple):
    """One row: label, height in inches, and bars."""

    name: str
    height_in: float
    bars: list[Bars]


def require_matplotlib(path: str | os.PathLike[str]) -> Any:
    """Import matplotlib.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415 - only needed to draw
    except ImportError:
        raise MissingPackageError(
            f"drawing {Path(path).name!r} needs matplotlib: pip install matplotlib (ovdiar's "
            "extra report), or write an .html file"
        ) from None
    return mpl


def write_picture(
    path: str | os.PathLike[str],
    annotation: Annotation,
    *,
    duration_s: float | None = None,
    title: str | None = None,
    reference: Annotation | None = None,
) -> None:
    """Draw a timeline with one lane per speaker.

    Speakers of one colour differ in pattern. Turns of low confidence are narrower and hatched, and
    overlap is marked above. Turns of a reference are outlined below the speaker they are mapped to,
    with errors at the bottom.

    Parameters
    ----------
    path
        File to write, with the suffix ``.png`` or ``.svg``.
    annotation
        Turns to draw.
    duration_s
        Duration of the recording, in seconds. By default, the end of the last turn.
    title
        Title. By default, the name of the recording.
    reference
        Reference turns.

    Raises
    ------
    MissingPackageError
        If matplotlib is not installed.
    OutputError
        If the picture cannot be written.
    """
    mpl = require_matplotlib(path)
    kind = Path(path).suffix[1:].lower()
    extent = annotation.extent | (Segment(0, 0) if reference is None else reference.extent)
    extent = Segment(min(0.0, extent.start), max(duration_s or 0.0, extent.end, 0.1))
    lanes = list(_lanes(annotation, reference))
    buffer = io.BytesIO()
    style = {"svg.hashsalt": "ovdiar", "hatch.linewidth": 0.7, "font.size": 9}
    with mpl.rc_context(style):
        figure = _draw(lanes, extent, title or annotation.uri or "")
        fixed = {"Date": None} if kind == "svg" else {}
        figure.savefig(buffer, format=kind, dpi=DOTS_PER_INCH, metadata=fixed)
    make_folder_of(path)
    write_bytes(path, buffer.getvalue())


def _lanes(annotation: Annotation, reference: Annotation | None) -> Iterator[Lane]:
    """Return the lanes from top to bottom."""
    comparison = None if reference is None else compare(reference, annotation)
    partners = {} if comparison is None else comparison.names
    reference_labels = [] if reference is None else reference.labels()
    if overlap := annotation.get_overlap():
        yield Lane("Overlap", LOW_LANE_IN, [Bars(overlap, 0.6, _hatched("none", INK, SLANTED))])
    for place, label in enumerate(annotation.labels()):
        colour, pattern = look(place)
        marks = HATCHES.get(pattern, "")
        turns = [turn for turn in annotation.turns if turn.speaker == label]
        confident = [turn.segment for turn in turns if not _is_low(turn)]
        uncertain = [turn.segment for turn in turns if _is_low(turn)]
        filled = {"facecolor": colour, "edgecolor": INK, "linewidth": 0.4}
        bars = [Bars(confident, 0.76, filled)]
        if marks:
            bars.append(Bars(confident, 0.76, _hatched("none", "white", marks)))
        bars.append(Bars(uncertain, 0.46, _hatched(colour, "white", marks + SLANTED)))
        yield Lane(label, LANE_IN, bars)
        if reference is not None and label in partners:
            yield _outlined(reference, partners[label], colour)
    for name in reference_labels:
        if reference is not None and name not in partners.values():
            yield _outlined(reference, name, SOFT)
    if comparison is not None:
        for kind in KINDS:
            bars = [Bars(comparison.regions[kind], 0.6, {"facecolor": WRONG})]
            yield Lane({"miss": "missed"}.get(kind, kind).capitalize(), LOW_LANE_IN, bars)


def _is_low(turn: Turn) -> bool:
    return turn.confidence is not None and turn.confidence < LOW_CONFIDENCE


def _hatched(colour: str, lines: str, hatch: str) -> dict[str, Any]:
    return {"facecolor": colour, "edgecolor": lines, "hatch": hatch, "linewidth": 0}


def _outlined(reference: Annotation, name: str, colour: str) -> Lane:
    style = {"facecolor": f"{colour}40", "edgecolor": colour, "linewidth": 0.8}
    return Lane(f"ref. {name}", LOW_LANE_IN, [Bars(reference.label_timeline(name), 0.66, style)])


def _draw(lanes: list[Lane], extent: Segment, title: str) -> Any:
    """Draw the lanes below each other; y is the distance in inches from the first lane's top."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - only needed to draw

    inner_in = sum(lane.height_in for lane in lanes) or LANE_IN
    height_in = TOP_IN + inner_in + BOTTOM_IN
    figure = Figure(figsize=(WIDTH_IN, height_in), facecolor="white")
    width = (WIDTH_IN - LEFT_IN - RIGHT_IN) / WIDTH_IN
    box = (LEFT_IN / WIDTH_IN, BOTTOM_IN / height_in, width, inner_in / height_in)
    axes = figure.add_axes(box, xlim=(extent.start, extent.end), ylim=(inner_in, 0))
    top = 0.0
    for lane in lanes:
        middle = top + lane.height_in / 2
        axes.axhline(top, color=RULE, linewidth=0.6, zorder=0)
        named = lane.height_in == LANE_IN
        words = {"color": INK, "fontweight": "bold"} if named else {"color": SOFT, "fontsize": 8}
        text = figure.text(0.015, 0, _label_text(lane.name), va="center", **words)
        text.set_y(1 - (TOP_IN + middle) / height_in)
        for bars in lane.bars:
            height = bars.height * lane.height_in
            spans = [
                (segment.start, segment.duration)
                for segment in merge(bars.segments, extent.duration / FINEST)
            ]
            axes.broken_barh(spans, (middle - height / 2, height), **bars.style)
        top += lane.height_in
    if not lanes:
        axes.text(0.5, 0.5, "no speech", transform=axes.transAxes, ha="center", va="center")
    marks = list(ticks(extent))
    axes.set_xticks([time_s for time_s, _ in marks], [text for _, text in marks])
    axes.set_yticks([])
    axes.tick_params(colors=SOFT, length=3)
    axes.grid(axis="x", color=RULE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    figure.text(
        0.015, 1 - 0.2 / height_in, _label_text(title, 90), va="center", color=INK, fontsize=11
    )
    return figure


def _label_text(text: str, limit: int = LONGEST_NAME) -> str:
    """Shorten a label, and escape dollar signs, which matplotlib would parse as formulas."""
    text = "".join(character if character.isprintable() else "?" for character in text)
    return (text if len(text) <= limit else text[: limit - 1] + "…").replace("$", r"\$")
