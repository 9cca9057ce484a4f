"""Measure ways to cluster the embeddings of ``tiny``, each on all recordings, leaving one out.

cd tests && python -m benchmarks.clustering_study FOLDER [IDEA ...]

FOLDER keeps the conversations that `benchmarks.simulated` makes and the prepared recordings (half
an hour of one core the first time, minutes afterwards). Needs the reference material
(OVDIAR_SHARED, else ../shared) and the bundle ``tiny``. An idea is a list of settings. The
columns of the table, strict and in %:

- fitted: DER and recordings with the right number of speakers by the one setting that is best
  for all recordings (without programmes and ami);
- left out: the same, each recording by what is best for all the others;
- tested: the same on ``test`` by what is best for the others, whose voices are other people's;
- plateau: by how much the largest setting exceeds the smallest of those in a row around the best
  that lose no more than half a point (thresholds only);
- DER by groups, with the fitted setting.
"""

from __future__ import annotations

import argparse
import warnings
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from benchmarks.clustering_ideas import IDEAS, Idea, Recording, Setting
from benchmarks.development import DATA
from benchmarks.simulated import simulate

import ovdiar
from ovdiar import SpeakerDiarization
from ovdiar.activity import to_annotation
from ovdiar.clustering.assignment import UNASSIGNED
from ovdiar.clustering.window_speakers import WindowSpeakers
from ovdiar.errors import OvdiarWarning
from ovdiar.frames import Frames
from ovdiar.metrics import STRICT, DiarizationErrors, Scoring, diarization_errors, speaker_counts
from ovdiar.reconstruction import reconstruct
from ovdiar.tuning.cache import PreparedCache
from ovdiar.tuning.corpus import read_corpus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from ovdiar import Annotation

FOLDERS = ("simulated", "sample", "calls", "mixes", "programmes", "ami")
UNFITTED = ("programmes", "ami")
"""Too short, faint or roughly labelled to choose by."""
SCORINGS = {"programmes": Scoring(nist_collar_s=0.25)}
TOLERANCE = 0.005


class Outcome(NamedTuple):
    """The result of a setting on one recording."""

    errors: DiarizationErrors
    right_count: bool


def prepare(folder: Path) -> Iterator[Recording]:
    """Run the networks over every recording, of the development set and simulated."""
    models = ovdiar.load("tiny")
    simulate(folder)
    parameters = SpeakerDiarization(models).parameters
    cached = PreparedCache(models, parameters, folder / "cache")
    roots = [DATA / group for group in FOLDERS] + [folder / "tune", folder / "test"]
    for root in roots:
        for sample in read_corpus(root):
            prepared = cached.load(sample, parameters.segmentation_threshold)
            speakers = WindowSpeakers(prepared.embeddings, prepared.active.data, prepared.trees)
            yield Recording(root.name, sample, prepared, speakers)


def judge(recording: Recording, labels: NDArray[np.int64]) -> Outcome:
    """Score the labels (C, S) of a recording's window speakers."""
    return score(recording, to_annotation(decode(recording, labels)))


def decode(recording: Recording, labels: NDArray[np.int64]) -> Frames:
    """Reconstruct the frames of each cluster: labels (C, S) -> (T, K), 0 or 1."""
    speaking = np.where(recording.active.any(axis=1), labels, UNASSIGNED)
    count = recording.prepared.count
    clusters = np.uint8(min(int(speaking.max(initial=-1)) + 1, 255))
    most = Frames(np.minimum(count.data, clusters), count.grid)
    return reconstruct(recording.prepared.scores, speaking, most)


def score(recording: Recording, found: Annotation) -> Outcome:
    """Score an answer."""
    sample = recording.sample
    scoring = SCORINGS.get(recording.group, STRICT)
    errors = diarization_errors(sample.reference, found, uem=sample.uem, scoring=scoring)
    counts = speaker_counts(sample.reference, found, uem=sample.uem)
    return Outcome(errors, counts.found == counts.expected)


class Study:
    """Judges settings on recordings, each labelling once."""

    def __init__(self, recordings: Sequence[Recording]) -> None:
        self.recordings = recordings
        self._judged = cache(self._judge)
        self._known: dict[tuple[int, bytes], Outcome] = {}

    def _judge(self, setting: Setting) -> tuple[Outcome, ...]:
        outcomes = []
        for number, recording in enumerate(self.recordings):
            labels = setting.labels(recording)
            key = number, labels.tobytes()
            if key not in self._known:
                self._known[key] = judge(recording, labels)
            outcomes.append(self._known[key])
        return tuple(outcomes)

    def rate(self, setting: Setting, chosen: Iterable[int]) -> float:
        """Pool the error rate over some recordings."""
        return pooled(self._judged(setting)[each] for each in chosen).rate

    def best(self, idea: Idea, chosen: Sequence[int]) -> Setting:
        """Return the middle of the settings that are best on some recordings."""
        rates = [round(self.rate(setting, chosen), 6) for setting in idea.settings]
        equal = np.flatnonzero(np.array(rates) == min(rates))
        return idea.settings[int(equal[len(equal) // 2])]

    def row(self, idea: Idea) -> list[str]:
        """Fill a row of the table."""
        numbers = range(len(self.recordings))
        fitted = [n for n in numbers if self.recordings[n].group not in UNFITTED]
        test = [n for n in fitted if self.recordings[n].group == "test"]
        others = [n for n in fitted if n not in test]
        best = self.best(idea, fitted)
        left_out = [self._judged(self.best(idea, [m for m in fitted if m != n]))[n] for n in fitted]
        held = self._judged(self.best(idea, others))
        cells = [idea.name, best.name, cell([self._judged(best)[n] for n in fitted])]
        cells += [
            cell(left_out),
            cell([held[n] for n in test]),
            self._plateau(idea, best, fitted),
        ]
        for groups in (("simulated",), ("sample", "calls"), ("mixes",), ("tune",), ("test",)):
            cells.append(self._group(best, groups))
        cells += [self._group(best, (group,)) for group in UNFITTED]
        return cells

    def _group(self, setting: Setting, groups: tuple[str, ...]) -> str:
        outcomes = self._judged(setting)
        return cell(
            [o for o, r in zip(outcomes, self.recordings, strict=True) if r.group in groups]
        )

    def _plateau(self, idea: Idea, best: Setting, chosen: Sequence[int]) -> str:
        if any(setting.value is None for setting in idea.settings):
            return ""
        middle = idea.settings.index(best)
        limit = self.rate(best, chosen) + TOLERANCE
        good = [self.rate(setting, chosen) <= limit for setting in idea.settings]
        first = last = middle
        while first > 0 and good[first - 1]:
            first -= 1
        while last + 1 < len(good) and good[last + 1]:
            last += 1
        low, high = (idea.settings[n].value or 0.0 for n in (first, last))
        return f"{low:g}-{high:g}, {100 * (high / low - 1):.0f} %"


def pooled(outcomes: Iterable[Outcome]) -> DiarizationErrors:
    """Add up the errors of recordings."""
    return sum((each.errors for each in outcomes), start=DiarizationErrors())


def cell(outcomes: Sequence[Outcome]) -> str:
    """Write an error rate, %, and how often the number of speakers is right."""
    if not outcomes:
        return ""
    right = sum(each.right_count for each in outcomes)
    return f"{100 * pooled(outcomes).rate:.1f} ({right}/{len(outcomes)})"


def main() -> None:
    """Print a row for each idea."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("ideas", nargs="*", metavar="IDEA", help="some of them; by default all")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    study = Study(list(prepare(options.folder)))
    names = ["idea", "fitted setting", "fitted", "left out", "tested", "plateau", "simulated"]
    names += ["sample + calls", "mixes", "tune", "test", *UNFITTED]
    print("| " + " | ".join(names) + " |\n" + "| --- " * len(names) + "|")
    chosen: list[Any] = [i for i in IDEAS if not options.ideas or i.name in options.ideas]
    for idea in chosen:
        print("| " + " | ".join(study.row(idea)) + " |", flush=True)


if __name__ == "__main__":
    main()
