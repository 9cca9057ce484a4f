"""Speaker diarization of audio that comes in: events while it is heard, the offline answer at last.

`diarizer` is the public class. A step, half a second of audio by default, goes through the modules
in this order: `signal` (resampled, levelled, filtered samples), `tracks` (speakers followed from
window to window), `consensus` (windows to frames), `speech` (pieces of clean speech), `speakers`
(incremental clustering), `labelling` (whose a track is), `turns` (turns and events); `decisions` calls them, and
`session` feeds them. docs/live.md describes the rules.
"""
