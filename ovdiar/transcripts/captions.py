"""SubRip and WebVTT transcripts: one passage per cue, with its markup.

Voice tags of WebVTT (``<v Ann>``) are removed, since speakers are assigned again. Notes, styles,
identifiers and settings are preserved when WebVTT is written from WebVTT.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.cues import Cue, format_timestamp, parse_blocks
from ovdiar.formats.srt import bracketed
from ovdiar.formats.vtt import SIGNATURE, escaped_name
from ovdiar.transcripts.text import split_at_blanks
from ovdiar.transcripts.transcript import Passage, Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

VOICES = re.compile(r"</?v\b[^>]*>")
TAGS = {
    "vtt": re.compile(r"</?[a-z\d][^>]*>"),
    "srt": re.compile(r"</?(?:[biu]|font)\b[^>]*>|\{\\an\d\}"),
}
"""Markup of each format, and position tags of SubRip."""
PAIRED = re.compile(r"<(/?)([a-z]+)\b[^>]*>")


def parse(text: str, source: str, family: str) -> Transcript:
    """Parse subtitles (``srt``) or captions (``vtt``).

    Raises
    ------
    FormatError
        If there are no subtitles, or a cue has no valid times.
    """
    passages: list[Passage] = []
    before: list[str] = []
    for block in parse_blocks(text, source):
        if isinstance(block, str):
            before.append(block)
            continue
        passages.append(_passage(block, before, family))
        before = []
    if not passages and family == "srt":
        raise FormatError(f"{source} has no subtitles: expected lines of times with -->")
    return Transcript(tuple(passages), family, before)


def _passage(cue: Cue, before: list[str], family: str) -> Passage:
    text = "\n".join(cue.lines)
    if family == "vtt":
        text = VOICES.sub("", text)
    words = tuple(Word(piece) for piece in split_at_blanks(text))
    entry = {"before": before, "identifier": cue.identifier, "settings": cue.settings}
    return Passage(cue.segment.start, cue.segment.end, words, entry)


def strip_markup(text: str, family: str) -> str:
    """Remove the markup of a passage's text."""
    text = TAGS[family].sub("", text) if family in TAGS else text
    return html.unescape(text) if family == "vtt" else text


def to_srt(transcript: Transcript) -> str:
    """Write subtitles, ``[Ann] text``. Markup is preserved if the source is SubRip."""
    return "\n".join(
        f"{number}\n{_times(passage, ',')}\n"
        + _prefixed("" if passage.speaker is None else f"{bracketed(passage.speaker)} ", text)
        for number, (passage, text) in enumerate(_texts(transcript, "srt"), 1)
    )


def to_vtt(transcript: Transcript) -> str:
    """Write captions, ``<v Ann>text``. Markup is preserved if the source is WebVTT."""
    own = transcript.family == "vtt"
    written = [] if own else [f"{SIGNATURE}\n"]
    for passage, text in _texts(transcript, "vtt"):
        entry = passage.entry if own else {}
        if not passage.part:
            written += [f"{block}\n" for block in entry.get("before", ())]
        identifier = entry.get("identifier")
        if identifier:
            suffix = f".{passage.part + 1}" if passage.part else ""
            identifier += f"{suffix}\n"
        times = " ".join(filter(None, (_times(passage, "."), entry.get("settings"))))
        voiced = "" if passage.speaker is None else f"<v {escaped_name(passage.speaker)}>"
        written.append(f"{identifier or ''}{times}\n{_prefixed(voiced, text)}")
    if own:
        written += [f"{block}\n" for block in transcript.document]
    return "\n".join(written)


def _prefixed(name: str, text: str) -> str:
    """Put a name before a text, without its blank lines."""
    lines = [line for line in text.strip().split("\n") if line.strip()]
    return name + "\n".join(lines) + "\n"


def _times(passage: Passage, mark: str) -> str:
    start_ms = max(round(passage.start * 1000), 0)
    end_ms = max(round(passage.end * 1000), start_ms + 1)
    return f"{format_timestamp(start_ms, mark)} --> {format_timestamp(end_ms, mark)}"


def _texts(transcript: Transcript, family: str) -> Iterator[tuple[Passage, str]]:
    """Return each passage with its text in the markup of the family."""
    open_tags: list[tuple[str, str]] = []
    for passage in transcript.passages:
        if transcript.family != family:
            text = strip_markup(passage.text, transcript.family)
            yield passage, html.escape(text, quote=False) if family == "vtt" else text
            continue
        open_tags = open_tags if passage.part else []
        reopened = "".join(tag for tag, _ in open_tags)
        open_tags = _open_tags(passage.text, open_tags)
        closed = "".join(f"</{name}>" for _, name in reversed(open_tags))
        last = passage.part == passage.parts - 1
        yield passage, reopened + passage.text.lstrip() + ("" if last else closed)


def _open_tags(text: str, open_tags: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the tags that a text leaves open, with their names."""
    open_tags = list(open_tags)
    for match in PAIRED.finditer(text):
        if not match[1]:
            open_tags.append((match[0], match[2]))
        elif open_tags and open_tags[-1][1] == match[2]:
            open_tags.pop()
    return open_tags
