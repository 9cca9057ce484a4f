"""SubRip subtitles: one numbered cue per turn, with the text ``[SPEAKER_00]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.cues import BRACKETED, cue_speakers, cue_timings, subrip_cues
from ovdiar.formats.tracks import annotation_from_rows
from ovdiar.texts import quoted

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the millisecond. Without turns, the text is empty.

    Raises
    ------
    FormatError
        If a speaker's name has brackets or line breaks, or a turn starts before 0 s.
    """
    return "\n".join(
        f"{number}\n{times}\n{bracketed(speaker)}\n"
        for number, (times, speaker) in enumerate(cue_timings(annotation, ","), start=1)
    )


def bracketed(speaker: str) -> str:
    """Return a speaker's name as written in a subtitle, ``[NAME]``, or raise FormatError."""
    text = f"[{speaker}]"
    if not BRACKETED.fullmatch(text) or speaker.strip().splitlines() != [speaker]:
        raise FormatError(
            f"the speaker {quoted(speaker)} cannot be written in a subtitle (it is empty, or has "
            "outer spaces, brackets or line breaks): rename it"
        )
    return text


def loads(text: str, source: str = "SRT") -> Annotation:
    """Parse the cues of one recording.

    Parameters
    ----------
    text
        Cues that all name their speakers as ``[NAME]``, or all as ``NAME:``.
    source
        Name of the text in error messages.

    Raises
    ------
    FormatError
        If there are no cues, or a cue has no time or no speaker.
    """
    cues = subrip_cues(text, source)
    return annotation_from_rows(
        (cue.segment, name)
        for cue, names in zip(cues, cue_speakers(cues), strict=True)
        for name in names
    )
