"""Who spoke when, as values: `Turn` and `Annotation`. Immutable, sorted, times in seconds.

Names and rules are those of pyannote.core; unlike there, every operation returns a new object.
"""

from __future__ import annotations

import importlib
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, overload

from ovdiar.discretization import discretize
from ovdiar.errors import ConfigError, MissingPackageError
from ovdiar.segment import Segment, merge
from ovdiar.timeline_svg import timeline_svg

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ovdiar.frames import FrameGrid, Frames


@dataclass(frozen=True)
class Turn:
    """One speaker's segment.

    ``track`` only tells apart, and orders, turns over the same segment, as in pyannote.core.
    ``confidence`` is the share of its time believed to be right (see `ovdiar.confidence`), 0 to 1,
    or None where nobody judged; turns that differ in it alone are equal.
    """

    segment: Segment
    speaker: str
    track: str = field(default="", compare=False)
    confidence: float | None = field(default=None, compare=False)


def _order(turn: Turn) -> tuple[Segment, str, str]:
    return (turn.segment, turn.track, turn.speaker)


@dataclass(frozen=True)
class Annotation:
    """The turns of one recording, sorted by segment, then track, then speaker.

    Iterating gives ``(segment, speaker)``. Empty segments are left out.
    """

    turns: tuple[Turn, ...] = ()
    uri: str | None = None

    def __post_init__(self) -> None:
        """Sort, and drop what is empty."""
        turns = sorted((turn for turn in self.turns if turn.segment), key=_order)
        object.__setattr__(self, "turns", tuple(turns))

    @classmethod
    def of(cls, rows: Iterable[tuple[float, float, str]], uri: str | None = None) -> Annotation:
        """Build from rows of start (s), end (s) and speaker."""
        return cls(tuple(Turn(Segment(start, end), who) for start, end, who in rows), uri)

    def __iter__(self) -> Iterator[tuple[Segment, str]]:
        """Iterate over segments and their speakers."""
        return ((turn.segment, turn.speaker) for turn in self.turns)

    def __len__(self) -> int:
        """Count the turns."""
        return len(self.turns)

    @overload
    def itertracks(self, *, yield_label: Literal[False] = ...) -> Iterator[tuple[Segment, str]]: ...
    @overload
    def itertracks(self, *, yield_label: Literal[True]) -> Iterator[tuple[Segment, str, str]]: ...

    def itertracks(
        self, *, yield_label: bool = False
    ) -> Iterator[tuple[Segment, str]] | Iterator[tuple[Segment, str, str]]:
        """Iterate over (segment, track), or (segment, track, label)."""
        if yield_label:
            return ((turn.segment, turn.track, turn.speaker) for turn in self.turns)
        return ((turn.segment, turn.track) for turn in self.turns)

    def labels(self) -> list[str]:
        """List the speakers in the order of their names."""
        return sorted({turn.speaker for turn in self.turns})

    def get_timeline(self) -> tuple[Segment, ...]:
        """List the different segments in order."""
        return tuple(dict.fromkeys(turn.segment for turn in self.turns))

    @property
    def extent(self) -> Segment:
        """From the first start to the last end; empty when there are no turns."""
        if not self.turns:
            return Segment(0.0, 0.0)
        return Segment(self.turns[0].segment.start, max(turn.segment.end for turn in self.turns))

    def label_timeline(self, label: str) -> tuple[Segment, ...]:
        """List one speaker's segments in order."""
        return tuple(turn.segment for turn in self.turns if turn.speaker == label)

    def label_duration(self, label: str) -> float:
        """Measure how long one speaker talks, s; what the speaker's own turns share counts once."""
        return sum(segment.duration for segment in merge(self.label_timeline(label)))

    def chart(self) -> list[tuple[str, float]]:
        """List speakers and their talk (s), longest first."""
        rows = [(label, self.label_duration(label)) for label in self.labels()]
        return sorted(rows, key=lambda row: -row[1])

    def argmax(self, within: Segment | Iterable[Segment] | None = None) -> str | None:
        """Name the speaker who talks most, in all or within segments; None where nobody does."""
        chart = (self if within is None else self.crop(within)).chart()
        return chart[0][0] if chart else None

    def crop(self, within: Segment | Iterable[Segment], mode: str = "intersection") -> Annotation:
        """Keep what lies within a segment, or within any of several.

        Mode ``intersection`` cuts turns at the borders, ``strict`` keeps those that lie wholly
        within one of the (merged) segments, ``loose`` those that touch one.
        """
        parts = merge([within] if isinstance(within, Segment) else within)
        if mode == "intersection":
            kept = [
                replace(turn, segment=turn.segment & part) for turn in self.turns for part in parts
            ]
        elif mode == "strict":
            kept = [t for t in self.turns if any(t.segment in part for part in parts)]
        elif mode == "loose":
            kept = [t for t in self.turns if any(t.segment.intersects(part) for part in parts)]
        else:
            raise ConfigError(
                f"crop mode {mode!r} is unknown: choose intersection, strict or loose"
            )
        return replace(self, turns=tuple(kept))

    def support(self, collar: float = 0.0) -> Annotation:
        """Join each speaker's turns over gaps shorter than ``collar`` (s), strictly.

        Tracks are named anew, A, B, ... in the order of labels and time, as pyannote.core does.
        A joined turn has the mean confidence of its parts, by their lengths.
        """
        joined: list[Turn] = []
        for label in self.labels():
            own = deque(self.subset([label]).turns)
            for segment in merge((turn.segment for turn in own), collar):
                parts = []
                while own and own[0].segment in segment:
                    parts.append(own.popleft())
                joined.append(Turn(segment, label, letters(len(joined)), mean_confidence(parts)))
        return replace(self, turns=tuple(joined))

    def subset(self, labels: Iterable[str]) -> Annotation:
        """Keep the turns of some speakers."""
        wanted = set(labels)
        return replace(self, turns=tuple(t for t in self.turns if t.speaker in wanted))

    def rename_labels(self, mapping: Mapping[str, str] | None = None) -> Annotation:
        """Give speakers other names; those that the mapping lacks keep theirs.

        Without a mapping, they become A, B, ... in the order of their names.
        """
        if mapping is None:
            mapping = {label: letters(index) for index, label in enumerate(self.labels())}
        turns = (replace(t, speaker=mapping.get(t.speaker, t.speaker)) for t in self.turns)
        return replace(self, turns=tuple(turns))

    def get_overlap(self, labels: Iterable[str] | None = None) -> tuple[Segment, ...]:
        """List the regions where two or more speakers (of these) talk at once."""
        chosen = self if labels is None else self.subset(labels)
        shared: list[Segment] = []
        still: list[Turn] = []
        for turn in chosen.turns:
            still = [other for other in still if other.segment.intersects(turn.segment)]
            others = (other for other in still if other.speaker != turn.speaker)
            shared.extend(other.segment & turn.segment for other in others)
            still.append(turn)
        return merge(shared)

    def discretize(
        self,
        support: Segment | None = None,
        resolution: float | FrameGrid = 0.01,
        labels: Sequence[str] | None = None,
        duration: float | None = None,
    ) -> Frames:
        """Mark the frames in which each speaker talks: (T, labels) uint8, 0 or 1.

        ``support`` (by default the extent) is covered by frames of ``resolution`` (s, or the
        steps and widths of a grid); a turn marks from the frame whose centre is nearest to its
        start to that nearest to its end. Columns are ``labels``, by default all that talk within
        the support, by name. ``duration`` (s) overrides the support's, to get a certain length.
        """
        support = self.extent if support is None else support
        cropped = self.crop(support)
        columns = cropped.labels() if labels is None else labels
        timelines = [cropped.label_timeline(label) for label in columns]
        return discretize(timelines, support, resolution, duration)

    def to_pyannote(self) -> Any:
        """Convert to a ``pyannote.core.Annotation``, where that package is installed.

        Tracks keep their names if those tell apart the turns over each segment, else they become
        A, B, ... in order.
        """
        try:
            core: Any = importlib.import_module("pyannote.core")
        except ImportError as error:
            raise MissingPackageError(
                "to_pyannote needs pyannote.core: pip install pyannote.core"
            ) from error
        places = {(turn.segment, turn.track) for turn in self.turns}
        converted = core.Annotation(uri=self.uri)
        for index, turn in enumerate(self.turns):
            segment = core.Segment(turn.segment.start, turn.segment.end)
            track = turn.track if len(places) == len(self.turns) else letters(index)
            converted[segment, track] = turn.speaker
        return converted

    def _repr_html_(self) -> str:
        """Draw a timeline in a notebook."""
        timelines = {label: self.label_timeline(label) for label in self.labels()}
        return timeline_svg(timelines, self.extent, self.uri or "turns")


def letters(index: int) -> str:
    """Name a column as spreadsheets do: A to Z, AA, AB, ..."""
    name = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def mean_confidence(turns: Sequence[Turn]) -> float | None:
    """Average confidences by the turns' lengths; None where one is unknown."""
    known = [(t.segment.duration, t.confidence) for t in turns if t.confidence is not None]
    if len(known) < len(turns) or not known:
        return None
    return sum(length * value for length, value in known) / sum(length for length, _ in known)
