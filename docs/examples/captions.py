"""Give the words of a recognizer their speakers: RECORDING WORDS.json CAPTIONS.srt."""

import sys
from pathlib import Path

import ovdiar
from ovdiar import transcripts

recording, words, captions = sys.argv[1:]
result = ovdiar.SpeakerDiarization(ovdiar.load())(recording)
spoken = ovdiar.assign_speakers(transcripts.read(words), result)
Path(captions).write_text(transcripts.dumps(spoken, "srt"), encoding="utf-8")
