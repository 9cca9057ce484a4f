"""Time senko's pipeline: python run_senko.py JSON, in its own environment.

Takes WAV of 16 kHz, mono, 16 bits. Prints a JSON object for each recording of the task (``audio``
is a path or a list of them), see ``benchmarks.peers``.
"""

from __future__ import annotations

import json
import resource
import sys
import time

begin = time.perf_counter()

import senko  # noqa: E402 - the clock starts before the imports
import soundfile  # noqa: E402

UMAP_S = 1200.0
"""senko clusters recordings from this length on with UMAP, which Numba compiles when first used."""


def rttm(answer: dict | None) -> str:
    """Write the turns; senko answers None where nobody speaks."""
    return "".join(
        f"SPEAKER audio 1 {turn['start']:.3f} {turn['end'] - turn['start']:.3f} <NA> <NA> "
        f"{turn['speaker']} <NA> <NA>\n"
        for turn in (answer or {"merged_segments": []})["merged_segments"]
    )


def main() -> None:
    """Run once to warm up, once for the clock."""
    task = json.loads(sys.argv[1])
    paths = [task["audio"]] if isinstance(task["audio"], str) else task["audio"]
    longest_s = max(soundfile.info(path).duration for path in paths)
    diarizer = senko.Diarizer(device="cpu", warmup=longest_s >= UMAP_S, quiet=True)
    diarizer.logical_cores = task["threads"]
    load_s = time.perf_counter() - begin
    if task["warm_up_s"] > 0:
        with soundfile.SoundFile(paths[0]) as file:
            some = file.read(round(task["warm_up_s"] * file.samplerate), dtype="float32")
        diarizer.diarize_samples(some)
    for path in paths:
        start, cpu = time.perf_counter(), time.process_time()
        answer = diarizer.diarize(path)
        outcome = {
            "seconds": time.perf_counter() - start,
            "cpu_s": time.process_time() - cpu,
            "load_s": load_s,
            "stages_s": stages((answer or {}).get("timing_stats", {})),
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "rttm": rttm(answer),
        }
        print(json.dumps(outcome))


def stages(timing: dict[str, float]) -> dict[str, float]:
    """Name senko's stages as the others' are named."""
    embeddings_s = timing.get("fbank_time", 0.0) + timing.get("embeddings_time", 0.0)
    return {"segmentation": timing.get("vad_time", 0.0), "embeddings": embeddings_s}


if __name__ == "__main__":
    main()
