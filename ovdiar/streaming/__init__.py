"""Speaker diarization of audio that comes in: events while it is heard, the offline answer at last.

`diarizer` is the public class, and `session` the state of one stream. A step, half a second of
audio by default, goes through `signal` (resampled and filtered samples, their level), `tracks`
(speakers followed from window to window), `consensus` (windows to frames), `speech` (pieces of
clean speech), `speakers` (incremental clustering), `labelling` (whose a track is) and `turns`
(turns and events), in the order of `decisions`. docs/live.md describes the rules.
"""
