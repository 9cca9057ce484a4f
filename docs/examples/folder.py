"""Diarize all recordings of a folder: FOLDER OUTPUT. NAME.rttm beside NAME.flac is a reference."""

import sys
from pathlib import Path

import ovdiar
from ovdiar.metrics import DiarizationErrors, diarization_errors

folder, output = Path(sys.argv[1]), Path(sys.argv[2])
output.mkdir(exist_ok=True)
pipeline = ovdiar.SpeakerDiarization(ovdiar.load())
errors = DiarizationErrors()
for recording in sorted(folder.glob("*.flac")):
    turns = pipeline(recording).speaker_diarization
    ovdiar.formats.write(output / f"{recording.stem}.rttm", turns)
    reference = recording.with_suffix(".rttm")
    if reference.exists():
        errors += diarization_errors(ovdiar.formats.read(reference), turns)
    print(f"{recording.stem}: {len(turns.labels())} speakers, {len(turns)} turns")
if errors.total_s:
    print(f"DER {errors.rate:.1%} of {errors.total_s:.0f} s")
