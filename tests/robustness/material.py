"""Healthy texts of every format that is read, drawn from a seeded generator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ovdiar import formats, transcripts
from ovdiar.annotation import Annotation
from ovdiar.formats import uem
from ovdiar.serve.schema import diarization
from ovdiar.transcripts.whisper import FAMILY as WHISPER

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

NAMES = ("SPEAKER_00", "SPEAKER_01", "Zoë", "李雷", "مريم", "O'Neil", "A-1")
WORDS = ("so", "it", "goes", "Straße", "你好", "ok.", "Remember:", "<i>yes</i>", "42", "na\u00efve")


def turns(random: Random) -> Annotation:
    """Draw up to a dozen turns of a few speakers."""
    names = random.sample(NAMES, random.randint(1, 4))
    rows = []
    for _ in range(random.randint(0, 12)):
        start_ms = random.randint(0, 90_000)
        end_ms = start_ms + random.randint(1, 9000)
        rows.append((start_ms / 1000, end_ms / 1000, random.choice(names)))
    return Annotation.of(rows, "call")


def _segments(random: Random) -> list[dict[str, Any]]:
    segments = []
    at = 0.0
    for number in range(random.randint(0, 6)):
        words: list[dict[str, Any]] = []
        for _ in range(random.randint(1, 6)):
            at += random.choice((0.0, 0.1, 0.7))
            end = at + random.choice((0.0, 0.2, 0.5))
            times = {"start": round(at, 3), "end": round(end, 3)}
            words.append({"word": f" {random.choice(WORDS)}", **times, "probability": 0.5})
            at = end
        text = "".join(word["word"] for word in words)
        span = {"start": words[0]["start"], "end": words[-1]["end"]}
        segments.append({"id": number, **span, "text": text, "words": words})
    return segments


def _whisper(random: Random) -> str:
    segments = _segments(random)
    shape = random.choice(("object", "list", "beside", "words", "untimed"))
    words = [word for segment in segments for word in segment["words"]]
    bare = [{k: v for k, v in each.items() if k != "words"} for each in segments]
    documents: dict[str, Any] = {
        "object": {"text": "", "segments": segments, "language": "en"},
        "list": segments,
        "beside": {"segments": bare, "words": words},
        "words": {"text": "", "words": words},
        "untimed": {"segments": bare},
    }
    return json.dumps(documents[shape], ensure_ascii=random.random() < 0.5)


def _whisper_cpp(random: Random) -> str:
    entries = []
    for segment in _segments(random):
        offsets = {"from": round(segment["start"] * 1000), "to": round(segment["end"] * 1000)}
        entry: dict[str, Any] = {"offsets": offsets, "text": segment["text"]}
        if random.random() < 0.5:
            entry["tokens"] = [
                {"text": word["word"][at : at + 3], "offsets": offsets, "p": 0.5}
                for word in segment["words"]
                for at in range(0, len(word["word"]), 3)
            ]
        entries.append(entry)
    return json.dumps({"result": {"language": "en"}, "transcription": entries}, ensure_ascii=False)


def _written(name: str) -> Callable[[Random], str]:
    """Write a transcript with speakers in one of its formats."""

    def draw(random: Random) -> str:
        found = transcripts.parse(_whisper(random))
        labelled = transcripts.to_document(found) if found.family == WHISPER else {}
        return transcripts.dumps(transcripts.from_document(labelled), name)

    return draw


def _service(random: Random) -> str:
    answer = diarization(turns(random), 99.5)
    return answer.model_dump_json()


def _preset(random: Random) -> str:
    return json.dumps({"threshold": random.random(), "min_cluster_size": random.randint(1, 30)})


TURNS: dict[str, Callable[[Random], str]] = {
    **{
        name: (lambda random, name=name: formats.dumps(turns(random), name))  # type: ignore[misc]
        for name in formats.SUFFIXES
    },
    "service": _service,
}
"""Files of turns."""
SUFFIXES = {**formats.SUFFIXES, "service": ".json"}
TRANSCRIPTS: dict[str, Callable[[Random], str]] = {
    "whisper": _whisper,
    "whisper.cpp": _whisper_cpp,
    "words.srt": _written("srt"),
    "words.vtt": _written("vtt"),
    "ctm": _written("ctm"),
}
"""Files of words."""
OTHERS: dict[str, Callable[[Random], str]] = {
    "uem": lambda random: uem.dumps((segment for segment, _ in turns(random)), "call"),
    "names": lambda random: json.dumps({name: f"{name} B" for name in random.sample(NAMES, 3)}),
    "preset": _preset,
}
