"""Threads, processes and asyncio over one loaded bundle answer as one call after the other."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from ovdiar import SpeakerDiarization, load
from ovdiar.audio.reading import load as load_audio
from robustness.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

RATE = 16_000
Answer = tuple[tuple[float, float, str], ...]

_pipeline: SpeakerDiarization | None = None


def excerpts(recording: Path, count: int, seconds: float = 6.0) -> list[dict[str, Any]]:
    """Cut a recording into overlapping excerpts."""
    samples = load_audio(recording, rate=RATE).samples
    length = round(seconds * RATE)
    step = max(1, (len(samples) - length) // max(1, count))
    return [
        {"waveform": samples[start : start + length], "sample_rate": RATE}
        for start in range(0, step * count, step)
    ]


def answer_of(pipeline: SpeakerDiarization, audio: dict[str, Any]) -> Answer:
    """Return the turns of a recording as plain values."""
    turns = pipeline(audio).speaker_diarization.turns
    return tuple((turn.segment.start, turn.segment.end, turn.speaker) for turn in turns)


def threads(bundle: Path, recording: Path, recordings: int, workers: int = 8) -> Tally:
    """Run one pipeline in threads."""
    tally = Tally(f"{workers} threads over one pipeline")
    pipeline = SpeakerDiarization(load(bundle))
    audio = excerpts(recording, recordings)
    wanted = [answer_of(pipeline, each) for each in audio]
    with ThreadPoolExecutor(workers) as pool:
        jobs = [each for each in audio for _ in range(workers)]
        found = list(pool.map(lambda each: answer_of(pipeline, each), jobs))
    _compare(tally, found, [each for each in wanted for _ in range(workers)])
    return tally


def processes(bundle: Path, recording: Path, recordings: int, method: str) -> Tally:
    """Run the pipeline in two processes, after it ran in this one."""
    tally = Tally(f"two processes, {method}")
    _load(bundle)
    audio = excerpts(recording, recordings)
    wanted = [_work(each) for each in audio]
    context: Any = multiprocessing.get_context(method)
    with context.Pool(2, None if method == "fork" else _load, (bundle,)) as pool:
        _compare(tally, pool.map_async(_work, audio, 1).get(timeout=1200), wanted)
    _compare(tally, [_work(each) for each in audio], wanted)
    return tally


def coroutines(bundle: Path, recording: Path, recordings: int) -> Tally:
    """Run the pipeline in threads of an event loop."""
    tally = Tally("asyncio.to_thread")
    pipeline = SpeakerDiarization(load(bundle))
    audio = excerpts(recording, recordings)
    wanted = [answer_of(pipeline, each) for each in audio]

    async def all_of_them() -> list[Answer]:
        return await asyncio.gather(
            *(asyncio.to_thread(answer_of, pipeline, each) for each in audio)
        )

    _compare(tally, asyncio.run(all_of_them()), wanted)
    return tally


def _load(bundle: Path) -> None:
    global _pipeline  # noqa: PLW0603 - of a process of a pool
    _pipeline = SpeakerDiarization(load(bundle))


def _work(audio: dict[str, Any]) -> Answer:
    if _pipeline is None:
        raise RuntimeError
    return answer_of(_pipeline, audio)


def _compare(tally: Tally, found: Sequence[Answer], wanted: Sequence[Answer]) -> None:
    for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
        with tally.one():
            tally.expect(one == other, f"{tally.what}: recording {number}: {one} != {other}")
