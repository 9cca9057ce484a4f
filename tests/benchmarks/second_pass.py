"""Measure what a second pass over the answer of ``tiny`` does.

cd tests && python -m benchmarks.second_pass FOLDER [WAY ...]

FOLDER is that of `benchmarks.clustering_study`; it keeps the new embeddings too. Nobody tells the
number of speakers. Where one talks alone for `LEAST_S` or more, that utterance is embedded as a
whole; the speaker's voice is the mean of these embeddings by their lengths. Strict DER in % and
recordings with the right number of speakers, by groups; ``all`` is without programmes and ami. A
last line tells how many utterances are nearer to a voice that is not their speaker's.
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
from benchmarks.clustering_ideas import PLAIN, cluster, remembered_dendrogram
from benchmarks.clustering_study import UNFITTED, cell, hear, score, talk

import ovdiar
from ovdiar import Resegmentation
from ovdiar.activity import to_annotation
from ovdiar.audio.reading import load
from ovdiar.clustering.ahc import FREE, agglomerate
from ovdiar.clustering.assignment import (
    assign_nearest,
    centroids_of,
    cosine_distances,
    similarities,
    unit,
)
from ovdiar.errors import OvdiarWarning
from ovdiar.tuning.cache import Recalled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.clustering_ideas import Heard
    from numpy.typing import NDArray

    from ovdiar import Annotation, Models
    from ovdiar.clustering.cluster import Clusters
    from ovdiar.frames import Frames

LEAST_S = 1.6
"""A partial utterance of GE2E."""
THRESHOLD = 0.24
EARLY = 0.2
"""A cut that splits people rather than uniting two."""
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


class Hearing:
    """Embeds the utterances that a first pass finds, and keeps them in a folder."""

    def __init__(self, models: Models, folder: Path) -> None:
        self._model, self._folder = models.embedding, folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, heard: Heard, threshold: float) -> FirstPass:
        """Cluster and decode as the pipeline does, then embed every utterance."""
        clusters = cluster(heard, replace(PLAIN, threshold=threshold))
        frames = talk(heard, clusters.labels)
        alone = frames.data * (frames.data.sum(axis=1, keepdims=True) == 1)
        turns = [
            turn
            for turn in to_annotation(replace(frames, data=alone)).turns
            if turn.segment.duration >= LEAST_S
        ]
        times = np.array([(t.segment.start, t.segment.end) for t in turns]).reshape(-1, 2)
        place = np.vectorize(frames.grid.index_of_centre, otypes=[np.int64])
        speakers = np.array([int(turn.speaker) for turn in turns], dtype=np.int64)
        return FirstPass(clusters, frames, speakers, place(times), self._embed(heard, times))

    def _embed(self, heard: Heard, times: NDArray[np.float64]) -> NDArray[np.float64]:
        digest = hashlib.sha256(times.tobytes()).hexdigest()[:12]
        path = self._folder / f"{heard.sample.uri}_{digest}.npy"
        if not path.exists():
            rate, everything = self._model.spec.rate, np.ones((1, 1, 1), np.float32)
            samples = load(heard.sample.audio, rate=rate).samples
            rows = np.empty((len(times), self._model.spec.dimension))
            for row, (start, end) in zip(rows, np.rint(times * rate).astype(int), strict=True):
                row[:] = self._model(samples[np.newaxis, start:end], everything)[0, 0]
            np.save(path, rows)
        rows = np.load(path)
        return unit(rows)


def as_it_is(heard: Heard, hearing: Hearing) -> Annotation:
    return to_annotation(hearing(heard, THRESHOLD).frames)


def windows_to_voices(heard: Heard, hearing: Hearing) -> Annotation:
    """Give every window speaker to the voice nearest to its embedding."""
    first = hearing(heard, THRESHOLD)
    labels = assign_nearest(similarities(heard.embeddings, first.voices))
    return to_annotation(talk(heard, labels))


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


def utterances_to_voices(heard: Heard, hearing: Hearing) -> Annotation:
    """Give every stray utterance to the voice that it is nearest to."""
    first = hearing(heard, THRESHOLD)
    frames = first.frames.data.copy()
    for number, nearest in strays(first):
        span = slice(*first.spans[number])
        frames[span, first.speakers[number]] = 0
        frames[span, nearest] = 1
    return to_annotation(replace(first.frames, data=frames))


def united(heard: Heard, hearing: Hearing, threshold: float, limit: float) -> Annotation:
    """Unite speakers while two voices are nearer than a limit."""
    first = hearing(heard, threshold)
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
    return to_annotation(talk(heard, labels))


def clustered_anew(heard: Heard, hearing: Hearing, threshold: float) -> Annotation:
    """Cluster the utterances of an early cut, and give window speakers to the nearest cluster."""
    first = hearing(heard, EARLY)
    if len(first.utterances) < 2:
        return to_annotation(first.frames)
    labels = agglomerate(
        first.utterances, threshold=threshold, linkage="average", min_cluster_size=2, bounds=FREE
    )
    soft = similarities(heard.embeddings, centroids_of(first.utterances, labels))
    return to_annotation(talk(heard, assign_nearest(soft)))


def resegmented(heard: Heard, hearing: Hearing, models: Models, **options: Any) -> Annotation:
    """Refine the answer with `ovdiar.Resegmentation`, whose windows are those of the first pass."""
    recalled = Recalled(models.segmentation.spec, heard.scores.data)
    return Resegmentation(recalled, **options)(heard.sample.audio, as_it_is(heard, hearing))


def ways(models: Models) -> dict[str, Callable[[Heard, Hearing], Annotation]]:
    """Name what is tried."""
    plain = {"onset": 0.5, "offset": 0.5, "min_duration_on": 0.0, "min_duration_off": 0.0}
    reseg = partial(resegmented, models=models)
    return {
        "as it is": as_it_is,
        "window speakers to the nearest voice": windows_to_voices,
        "utterances to the nearest voice": utterances_to_voices,
        **{
            f"cut at {threshold:g}, voices nearer than {limit:g} united": partial(
                united, threshold=threshold, limit=limit
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
    hearing = Hearing(models, options.folder / "second")
    recordings = list(hear(options.folder))
    print("| second pass | " + " | ".join(GROUPS) + " |\n" + "| --- " * (1 + len(GROUPS)) + "|")
    with patch("ovdiar.clustering.ahc.dendrogram", remembered_dendrogram()):
        for name, way in ways(models).items():
            if options.ways and name not in options.ways:
                continue
            found = [(each.group, score(each, way(each, hearing))) for each in recordings]
            cells = (cell([o for g, o in found if g in groups]) for groups in GROUPS.values())
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    first = [hearing(each, THRESHOLD) for each in recordings if each.group not in UNFITTED]
    astray = sum(len(list(strays(each))) for each in first)
    print(f"\n{astray} of {sum(len(e.speakers) for e in first)} utterances nearer to another voice")


if __name__ == "__main__":
    main()
