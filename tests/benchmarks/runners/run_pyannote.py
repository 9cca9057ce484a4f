"""Time pyannote.audio 4's pipeline: python run_pyannote.py JSON, in its own environment.

Prints a JSON object, see ``benchmarks.peers``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings

begin = time.perf_counter()
warnings.filterwarnings("ignore")

import soundfile  # noqa: E402 - the clock starts before the imports
import torch  # noqa: E402
from pyannote.audio.pipelines import SpeakerDiarization  # noqa: E402


def main() -> None:
    """Run once to warm up, once for the clock."""
    task = json.loads(sys.argv[1])
    torch.set_num_threads(task["threads"])
    pipeline = SpeakerDiarization(
        segmentation=task["segmentation"],
        segmentation_step=task["step"],
        embedding=task["embedding"],
        embedding_exclude_overlap=True,
        plda=task["plda"],
        clustering="AgglomerativeClustering",
        embedding_batch_size=32,
        segmentation_batch_size=32,
    )
    clustering = {"method": "centroid", "min_cluster_size": 12, "threshold": task["threshold"]}
    pipeline.instantiate({"segmentation": {"min_duration_off": 0.0}, "clustering": clustering})
    samples, rate = soundfile.read(task["audio"], dtype="float32")
    waveform = torch.from_numpy(samples)[None]
    load_s = time.perf_counter() - begin
    pipeline({"waveform": waveform[:, : round(task["warm_up_s"] * rate)], "sample_rate": rate})
    last, stages = time.perf_counter(), {}

    def hook(name: str, *_: object, **__: object) -> None:
        nonlocal last
        now = time.perf_counter()
        stages[name] = stages.get(name, 0.0) + now - last
        last = now

    start, cpu = time.perf_counter(), time.process_time()
    answer = pipeline({"waveform": waveform, "sample_rate": rate, "uri": "audio"}, hook=hook)
    outcome = {
        "seconds": time.perf_counter() - start,
        "cpu_s": time.process_time() - cpu,
        "load_s": load_s,
        "stages_s": stages,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rttm": answer.speaker_diarization.to_rttm(),
    }
    print(json.dumps(outcome))


if __name__ == "__main__":
    main()
