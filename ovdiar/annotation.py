"""Speaker turns as value objects: `Turn` and `Annotation`. Immutable and sorted; times in seconds.

Names and rules are those of pyannote.core, except that every operation returns a new object.
"""

from __future__ import annotations

import importlib
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, overload

from ovdiar.discretization import discretize
from ovdiar.errors import ConfigError, MissingPackageError
from ovdiar.labels import letters
from ovdiar.notebook import to_html, to_svg
from ovdiar.segment import Segment, merge, total_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ovdiar.frames import FrameGrid, Frames


@dataclass(frozen=True)
class Turn:
    """A segment of one speaker.

    Parameters
    ----------
    segment
        Start and end, in seconds.
    speaker
        Label of the speaker.
    track
        Distinguishes and orders turns over the same segment, as in pyannote.core.
    confidence
        Estimated share of the turn that is correct, 0 to 1 (see `ovdiar.confidence`), or None if
        unknown. It is ignored by comparisons.
    """

    segment: Segment
    speaker: str
    track: str = field(default="", compare=False)
    confidence: float | None = field(default=None, compare=False)


def _order(turn: Turn) -> tuple[Segment, str, str]:
    return (turn.segment, turn.track, turn.speaker)


@dataclass(frozen=True)
class Annotation:
    """Speaker turns of a recording, sorted by segment, track and speaker.

    Iteration yields ``(segment, speaker)``. Empty segments are dropped.

    Parameters
    ----------
    turns
        Turns in any order.
    uri
        Name of the recording, or None.
    """

    turns: tuple[Turn, ...] = ()
    uri: str | None = None

    def __post_init__(self) -> None:
        """Sort the turns, and drop empty ones."""
        turns = sorted((turn for turn in self.turns if turn.segment), key=_order)
        object.__setattr__(self, "turns", tuple(turns))

    @classmethod
    def of(cls, rows: Iterable[tuple[float, float, str]], uri: str | None = None) -> Annotation:
        """Create an annotation from rows of start (s), end (s) and speaker."""
        return cls(tuple(Turn(Segment(start, end), who) for start, end, who in rows), uri)

    def __iter__(self) -> Iterator[tuple[Segment, str]]:
        """Iterate over segments and speakers."""
        return ((turn.segment, turn.speaker) for turn in self.turns)

    def __len__(self) -> int:
        """Return the number of turns."""
        return len(self.turns)

    @overload
    def itertracks(self, *, yield_label: Literal[False] = ...) -> Iterator[tuple[Segment, str]]: ...
    @overload
    def itertracks(self, *, yield_label: Literal[True]) -> Iterator[tuple[Segment, str, str]]: ...
    @overload
    def itertracks(
        self, *, yield_label: bool
    ) -> Iterator[tuple[Segment, str]] | Iterator[tuple[Segment, str, str]]: ...

    def itertracks(
        self, *, yield_label: bool = False
    ) -> Iterator[tuple[Segment, str]] | Iterator[tuple[Segment, str, str]]:
        """Iterate over (segment, track), or (segment, track, label)."""
        if yield_label:
            return ((turn.segment, turn.track, turn.speaker) for turn in self.turns)
        return ((turn.segment, turn.track) for turn in self.turns)

    def labels(self) -> list[str]:
        """Return the speakers, sorted by name."""
        return sorted({turn.speaker for turn in self.turns})

    def get_timeline(self) -> tuple[Segment, ...]:
        """Return the distinct segments in order."""
        return tuple(dict.fromkeys(turn.segment for turn in self.turns))

    @property
    def extent(self) -> Segment:
        """Segment from the first start to the last end; empty without turns."""
        if not self.turns:
            return Segment(0.0, 0.0)
        return Segment(self.turns[0].segment.start, max(turn.segment.end for turn in self.turns))

    def label_timeline(self, label: str) -> tuple[Segment, ...]:
        """Return the segments of a speaker in order."""
        return tuple(turn.segment for turn in self.turns if turn.speaker == label)

    def label_timelines(self) -> dict[str, tuple[Segment, ...]]:
        """Return the segments of every speaker in order, by label in order of the labels."""
        grouped = self._turns_by_label().items()
        return {label: tuple(turn.segment for turn in turns) for label, turns in grouped}

    def _turns_by_label(self) -> dict[str, list[Turn]]:
        grouped: dict[str, list[Turn]] = {label: [] for label in self.labels()}
        for turn in self.turns:
            grouped[turn.speaker].append(turn)
        return grouped

    def label_duration(self, label: str) -> float:
        """Return a speaker's duration in seconds; overlapping turns of the speaker count once."""
        return total_duration(self.label_timeline(label))

    def chart(self) -> list[tuple[str, float]]:
        """Return speakers and their durations (s), longest first."""
        rows = [(label, total_duration(each)) for label, each in self.label_timelines().items()]
        return sorted(rows, key=lambda row: -row[1])

    def argmax(self, within: Segment | Iterable[Segment] | None = None) -> str | None:
        """Return the speaker active longest, overall or within segments; None without turns."""
        chart = (self if within is None else self.crop(within)).chart()
        return chart[0][0] if chart else None

    def crop(self, within: Segment | Iterable[Segment], mode: str = "intersection") -> Annotation:
        """Restrict the annotation to one or more segments.

        Parameters
        ----------
        within
            Segment or segments; overlapping ones are merged.
        mode
            ``"intersection"`` trims turns at the boundaries, ``"strict"`` keeps turns inside a
            merged segment, ``"loose"`` keeps turns that intersect one.

        Raises
        ------
        ConfigError
            If the mode is unknown.
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
        """Merge turns of the same speaker that are less than ``collar`` seconds apart.

        As in pyannote.core, tracks are renamed to A, B, ... in order of labels and time. The
        confidence of a merged turn is the mean over its parts, weighted by duration.
        """
        merged: list[Turn] = []
        for label, turns in self._turns_by_label().items():
            remaining = deque(turns)
            for segment in merge((turn.segment for turn in remaining), collar):
                parts = []
                while remaining and remaining[0].segment in segment:
                    parts.append(remaining.popleft())
                merged.append(Turn(segment, label, letters(len(merged)), mean_confidence(parts)))
        return replace(self, turns=tuple(merged))

    def subset(self, labels: Iterable[str]) -> Annotation:
        """Keep the turns of the given speakers."""
        kept_labels = set(labels)
        return replace(self, turns=tuple(t for t in self.turns if t.speaker in kept_labels))

    def rename_labels(self, mapping: Mapping[str, str] | None = None) -> Annotation:
        """Rename speakers; labels that are not in the mapping are kept.

        By default, the labels become A, B, ... in sorted order.
        """
        if mapping is None:
            mapping = {label: letters(index) for index, label in enumerate(self.labels())}
        turns = (replace(t, speaker=mapping.get(t.speaker, t.speaker)) for t in self.turns)
        return replace(self, turns=tuple(turns))

    def get_overlap(self, labels: Iterable[str] | None = None) -> tuple[Segment, ...]:
        """Return the regions in which two or more of the (given) speakers are active."""
        chosen = self if labels is None else self.subset(labels)
        shared: list[Segment] = []
        active: list[Turn] = []
        for turn in chosen.turns:
            active = [other for other in active if other.segment.intersects(turn.segment)]
            others = (other for other in active if other.speaker != turn.speaker)
            shared.extend(other.segment & turn.segment for other in others)
            active.append(turn)
        return merge(shared)

    def discretize(
        self,
        support: Segment | None = None,
        resolution: float | FrameGrid = 0.01,
        labels: Sequence[str] | None = None,
        duration: float | None = None,
    ) -> Frames:
        """Convert turns to frames.

        A turn covers the frames from the one whose centre is nearest to its start to the one whose
        centre is nearest to its end.

        Parameters
        ----------
        support
            Segment to cover with frames. By default, the extent of the annotation.
        resolution
            Step and width of the frames in seconds, or a grid with both.
        labels
            Speakers of the columns. By default, those active within the support, sorted by name.
        duration
            Duration of the frames in seconds. By default, that of the support.

        Returns
        -------
        (T, labels), uint8, 0 or 1.

        Raises
        ------
        ConfigError
            If the resolution is below a microsecond.
        """
        support = self.extent if support is None else support
        cropped = self.crop(support)
        columns = cropped.labels() if labels is None else labels
        timelines = [cropped.label_timeline(label) for label in columns]
        return discretize(timelines, support, resolution, duration)

    def to_pyannote(self) -> Any:
        """Convert to ``pyannote.core.Annotation``.

        Tracks keep their names if these are unique within each segment, else they become A, B, ...
        in order.

        Raises
        ------
        MissingPackageError
            If pyannote.core is not installed.
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

    def _repr_svg_(self) -> str:
        """Draw a timeline."""
        return to_svg(self)

    def _repr_html_(self) -> str:
        """Show a timeline and a table of turns in a notebook."""
        return to_html(self)


def mean_confidence(turns: Sequence[Turn]) -> float | None:
    """Return the mean confidence weighted by duration, or None if one is unknown."""
    known = [(t.segment.duration, t.confidence) for t in turns if t.confidence is not None]
    if len(known) < len(turns) or not known:
        return None
    return sum(length * value for length, value in known) / sum(length for length, _ in known)
