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
    probability : that the speaker is that voice (see `probabilities`); None where it is unknown of
        the library's embedding
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


def similarities_of(
    speakers: Sequence[Voiceprint | None], voices: Sequence[Voice]
) -> NDArray[np.float64]:
    """Compare speakers with voices, by the most similar exemplar: (N, V).

    -1 for a speaker without a voiceprint.
    """
    found = np.full((len(speakers), len(voices)), -1.0)
    known = [number for number, each in enumerate(speakers) if each is not None]
    prints = [each for each in speakers if each is not None]
    if prints:
        for column, voice in enumerate(voices):
            exemplars = [each.voiceprint for each in voice.exemplars]
            found[known, column] = similarities(prints, exemplars).max(axis=1)
    return found


def probabilities(
    alike: NDArray[np.float64], seconds: NDArray[np.float64], calibration: VoiceCalibration
) -> NDArray[np.float64]:
    """Return how probable it is that each speaker is each voice: similarities (N, V) -> (N, V).

    Bayes' rule where a speaker is a stranger with probability 1/2, else any of the voices alike.
    The more voices a library has, the more similar one must be, and voices that are about as
    similar share the probability.
    """
    ratios = calibration.log_ratio(alike, seconds[:, np.newaxis]) - np.log(alike.shape[1])
    largest = np.maximum(ratios.max(axis=1, keepdims=True), 0.0)
    odds = np.exp(ratios - largest)
    found: NDArray[np.float64] = odds / (odds.sum(axis=1, keepdims=True) + np.exp(-largest))
    return found


def match(
    alike: NDArray[np.float64],
    sure: NDArray[np.float64] | None,
    seconds: NDArray[np.float64],
    parameters: IdentificationParameters,
) -> list[tuple[int, Reason]]:
    """Match speakers with voices, one to one.

    Parameters
    ----------
    alike, sure : (N, V), similarities and probabilities; these None where they are unknown
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
        unsure = sure is not None and sure[speaker, voice] < parameters.identification_threshold
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
            "the bundle states no calibration of voices: give the least similarity of a known "
            "voice, identification_similarity (0 to 1), measured on recordings of your own"
        )
    speakers = [prints.get(label) for label in labels]
    seconds = np.array([0.0 if each is None else each.seconds for each in speakers])
    if not voices or not speakers:
        return tuple(
            SpeakerIdentity(label, None, "no voices", None, None, None, spoken)
            for label, spoken in zip(labels, seconds.tolist(), strict=True)
        )
    alike = similarities_of(speakers, voices)
    sure = None if calibration is None else probabilities(alike, seconds, calibration)
    found = []
    for number, (voice, reason) in enumerate(match(alike, sure, seconds, parameters)):
        label, spoken = labels[number], float(seconds[number])
        if speakers[number] is None:
            found.append(SpeakerIdentity(label, None, "too short", None, None, None, spoken))
            continue
        found.append(
            SpeakerIdentity(
                speaker=label,
                name=voices[voice].name if reason == "named" else None,
                reason=reason,
                nearest=voices[voice].name,
                similarity=float(alike[number, voice]),
                probability=None if sure is None else float(sure[number, voice]),
                seconds=spoken,
            )
        )
    return tuple(found)
