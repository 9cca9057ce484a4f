"""Time sherpa-onnx's offline diarization: python run_sherpa.py JSON, in its own environment.

Prints a JSON object, see ``benchmarks.peers``.
"""

from __future__ import annotations

import json
import resource
import sys
import time

begin = time.perf_counter()

import sherpa_onnx as sherpa  # noqa: E402 - the clock starts before the imports
import soundfile  # noqa: E402


def main() -> None:
    """Run once to warm up, once for the clock."""
    task = json.loads(sys.argv[1])
    network = sherpa.OfflineSpeakerSegmentationPyannoteModelConfig(
        task["segmentation"], task["step"]
    )
    threads = task["threads"]
    diarization = sherpa.OfflineSpeakerDiarization(
        sherpa.OfflineSpeakerDiarizationConfig(
            sherpa.OfflineSpeakerSegmentationModelConfig(network, num_threads=threads),
            sherpa.SpeakerEmbeddingExtractorConfig(task["embedding"], num_threads=threads),
            sherpa.FastClusteringConfig(threshold=task["threshold"]),
        )
    )
    samples, rate = soundfile.read(task["audio"], dtype="float32")
    load_s = time.perf_counter() - begin
    diarization.process(samples[: round(task["warm_up_s"] * rate)])
    start, cpu = time.perf_counter(), time.process_time()
    answer = diarization.process(samples).sort_by_start_time()
    outcome = {
        "seconds": time.perf_counter() - start,
        "cpu_s": time.process_time() - cpu,
        "load_s": load_s,
        "stages_s": {},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rttm": "".join(
            f"SPEAKER audio 1 {turn.start:.3f} {turn.end - turn.start:.3f} <NA> <NA> "
            f"SPEAKER_{turn.speaker:02d} <NA> <NA>\n"
            for turn in answer
        ),
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
