"""Split a text into words: at the words of a recognizer, or at spaces."""

from __future__ import annotations

import re
from itertools import accumulate, groupby

UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Kana and Han, which are written without spaces between words."""
UNSPACED_START = re.compile(f"[{UNSPACED}\udce3-\udce9]")
"""Such a character, or its first byte if a token splits it (see `whisper_cpp`)."""
PIECE = re.compile(rf"\s+|[{UNSPACED}][^\w\s<]*|(?:<[^<>]*>|[^\s{UNSPACED}])+")
"""Spaces, or a word; text in angle brackets is never split. Every character is of some piece."""
AHEAD = 40
"""Search range for a single word, in letters beyond twice its length."""
FAR_AHEAD = 5000
"""Search range for three consecutive words, in letters."""


def split_at_blanks(text: str) -> list[str]:
    """Split at spaces, and after every Kana or Han character; the parts add up to the text."""
    ends = [match.end() for match in PIECE.finditer(text) if not match[0].isspace()][:-1]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def split_at_words(text: str, words: list[str]) -> list[str]:
    """Split a text into one part per word, such that each part contains its word if it is found.

    The parts add up to the text. Spaces and opening punctuation belong to the following word. Case
    and punctuation are ignored. Words that are not found divide the text between their neighbours.
    """
    if "".join(words) == text:
        return list(words)
    normalised, origins = _normalise(text)
    needles = [_normalise(word)[0] for word in words]
    found = _find_all(normalised, needles)
    origins.append(len(text))
    begins, openings = _word_starts(text), _opening_marks(text)
    starts = [
        openings[origins[start] if known is not None else begins[origins[start]]]
        for start, known in zip(_interpolate(found, needles, len(normalised)), found, strict=True)
    ]
    boundaries = list(accumulate(starts[1:], max))
    return [
        text[start:end]
        for start, end in zip([0, *boundaries], [*boundaries, len(text)], strict=True)
    ]


def join_texts(*texts: str) -> str:
    """Join texts with spaces, except next to a character of a script that has none."""
    parts: list[str] = []
    for text in filter(None, map(str.strip, texts)):
        if parts and not any(map(UNSPACED_START.match, (parts[-1][-1], text[0]))):
            parts.append(" ")
        parts.append(text)
    return "".join(parts)


def _normalise(text: str) -> tuple[str, list[int]]:
    """Return the letters and digits in lower case, and the position of each in the text."""
    kept = [
        (letter, place)
        for place, character in enumerate(text)
        for letter in character.casefold()
        if letter.isalnum()
    ]
    return "".join(letter for letter, _ in kept), [place for _, place in kept]


def _find_all(normalised: str, needles: list[str]) -> list[int | None]:
    """Find each word after the previous one; None where it is not found."""
    found: list[int | None] = []
    at = 0
    for number, needle in enumerate(needles):
        place = _find(normalised, needle, "".join(needles[number : number + 3]), at)
        found.append(place if place >= 0 else None)
        at = max(at, place + len(needle))
    return found


def _find(normalised: str, needle: str, three: str, at: int) -> int:
    """Find a word at a position, else with the next two words further on, else alone near by."""
    if normalised.startswith(needle, at):
        return at
    place = normalised.find(three, at, at + FAR_AHEAD)
    return place if place >= 0 else normalised.find(needle, at, at + AHEAD + 2 * len(needle))


def _interpolate(found: list[int | None], needles: list[str], end: int) -> list[int]:
    """Place the words that were not found between their neighbours, by their lengths."""
    places: list[int] = []
    for missing, run in groupby(enumerate(found), key=lambda pair: pair[1] is None):
        numbers = [number for number, _ in run]
        if not missing:
            places += [found[number] or 0 for number in numbers]
            continue
        first, after = numbers[0], numbers[-1] + 1
        high = end if after == len(found) else found[after] or 0
        low = min(places[-1] + len(needles[first - 1]) if places else 0, high)
        lengths = [len(needle) for needle in needles[first:after]]
        before = accumulate(lengths[:-1], initial=0)
        places += [low + (high - low) * length // max(sum(lengths), 1) for length in before]
    return places


def _word_starts(text: str) -> list[int]:
    """Return for each place in a text, and its end, the start of the word that it falls in.

    Places between words, and behind a character of a script without spaces, stay.
    """
    starts = [0]
    for place, before in enumerate(text, 1):
        within = before.isalnum() and not UNSPACED_START.match(before) and place < len(text)
        starts.append(starts[-1] if within else place)
    return starts


def _opening_marks(text: str) -> list[int]:
    """Return for each place, and the end, where the spaces and marks in front of a word begin.

    Marks that touch the word before are not moved over.
    """
    places, spaces, marks = [0], [0], [0]  # where the run begins that ends at each place
    for place, before in enumerate(text, 1):
        mark = not before.isalnum() and not before.isspace()
        marks.append(marks[-1] if mark else place)
        spaces.append(spaces[-1] if before.isspace() else place)
        start = marks[-1]
        touching = start and not text[start - 1].isspace()
        places.append(place if touching else spaces[start])
    return places
