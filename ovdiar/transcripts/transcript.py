"""What was said when, as values: Word, Passage, Transcript. Times in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST_PAUSE_S = 0.5
LONGEST_TEXT = 84
"""Two subtitle lines of 42 characters."""


@dataclass(frozen=True)
class Word:
    """A piece of a passage's text, with the blanks before it.

    ``start`` and ``end`` are None where the recognizer did not tell; ``entries`` is what the
    source holds of it (a word, or several tokens).
    """

    text: str
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    entries: tuple[Mapping[str, Any], ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Passage:
    """Consecutive words of a source's segment: all of it, or one speaker's part of it.

    ``entry`` is the source's segment, of which this is part number ``part`` (from 0) of ``parts``,
    ``offset`` characters after its beginning.
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
        """The words, joined."""
        return "".join(word.text for word in self.words)

    def by_speaker(self) -> list[Passage]:
        """Split where the speaker of the words, which have times here, changes.

        The first part keeps the start and the last one the end, or that of words which go on
        longer; between them, a part lasts as long as its words do, and begins no later than the
        parts after it. Where people talk at once, parts overlap.
        """
        parts: list[Passage] = []
        runs = [tuple(run) for _, run in groupby(self.words, key=lambda word: word.speaker)]
        starts = [min(word.start or 0.0 for word in run) for run in runs]
        starts = [self.start, *(min(starts[at:]) for at in range(1, len(runs)))]
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
    """The passages of one recording, in the order of the source.

    ``family`` names what wrote it (see `ovdiar.transcripts`), ``document`` is all that it wrote.
    """

    passages: tuple[Passage, ...]
    family: str
    document: Any = field(default=None, compare=False)
    uri: str | None = None

    @property
    def words(self) -> list[Word]:
        """All words, in the order of the source."""
        return [word for passage in self.passages for word in passage.words]


def passages_of(words: list[Word]) -> tuple[Passage, ...]:
    """Make passages of words that come without: up to a pause, or to two lines of a subtitle.

    Every word has times here.
    """
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
