"""List the plausible numbers of speakers, and who speaks how long with each: RECORDING."""

import sys

import ovdiar

pipeline = ovdiar.SpeakerDiarization(ovdiar.load())
prepared = pipeline.prepare(sys.argv[1])  # the networks run once
for each in pipeline.alternatives(prepared):
    if each.plausibility >= 0.05:
        turns = pipeline.cluster(prepared, num_speakers=each.speakers).speaker_diarization
        shares = ", ".join(f"{speaker} {seconds:.0f} s" for speaker, seconds in turns.chart())
        print(f"{each.speakers} speakers ({each.plausibility:.0%}): {shares}")
