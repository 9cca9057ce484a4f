"""Print how long each speaker talks, and the longest turn: RECORDING."""

import sys

import ovdiar

pipeline = ovdiar.SpeakerDiarization(ovdiar.load())
turns = pipeline(sys.argv[1]).speaker_diarization
for speaker, seconds in turns.chart():
    print(f"{speaker}  {seconds:7.1f} s")
if turns:
    segment, speaker = max(turns, key=lambda turn: turn[0].duration)
    print(f"longest turn: {speaker}, {segment.duration:.1f} s from {segment.start:.1f} s")
