"""Print how fast live diarization is, or how its memory grows.

cd tests && python -m benchmarks.live_load [--models NAME] [--hours H]

The real-time factor at steps of 0.5 s, of one stream and of eight at once. --hours: the memory of a
stream of H hours instead: a loop of our own recording, whose networks' answers are remembered.
"""

from __future__ import annotations

import argparse
import resource
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from benchmarks.live_networks import remembered
from benchmarks.machine import describe

import ovdiar
from ovdiar import OnlineDiarizer
from ovdiar.errors import OvdiarWarning

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ovdiar import Models

RATE, BLOCK_S, STREAMS = 16_000, 0.5, 8


def _talk() -> NDArray[np.float32]:
    """Read our own recording, over and over if need be."""
    path = Path(__file__).resolve().parents[1] / "data" / "conversation.flac"
    return np.asarray(soundfile.read(path, dtype="float32")[0])


def _feed(models: Models, samples: NDArray[np.float32]) -> float:
    diarizer = OnlineDiarizer(models, keep_audio=0.0)
    start = time.perf_counter()
    block = round(BLOCK_S * RATE)
    for first in range(0, len(samples), block):
        diarizer.feed(samples[first : first + block])
    return (time.perf_counter() - start) / (len(samples) / RATE)


def speed(models: Models) -> None:
    """Print real-time factors."""
    talk = _talk()
    _feed(models, talk[: 12 * RATE])
    used = time.process_time()
    alone = _feed(models, talk)
    cores = (time.process_time() - used) / (len(talk) / RATE)
    print(f"one stream: real-time factor {alone:.3f}, {cores:.3f} s of processor time a second")
    with ThreadPoolExecutor(STREAMS) as threads:
        each = list(threads.map(lambda _: _feed(models, talk[: 20 * RATE]), range(STREAMS)))
    print(f"{STREAMS} streams at once: real-time factor {max(each):.3f} of the slowest")


def resident() -> float:
    """Return the resident memory of this process, MB (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def memory(models: Models, hours: float) -> None:
    """Print the resident memory for every tenth of an hour, and the size of the state at the end.

    The audio is a loop at a fixed level, so that the networks' answers are remembered after its
    first round: what grows would be the stream's.
    """
    talk = _talk()
    talk = talk[: len(talk) // RATE * RATE]
    ours, _ = remembered(models, Path("/nonexistent"))
    diarizer = OnlineDiarizer(ours, keep_audio=0.0, recording_level=0.0)
    start, heard, told = time.perf_counter(), 0, 0
    while heard < hours * 3600 * RATE:
        diarizer.feed(talk)
        heard += len(talk)
        if heard >= min(told + 0.1 * 3600 * RATE, hours * 3600 * RATE):
            told = heard
            speakers = len(diarizer.annotation.labels())
            print(
                f"{heard / RATE / 3600:.2f} h: {resident():.0f} MB, {speakers} speakers, "
                f"{time.perf_counter() - start:.0f} s",
                flush=True,
            )
    print(f"state {len(diarizer.state.content) / 2**20:.1f} MB")


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--models", default="base")
    parser.add_argument("--hours", type=float)
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    models = ovdiar.load(options.models)
    print(describe())
    if options.hours is None:
        speed(models)
    else:
        memory(models, options.hours)


if __name__ == "__main__":
    main()
