"""WebVTT captions (W3C, WebVTT): a cue a turn in its speaker's voice, ``<v SPEAKER_00>``."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.cues import Cue, cues, spans, speakers
from ovdiar.formats.tracks import in_order

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation

SIGNATURE = "WEBVTT"
VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")


def dumps(annotation: Annotation) -> str:
    """Serialize one recording, to the millisecond; the text of a cue is the speaker's name.

    Raises
    ------
    FormatError
        When a speaker's name is blank or holds line breaks, or a turn starts before 0 s.
    """
    blocks = [f"{SIGNATURE}\n"]
    for times, speaker in spans(annotation, "."):
        name = voice(speaker)
        blocks.append(f"{times}\n<v {name}>{name}\n")
    return "\n".join(blocks)


def voice(speaker: str) -> str:
    """Return a speaker's name as it stands in a caption, or raise FormatError."""
    if " ".join(speaker.split()) != speaker or not speaker:
        raise FormatError(
            f"the speaker {speaker!r} does not fit into a caption (it is empty, or has blanks "
            "at its ends, several in a row, or line breaks): rename it"
        )
    return html.escape(speaker, quote=False)


def loads(text: str, source: str = "WebVTT") -> Annotation:
    """Parse the cues of one recording, each with its speakers; ``source`` names the text.

    Raises
    ------
    FormatError
        When it does not begin with WEBVTT; at the first cue without a time or without a speaker,
        ``<v NAME>``, ``[NAME]`` or ``NAME:``.
    """
    if not text.startswith(SIGNATURE):
        raise FormatError(f"{source} does not begin with {SIGNATURE}: give a WebVTT file")
    return in_order((cue.segment, name) for cue in cues(text, source) for name in _voices(cue))


def _voices(cue: Cue) -> list[str]:
    names = [html.unescape(name).strip() for name in VOICE.findall("\n".join(cue.lines))]
    return names or speakers(cue)
