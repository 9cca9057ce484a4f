"""Transcripts as recognizers write them, drawn at random: what was said is known word by word."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from ovdiar.annotation import Annotation

LETTERS = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=6)
SPOKEN = st.tuples(LETTERS, st.sampled_from(["", "", "", ".", ",", "?", "'s", "-a", "…"])).map(
    "".join
)
"""A word as it is printed: letters, digits and marks of many scripts."""


class Said(NamedTuple):
    """A word, and when it is said, ms; None where a recognizer would not tell."""

    text: str
    span_ms: tuple[int, int] | None


@st.composite
def speech(draw: st.DrawFn, *, untimed: bool = False) -> list[list[Said]]:
    """Draw up to five segments of up to eight words, one after another, with pauses."""
    segments = []
    at = draw(st.integers(0, 3000))
    for _ in range(draw(st.integers(1, 5))):
        segment = []
        for text in draw(st.lists(SPOKEN, min_size=1, max_size=8)):
            start = at + draw(st.sampled_from([0, 0, 0, 10, 300, 2500]))
            at = start + draw(st.sampled_from([0, 20, 150, 400, 700]))
            known = not untimed or draw(st.integers(0, 3))
            segment.append(Said(text, (start, at) if known else None))
        segments.append(segment)
    return segments


@st.composite
def conversations(draw: st.DrawFn) -> Annotation:
    """Draw turns of up to three speakers over the same time, in whole hundredths of seconds."""
    row = st.tuples(st.integers(0, 1500), st.integers(1, 600), st.sampled_from("ABC"))
    rows = draw(st.lists(row, max_size=9))
    return Annotation.of((start / 100, (start + length) / 100, who) for start, length, who in rows)


def bounds_s(segment: list[Said]) -> dict[str, float]:
    """Give start and end of a segment, s."""
    times = [time for said in segment for time in said.span_ms or ()] or [0, 1000]
    return {"start": min(times) / 1000, "end": max(times) / 1000}


def times_s(said: Said) -> dict[str, float]:
    """Give start and end of a word, s, where they are known."""
    if said.span_ms is None:
        return {}
    return {"start": said.span_ms[0] / 1000, "end": said.span_ms[1] / 1000}


def openai_whisper(segments: list[list[Said]]) -> dict[str, Any]:
    """Write what openai-whisper writes: words begin with their blanks."""
    written = [
        {
            "id": number,
            "seek": 0,
            **bounds_s(segment),
            "text": "".join(f" {said.text}" for said in segment),
            "tokens": [50364, number],
            "temperature": 0.0,
            "words": [{"word": f" {w.text}", **times_s(w), "probability": 0.5} for w in segment],
        }
        for number, segment in enumerate(segments)
    ]
    text = "".join(str(segment["text"]) for segment in written)
    return {"text": text, "segments": written, "language": "en"}


def faster_whisper(segments: list[list[Said]]) -> list[dict[str, Any]]:
    """Write the list of its segments that people save; identifiers count from 1."""
    written: list[dict[str, Any]] = openai_whisper(segments)["segments"]
    return [{**segment, "id": segment["id"] + 1} for segment in written]


def whisperx(segments: list[list[Said]]) -> dict[str, Any]:
    """Write what whisperX writes: words without blanks, and all of them once more."""
    written: list[dict[str, Any]] = [
        {
            **bounds_s(segment),
            "text": " " + " ".join(said.text for said in segment),
            "words": [{"word": said.text, **times_s(said), "score": 0.7} for said in segment],
        }
        for segment in segments
    ]
    words = [dict(word) for segment in written for word in segment["words"]]
    return {"segments": written, "word_segments": words}


def verbose_json(segments: list[list[Said]]) -> dict[str, Any]:
    """Write what OpenAI answers: words beside the segments, without marks."""
    content = openai_whisper(segments)
    bare = [{key: s[key] for key in s if key != "words"} for s in content["segments"]]
    spoken = [said for segment in segments for said in segment]
    words = [{"word": said.text.strip(".,?…"), **times_s(said)} for said in spoken]
    return {"task": "transcribe", "duration": 99.5, **content, "segments": bare, "words": words}


def whisper_cpp(segments: list[list[Said]]) -> dict[str, Any]:
    """Write whisper.cpp's full JSON: words in tokens of up to three characters, and markers."""
    written = []
    for segment in segments:
        ends = {name: round(value * 1000) for name, value in bounds_s(segment).items()}
        tokens: list[dict[str, Any]] = [{"text": "[_BEG_]", "id": 50364, "p": 0.9}]
        for said in segment:
            text = f" {said.text}"
            offsets = said.span_ms and {"from": said.span_ms[0], "to": said.span_ms[1]}
            tokens += [
                {"text": text[at : at + 3], **({"offsets": offsets} if offsets else {}), "p": 0.5}
                for at in range(0, len(text), 3)
            ]
        tokens.append({"text": "[_TT_99]", "id": 50463, "p": 0.1})
        written.append(
            {
                "timestamps": {"from": "00:00:00,000", "to": "00:00:00,000"},
                "offsets": {"from": ends["start"], "to": ends["end"]},
                "text": "".join(f" {said.text}" for said in segment),
                "tokens": tokens,
            }
        )
    return {"model": {"type": "base"}, "result": {"language": "en"}, "transcription": written}
