"""Cut a text into words: where a recognizer's words lie in it, or, without any, at its blanks."""

from __future__ import annotations

import re
from itertools import accumulate, groupby

UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Kana and Han, which put no blanks between words."""
STARTS_UNSPACED = re.compile(f"[{UNSPACED}\udce3-\udce9]")
"""Such a character, or the first byte of one that a token was cut in (see `whisper_cpp`)."""
TOKEN = re.compile(rf"\s*(?:[{UNSPACED}][^\w\s<]*|(?:<[^<>]*>|[^\s{UNSPACED}])+)")
"""A word with the blanks before it; what is between angle brackets is never cut."""
AHEAD = 40
"""How far a word is looked for, in letters beyond twice its own."""
FAR_AHEAD = 5000
"""How far three words in a row are looked for, in letters."""


def split(text: str) -> list[str]:
    """Cut at blanks, and Han and Kana after every character; joined, the pieces are the text."""
    ends = [match.end() for match in TOKEN.finditer(text)][:-1]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def cut(text: str, words: list[str]) -> list[str]:
    """Cut a text into as many pieces as there are words, each with its word where it is found.

    Joined, the pieces are the text. Blanks and opening marks go with the word after them. Case and
    punctuation do not matter. A word that is not found lies between its neighbours in proportion.
    """
    if "".join(words) == text:
        return list(words)
    folded, origins = _fold(text)
    needles = [_fold(word)[0] for word in words]
    found = _find_all(folded, needles)
    origins.append(len(text))
    starts = [
        _before(text, origins[start] if known is not None else _word_start(text, origins[start]))
        for start, known in zip(_between(found, needles, len(folded)), found, strict=True)
    ]
    cuts = list(accumulate(starts[1:], max))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def joined(left: str, right: str) -> str:
    """Join two texts with a blank, unless one of them puts none between words."""
    left, right = left.rstrip(), right.lstrip()
    bare = not left or not right or any(map(STARTS_UNSPACED.match, (left[-1], right[0])))
    return left + ("" if bare else " ") + right


def _fold(text: str) -> tuple[str, list[int]]:
    """Keep letters and digits in lower case, and where in the text each came from."""
    kept = [
        (letter, place)
        for place, character in enumerate(text)
        for letter in character.casefold()
        if letter.isalnum()
    ]
    return "".join(letter for letter, _ in kept), [place for _, place in kept]


def _find_all(folded: str, needles: list[str]) -> list[int | None]:
    """Find each word after the one before it; None where it is not found."""
    found: list[int | None] = []
    at = 0
    for number, needle in enumerate(needles):
        place = _find(folded, needle, "".join(needles[number : number + 3]), at)
        found.append(place if place >= 0 else None)
        at = max(at, place + len(needle))
    return found


def _find(folded: str, needle: str, three: str, at: int) -> int:
    """Find a word from a place on: there, or with the next two far ahead, or alone near by."""
    if folded.startswith(needle, at):
        return at
    place = folded.find(three, at, at + FAR_AHEAD)
    return place if place >= 0 else folded.find(needle, at, at + AHEAD + 2 * len(needle))


def _between(found: list[int | None], needles: list[str], end: int) -> list[int]:
    """Lay the words that were not found between those that were, by their lengths."""
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


def _word_start(text: str, place: int) -> int:
    """Move a cut that was guessed to the beginning of the word it is in."""
    while 0 < place < len(text) and text[place - 1].isalnum():
        if STARTS_UNSPACED.match(text[place - 1]):
            break
        place -= 1
    return place


def _before(text: str, place: int) -> int:
    """Move a cut before the opening marks and the blanks in front of a word."""
    start = place
    while start and not text[start - 1].isalnum() and not text[start - 1].isspace():
        start -= 1
    if start and not text[start - 1].isspace():
        return place
    while start and text[start - 1].isspace():
        start -= 1
    return start
