"""Long runs: ``python -m robustness.endurance --bundle FOLDER`` does all of them.

1,000 recordings in one process, two hours of silence and of noise, and a recording of 20 speakers.
Prints a table: time and memory of each.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ovdiar import SpeakerDiarization, load
from ovdiar.audio.reading import load as load_audio

if TYPE_CHECKING:
    from collections.abc import Callable

RECORDING = Path(__file__).resolve().parent.parent / "data" / "conversation.flac"
RATE = 16_000
MB = 2**20
FLAT_MB = 8.0
"""How much the memory may grow over the second half of the recordings."""
SEED = 14


def resident_mb() -> float:
    """Return the memory that this process uses now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / MB


def many(bundle: Path, count: int, seed: int = SEED) -> tuple[list[float], int]:
    """Diarize excerpts of 2 to 12 s; return the memory after each, and how many answers differ.

    Every hundredth excerpt is the same one, and so is its answer.
    """
    pipeline = SpeakerDiarization(load(bundle))
    samples = load_audio(RECORDING, rate=RATE).samples
    draw = random.Random(seed)  # noqa: S311 - no secret
    same = {"waveform": samples[: 10 * RATE], "sample_rate": RATE}
    wanted = pipeline(same).speaker_diarization.turns
    memory, different = [], 0
    for number in range(count):
        length = draw.randint(2 * RATE, 12 * RATE)
        start = draw.randrange(len(samples) - length)
        pipeline({"waveform": samples[start : start + length], "sample_rate": RATE})
        if number % 100 == 0:
            different += pipeline(same).speaker_diarization.turns != wanted
        memory.append(resident_mb())
    return memory, different


def growth_mb(memory: list[float]) -> float:
    """Return by how much the memory grew over the second half, from quarter to quarter."""
    half = len(memory) // 2
    quarter = half + half // 2
    return float(np.median(memory[quarter:]) - np.median(memory[half:quarter]))


def silence(hours: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return digital silence."""
    return np.zeros(round(hours * 3600 * RATE), np.float32)


def noise(hours: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return noise that is like music: chords of five harmonics, and a beat of noise."""
    draw = np.random.default_rng(SEED)
    bar = np.arange(2 * RATE, dtype=np.float32) / RATE
    bars = []
    for _ in range(64):
        tones = 110 * 2 ** (draw.integers(0, 36, 3) / 12)
        chord = sum(np.sin(2 * np.pi * k * f * bar) / k for f in tones for k in range(1, 6))
        beat = draw.standard_normal(len(bar)) * np.exp(-8 * (bar % 0.5))
        bars.append((0.05 * chord + 0.1 * beat).astype(np.float32))
    once = np.concatenate(bars)
    count = round(hours * 3600 * RATE)
    return np.resize(once, count)


def crowd() -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Return 20 voices, one after the other: our recording, played at 20 speeds."""
    samples = load_audio(RECORDING, rate=RATE).samples[: 12 * RATE]
    parts = []
    for factor in np.geomspace(0.7, 1.4, 20):
        at = np.arange(0, len(samples) - 1, factor)
        parts.append(np.interp(at, np.arange(len(samples)), samples).astype(np.float32))
    return np.concatenate(parts)


def once(bundle: Path, samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> tuple[int, int]:
    """Diarize samples; return the number of turns and of speakers."""
    pipeline = SpeakerDiarization(load(bundle))
    found = pipeline({"waveform": samples, "sample_rate": RATE}).speaker_diarization
    return len(found.turns), len(found.labels())


def main() -> int:
    """Run all, and print the table."""
    parser = argparse.ArgumentParser(description="Run for long, and print time and memory.")
    parser.add_argument("--bundle", type=Path, required=True, help="the bundle that is run")
    parser.add_argument("--recordings", type=int, default=1000, help="(default: 1000)")
    parser.add_argument("--hours", type=float, default=2.0, help="of silence, noise (default: 2)")
    options = parser.parse_args()
    print(
        "| what | answer | time, s | memory at the end, MB |\n| --- | --- | --- | --- |", flush=True
    )
    start = time.perf_counter()
    memory, different = many(options.bundle, options.recordings)
    grown = growth_mb(memory)
    answer = f"{grown:+.1f} MB over the second half; {different} other answers"
    _show(f"{options.recordings} recordings (seed {SEED})", answer, start)
    long: dict[str, Callable[[], np.ndarray[tuple[int], np.dtype[np.float32]]]] = {
        f"{options.hours:g} hours of silence": lambda: silence(options.hours),
        f"{options.hours:g} hours of noise like music": lambda: noise(options.hours),
        "20 voices": crowd,
    }
    for what, make in long.items():
        start = time.perf_counter()
        turns, speakers = once(options.bundle, make())
        _show(what, f"{turns} turns, {speakers} speakers", start)
    return int(grown > FLAT_MB or different > 0)


def _show(what: str, answer: str, start: float) -> None:
    took_s = time.perf_counter() - start
    print(f"| {what} | {answer} | {took_s:.0f} | {resident_mb():.0f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
