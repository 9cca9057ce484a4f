"""Reports of four hours and 5,000 turns, and the time between their pictures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ovdiar.annotation import Annotation, Turn
from ovdiar.audio.encoding import FRAME_BYTES, FRAME_SAMPLES, RATE, Sound, encode
from ovdiar.report.comparison import compare
from ovdiar.report.content import content
from ovdiar.report.page import page
from ovdiar.segment import Segment
from ovdiar.transcripts.transcript import Passage, Transcript, Word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reference.pages import Report

DURATION_S, TURNS, WORDS = 4 * 3600, 5000, 35_000
PAN, ZOOM = {"deltaX": 60}, {"deltaY": 40, "ctrlKey": True}

WHEEL = """async ([id, options, frames]) => {
    const target = document.getElementById(id);
    const box = target.getBoundingClientRect();
    const middle = { clientX: box.x + box.width / 2, clientY: box.y + 60 };
    const both = ([name, value]) => [name, typeof value === "number" ? value * way : value];
    let way = 1;
    const times = [];
    let last = 0;
    for (let frame = 0; frame <= frames; frame++) {
        const now = await new Promise(requestAnimationFrame);
        if (last) times.push(now - last);
        last = now;
        way = frame % 40 < 20 ? 1 : -1;
        const turned = Object.fromEntries(Object.entries(options).map(both));
        const event = { ...middle, ...turned, bubbles: true, cancelable: true };
        target.dispatchEvent(new WheelEvent("wheel", event));
    }
    return times;
}"""


def long_meeting(seed: int, speakers: int) -> Annotation:
    """Let people talk for four hours, now and then at once."""
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.uniform(0, DURATION_S - 10, TURNS))
    lengths = rng.uniform(0.4, 5, TURNS)
    voices = rng.integers(0, speakers, TURNS)
    sure = rng.uniform(0.5, 0.95, TURNS)
    rows = zip(starts, lengths, voices, sure, strict=True)
    turns = [
        Turn(Segment(float(start), float(start + length)), f"SPEAKER_{who:02d}", "", float(share))
        for start, length, who, share in rows
    ]
    return Annotation(tuple(turns), "long")


def long_transcript(turns: Annotation) -> Transcript:
    """Give every turn the same number of words."""
    each = WORDS // TURNS
    passages = []
    for segment, _ in turns:
        step = segment.duration / each
        words = [
            Word(f" word{place}", segment.start + place * step, segment.start + (place + 1) * step)
            for place in range(each)
        ]
        passages.append(Passage(segment.start, segment.end, tuple(words)))
    return Transcript(tuple(passages), "words")


def long_sound() -> Sound:
    """Repeat a minute of noise for four hours, frame by frame."""
    rng = np.random.default_rng(0)
    minute = encode({"waveform": 0.1 * rng.standard_normal(60 * RATE), "sample_rate": RATE})
    frames = round(DURATION_S * RATE / FRAME_SAMPLES)
    body = minute.mp3[FRAME_BYTES : FRAME_BYTES * (60 * RATE // FRAME_SAMPLES)]
    mp3 = minute.mp3[:FRAME_BYTES] + (body * (frames * FRAME_BYTES // len(body) + 1))
    outline = rng.integers(0, 255, 20_000).astype(np.uint8)
    return replace(minute, duration_s=float(DURATION_S), peaks=outline, mp3=mp3)


def write_long_page(path: Path, *, speakers: int, sound: Sound, transcript: bool = False) -> None:
    """Write a report with a reference beside the turns."""
    turns = long_meeting(0, speakers)
    told = content(
        turns,
        sound,
        title="Four hours",
        comparison=compare(long_meeting(1, speakers), turns),
        transcript=long_transcript(turns) if transcript else None,
    )
    path.write_bytes(page(told, sound.mp3))


def wheel_ms(report: Report, gesture: Mapping[str, object], frames: int) -> list[float]:
    """Return the times between pictures while a wheel turns."""
    times: list[float] = report.page.evaluate(WHEEL, ["timeline", gesture, frames])
    return times
