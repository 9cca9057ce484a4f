"""WebVTT captions (W3C, WebVTT): one cue per turn, in the voice ``<v SPEAKER_00>``."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.cues import Cue, cue_speakers, cue_timings, webvtt_blocks
from ovdiar.formats.tracks import annotation_from_rows
from ovdiar.texts import quoted

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation

SIGNATURE = "WEBVTT"
VOICE = re.compile(r"<v(?:\.[^\s<>]*)?\s([^<>]+)>")


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the millisecond. The text of a cue is the speaker's name.

    Raises
    ------
    FormatError
        If a speaker's name is blank or has line breaks, or a turn starts before 0 s.
    """
    blocks = [f"{SIGNATURE}\n"]
    for times, speaker in cue_timings(annotation, "."):
        name = escaped_name(speaker)
        blocks.append(f"{times}\n<v {name}>{name}\n")
    return "\n".join(blocks)


def escaped_name(speaker: str) -> str:
    """Return a speaker's name as written in a caption, or raise FormatError."""
    if " ".join(speaker.split()) != speaker or not speaker:
        raise FormatError(
            f"the speaker {quoted(speaker)} cannot be written in a caption (it is empty, or has "
            "outer or repeated spaces or line breaks): rename it"
        )
    return html.escape(speaker, quote=False)


def loads(text: str, source: str = "WebVTT") -> Annotation:
    """Parse the cues of one recording.

    Parameters
    ----------
    text
        Captions that name their speakers in voice tags, ``<v NAME>``. Those without a voice must
        all name theirs as ``[NAME]``, or all as ``NAME:``.
    source
        Name of the text in error messages.

    Raises
    ------
    FormatError
        If the text does not start with WEBVTT, or a cue has no time or no speaker.
    """
    if not text.startswith(SIGNATURE):
        raise FormatError(f"{source} does not start with {SIGNATURE}: give a WebVTT file")
    cues = [block for block in webvtt_blocks(text, source) if isinstance(block, Cue)]
    voices = [_voices(cue) for cue in cues]
    others = iter(cue_speakers([cue for cue, found in zip(cues, voices, strict=True) if not found]))
    return annotation_from_rows(
        (cue.segment, name)
        for cue, found in zip(cues, voices, strict=True)
        for name in found or next(others)
    )


def _voices(cue: Cue) -> list[str]:
    names = (html.unescape(name).strip() for name in VOICE.findall("\n".join(cue.lines)))
    return [name for name in names if name]
