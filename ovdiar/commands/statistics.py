"""``--stats``: a table of who spoke how much."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from ovdiar.annotation import Annotation

HEAD = ("speaker", "speech", "share", "turns", "overlap")


def add_statistics(parser: argparse.ArgumentParser) -> None:
    """Add ``--stats``."""
    parser.add_argument(
        "--stats",
        action="store_true",
        help="also list on stderr who spoke how much: seconds, share, turns, overlapped seconds",
    )


def print_statistics(annotation: Annotation) -> None:
    """Print the table on standard error."""
    sys.stderr.write(statistics(annotation))


def statistics(annotation: Annotation) -> str:
    """Return a table of the speakers and of all together.

    Overlapped speech counts for each of its speakers, and once in the last line.
    """
    from ovdiar.segment import intersect, total_duration
    from ovdiar.serialization import speaker_totals

    overlap, timelines = annotation.get_overlap(), annotation.label_timelines()
    rows = [
        (
            each["speaker"],
            f"{each['talk_s']:.1f} s",
            f"{each['share']:.1%}",
            f"{each['turns']}",
            f"{total_duration(intersect(timelines[each['speaker']], overlap)):.1f} s",
        )
        for each in speaker_totals(annotation)
    ]
    everybody_s = total_duration(annotation.get_timeline())
    overlapped_s = total_duration(overlap)
    last = ("all", f"{everybody_s:.1f} s", "", f"{len(annotation)}", f"{overlapped_s:.1f} s")
    return table(HEAD, [*rows, last])


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Align columns with spaces."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        + "\n"
        for line in lines
    )
