"""STM, what was said by whom, for scoring (NIST SCTK): a line a turn, here without words.

Columns: recording, channel, speaker, start (s), end (s), then labels and words.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.columns import ABSENT, rows, seconds, word
from ovdiar.formats.tracks import forward, in_order

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation
    from ovdiar.segment import Segment

NOBODY = frozenset({"inter_segment_gap", "excluded_region"})
"""What stands for a speaker where there is none to score."""


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the millisecond; no turns give no text.

    Raises
    ------
    FormatError
        When the recording's or a speaker's name is empty or holds blanks.
    """
    uri = word(annotation.uri, "recording's name") if annotation.uri is not None else ABSENT
    return "".join(
        f"{uri} 1 {word(speaker, 'speaker')} {segment.start:.3f} {segment.end:.3f}\n"
        for segment, speaker in annotation
    )


def loads(text: str, source: str = "STM") -> dict[str, Annotation]:
    """Parse the recordings of one text, by name; words and labels are passed over.

    Rows of a recording without a name come under ``"<NA>"``, with ``uri`` None; ``source`` names
    the text in messages.

    Raises
    ------
    FormatError
        At the first malformed line, by its number.
    """
    found: dict[str, list[tuple[Segment, str]]] = {}
    for where, columns in rows(text, source):
        if len(columns) < 5:
            raise FormatError(
                f"{where}: {len(columns)} columns, where STM begins with 5: recording, channel, "
                "speaker, start, end"
            )
        uri, _, speaker, start, end, *_ = columns
        segment = forward(seconds(start, "start", where), seconds(end, "end", where), where)
        if speaker.lower() not in NOBODY:
            found.setdefault(uri, []).append((segment, speaker))
    return {
        uri: replace(in_order(turns), uri=None if uri == ABSENT else uri)
        for uri, turns in found.items()
    }
