"""Time speakrs' pipeline on the CPU: python run_speakrs.py JSON, in its own environment.

Prints a JSON object, see ``benchmarks.peers``.
"""

from __future__ import annotations

import json
import resource
import sys
import time

begin = time.perf_counter()

import soundfile  # noqa: E402 - the clock starts before the imports
import speakrs  # noqa: E402


def main() -> None:
    """Run once to warm up, once for the clock."""
    task = json.loads(sys.argv[1])
    prepared = speakrs.prepare("cpu", model_dir=task["models"])
    pipeline = speakrs.Pipeline.from_prepared(prepared)
    load_s = time.perf_counter() - begin
    with soundfile.SoundFile(task["audio"]) as file:
        some = file.read(round(task["warm_up_s"] * file.samplerate), dtype="float32")
    pipeline.diarize_samples(some, file_id="audio")
    start, cpu = time.perf_counter(), time.process_time()
    answer = pipeline.diarize_file(task["audio"], file_id="audio")
    outcome = {
        "seconds": time.perf_counter() - start,
        "cpu_s": time.process_time() - cpu,
        "load_s": load_s,
        "stages_s": {},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rttm": answer.rttm(),
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
