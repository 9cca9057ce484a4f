"""Measure how well other ways to run the embedding of ``tiny`` separate speakers.

cd tests && python -m benchmarks.embedding_study FOLDER [NAME ...]

FOLDER is that of `benchmarks.clustering_study`; NAMEs are recordings, by default two real calls
and three simulated conversations. For each way, the equal error rate (%) over all pairs of clean
window speakers, of every second window, whose reference is four fifths one person.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from benchmarks.clustering_study import prepare
from scipy.signal import butter, sosfiltfilt

import ovdiar
from ovdiar.audio.reading import load
from ovdiar.clustering.assignment import cosine_distances
from ovdiar.clustering.window_speakers import training_rows
from ovdiar.embedding import least_clean_frames, speaker_masks
from ovdiar.errors import OvdiarWarning
from ovdiar.networks.utterance import UtteranceEmbedding
from ovdiar.windows import output_grid

if TYPE_CHECKING:
    from benchmarks.clustering_ideas import Recording
    from numpy.typing import NDArray

    from ovdiar.embedding import EmbeddingModel

NAMES = ("sample", "Auto_Repairs_40_UTC", "test_4spk_tel_s201", "test_3spk_s202", "test_2spk_s200")
TELEPHONE_HZ = (300, 3400)
PUREST = 0.8
BATCH = 16
PARTIALS = {"partials of 0.8 s": (80, 40), "partials of 2.4 s": (240, 120)}
"""Frames of a partial utterance, and of the step between two; the bundle has 160 and 80."""


def ways(model: UtteranceEmbedding) -> dict[str, UtteranceEmbedding]:
    """Name the networks: the bundle's own, and with other partial utterances."""
    changed = {
        name: replace(
            model, spec=replace(model.spec, partial_frames=length, partial_step_frames=step)
        )
        for name, (length, step) in PARTIALS.items()
    }
    return {"as it is": model, "300 to 3400 Hz": model, **changed}


def embed(
    recording: Recording, model: EmbeddingModel, samples: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Embed every second window's speakers: (C, S, D), NaN elsewhere."""
    windows, active = recording.prepared.scores.windows, recording.active
    total = (len(active) - 1) * windows.step + windows.width
    padded = np.pad(samples, (0, max(0, total - len(samples))))
    least = least_clean_frames(active.shape[1], model.spec.min_samples, windows.width)
    masks = speaker_masks(active, exclude_overlap=True, least_clean=least)
    found = np.full((len(active), active.shape[2], model.spec.dimension), np.nan, np.float32)
    speaking = np.flatnonzero(active.any(axis=(1, 2)))
    chosen = speaking[speaking % 2 == 0]
    for first in range(0, len(chosen), BATCH):
        rows = chosen[first : first + BATCH]
        starts = rows * windows.step
        batch = np.stack([padded[start : start + windows.width] for start in starts])
        found[rows] = model(batch, masks[rows])
    return found


def owners(recording: Recording) -> NDArray[np.int64]:
    """Identify window speakers in the reference: (C, S), -1 where nobody is `PUREST` of one."""
    grid, total, starts = output_grid(recording.prepared.scores)
    centres_s = grid.centres_s(total)
    reference = recording.sample.reference
    talk = np.zeros((total, len(reference.labels())), dtype=bool)
    for segment, speaker in reference:
        first, last = np.searchsorted(centres_s, (segment.start, segment.end))
        talk[first:last, reference.labels().index(speaker)] = True
    names = np.full(recording.active.shape[::2], -1)
    for window, start in enumerate(starts):
        active = recording.active[window]
        shared = active.T.astype(float) @ talk[start : start + len(active)]
        sure = shared.max(axis=1) > PUREST * np.maximum(active.sum(axis=0), 1)
        names[window] = np.where(sure, shared.argmax(axis=1), -1)
    return names


def equal_error_rate(same: NDArray[np.float64], different: NDArray[np.float64]) -> float:
    """Find where as many pairs of one speaker are missed as pairs of two are accepted."""
    limits = np.quantile(np.concatenate([same, different]), np.linspace(0, 1, 1001))
    missed = 1 - np.searchsorted(np.sort(same), limits, side="right") / len(same)
    taken = np.searchsorted(np.sort(different), limits, side="right") / len(different)
    return float(np.maximum(missed, taken).min())


def measure(recording: Recording, embeddings: NDArray[np.float32]) -> float:
    """Compare all pairs of a recording's clean window speakers."""
    rows = training_rows(embeddings, recording.active, "clean")
    names = owners(recording)[rows]
    known = embeddings[rows][names >= 0]
    distances = cosine_distances(known, known)
    alike = names[names >= 0][:, np.newaxis] == names[names >= 0]
    pairs = np.triu_indices(len(known), 1)
    return equal_error_rate(distances[pairs][alike[pairs]], distances[pairs][~alike[pairs]])


def main() -> None:
    """Print a row for each way, a column for each recording."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME", default=NAMES)
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    model = ovdiar.load("tiny").embedding
    if not isinstance(model, UtteranceEmbedding):
        raise TypeError(type(model))
    recordings = [each for each in prepare(options.folder) if each.sample.uri in options.names]
    print("| embedding | " + " | ".join(each.sample.uri for each in recordings) + " |")
    print("| --- " * (1 + len(recordings)) + "|")
    band = butter(6, TELEPHONE_HZ, "bandpass", fs=model.spec.rate, output="sos")
    for name, network in ways(model).items():
        rates = []
        for recording in recordings:
            samples = load(recording.sample.audio, rate=model.spec.rate).samples
            if name.endswith("Hz"):
                samples = sosfiltfilt(band, samples).astype(np.float32)
            rates.append(measure(recording, embed(recording, network, samples)))
        print(f"| {name} | " + " | ".join(f"{100 * rate:.1f}" for rate in rates) + " |", flush=True)


if __name__ == "__main__":
    main()
