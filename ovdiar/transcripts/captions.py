"""SubRip and WebVTT with words: a passage is a cue, whose text keeps its markup.

WebVTT's voices, ``<v Ann>``, are taken off, since assigning gives them anew. Notes, styles,
identifiers and settings are kept for WebVTT that is written from WebVTT.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ovdiar.errors import FormatError
from ovdiar.formats.cues import Cue, blocks, clock
from ovdiar.formats.srt import shown
from ovdiar.formats.vtt import SIGNATURE, voice
from ovdiar.transcripts.text import split
from ovdiar.transcripts.transcript import Passage, Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

VOICES = re.compile(r"</?v\b[^>]*>")
TAGS = {
    "vtt": re.compile(r"</?[a-z\d][^>]*>"),
    "srt": re.compile(r"</?(?:[biu]|font)\b[^>]*>|\{\\an\d\}"),
}
"""The markup of each, and SubRip's marks of position."""
PAIRED = re.compile(r"<(/?)([a-z]+)\b[^>]*>")


def parse(text: str, source: str, family: str) -> Transcript:
    """Read subtitles (``srt``) or captions (``vtt``).

    Raises
    ------
    FormatError
        When there are no cues, and at the first cue without times.
    """
    passages: list[Passage] = []
    before: list[str] = []
    for block in blocks(text, source):
        if isinstance(block, str):
            before.append(block)
            continue
        passages.append(_passage(block, before, family))
        before = []
    if not passages and family == "srt":
        raise FormatError(f"{source} holds no subtitles: expected lines of times with -->")
    return Transcript(tuple(passages), family, before)


def _passage(cue: Cue, before: list[str], family: str) -> Passage:
    text = "\n".join(cue.lines)
    if family == "vtt":
        text = VOICES.sub("", text)
    words = tuple(Word(piece) for piece in split(text))
    entry = {"before": before, "identifier": cue.identifier, "settings": cue.settings}
    return Passage(cue.segment.start, cue.segment.end, words, entry)


def plain(text: str, family: str) -> str:
    """Take the markup off a passage's text."""
    text = TAGS[family].sub("", text) if family in TAGS else text
    return html.unescape(text) if family == "vtt" else text


def to_srt(transcript: Transcript) -> str:
    """Write subtitles, ``[Ann] text``; markup is kept where it is SubRip's own."""
    return "\n".join(
        f"{number}\n{_times(passage, ',')}\n"
        + _named("" if passage.speaker is None else f"{shown(passage.speaker)} ", text)
        for number, (passage, text) in enumerate(_texts(transcript, "srt"), 1)
    )


def to_vtt(transcript: Transcript) -> str:
    """Write captions, ``<v Ann>text``; markup is kept where it is WebVTT's own."""
    own = transcript.family == "vtt"
    written = [] if own else [f"{SIGNATURE}\n"]
    for passage, text in _texts(transcript, "vtt"):
        entry = passage.entry if own else {}
        if not passage.part:
            written += [f"{block}\n" for block in entry.get("before", ())]
        identifier = entry.get("identifier")
        if identifier:
            again = f".{passage.part + 1}" if passage.part else ""
            identifier += f"{again}\n"
        times = " ".join(filter(None, (_times(passage, "."), entry.get("settings"))))
        voiced = "" if passage.speaker is None else f"<v {voice(passage.speaker)}>"
        written.append(f"{identifier or ''}{times}\n{_named(voiced, text)}")
    if own:
        written += [f"{block}\n" for block in transcript.document]
    return "\n".join(written)


def _named(name: str, text: str) -> str:
    """Put a name before a text, which may hold no blank lines."""
    lines = [line for line in text.strip().split("\n") if line.strip()]
    return name + "\n".join(lines) + "\n"


def _times(passage: Passage, mark: str) -> str:
    start_ms = max(round(passage.start * 1000), 0)
    end_ms = max(round(passage.end * 1000), start_ms + 1)
    return f"{clock(start_ms, mark)} --> {clock(end_ms, mark)}"


def _texts(transcript: Transcript, family: str) -> Iterator[tuple[Passage, str]]:
    """Give each passage's text as the family writes it."""
    opened: list[tuple[str, str]] = []
    for passage in transcript.passages:
        if transcript.family != family:
            text = plain(passage.text, transcript.family)
            yield passage, html.escape(text, quote=False) if family == "vtt" else text
            continue
        opened = opened if passage.part else []
        again = "".join(tag for tag, _ in opened)
        opened = _still_open(passage.text, opened)
        closed = "".join(f"</{name}>" for _, name in reversed(opened))
        last = passage.part == passage.parts - 1
        yield passage, again + passage.text.lstrip() + ("" if last else closed)


def _still_open(text: str, opened: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """List the tags, and their names, that a text leaves open."""
    opened = list(opened)
    for match in PAIRED.finditer(text):
        if not match[1]:
            opened.append((match[0], match[2]))
        elif opened and opened[-1][1] == match[2]:
            opened.pop()
    return opened
