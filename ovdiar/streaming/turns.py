"""Turns that become certain, and the events that tell it.

A turn of a confirmed speaker is final up to the frame that has been decided; a provisional
speaker's waits. What is final is never looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.confidence import confidence
from ovdiar.pipelines.diarization.back_end import label_of
from ovdiar.streaming.events import Event

if TYPE_CHECKING:
    from ovdiar.calibration import Calibration
    from ovdiar.frames import FrameGrid
    from ovdiar.streaming.events import Kind
    from ovdiar.streaming.speakers import Speakers

Sums = tuple[float, float, float]
NOTHING: Sums = (0.0, 0.0, 0.0)
SHOWN_CHANGE = 0.05
"""A change of confidence that is reported."""
REMEMBERED = 4000
"""Frames for which a closed turn is remembered, so that a late decision does not repeat it."""


@dataclass(frozen=True)
class Stretch:
    """A run of frames of one speaker; ``decided`` if it cannot change.

    ``score`` is its mean activation and ``margin`` that of the speaker's last piece in it. The
    voice was compared with the speakers up to the frame ``compared``.
    """

    speaker: int
    start: int
    end: int
    score: float
    margin: float
    compared: int
    decided: bool = False


@dataclass
class LiveTurn:
    """A turn that is not closed: frames ``start`` to ``end``, of which up to ``final`` are final.

    Up to the frame ``compared`` its voice was compared with the speakers.

    ``rated`` sums frames, frames times score and frames times margin of the final part,
    ``tentative`` those of the rest.
    """

    turn: int
    speaker: int
    start: int
    end: int
    final: int
    rated: Sums = NOTHING
    tentative: Sums = NOTHING
    reported: int = 0
    confidence: float | None = None
    number: int = -1
    provisional: bool = False
    compared: int = -1


@dataclass(frozen=True)
class FinalTurn:
    """A turn that is over."""

    number: int
    start: int
    end: int
    confidence: float | None


@dataclass
class Turns:
    """The turns of a stream.

    ``gap`` and ``shortest`` are the shortest gap and the shortest turn, in frames.
    """

    grid: FrameGrid
    gap: int
    shortest: int
    calibration: Calibration | None
    shown: list[LiveTurn] = field(default_factory=list)
    over: list[FinalTurn] = field(default_factory=list)
    closed: list[tuple[int, int, int]] = field(default_factory=list)
    following: int = 0

    def update(
        self, stretches: list[Stretch], decided: int, speakers: Speakers, at_s: float
    ) -> list[Event]:
        """Take all stretches that are not final yet; ``decided`` is the frame reached. Events."""
        events: list[Event] = []
        for each in self.shown:
            if each.final > each.start and speakers.root(each.speaker) != each.speaker:
                if self._is_long(each):  # what goes on is another speaker's now
                    self._close(each, at_s, events)
                else:
                    each.final = each.start
        self.shown = [each for each in self.shown if each.turn >= 0]
        self.closed = [
            (speakers.root(speaker), start, end)
            for speaker, start, end in self.closed
            if end > decided - REMEMBERED and speaker in speakers.known
        ]
        items: list[LiveTurn] = []
        for speaker in sorted({each.speaker for each in stretches}):
            own = [each for each in stretches if each.speaker == speaker]
            items += self._join(speaker, own)
        begun = {each.speaker for each in items if each.turn >= 0}
        items += [
            replace(each, end=each.final, tentative=NOTHING)
            for each in self.shown
            if each.final > each.start and each.speaker not in begun
        ]
        before = {each.turn: each for each in self.shown}
        self._name(items)
        for turn, old in before.items():
            if turn not in {item.turn for item in items}:
                events.append(self._event("retract", old, at_s))
        self.shown = []
        for item in sorted(items, key=lambda each: (each.start, each.turn)):
            self._report(item, before.get(item.turn), speakers, decided, at_s, events)
        return events

    def _join(self, speaker: int, own: list[Stretch]) -> list[LiveTurn]:
        """Join one speaker's stretches to turns; the open one goes on."""
        going = next((e for e in self.shown if e.speaker == speaker and e.final > e.start), None)
        parts = [part for each in own for part in self._not_over(each)]
        if going is None:
            return self._joined(speaker, [], parts)
        begin = going.start
        before = [replace(e, end=min(e.end, begin)) for e in parts if e.start < begin]
        after = [replace(e, start=max(e.start, begin)) for e in parts if e.end > begin]
        open_turn = replace(going, end=going.final, tentative=NOTHING)
        return self._joined(speaker, [], before) + self._joined(speaker, [open_turn], after)

    def _joined(
        self, speaker: int, items: list[LiveTurn], stretches: list[Stretch]
    ) -> list[LiveTurn]:
        for each in sorted(stretches, key=lambda each: (each.start, each.end)):
            if not items or each.start - items[-1].end > self.gap:
                items.append(LiveTurn(-1, speaker, each.start, each.start, each.start))
            last = items[-1]
            frames = max(each.end - max(each.start, last.end), 0)
            if each.decided and last.final == last.end:
                last.rated = _rated(last.rated, frames, each)
                last.final = max(last.final, each.end)
            else:
                last.tentative = _rated(last.tentative, frames, each)
            last.end = max(last.end, each.end)
            if each.compared > each.start:
                last.compared = max(last.compared, each.compared)
        return items

    def _not_over(self, each: Stretch) -> list[Stretch]:
        """Cut off what is final for the speaker already."""
        for speaker, start, end in self.closed:
            if speaker == each.speaker and start < each.end and each.start < end:
                if start <= each.start:
                    each = replace(each, start=min(end, each.end))
                else:
                    each = replace(each, end=start)
        return [each] if each.end > each.start else []

    def _name(self, items: list[LiveTurn]) -> None:
        """Give turns the numbers under which they were shown, or new ones.

        A turn of another speaker takes the number of a provisional one only.
        """
        taken = {each.turn for each in items}
        free = [each for each in self.shown if each.turn not in taken]
        for same in (True, False):
            for item in items:
                near = [
                    e for e in free if e.speaker == item.speaker or (e.provisional and not same)
                ]
                shared = [min(e.end, item.end) - max(e.start, item.start) for e in near]
                if item.turn < 0 and shared and max(shared) > 0:
                    old = near[int(np.argmax(shared))]
                    item.turn = old.turn
                    free.remove(old)
        for item in items:
            if item.turn < 0:
                item.turn = self.following
                self.following += 1

    def _report(
        self,
        item: LiveTurn,
        old: LiveTurn | None,
        speakers: Speakers,
        decided: int,
        at_s: float,
        events: list[Event],
    ) -> None:
        known = speakers.known[item.speaker]
        item.compared = max(item.compared, item.final)
        certain = known.confirmed and item.compared > item.start
        item.provisional, item.number = not certain, known.number
        item.confidence = self._confidence(item)
        item.reported = 0 if old is None else old.reported
        over = item.final == item.end and decided > item.end + self.gap
        if over and not self._is_long(item):
            if old is not None:
                events.append(self._event("retract", old, at_s))
            return
        if old is None:
            events.append(self._event("start", item, at_s))
        elif old.number != item.number:
            changed = self._event("relabel", item, at_s)
            events.append(replace(changed, previous=label_of(old.number)))
        elif item.end > item.final and self._differs(item, old):
            events.append(self._event("tentative", item, at_s))
        if over:
            known.used = True
            self._close(item, at_s, events)
            return
        if self._is_long(item) and item.final > max(item.start, item.reported):
            known.used = True
            events.append(replace(self._event("final", item, at_s), end=self._time(item.final)))
            item.reported = item.final
        self.shown.append(item)

    def _close(self, item: LiveTurn, at_s: float, events: list[Event]) -> None:
        """End a turn where it is final."""
        closing = replace(item, end=item.final)
        event = self._event("final", closing, at_s)
        events.append(replace(event, open=False))
        self.over.append(FinalTurn(item.number, item.start, item.final, item.confidence))
        self.closed.append((item.speaker, item.start, item.final))
        item.turn = -1

    def again(self, labels: set[str], at_s: float) -> list[Event]:
        """Report the shown turns of some speakers as they are."""
        return [
            self._event("tentative", each, at_s)
            for each in self.shown
            if label_of(each.number) in labels
        ]

    def finals(self) -> list[FinalTurn]:
        """List the final turns, and the final parts of those that go on."""
        going = [
            FinalTurn(each.number, each.start, each.final, each.confidence)
            for each in self.shown
            if each.final > each.start and self._is_long(each)
        ]
        return self.over + going

    def _is_long(self, item: LiveTurn) -> bool:
        """Return whether the final part is long enough for a turn."""
        return item.final - item.start >= self.shortest

    def _differs(self, item: LiveTurn, old: LiveTurn) -> bool:
        moved = (item.start, item.end, item.provisional) != (old.start, old.end, old.provisional)
        if item.confidence is None or old.confidence is None:
            return moved
        return moved or abs(item.confidence - old.confidence) > SHOWN_CHANGE

    def _confidence(self, item: LiveTurn) -> float | None:
        frames, score, margin = (a + b for a, b in zip(item.rated, item.tentative, strict=True))
        if self.calibration is None or not frames:
            return None
        features = np.array([[min(score / frames, 1.0), margin / frames]])
        return float(confidence(features, self.calibration)[0])

    def _event(self, kind: Kind, item: LiveTurn, at_s: float) -> Event:
        return Event(
            kind,
            item.turn,
            label_of(item.number),
            self._time(item.start),
            self._time(item.end),
            confidence=item.confidence,
            provisional=item.provisional,
            compared=self._time(min(max(item.compared, item.start), item.end)),
            open=True,
            at=at_s,
        )

    def _time(self, frame: int) -> float:
        """Return the centre of a frame, s, as offline turns start and end there."""
        return (self.grid.start + frame * self.grid.step + 0.5 * self.grid.width) / self.grid.rate


def _rated(sums: Sums, frames: int, each: Stretch) -> Sums:
    """Add frames of a stretch."""
    count, score, margin = sums
    return count + frames, score + frames * each.score, margin + frames * each.margin
