"""SubRip and WebVTT transcripts: one passage per cue, with its markup.

Voice tags of WebVTT (``<v Ann>``) are removed, since speakers are assigned again, and so is
``[Ann]`` where every cue begins so. Notes, styles, identifiers and settings are preserved when
WebVTT is written from WebVTT. Cues without text are not written.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from ovdiar.formats.cues import (
    Cue,
    format_timestamp,
    subrip_cues,
    webvtt_blocks,
    without_names,
)
from ovdiar.formats.srt import bracketed
from ovdiar.formats.vtt import SIGNATURE, escaped_name
from ovdiar.notices import warn
from ovdiar.texts import quoted
from ovdiar.transcripts.text import split_at_blanks
from ovdiar.transcripts.transcript import Passage, Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

VOICES = re.compile(r"</?v\b[^<>]*>")
KEYWORDS = ("NOTE", "STYLE", "REGION")
"""What blocks of WebVTT that are no cues begin with."""
TAGS = {
    "vtt": re.compile(r"</?[a-z\d][^<>]*>"),
    "srt": re.compile(r"</?(?:[biu]|font)\b[^<>]*>|\{\\an\d\}"),
}
"""Markup of each format, and position tags of SubRip."""
PAIRED = re.compile(r"<(/?)([a-z]+)\b[^<>]*>")


def parse(text: str, source: str, family: str) -> Transcript:
    """Parse subtitles (``srt``) or captions (``vtt``).

    Raises
    ------
    FormatError
        If there are no subtitles, or a cue has no valid times.
    """
    if family == "srt":
        cues = without_names(subrip_cues(text, source))
        return Transcript(tuple(_passage(cue, []) for cue in cues), family, [])
    blocks = list(webvtt_blocks(text, source))
    _warn_of_loose_text([block for block in blocks[1:] if isinstance(block, str)], source)
    spoken = [block._replace(lines=_unvoiced(block)) for block in blocks if isinstance(block, Cue)]
    unnamed = iter(without_names(spoken))
    passages: list[Passage] = []
    before: list[str] = []
    for block in blocks:
        if isinstance(block, str):
            before.append(block)
            continue
        passages.append(_passage(next(unnamed), before))
        before = []
    return Transcript(tuple(passages), family, before)


def _unvoiced(cue: Cue) -> list[str]:
    """Return the lines of a cue without voice tags, which may extend over lines."""
    return VOICES.sub("", "\n".join(cue.lines)).split("\n")


def _warn_of_loose_text(blocks: list[str], source: str) -> None:
    """Warn of text that belongs to no cue, which players do not show either."""
    loose = [block for block in blocks if not block.startswith(KEYWORDS)]
    if loose:
        warn(
            f"{source}: {len(loose)} block{'s' * (len(loose) > 1)} of text after an empty line "
            f"belong{'s' * (len(loose) == 1)} to no cue, the first is {quoted(loose[0], 60)}: "
            "remove the empty line if it is spoken"
        )


def _passage(cue: Cue, before: list[str]) -> Passage:
    words = tuple(Word(piece) for piece in split_at_blanks("\n".join(cue.lines)))
    entry = {"before": before, "identifier": cue.identifier, "settings": cue.settings}
    return Passage(cue.segment.start, cue.segment.end, words, entry)


def strip_markup(text: str, family: str) -> str:
    """Remove the markup of a passage's text."""
    text = TAGS[family].sub("", text) if family in TAGS else text
    return html.unescape(text) if family == "vtt" else text


def to_srt(transcript: Transcript) -> str:
    """Write subtitles, ``[Ann] text``. Markup is preserved if the source is SubRip."""
    family = transcript.family
    return "\n".join(
        f"{number}\n{_times(passage, ',')}\n"
        + _prefixed("" if passage.speaker is None else f"{bracketed(passage.speaker)} ", text)
        for number, (passage, text) in enumerate(
            (each for each in _texts(transcript, "srt") if not _is_blank(each[0], family)), 1
        )
    )


def to_vtt(transcript: Transcript) -> str:
    """Write captions, ``<v Ann>text``. Markup is preserved if the source is WebVTT."""
    own = transcript.family == "vtt"
    written = [] if own else [f"{SIGNATURE}\n"]
    for passage, text in _texts(transcript, "vtt"):
        entry = passage.entry if own else {}
        if not passage.part:
            written += [f"{block}\n" for block in entry.get("before", ())]
        if _is_blank(passage, transcript.family):
            continue
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


def _is_blank(passage: Passage, family: str) -> bool:
    """Return whether a passage has no text beside the markup of its family."""
    return not strip_markup(passage.text, family).strip()


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
