"""Which known voice each speaker of a recording is, if any.

A speaker gets a name where the two are each other's best match, the similarity reaches the
threshold and the next voice is far enough behind. Everybody else is unknown. How the numbers were
chosen: docs/studies/known-voices.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ovdiar.voices.voiceprint import corrected_similarities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ovdiar.calibration import VoiceCalibration
    from ovdiar.parameters import IdentificationParameters
    from ovdiar.voices.voice import Voice
    from ovdiar.voices.voiceprint import Voiceprint

Reason = Literal[
    "named", "no voices", "too short", "below threshold", "too close", "another speaker"
]


@dataclass(frozen=True)
class SpeakerIdentity:
    """What is known of one speaker's identity.

    Parameters
    ----------
    speaker : label of the speaker
    name : of the known voice, or None where the speaker is unknown
    reason : ``named``; or why the speaker is unknown: ``no voices`` (the library has none that is
        not expired), ``too short`` (too little clean speech), ``below threshold``, ``too close``
        (another voice is nearly as similar), ``another speaker`` (of this recording is more similar
        to that voice)
    nearest : the most similar voice, whether or not the speaker got its name
    similarity : to that voice, corrected for noise and length; about 1 for one voice
    probability : that both are one voice, where half of all speakers are known; None where the
        bundle has no calibration of it
    seconds : clean speech of the speaker
    """

    speaker: str
    name: str | None
    reason: Reason
    nearest: str | None
    similarity: float | None
    probability: float | None
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, rounded; no embeddings."""
        return {
            "speaker": self.speaker,
            "name": self.name,
            "reason": self.reason,
            "nearest": self.nearest,
            "similarity": _rounded(self.similarity),
            "probability": _rounded(self.probability),
            "seconds": round(self.seconds, 3),
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def match(
    similarities: NDArray[np.float64],
    seconds: NDArray[np.float64],
    parameters: IdentificationParameters,
) -> list[tuple[int, Reason]]:
    """Match speakers with voices, one to one.

    Parameters
    ----------
    similarities : (N, V), of N speakers to V voices, at least one
    seconds : (N,), clean speech of each speaker

    Returns
    -------
    Of each speaker, the most similar voice and whether the speaker gets its name.
    """
    found: list[tuple[int, Reason]] = []
    owners = similarities.argmax(axis=0)
    for speaker, row in enumerate(similarities):
        voice = int(row.argmax())
        others = np.delete(row, voice)
        reason: Reason = "named"
        if seconds[speaker] < parameters.least_seconds:
            reason = "too short"
        elif row[voice] < required(seconds[speaker], parameters):
            reason = "below threshold"
        elif len(others) and row[voice] - others.max() < parameters.identification_margin:
            reason = "too close"
        elif owners[voice] != speaker:
            reason = "another speaker"
        found.append((voice, reason))
    return found


def required(seconds: float, parameters: IdentificationParameters) -> float:
    """Return the least similarity for a name: more for little speech."""
    return parameters.identification_threshold + parameters.identification_rise_s / max(
        seconds, 0.05
    )


def similarities_of(
    speakers: Sequence[Voiceprint | None], voices: Sequence[Voice]
) -> NDArray[np.float64]:
    """Compare speakers with voices, by the most similar exemplar: (N, V).

    Minus infinity for a speaker without a voiceprint.
    """
    found = np.full((len(speakers), len(voices)), -np.inf)
    known = [number for number, each in enumerate(speakers) if each is not None]
    prints = [each for each in speakers if each is not None]
    if prints:
        for column, voice in enumerate(voices):
            exemplars = [each.voiceprint for each in voice.exemplars]
            found[known, column] = corrected_similarities(prints, exemplars).max(axis=1)
    return found


def identities(
    labels: Sequence[str],
    prints: Mapping[str, Voiceprint],
    voices: Sequence[Voice],
    parameters: IdentificationParameters,
    calibration: VoiceCalibration | None,
) -> tuple[SpeakerIdentity, ...]:
    """Identify the speakers of a recording by their voiceprints."""
    speakers = [prints.get(label) for label in labels]
    seconds = np.array([0.0 if each is None else each.seconds for each in speakers])
    if not voices:
        return tuple(
            SpeakerIdentity(label, None, "no voices", None, None, None, spoken)
            for label, spoken in zip(labels, seconds.tolist(), strict=True)
        )
    similarities = similarities_of(speakers, voices)
    found = []
    for number, (voice, reason) in enumerate(match(similarities, seconds, parameters)):
        label, name, spoken = labels[number], voices[voice].name, float(seconds[number])
        if speakers[number] is None:
            found.append(SpeakerIdentity(label, None, "too short", None, None, None, spoken))
            continue
        similarity = float(similarities[number, voice])
        probability = None if calibration is None else calibration(similarity, spoken)
        given = name if reason == "named" else None
        found.append(SpeakerIdentity(label, given, reason, name, similarity, probability, spoken))
    return tuple(found)
