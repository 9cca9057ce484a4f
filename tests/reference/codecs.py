"""The same recording as people send it, and how far two answers to it lie apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reference.ffmpeg import encode

from ovdiar.metrics import diarization_errors, speaker_mapping

if TYPE_CHECKING:
    from pathlib import Path

    from ovdiar import Annotation

CODECS: dict[str, tuple[str, ...]] = {
    "WAV": (".wav",),
    "FLAC": (".flac",),
    "MP3 (CBR)": (".mp3", "-c:a", "libmp3lame", "-b:a", "128k"),
    "MP3 (VBR)": (".mp3", "-c:a", "libmp3lame", "-q:a", "2"),
    "Opus": (".opus", "-c:a", "libopus", "-b:a", "96k"),
    "M4A": (".m4a", "-ar", "44100", "-c:a", "aac", "-b:a", "128k"),
}
"""Suffix and ffmpeg's options, at the quality that people keep speech in."""
NEAR_S, MATCHED_S = 0.05, 0.5
"""How far apart two boundaries are near, and how far they may be to be the same one."""


class Disagreement(NamedTuple):
    """Diarization error rate, the worse way round; shares of boundaries that are near.

    ``near`` is the share of those that have a counterpart, ``near_of_all`` of all.
    """

    rate: float
    near: float
    near_of_all: float


def encodings(ffmpeg: str, recording: Path, folder: Path) -> dict[str, Path]:
    """Write a recording in every format, each under the recording's own name."""
    files = {}
    for number, (name, (suffix, *how)) in enumerate(CODECS.items()):
        place = folder / str(number)
        place.mkdir()
        files[name] = encode(ffmpeg, recording, place / f"{recording.stem}{suffix}", *how)
    return files


def disagreement(one: Annotation, other: Annotation) -> Disagreement:
    """Compare two answers to one recording; speakers are mapped by the time they share."""
    rate = max(diarization_errors(one, other).rate, diarization_errors(other, one).rate)
    names = speaker_mapping(one, other)
    distances = []
    for speaker, twin in names.items():
        theirs, ours = other.label_timeline(speaker), one.label_timeline(twin)
        for side in ("start", "end"):
            times = [getattr(segment, side) for segment in ours]
            distances += [min(abs(getattr(s, side) - t) for t in times) for s in theirs]
    matched = [distance for distance in distances if distance <= MATCHED_S]
    near = sum(distance <= NEAR_S for distance in matched)
    return Disagreement(rate, near / max(1, len(matched)), near / max(1, len(distances)))
