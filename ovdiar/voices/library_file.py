"""The file of a voice library: one JSON object, which says what it holds."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from datetime import date
from importlib.metadata import version
from typing import Any

import numpy as np

from ovdiar.calibration import VoiceCalibration
from ovdiar.errors import FormatError, OvdiarError
from ovdiar.voices.voice import EmbeddingIdentity, Exemplar, Voice
from ovdiar.voices.voiceprint import Voiceprint

FORMAT = "ovdiar voice library"
SCHEMA = 1
"""Version of the files that this release writes and reads."""
ABOUT = (
    "Voice embeddings of the people named below, by which their voices can be recognised: treat "
    "them as biometric data. No audio and no words are stored. Delete a person with: ovdiar voices "
    "remove FILE NAME. Copies and backups of this file must be deleted separately."
)
DECIMALS = 6
"""Of stored numbers."""
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError, OvdiarError)
"""What a damaged or foreign file raises while it is read."""
MAX_DIMENSION = 2**16
_VECTOR = "\0embedding"
"""Stands for an embedding while the rest is indented; no name or note can hold it."""


@dataclass(frozen=True, eq=False)
class Content:
    """What a library holds: the embedding's identity and calibration, and voices."""

    model: EmbeddingIdentity
    calibration: VoiceCalibration | None
    voices: tuple[Voice, ...]


class _NewerError(ValueError):
    """The file has a schema of a later release."""


def dumps(library: Content) -> str:
    """Return the content of the file; an exemplar's embedding takes one line."""
    voices = library.voices
    content = {
        "format": FORMAT,
        "schema": SCHEMA,
        "about": ABOUT,
        "created_by": f"ovdiar {version('ovdiar')}",
        "model": asdict(library.model),
        "calibration": library.calibration and library.calibration.to_dict(),
        "counts": {
            "voices": len(voices),
            "exemplars": sum(len(each.exemplars) for each in voices),
            "seconds": round(sum(each.seconds for each in voices), 1),
        },
        "voices": [_voice_entry(each) for each in voices],
    }
    text = json.dumps(content, ensure_ascii=False, indent=1)
    vectors = [each.voiceprint.embedding for voice in voices for each in voice.exemplars]
    parts = text.split(json.dumps(_VECTOR))
    lists = [json.dumps(np.round(vector, DECIMALS).tolist()) for vector in vectors]
    return "".join(a + b for a, b in zip(parts, [*lists, "\n"], strict=True))


def _voice_entry(voice: Voice) -> dict[str, Any]:
    return {
        "name": voice.name,
        "consent": voice.consent,
        "expires": voice.expires and voice.expires.isoformat(),
        "exemplars": [
            {
                "added": each.added.isoformat(),
                "seconds": round(each.voiceprint.seconds, 3),
                "embedding": _VECTOR,
            }
            for each in voice.exemplars
        ],
    }


def loads(text: str, source: str) -> Content:
    """Read the content of the file; ``source`` names it in messages.

    Raises
    ------
    FormatError
        The content is damaged or something else, or a newer ovdiar wrote it.
    """
    try:
        return _read(json.loads(text))
    except _NewerError as error:
        raise FormatError(f"{source}: {error}") from None
    except (*UNREADABLE, RecursionError) as error:
        reason = " ".join(str(error).split())[:120]
        raise FormatError(
            f"{source} is no voice library, or it is damaged ({reason}): make one with ovdiar "
            "enroll NAME AUDIO --voices FILE.json"
        ) from error


def _read(content: dict[str, Any]) -> Content:
    """Rebuild the library; whatever does not fit raises one of `UNREADABLE`."""
    if content["format"] != FORMAT:
        raise ValueError("another format")
    schema = content["schema"]
    if not isinstance(schema, int) or schema < 1:
        raise ValueError("no schema")
    if schema > SCHEMA:
        raise _NewerError(
            f"a voice library of schema {schema}, and this ovdiar reads up to {SCHEMA}: upgrade "
            "ovdiar"
        )
    model = EmbeddingIdentity(**content["model"])
    texts = model.bundle, model.revision, model.sha256
    if not all(isinstance(each, str) for each in texts) or type(model.dimension) is not int:
        raise ValueError("the model is not described")
    if not 0 < model.dimension <= MAX_DIMENSION:
        raise ValueError("the embedding's dimension is out of range")
    stated = content["calibration"]
    calibration = None if stated is None else VoiceCalibration.from_dict(stated)
    if not isinstance(content["voices"], list):
        raise TypeError("the voices are no list")
    voices = tuple(_voice(entry, model.dimension) for entry in content["voices"])
    if len({each.name for each in voices}) < len(voices):
        raise ValueError("a name occurs twice")
    return Content(model, calibration, voices)


def _voice(entry: dict[str, Any], dimension: int) -> Voice:
    exemplars = tuple(_exemplar(each, dimension) for each in entry["exemplars"])
    if not exemplars:
        raise ValueError("a voice without exemplars")
    expires = entry["expires"]
    return Voice(
        name=entry["name"],
        exemplars=exemplars,
        consent=entry["consent"],
        expires=None if expires is None else date.fromisoformat(expires),
    )


def _exemplar(entry: dict[str, Any], dimension: int) -> Exemplar:
    vector = np.array(entry["embedding"], dtype=np.float64)
    if vector.shape != (dimension,) or not np.isfinite(vector).all() or not vector.any():
        raise ValueError(f"an embedding that is not {dimension} numbers")
    seconds = float(entry["seconds"])
    if not 0 < seconds < math.inf:
        raise ValueError(f"{seconds} seconds of speech")
    return Exemplar(Voiceprint(vector, seconds), date.fromisoformat(entry["added"]))
