"""Value objects of a transcript: Word, Passage, Transcript. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_PAUSE_S = 0.5
LONGEST_TEXT = 84
"""Two subtitle lines of 42 characters."""


@dataclass(frozen=True)
class Word:
    """One word of a passage.

    Parameters
    ----------
    text
        The word, with preceding spaces.
    start, end
        Times, in seconds; None if the recognizer gives none.
    speaker
        Label of the speaker, or None.
    entries
        Objects of the source for this word: one word, or several tokens.
    """

    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    entries: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Passage:
    """Consecutive words of a segment of the source: all of it, or the part of one speaker.

    Parameters
    ----------
    start, end
        Times, in seconds.
    words
        Words whose texts add up to the passage's text.
    entry
        Segment of the source.
    speaker
        Label of the speaker, or None.
    part, parts
        Index of this part of the segment (from 0), and the number of parts.
    offset
        Characters of the segment before this part.
    """

    start: float
    end: float
    words: tuple[Word, ...]
    entry: Mapping[str, Any] = field(default_factory=dict, compare=False)
    speaker: str | None = None
    part: int = 0
    parts: int = 1
    offset: int = 0

    @property
    def text(self) -> str:
        """Text of all words."""
        return "".join(word.text for word in self.words)

    def by_speaker(self) -> list[Passage]:
        """Split the passage where the speaker changes; all words must have times.

        The first part keeps the start. The last part keeps the end, or ends with the last word if
        that is later. Parts in between span their words, but start no later than any part after
        them. Parts overlap where speakers do.
        """
        parts: list[Passage] = []
        runs = [tuple(run) for _, run in groupby(self.words, key=lambda word: word.speaker)]
        starts = [min(word.start or 0.0 for word in run) for run in runs]
        earliest = list(accumulate(reversed(starts), min))[::-1]
        starts = [self.start, *earliest[1:]]
        offset, end = 0, self.end
        if len(runs) > 1:
            end = max(end, *(word.end or 0.0 for word in self.words))
        for number, (run, start) in enumerate(zip(runs, starts, strict=True)):
            start_s = min(max(start, self.start), end)
            last = number == len(runs) - 1
            end_s = end if last else min(max(word.end or 0.0 for word in run), end)
            end_s, who = max(end_s, start_s), run[0].speaker
            parts.append(Passage(start_s, end_s, run, self.entry, who, number, len(runs), offset))
            offset += len(parts[-1].text)
        return parts


@dataclass(frozen=True)
class Transcript:
    """Passages of one recording, in the order of the source.

    Parameters
    ----------
    passages
        Passages in order.
    family
        Format of the source, see `ovdiar.transcripts`.
    document
        Parsed content of the source.
    uri
        Name of the recording, or None.
    """

    passages: tuple[Passage, ...]
    family: str
    document: Any = field(default=None, compare=False)
    uri: str | None = None

    @property
    def words(self) -> list[Word]:
        """All words, in order."""
        return [word for passage in self.passages for word in passage.words]


def passages_of(words: list[Word]) -> tuple[Passage, ...]:
    """Group words with times into passages, split at pauses and at the length of a subtitle."""
    groups: list[list[Word]] = []
    length = 0
    for word in words:
        pause = groups and (word.start or 0) - (groups[-1][-1].end or 0) > LONGEST_PAUSE_S
        if not groups or pause or length + len(word.text) > LONGEST_TEXT:
            groups.append([])
            length = 0
        groups[-1].append(word)
        length += len(word.text)
    return tuple(
        Passage(
            min(word.start or 0 for word in group),
            max(word.end or 0 for word in group),
            tuple(group),
        )
        for group in groups
    )
