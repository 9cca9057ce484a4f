"""Find the format of a text by how it begins."""

from __future__ import annotations

import re

from ovdiar.formats.rttm import OTHER_TYPES

ANY_TEXT = (".txt",)
"""Suffixes that belong to a format, and to text of any other kind too."""
BEGINNING = 4000
"""Characters by which a format is detected."""
ROWS = "|".join(map(re.escape, sorted({"SPEAKER", *OTHER_TYPES})))
STARTS = {
    "vtt": re.compile("WEBVTT"),
    "json": re.compile(r"[\[{]"),
    "elan": re.compile("<"),
    "textgrid": re.compile('(File type = )?"ooTextFile"'),
    "csv": re.compile(r"(?=[^\n]*start)(?=[^\n]*end)[^\n]*speaker"),
    "rttm": re.compile(r"(?:(?:;;[^\n]*|[ \t]*)\n)*(?:" + ROWS + r")\s"),
    "srt": re.compile(r"(?:\d+\s*\n)?\s*[\d:.,]+\s*-->"),
    "audacity": re.compile(r"[-\d.]+\t[-\d.]+\t"),
    "stm": re.compile(r"(?:;;[^\n]*\n)*\S+ +\S+ +\S+ +[\d.]+ +[\d.]+\s"),
}
"""How texts of each format begin, without leading blanks."""


def by_content(text: str) -> str | None:
    """Return the name of the format that a text begins like, or None.

    A blank text has no turns, as in RTTM.
    """
    begin = text[:BEGINNING].lstrip()
    if not begin:
        return "rttm"
    return next((name for name, start in STARTS.items() if start.match(begin)), None)
