"""Streams of events: fed in blocks of any size, and what a viewer would hold after each event."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from ovdiar import OnlineDiarizer
    from ovdiar.streaming.events import Event


def events_of(diarizer: OnlineDiarizer, samples: NDArray[np.float32], block: int) -> list[Event]:
    """Feed samples (n,) in blocks, and end the stream."""
    events: list[Event] = []
    for first in range(0, len(samples), block):
        events += diarizer.feed(samples[first : first + block])
    return events + diarizer.flush()


class Viewer:
    """Keeps turns as the events tell; refuses an event that contradicts the ones before.

    Attributes
    ----------
    shown
        The last event of each turn that is not retracted.
    final
        The immutable part of each turn: start, end and speaker.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.shown: dict[int, Event] = {}
        self.final: dict[int, tuple[float, float, str]] = {}
        self.closed: set[int] = set()
        for event in events:
            self._take(event)

    def _take(self, event: Event) -> None:
        turn = event.turn
        assert (event.kind == "start") == (turn not in self.shown), event
        assert turn not in self.closed, event
        if event.kind == "retract":
            assert turn not in self.final, event
            del self.shown[turn]
            self.closed.add(turn)
            return
        if event.kind == "relabel":
            assert turn not in self.final, event
            assert event.previous == self.shown[turn].speaker != event.speaker
        elif turn in self.shown:
            assert event.speaker == self.shown[turn].speaker, event
        if event.kind == "final":
            assert not event.provisional, event
            start, end, speaker = self.final.get(turn, (event.start, event.start, event.speaker))
            assert (start, speaker) == (event.start, event.speaker), event
            assert event.end >= end, event
            self.final[turn] = event.start, event.end, event.speaker
            if not event.open:
                self.closed.add(turn)
        self.shown[turn] = event
