"""SubRip subtitles: a numbered cue a turn, which shows ``[SPEAKER_00]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.cues import BRACKETED, cues, spans, speakers
from ovdiar.formats.tracks import in_order

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the millisecond; no turns give no text.

    Raises
    ------
    FormatError
        When a speaker's name holds brackets or line breaks, or a turn starts before 0 s.
    """
    return "\n".join(
        f"{number}\n{times}\n{shown(speaker)}\n"
        for number, (times, speaker) in enumerate(spans(annotation, ","), start=1)
    )


def shown(speaker: str) -> str:
    """Return a speaker's name as it stands in a subtitle, ``[NAME]``, or raise FormatError."""
    text = f"[{speaker}]"
    if not BRACKETED.fullmatch(text) or speaker.strip().splitlines() != [speaker]:
        raise FormatError(
            f"the speaker {speaker!r} does not fit into a subtitle (it is empty, has blanks at its "
            "ends, or holds brackets or line breaks): rename it"
        )
    return text


def loads(text: str, source: str = "SRT") -> Annotation:
    """Parse the cues of one recording, each with its speakers; ``source`` names the text.

    Raises
    ------
    FormatError
        At the first cue without a time or without a speaker, ``[NAME]`` or ``NAME:``.
    """
    found = list(cues(text, source))
    if text.strip() and not found:
        raise FormatError(f"{source} holds no subtitles: expected lines of times with -->")
    return in_order((cue.segment, name) for cue in found for name in speakers(cue))
