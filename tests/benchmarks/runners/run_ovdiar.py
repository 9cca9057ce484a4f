"""Time ovdiar's pipeline: python run_ovdiar.py JSON.

Prints a JSON object, see ``benchmarks.peers``.
"""

from __future__ import annotations

import json
import resource
import sys
import time

begin = time.perf_counter()

import soundfile  # noqa: E402 - the clock starts before the imports

import ovdiar  # noqa: E402
from ovdiar.formats import rttm  # noqa: E402
from ovdiar.hooks import TimingHook  # noqa: E402


def main() -> None:
    """Run once to warm up, once for the clock."""
    task = json.loads(sys.argv[1])
    models = ovdiar.load(
        task["bundle"],
        threads=task["threads"],
        embedding_precision=task.get("embedding_precision", "f32"),
    )
    pipeline = ovdiar.SpeakerDiarization(models, **task["options"])
    load_s = time.perf_counter() - begin
    with soundfile.SoundFile(task["audio"]) as file:
        rate = file.samplerate
        some = file.read(round(task["warm_up_s"] * rate), dtype="float32")
    pipeline({"waveform": some, "sample_rate": rate})
    start, cpu = time.perf_counter(), time.process_time()
    with TimingHook() as hook:
        answer = pipeline({"audio": task["audio"], "uri": "audio"}, hook=hook)
    outcome = {
        "seconds": time.perf_counter() - start,
        "cpu_s": time.process_time() - cpu,
        "load_s": load_s,
        "stages_s": hook.timing,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rttm": rttm.dumps(answer.speaker_diarization),
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
