"""What live diarization is measured by: error rates, labels that change, and waiting."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from ovdiar import Segment
from ovdiar.metrics import DiarizationErrors, diarization_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ovdiar import Annotation
    from ovdiar.streaming.events import Event

RESOLUTION_S = 0.1
LOOKED_AT_S = 12.0
"""How long turns are looked at after their end, s."""


@dataclass(frozen=True)
class Row:
    """What one latency gave on one recording, or on several.

    ``switches`` are changes of label in ``speech_s`` of speech. ``relabelled`` counts stretches of
    speech whose speaker was certain and changed, ``unsure`` provisional turns that were given to
    another speaker; ``waits`` counts tenths of a second of final turns by the tenths of a second
    until they were final.
    """

    errors: DiarizationErrors = field(default_factory=DiarizationErrors)
    switches: int = 0
    speech_s: float = 0.0
    relabelled: int = 0
    unsure: int = 0
    waits: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, truth: Annotation, found: Annotation, events: Iterable[Event] = ()) -> Row:
        """Measure one recording."""
        switches, speech_s = label_switches(truth, found)
        events = list(events)
        errors = diarization_errors(truth, found)
        return cls(errors, switches, speech_s, *relabelled(events), waits(events))

    def plus(self, other: Row) -> Row:
        """Pool two."""
        return Row(
            self.errors + other.errors,
            self.switches + other.switches,
            self.speech_s + other.speech_s,
            self.relabelled + other.relabelled,
            self.unsure + other.unsure,
            dict(Counter(self.waits) + Counter(other.waits)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Row:
        """Read what `to_dict` returned, also from JSON."""
        waited = {int(tenths): count for tenths, count in values["waits"].items()}
        errors = DiarizationErrors(**values["errors"])
        return cls(**{**values, "errors": errors, "waits": waited})

    def cells(self) -> str:
        """DER with its parts; the rest where it was measured."""
        total = self.errors.total_s or 1.0
        parts = (self.errors.miss_s, self.errors.false_alarm_s, self.errors.confusion_s)
        text = f"{100 * self.errors.rate:.1f} % | " + " + ".join(
            f"{100 * part / total:.1f}" for part in parts
        )
        text += f" | {3600 * self.switches / max(self.speech_s, 1):.0f}"
        if not self.waits:
            return f"{text} |  |  | "
        tenths = np.repeat(list(self.waits), list(self.waits.values()))
        middle, late = np.percentile(tenths * RESOLUTION_S, [50, 95])
        sure, unsure = (
            600 * count / max(self.speech_s, 1) for count in (self.relabelled, self.unsure)
        )
        return f"{text} | {sure:.2f} ({unsure:.1f}) | {middle:.1f} s | {late:.1f} s"


def label_switches(reference: Annotation, found: Annotation) -> tuple[int, float]:
    """Count how often the label of a reference speaker's speech changes, and the speech, s.

    Where one speaks alone in both.
    """
    extent = Segment(0.0, max(reference.extent.end, found.extent.end, RESOLUTION_S))
    truth = reference.discretize(extent, RESOLUTION_S).data
    ours = found.discretize(extent, RESOLUTION_S).data
    alone = truth.sum(axis=1) == 1
    if not ours.shape[1]:
        return 0, float(alone.sum() * RESOLUTION_S)
    both = alone & (ours.sum(axis=1) == 1)
    switches = 0
    for speaker in range(truth.shape[1]):
        labels = ours[both & (truth[:, speaker] > 0)].argmax(axis=1)
        switches += int(np.count_nonzero(np.diff(labels)))
    return switches, float(alone.sum() * RESOLUTION_S)


def waits(events: Iterable[Event]) -> dict[int, int]:
    """Count how long it took until each tenth of a second of a turn was final, in such tenths."""
    found: Counter[int] = Counter()
    reached: dict[int, float] = {}
    for event in events:
        if event.kind == "final":
            begin = reached.get(event.turn, event.start)
            waited = event.at - np.arange(begin, event.end, RESOLUTION_S)
            found.update(np.rint(waited / RESOLUTION_S).astype(int).tolist())
            reached[event.turn] = event.end
    return dict(found)


def relabelled(events: Iterable[Event]) -> tuple[int, int]:
    """Count what was given to another speaker: speech of a certain one, and provisional turns.

    Certain is a turn that is not provisional, up to where it was compared. Each stretch of two
    tenths of a second or more counts that was shown so and is now another speaker's.
    """
    shown: dict[int, Event] = {}
    before: dict[int, set[str]] = {}
    changes = unsure = 0
    for at_s, batch in groupby(events, key=lambda event: event.at):
        for event in batch:
            unsure += event.kind == "relabel" and shown[event.turn].provisional
            goes_on = event.kind == "final" and event.open and event.turn in shown
            end = max(event.end, shown[event.turn].end) if goes_on else event.end
            shown[event.turn] = replace(event, end=end)
            if event.kind == "retract":
                del shown[event.turn]
        shown = {turn: each for turn, each in shown.items() if each.end > at_s - LOOKED_AT_S}
        everybody = _tenths((each, each.end) for each in shown.values())
        lost = sorted(
            tenth
            for tenth, who in before.items()
            if who - everybody.get(tenth, who) and everybody[tenth] - who
        )
        runs = np.split(lost, np.flatnonzero(np.diff(lost) > 1) + 1)
        changes += sum(len(run) > 1 for run in runs)
        before = _tenths((each, each.compared) for each in shown.values() if not each.provisional)
    return changes, unsure


def _tenths(shown: Iterable[tuple[Event, float]]) -> dict[int, set[str]]:
    """Return the speakers of each tenth of a second within turns, up to an end of each."""
    found: dict[int, set[str]] = {}
    for event, end in shown:
        for tenth in range(math.ceil(event.start * 10), math.floor(end * 10)):
            found.setdefault(tenth, set()).add(event.speaker)
    return found
