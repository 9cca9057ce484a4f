"""Speaker diarization of audio that comes in: events while it is heard, the offline answer at last.

`diarizer` is the public class, and `session` the state of one stream. A step, half a second of
audio by default, goes through `signal` (resampled and filtered samples, their level), `recent`
(the windows that cover what is not final), `live_pieces` (pieces of clean speech, cut by `speech`),
`reclustering` (clusters of all pieces), `labelling` (whose the frames are) and `turns` (turns and
events), in the order of `decisions`. docs/live.md describes the rules.
"""
