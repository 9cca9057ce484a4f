"""Write what each speaker says alone to a file of their own: RECORDING FOLDER."""

import sys
from pathlib import Path

import numpy as np
import soundfile

import ovdiar

recording, folder = Path(sys.argv[1]), Path(sys.argv[2])
samples, rate = soundfile.read(recording)
turns = ovdiar.SpeakerDiarization(ovdiar.load())(recording).speaker_diarization
together = turns.get_overlap()
folder.mkdir(exist_ok=True)
for speaker in turns.labels():
    alone = np.zeros(len(samples), bool)
    for segment in turns.label_timeline(speaker):
        alone[round(segment.start * rate) : round(segment.end * rate)] = True
    for segment in together:
        alone[round(segment.start * rate) : round(segment.end * rate)] = False
    soundfile.write(folder / f"{speaker}.wav", samples[alone], rate)
