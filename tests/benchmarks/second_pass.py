"""Measure what a second pass over the answer of ``tiny`` does.

cd tests && python -m benchmarks.second_pass FOLDER [WAY ...]

FOLDER is that of `benchmarks.clustering_study`; it keeps the new embeddings too. The number of
speakers is not given. Where one speaker talks alone for `LEAST_S` or more, that utterance is
embedded as a whole; a speaker's voice is the mean of these embeddings, weighted by length. Strict
DER in % and recordings with the right number of speakers, by groups; ``all`` is without programmes
and ami. The last line counts the utterances that are nearer to another speaker's voice.
"""

from __future__ import annotations

import argparse
import hashlib
import warnings
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from unittest.mock import patch

import numpy as np
from benchmarks.clustering_ideas import PLAIN, average_linkage, cluster
from benchmarks.clustering_study import UNFITTED, cell, decode, prepare, score

import ovdiar
from ovdiar import Resegmentation
from ovdiar.activity import to_annotation
from ovdiar.audio.reading import load
from ovdiar.clustering.assignment import (
    assign_nearest,
    centroids_of,
    cosine_distances,
    similarities,
    unit,
)
from ovdiar.errors import OvdiarWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clustering_ideas import Recording
    from numpy.typing import NDArray

    from ovdiar import Annotation, Models
    from ovdiar.clustering.cluster import Clusters
    from ovdiar.frames import Frames

LEAST_S = 1.6
"""A partial utterance of GE2E."""
THRESHOLD = 0.24
EARLY = 0.2
"""A cut that splits speakers rather than merging two."""
LIMITS = (0.1, 0.11, 0.13, 0.15, 0.16, 0.18, 0.2)
HEIGHTS = (0.16, 0.18, 0.2, 0.22, 0.24, 0.26)
GROUPS = {
    **{name: (name,) for name in ("simulated", "mixes", "tune", "test")},
    "sample + calls": ("sample", "calls"),
    "all": ("simulated", "sample", "calls", "mixes", "tune", "test"),
    **{name: (name,) for name in UNFITTED},
}


class FirstPass(NamedTuple):
    """An answer: clusters, frames (T, K), utterances: whose (N,), frames (N, 2), voices (N, D)."""

    clusters: Clusters
    frames: Frames
    speakers: NDArray[np.int64]
    spans: NDArray[np.int64]
    utterances: NDArray[np.float64]

    @property
    def sums(self) -> NDArray[np.float64]:
        """Add up each speaker's utterances by their lengths, (K, D)."""
        lengths = self.spans[:, 1] - self.spans[:, 0]
        weighted = self.utterances * lengths[:, np.newaxis]
        whose = self.speakers == np.arange(len(self.clusters.centroids))[:, np.newaxis]
        sums: NDArray[np.float64] = whose @ weighted
        return sums

    @property
    def voices(self) -> NDArray[np.float64]:
        """Return each speaker's voice (K, D): of who has no utterance, the cluster's centroid."""
        known = np.isin(np.arange(len(self.clusters.centroids)), self.speakers)
        voices: NDArray[np.float64] = np.where(
            known[:, np.newaxis], self.sums, self.clusters.centroids
        )
        return voices


class Utterances:
    """Embeds the utterances that a first pass finds, and keeps them in a folder."""

    def __init__(self, models: Models, folder: Path) -> None:
        self._model, self._folder = models.embedding, folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, recording: Recording, threshold: float) -> FirstPass:
        """Cluster and decode as the pipeline does, then embed every utterance."""
        clusters = cluster(recording, replace(PLAIN, threshold=threshold))
        frames = decode(recording, clusters.labels)
        alone = frames.data * (frames.data.sum(axis=1, keepdims=True) == 1)
        turns = [
            turn
            for turn in to_annotation(replace(frames, data=alone)).turns
            if turn.segment.duration >= LEAST_S
        ]
        times = np.array([(t.segment.start, t.segment.end) for t in turns]).reshape(-1, 2)
        place = np.vectorize(frames.grid.index_of_centre, otypes=[np.int64])
        speakers = np.array([int(turn.speaker) for turn in turns], dtype=np.int64)
        return FirstPass(clusters, frames, speakers, place(times), self._embed(recording, times))

    def _embed(self, recording: Recording, times: NDArray[np.float64]) -> NDArray[np.float64]:
        digest = hashlib.sha256(times.tobytes()).hexdigest()[:12]
        path = self._folder / f"{recording.sample.uri}_{digest}.npy"
        if not path.exists():
            rate, everything = self._model.spec.rate, np.ones((1, 1, 1), np.float32)
            samples = load(recording.sample.audio, rate=rate).samples
            rows = np.empty((len(times), self._model.spec.dimension))
            for row, (start, end) in zip(rows, np.rint(times * rate).astype(int), strict=True):
                row[:] = self._model(samples[np.newaxis, start:end], everything)[0, 0]
            np.save(path, rows)
        rows = np.load(path)
        return unit(rows)


def as_it_is(recording: Recording, utterances: Utterances) -> Annotation:
    return to_annotation(utterances(recording, THRESHOLD).frames)


def windows_to_voices(recording: Recording, utterances: Utterances) -> Annotation:
    """Assign every window speaker to the voice nearest to its embedding."""
    first = utterances(recording, THRESHOLD)
    labels = assign_nearest(similarities(recording.embeddings, first.voices))
    return to_annotation(decode(recording, labels))


def strays(first: FirstPass) -> Iterator[tuple[int, int]]:
    """Find utterances nearer to another voice than to the rest of their speaker's: its number."""
    sums, lengths = first.sums, first.spans[:, 1] - first.spans[:, 0]
    for number, (speaker, utterance) in enumerate(
        zip(first.speakers, first.utterances, strict=True)
    ):
        if np.count_nonzero(first.speakers == speaker) > 1:
            compared = first.voices.copy()
            compared[speaker] = sums[speaker] - lengths[number] * utterance
            nearest = int(cosine_distances(utterance[np.newaxis], compared).argmin())
            if nearest != speaker:
                yield number, nearest


def utterances_to_voices(recording: Recording, utterances: Utterances) -> Annotation:
    """Assign every stray utterance to the voice that it is nearest to."""
    first = utterances(recording, THRESHOLD)
    frames = first.frames.data.copy()
    for number, nearest in strays(first):
        span = slice(*first.spans[number])
        frames[span, first.speakers[number]] = 0
        frames[span, nearest] = 1
    return to_annotation(replace(first.frames, data=frames))


def merged(
    recording: Recording, utterances: Utterances, threshold: float, limit: float
) -> Annotation:
    """Merge speakers while two voices are nearer than a limit."""
    first = utterances(recording, threshold)
    sums, owner = first.voices.copy(), np.arange(len(first.clusters.centroids))
    while len(np.unique(owner)) > 1:
        left = np.unique(owner)
        distances = cosine_distances(sums[left], sums[left])
        np.fill_diagonal(distances, np.inf)
        kept, lost = left[np.sort(np.unravel_index(distances.argmin(), distances.shape))]
        if distances.min() >= limit:
            break
        sums[kept] += sums[lost]
        owner[owner == lost] = kept
    labels = np.unique(owner, return_inverse=True)[1][first.clusters.labels]
    return to_annotation(decode(recording, labels))


def clustered_anew(recording: Recording, utterances: Utterances, threshold: float) -> Annotation:
    """Cluster the utterances of an early cut, and assign window speakers to the nearest."""
    first = utterances(recording, EARLY)
    if len(first.utterances) < 2:
        return to_annotation(first.frames)
    labels = average_linkage(first.utterances, threshold=threshold, smallest=2)
    soft = similarities(recording.embeddings, centroids_of(first.utterances, labels))
    return to_annotation(decode(recording, assign_nearest(soft)))


def resegmented(
    recording: Recording, utterances: Utterances, models: Models, **options: Any
) -> Annotation:
    """Refine the answer with `ovdiar.Resegmentation`, whose windows are those of the first pass."""
    pipeline, first = Resegmentation(models, **options), as_it_is(recording, utterances)
    scores = recording.prepared.scores
    with patch("ovdiar.pipelines.base.score_speakers", return_value=scores):
        return pipeline(recording.sample.audio, first)


def ways(models: Models) -> dict[str, Callable[[Recording, Utterances], Annotation]]:
    """Name what is tried."""
    plain = {"onset": 0.5, "offset": 0.5, "min_duration_on": 0.0, "min_duration_off": 0.0}
    reseg = partial(resegmented, models=models)
    return {
        "as it is": as_it_is,
        "window speakers to the nearest voice": windows_to_voices,
        "utterances to the nearest voice": utterances_to_voices,
        **{
            f"cut at {threshold:g}, voices nearer than {limit:g} merged": partial(
                merged, threshold=threshold, limit=limit
            )
            for threshold in (EARLY, THRESHOLD)
            for limit in LIMITS
        },
        **{
            f"utterances clustered at {threshold:g}": partial(clustered_anew, threshold=threshold)
            for threshold in HEIGHTS
        },
        "resegmentation": reseg,
        **{
            f"resegmentation, {name}": partial(reseg, preset=name)
            for name in ("ami", "dihard3", "voxconverse")
        },
        "resegmentation, onset 0.5": partial(reseg, **plain),
        "resegmentation, onset 0.5, whole windows": partial(reseg, warm_up=0.0, **plain),
    }


def main() -> None:
    """Print a row for each way, a column for each group."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("ways", nargs="*", metavar="WAY", help="some of them; by default all")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    models = ovdiar.load("tiny")
    utterances = Utterances(models, options.folder / "second")
    recordings = list(prepare(options.folder))
    print("| second pass | " + " | ".join(GROUPS) + " |\n" + "| --- " * (1 + len(GROUPS)) + "|")
    for name, way in ways(models).items():
        if options.ways and name not in options.ways:
            continue
        found = [(each.group, score(each, way(each, utterances))) for each in recordings]
        cells = (cell([o for g, o in found if g in groups]) for groups in GROUPS.values())
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    first = [utterances(each, THRESHOLD) for each in recordings if each.group not in UNFITTED]
    astray = sum(len(list(strays(each))) for each in first)
    print(f"\n{astray} of {sum(len(e.speakers) for e in first)} utterances nearer to another voice")


if __name__ == "__main__":
    main()
