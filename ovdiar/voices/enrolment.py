"""Whether a recording is good enough to enrol a voice from: enough clean speech of one speaker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ovdiar.clustering.window_speakers import attenuation_of, merge_settings
from ovdiar.voices.speech import clean_speech
from ovdiar.voices.voiceprint import consistency

if TYPE_CHECKING:
    from ovdiar.annotation import Annotation
    from ovdiar.pipelines.diarization.prepared import Prepared
    from ovdiar.voices.voiceprint import Voiceprint

LEAST_S = 5.0
"""Clean speech that a voice is enrolled from, at least, s."""
OTHERS_S, OTHERS_SHARE = 1.5, 0.1
"""Speech of everybody else that makes a second voice: more than this, s, and than this share."""
LEAST_CONSISTENCY = 0.5
"""Least similarity of the speech to itself (see `consistency`)."""

Finding = Literal["usable", "too short", "two voices", "too noisy"]


@dataclass(frozen=True)
class Verdict:
    """What an enrolment recording is worth.

    Parameters
    ----------
    finding : ``usable``, ``too short``, ``two voices`` or ``too noisy``
    text : one line, for people
    seconds : clean speech of the main speaker
    others_s : speech of all other speakers
    consistency : how similar the main speaker's speech is to itself, 0 to 1; None without speech
    voiceprint : of the main speaker; None without clean speech
    """

    finding: Finding
    text: str
    seconds: float
    others_s: float
    consistency: float | None
    voiceprint: Voiceprint | None = field(default=None, repr=False)

    @property
    def usable(self) -> bool:
        """Whether a voice can be enrolled from the recording."""
        return self.finding == "usable"


def assess(prepared: Prepared, turns: Annotation) -> Verdict:
    """Judge a recording by its diarization."""
    speech = clean_speech(prepared, turns)
    prints = speech.voiceprints()
    main = max(prints, key=lambda label: prints[label].seconds, default=None)
    if main is None:
        text = f"no clean speech was found: give at least {LEAST_S:g} s of one voice"
        return Verdict("too short", text, 0.0, 0.0, None)
    voice = prints[main]
    alike = consistency(speech.of(main), attenuation_of(merge_settings(prepared.parameters)))
    others_s = sum(turns.label_duration(label) for label in turns.labels() if label != main)
    share = others_s / (others_s + turns.label_duration(main))
    finding: Finding = "usable"
    text = f"{voice.seconds:.1f} s of clean speech of one voice"
    if others_s > OTHERS_S and share > OTHERS_SHARE:
        finding = "two voices"
        text = (
            f"{others_s:.1f} s are another voice's, beside {voice.seconds:.1f} s of the main one: "
            "give a recording of one voice alone"
        )
    elif voice.seconds < LEAST_S:
        finding = "too short"
        text = (
            f"it holds {voice.seconds:.1f} s of clean speech: give at least {LEAST_S:g} s, better "
            "30 s"
        )
    elif alike < LEAST_CONSISTENCY:
        finding = "too noisy"
        text = (
            f"its speech is similar to itself by {alike:.2f} only, and {LEAST_CONSISTENCY:g} are "
            "needed: give one with less noise and reverberation"
        )
    return Verdict(finding, text, voice.seconds, others_s, alike, voice)
