"""What an `OnlineDiarizer` reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["start", "tentative", "final", "retract", "relabel"]


@dataclass(frozen=True)
class Event:
    """A change of one turn.

    Parameters
    ----------
    kind
        ``start``: a turn has begun. ``tentative``: its times or confidence have changed, it is
        no longer provisional, or its speaker has another ``name``. ``relabel``: it belongs to
        another speaker than it was shown with, ``previous``. ``retract``: it is not a turn after
        all. ``final``: from ``start`` to ``end`` the turn will not change any more.
    turn
        Number of the turn, the same in all of its events.
    speaker
        Label, such as ``SPEAKER_00``.
    start, end
        Times of the turn so far, s; of ``final``, of its immutable part.
    confidence
        Expected share of the turn that is right, 0 to 1; None if the bundle has no calibration.
    provisional
        Whether it may still turn out to be another speaker's: the voice is new, or was not compared
        with the speakers yet.
    compared
        Up to where the voice was compared with the speakers, s. What lies beyond may still become
        another speaker's, and what lies before only while the turn is provisional.
    open
        Whether the turn may go on.
    at
        Length of the audio that was heard at that step, s.
    previous
        The speaker before a ``relabel``.
    name
        Known voice that the speaker is, by what was heard so far, also for earlier turns; None for
        an unknown one.
    """

    kind: Kind
    turn: int
    speaker: str
    start: float
    end: float
    confidence: float | None = None
    provisional: bool = False
    compared: float = 0.0
    open: bool = True
    at: float = 0.0
    previous: str | None = None
    name: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: times to the millisecond.

        Without ``previous`` and ``name`` if they are None.
        """
        values = asdict(self)
        for name in ("start", "end", "compared", "at"):
            values[name] = round(values[name], 3)
        if self.confidence is not None:
            values["confidence"] = round(self.confidence, 3)
        spare = ("previous", "name")
        return {name: value for name, value in values.items() if name not in spare or value}
