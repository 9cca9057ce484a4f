"""Made-up recordings in which known voices speak, and a bundle that states their embedding."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from reference.recordings import DIMENSION, Recording, record

from ovdiar import Prepared, SpeakerDiarization, VoiceLibrary
from ovdiar.calibration import VoiceCalibration

if TYPE_CHECKING:
    from ovdiar import DiarizationResult
    from ovdiar.networks.models import Models

EMBEDDING = {"revision": "made up, 1", "sha256": "ab" * 32, "precision": "f32"}
CALIBRATION = VoiceCalibration(
    similarity=20.0, cohort=-10.0, log_seconds=0.2, bias=-6.0, usual_cohort=0.3
)
VOICES = np.linalg.qr(np.random.default_rng(3).normal(size=(DIMENSION, DIMENSION)))[0]
"""Directions (16, D) of voices, which differ as much as can be."""
NAMES = ("Ann", "Bob", "Cem", "Dee")


def conversation(*voices: int, seed: int = 5, windows: int = 60, noise: float = 0.1) -> Recording:
    """Record a conversation of some of `VOICES`, or a monologue."""
    directions = VOICES[list(voices)]
    return record(seed, voices=len(voices), windows=windows, directions=directions, noise=noise)


def models_of(recording: Recording, **embedding: Any) -> Models:
    """Make networks that say what a recording holds, of a bundle that states its embedding."""
    models = recording.models()
    manifest = {"segmentation": {}, "embedding": EMBEDDING | embedding}
    bundle = replace(models.bundle, manifest=manifest, voice_calibration=CALIBRATION)
    return replace(models, bundle=bundle)


def prepared(recording: Recording, **embedding: Any) -> Prepared:
    """Prepare a recording."""
    return SpeakerDiarization(models_of(recording, **embedding)).prepare(recording.audio())


def diarized(recording: Recording) -> tuple[Prepared, DiarizationResult]:
    """Prepare and cluster a recording."""
    found = prepared(recording)
    return found, SpeakerDiarization.for_prepared(found).cluster(found)


def library(*voices: int) -> VoiceLibrary:
    """Enrol some of `VOICES` by their `NAMES`."""
    made = VoiceLibrary(models_of(conversation(0)))
    for voice in voices:
        made.enroll(NAMES[voice], prepared(conversation(voice, seed=voice)))
    return made
