"""Which known voice each speaker of a recording is, if any.

A speaker gets a name where the two are each other's best match, the probability reaches the
threshold and the next voice is far enough behind. Everybody else is unknown. How the numbers were
chosen: docs/studies/known-voices.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ovdiar.errors import ConfigError
from ovdiar.voices.voiceprint import similarities

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from ovdiar.calibration import VoiceCalibration
    from ovdiar.parameters import IdentificationParameters
    from ovdiar.voices.voice import Voice
    from ovdiar.voices.voiceprint import Voiceprint

COHORT = 5
"""Other pairs that a similarity is compared with, at most."""

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
    similarity : cosine similarity to that voice
    probability : that the speaker is that voice, where half of all speakers are known; None where
        the library's embedding has no calibration
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


def similarities_of(speakers: Sequence[Voiceprint], voices: Sequence[Voice]) -> NDArray[np.float64]:
    """Compare speakers with voices, by the most similar exemplar: (N, V)."""
    columns = [
        similarities(speakers, [each.voiceprint for each in voice.exemplars]).max(axis=1)
        for voice in voices
    ]
    return np.stack(columns, axis=1)


def cohort_similarity(alike: NDArray[np.float64], speaker: int, voice: int, usual: float) -> float:
    """Return how similar the speaker and other voices are, and the voice and other speakers.

    A telephone or a room that they share makes all of them similar. The mean of the `COHORT`
    highest similarities, and of one usual value, which stands in where there are none: adaptive
    score normalisation (Cumani et al., "Comparison of speaker recognition approaches for real
    applications", 2011), whose cohort is here the library and the recording.
    """
    others = np.concatenate([np.delete(alike[speaker], voice), np.delete(alike[:, voice], speaker)])
    highest = np.sort(others)[-COHORT:]
    return float((highest.sum() + usual) / (len(highest) + 1))


def match(
    alike: NDArray[np.float64],
    sure: NDArray[np.float64] | None,
    seconds: NDArray[np.float64],
    parameters: IdentificationParameters,
) -> list[tuple[int, Reason]]:
    """Match speakers with voices, one to one.

    Parameters
    ----------
    alike : (N, V), similarities
    sure : (N,), the probability of the most similar voice; None where it is unknown
    seconds : (N,), clean speech of each speaker

    Returns
    -------
    Of each speaker, the most similar voice, and whether the speaker gets its name.
    """
    found: list[tuple[int, Reason]] = []
    owners = alike.argmax(axis=0)
    for speaker, row in enumerate(alike):
        voice = int(row.argmax())
        others = np.delete(row, voice)
        unsure = sure is not None and sure[speaker] < parameters.identification_threshold
        reason: Reason = "named"
        if seconds[speaker] < parameters.identification_seconds:
            reason = "too short"
        elif unsure or row[voice] < parameters.identification_similarity:
            reason = "below threshold"
        elif len(others) and row[voice] - others.max() < parameters.identification_margin:
            reason = "too close"
        elif owners[voice] != speaker:
            reason = "another speaker"
        found.append((voice, reason))
    return found


def identities(
    labels: Sequence[str],
    prints: Mapping[str, Voiceprint],
    voices: Sequence[Voice],
    parameters: IdentificationParameters,
    calibration: VoiceCalibration | None,
) -> tuple[SpeakerIdentity, ...]:
    """Identify the speakers of a recording by their voiceprints.

    Raises
    ------
    ConfigError
        Neither a calibration nor a least similarity is known.
    """
    if calibration is None and not parameters.identification_similarity:
        raise ConfigError(
            "the library's bundle states no calibration of voices: give the least similarity of a "
            "known voice, identification_similarity (0 to 1), or enrol again with a bundle that "
            "states one, as a newly exported base does"
        )
    known = [label for label in labels if label in prints]
    found: dict[str, SpeakerIdentity] = {}
    if known and voices:
        alike = similarities_of([prints[label] for label in known], voices)
        seconds = np.array([prints[label].seconds for label in known])
        sure = None if calibration is None else _probabilities(alike, seconds, calibration)
        for row, (voice, reason) in enumerate(match(alike, sure, seconds, parameters)):
            name = voices[voice].name
            found[known[row]] = SpeakerIdentity(
                speaker=known[row],
                name=name if reason == "named" else None,
                reason=reason,
                nearest=name,
                similarity=float(alike[row, voice]),
                probability=None if sure is None else float(sure[row]),
                seconds=float(seconds[row]),
            )
    return tuple(found.get(label) or _unknown(label, prints, voices) for label in labels)


def _probabilities(
    alike: NDArray[np.float64], seconds: NDArray[np.float64], calibration: VoiceCalibration
) -> NDArray[np.float64]:
    """Return the probability that each speaker is the most similar voice: (N, V) -> (N,)."""
    found = np.zeros(len(alike))
    for speaker, row in enumerate(alike):
        voice = int(row.argmax())
        cohort = cohort_similarity(alike, speaker, voice, calibration.usual_cohort)
        found[speaker] = calibration(float(row[voice]), cohort, float(seconds[speaker]))
    return found


def _unknown(
    label: str, prints: Mapping[str, Voiceprint], voices: Sequence[Voice]
) -> SpeakerIdentity:
    """Describe a speaker who can be compared with nobody."""
    seconds = prints[label].seconds if label in prints else 0.0
    reason: Reason = "too short" if voices else "no voices"
    return SpeakerIdentity(label, None, reason, None, None, None, seconds)
