"""Print how well known voices are identified, and how often strangers get a name.

cd tests && python -m benchmarks.voices FOLDER [--models NAME] [--fit]

FOLDER keeps recordings and the networks' outputs; those that are there are not made again. 20
voices are enrolled, drawn anew many times, and the speakers of simulated conversations are
identified, who speak other words. With ``--fit`` the calibration is fitted on one half of the
people and printed; the tables are of the other half. Needs the reference material.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass
from datetime import date
from itertools import islice, pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from benchmarks.development import references
from benchmarks.voice_material import (
    CONDITIONS,
    SETS,
    conversations,
    enrolments,
    halves,
    mixed_enrolments,
    unfit,
)

import ovdiar
from ovdiar import Prepared, SpeakerDiarization
from ovdiar.calibration import VoiceCalibration
from ovdiar.errors import OvdiarWarning
from ovdiar.formats import rttm
from ovdiar.parameters import IdentificationParameters
from ovdiar.voices.enrolment import assess
from ovdiar.voices.identification import cohort_similarity, identities, similarities_of
from ovdiar.voices.speech import clean_speech
from ovdiar.voices.voice import Exemplar, Voice
from ovdiar.voices.voiceprint import voiceprints_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ovdiar import Annotation
    from ovdiar.voices.identification import SpeakerIdentity
    from ovdiar.voices.speech import CleanSpeech
    from ovdiar.voices.voiceprint import Voiceprint

    Enrolled = Mapping[str, Mapping[str, Exemplar]]

VOICES, LIBRARIES = 20, 20
"""Voices of a library, and libraries that are drawn."""
FIT_VOICES = (5, 20, 35)
"""Voices of the libraries that the calibration is fitted with."""
SECONDS = (1, 2, 3, 5, 10, 20, 30)
THRESHOLDS = (0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99)
LONG_S = 10.0
USUAL_COHORT = 0.3
REAL = ("ami", "calls", "programmes", "sample")
"""Folders of real recordings, none of whose speakers is in a library."""
MODES = {"one": 1, "two": 2, "all": len(CONDITIONS)}
"""Recordings that a voice is enrolled from, each in another condition, by name."""


@dataclass(frozen=True, eq=False)
class Recording:
    """Clean speech of a recording's speakers, and who they really are by their labels.

    The speech is of pieces, as ``base`` has them.
    """

    speech: CleanSpeech
    truth: Mapping[str, str]

    def voiceprints(self, longest_s: float) -> dict[str, Voiceprint]:
        """Return voiceprints of the first so many seconds of each speaker."""
        speech, owners = self.speech, self.speech.owners.copy()
        for speaker in range(len(speech.labels)):
            own = np.flatnonzero(owners == speaker)
            held = np.cumsum(speech.rows.seconds[own])
            owners[own[1:][held[1:] > longest_s]] = -1
        found = voiceprints_of(speech.rows, owners, speech.alone_s, speech.fade_s)
        return {
            label: each
            for label, each in zip(speech.labels, found, strict=True)
            if each is not None
        }


class Trial(NamedTuple):
    """A speaker that was identified: its true name, whether that is enrolled, the answer."""

    truth: str
    known: bool
    answer: SpeakerIdentity

    @property
    def right(self) -> bool:
        """Whether the answer is right: the name, or none for a stranger."""
        return self.answer.name == (self.truth if self.known else None)


def prepared(pipeline: SpeakerDiarization, audio: Path, kept: Path) -> Prepared:
    """Run the networks over a recording, unless their outputs are kept."""
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        pipeline.prepare(audio).save(kept)
    return Prepared.load(kept)


def enrol(pipeline: SpeakerDiarization, recordings: Mapping[str, Mapping[str, Path]]) -> Enrolled:
    """Enrol voices in each condition; those that are refused are printed."""
    found: dict[str, dict[str, Exemplar]] = {}
    for name, paths in recordings.items():
        for condition, path in paths.items():
            recording = prepared(pipeline, path, path.with_suffix(".npz"))
            turns = pipeline.cluster(recording).speaker_diarization
            verdict = assess(recording, turns)
            if verdict.usable and verdict.voiceprint is not None:
                exemplar = Exemplar(verdict.voiceprint, date.min)
                found.setdefault(name, {})[condition] = exemplar
            else:
                print(f"refused: {name}, {condition}: {verdict.finding}: {verdict.text}")
    return found


def print_verdicts(pipeline: SpeakerDiarization, recordings: Mapping[str, Sequence[Path]]) -> None:
    """Print what enrolment says of recordings, by kind."""
    findings = ("usable", "too short", "two voices", "too noisy")
    print(f"| recordings | {' | '.join(findings)} | consistency: 5, 50, 95 % |")
    print("| --- " * (len(findings) + 2) + "|")
    for kind, paths in recordings.items():
        verdicts = []
        for path in paths:
            recording = prepared(pipeline, path, path.with_suffix(".npz"))
            turns = pipeline.cluster(recording).speaker_diarization
            verdicts.append(assess(recording, turns))
        counts = [sum(each.finding == finding for each in verdicts) for finding in findings]
        alike = [each.consistency for each in verdicts if each.consistency is not None]
        quantiles = ", ".join(f"{each:.2f}" for each in np.quantile(alike, (0.05, 0.5, 0.95)))
        print(f"| {kind} | {' | '.join(map(str, counts))} | {quantiles} |", flush=True)


def truth_of(turns: Annotation, reference: Annotation) -> dict[str, str]:
    """Name each label by the person whom it shares most time with."""
    found = {}
    for label in turns.labels():
        own = turns.label_timeline(label)
        shared = {
            name: sum(
                (one & two).duration
                for one in own
                for two in reference.label_timeline(name)
                if one.intersects(two)
            )
            for name in reference.labels()
        }
        found[label] = max(shared, key=lambda name: shared[name])
    return found


def recordings_of(pipeline: SpeakerDiarization, audio: Iterable[Path]) -> Iterator[Recording]:
    """Diarize conversations, and compare their speakers with the reference."""
    for path in audio:
        recording = prepared(pipeline, path, path.with_suffix(".npz"))
        turns = pipeline.cluster(recording).speaker_diarization
        (reference,) = rttm.load(path.with_suffix(".rttm")).values()
        yield Recording(clean_speech(recording, turns), truth_of(turns, reference))


def strangers_of(pipeline: SpeakerDiarization, folder: Path) -> Iterator[Recording]:
    """Diarize real recordings, whose speakers are in no library."""
    for each in references(REAL):
        kept = folder / "real" / each.group / f"{each.audio.stem}.npz"
        recording = prepared(pipeline, each.audio, kept)
        turns = pipeline.cluster(recording).speaker_diarization
        yield Recording(clean_speech(recording, turns), {})


def libraries(enrolled: Enrolled, exemplars: int, voices: int = VOICES) -> Iterator[list[Voice]]:
    """Draw libraries: so many voices, each by exemplars in so many conditions."""
    names = sorted(name for name, held in enrolled.items() if len(held) >= exemplars)
    for seed in range(LIBRARIES):
        rng = np.random.default_rng([9, seed])
        made = []
        for name in rng.choice(names, voices, replace=False):
            held = enrolled[str(name)]
            chosen = rng.choice(sorted(held), exemplars, replace=False)
            made.append(Voice(str(name), tuple(held[str(each)] for each in chosen)))
        yield made


def trials(
    recordings: Sequence[Recording],
    drawn: Iterable[list[Voice]],
    calibration: VoiceCalibration,
    *,
    longest_s: float = np.inf,
    **parameters: Any,
) -> list[Trial]:
    """Identify every speaker of every recording with every library."""
    chosen = IdentificationParameters(**parameters)
    prints = [recording.voiceprints(longest_s) for recording in recordings]
    found = []
    for voices in drawn:
        names = {voice.name for voice in voices}
        for recording, known in zip(recordings, prints, strict=True):
            labels = recording.speech.labels
            for answer in identities(labels, known, voices, chosen, calibration):
                truth = recording.truth.get(answer.speaker, "")
                found.append(Trial(truth, truth in names, answer))
    return found


def fit(recordings: Sequence[Recording], enrolled: Enrolled) -> VoiceCalibration:
    """Fit the calibration: is the most similar voice the speaker's? Both answers weigh alike."""
    from sklearn.linear_model import LogisticRegression

    rows, right = [], []
    for longest_s in SECONDS:
        prints = [recording.voiceprints(longest_s) for recording in recordings]
        for exemplars, size in product(MODES.values(), FIT_VOICES):
            for voices in islice(libraries(enrolled, exemplars, size), 5):
                for recording, known in zip(recordings, prints, strict=True):
                    labels = list(known)
                    if not labels:
                        continue
                    alike = similarities_of([known[label] for label in labels], voices)
                    for speaker, label in enumerate(labels):
                        voice = int(alike[speaker].argmax())
                        cohort = cohort_similarity(alike, speaker, voice, USUAL_COHORT)
                        spoken = np.log(min(known[label].seconds, 30.0))
                        rows.append((alike[speaker, voice], cohort, spoken))
                        right.append(voices[voice].name == recording.truth[label])
    model = LogisticRegression(C=1e6, class_weight="balanced", max_iter=10_000)
    model.fit(np.array(rows), np.array(right))
    similarity, cohort, log_seconds = (round(float(each), 3) for each in model.coef_[0])
    bias = round(float(model.intercept_[0]), 3)
    return VoiceCalibration(similarity, cohort, log_seconds, bias, USUAL_COHORT)


def share(part: int, whole: int) -> str:
    """Render a share in %, and what it is of."""
    return f"{100 * part / whole:.1f} % of {whole}" if whole else "-"


def error_row(name: str, found: list[Trial], least_s: float = LONG_S) -> str:
    """Render the errors among speakers with enough clean speech."""
    long = [each for each in found if each.answer.seconds >= least_s]
    known, strangers = ([each for each in long if each.known is state] for state in (True, False))
    wrong = sum(each.answer.name not in (None, each.truth) for each in known)
    cells = (
        share(sum(not each.right for each in long), len(long)),
        share(sum(each.answer.name is None for each in known), len(known)),
        share(wrong, len(known)),
        share(sum(not each.right for each in strangers), len(strangers)),
    )
    return f"| {name} | {' | '.join(cells)} |"


def print_errors(
    recordings: Sequence[Recording],
    enrolled: Enrolled,
    mixed: Enrolled,
    calibration: VoiceCalibration,
) -> None:
    """Print a row for each way to enrol, and for smaller and larger libraries.

    ``mixed`` are exemplars of recordings that hold all conditions.
    """
    print(
        "| enrolled from | identification error | known, no name | known, another's name | ", end=""
    )
    print("strangers with a name |\n| --- | --- | --- | --- | --- |")
    for mode, exemplars in MODES.items():
        found = trials(recordings, libraries(enrolled, exemplars), calibration)
        print(error_row(f"{mode} of the four conditions", found), flush=True)
    found = trials(recordings, libraries(mixed, 1), calibration)
    print(error_row("one recording, each phrase in another condition", found), flush=True)
    for condition in CONDITIONS:
        only = {k: {condition: v[condition]} for k, v in enrolled.items() if condition in v}
        found = trials(recordings, libraries(only, 1), calibration)
        print(error_row(f"{condition} alone", found), flush=True)
    for voices in (1, 5, len([held for held in enrolled.values() if len(held) >= MODES["all"]])):
        found = trials(recordings, libraries(enrolled, MODES["all"], voices), calibration)
        print(error_row(f"all conditions, a library of {voices}", found), flush=True)


def print_seconds(
    recordings: Sequence[Recording], enrolled: Enrolled, calibration: VoiceCalibration
) -> None:
    """Print strangers with a name and known voices with theirs, by seconds and threshold."""
    counted: dict[tuple[bool, int, float], str] = {}
    drawn = [voices for number in MODES.values() for voices in libraries(enrolled, number)]
    for seconds in SECONDS:
        anybody = {"identification_threshold": 0.0, "identification_seconds": 0.0}
        found = trials(recordings, drawn, calibration, longest_s=seconds, **anybody)
        enough = [each for each in found if each.answer.seconds >= 0.75 * seconds]
        for known in (False, True):
            rows = [each for each in enough if each.known is known]
            named = [each for each in rows if each.answer.name and (not known or each.right)]
            sure = np.array([each.answer.probability for each in named], dtype=np.float64)
            for threshold in THRESHOLDS:
                rate = (sure >= threshold).sum() / max(len(rows), 1)
                counted[known, seconds, threshold] = f"{100 * rate:.1f}"
    for known, title in ((False, "strangers with a name, %"), (True, "known voices named, %")):
        print(f"\n| {title} | {' | '.join(f'{t:g}' for t in THRESHOLDS)} |")
        print("| --- " * (len(THRESHOLDS) + 1) + "|")
        for seconds in SECONDS:
            cells = (counted[known, seconds, threshold] for threshold in THRESHOLDS)
            print(f"| {seconds} s | {' | '.join(cells)} |", flush=True)


def print_reliability(
    recordings: Sequence[Recording], enrolled: Enrolled, calibration: VoiceCalibration
) -> None:
    """Print how often the most similar voice is right, by its probability.

    Both answers weigh alike.
    """
    found = [
        trial
        for seconds in SECONDS
        for number in MODES.values()
        for trial in trials(
            recordings, islice(libraries(enrolled, number), 10), calibration, longest_s=seconds
        )
        if trial.answer.probability is not None
    ]
    sure = np.array([each.answer.probability for each in found])
    right = np.array([each.answer.nearest == each.truth for each in found])
    weights = np.where(right, 0.5 / right.mean(), 0.5 / (1 - right.mean()))
    print("\n| probability | mean | right | speakers |\n| --- | --- | --- | --- |")
    edges = (0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 1.001)
    for low, high in pairwise(edges):
        here = (sure >= low) & (sure < high)
        if here.any():
            mean, rate = (np.average(each[here], weights=weights[here]) for each in (sure, right))
            print(f"| {low:g} to {min(high, 1):g} | {mean:.2f} | {rate:.2f} | {here.sum()} |")


def main() -> None:
    """Make the material, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", default="base", help="a bundle")
    parser.add_argument("--fit", action="store_true", help="fit the calibration, and use it")
    options = parser.parse_args()
    warnings.simplefilter("ignore", OvdiarWarning)
    models = ovdiar.load(options.models)
    pipeline = SpeakerDiarization(models)
    calibration = models.bundle.voice_calibration
    dealt = halves()

    def material(group: str) -> tuple[list[Recording], Enrolled]:
        voices, folder = dealt[group], options.folder
        enrolled = enrol(pipeline, enrolments(voices, folder / group))
        audio = conversations(group, voices, folder)
        return list(recordings_of(pipeline, audio)), enrolled

    if options.fit:
        calibration = fit(*material(SETS[0]))
        print(calibration)
    if calibration is None:
        parser.error(f"{options.models} has no calibration of voices: give --fit")
    recordings, enrolled = material(SETS[1])
    print(f"{len(recordings)} conversations, {len(enrolled)} voices can be enrolled\n")
    joined = mixed_enrolments(dealt[SETS[1]], options.folder / SETS[1])
    mixed = enrol(pipeline, {name: {"mixed": path} for name, path in joined.items()})
    print_errors(recordings, enrolled, mixed, calibration)
    print_seconds(recordings, enrolled, calibration)
    print_reliability(recordings, enrolled, calibration)
    real = list(strangers_of(pipeline, options.folder))
    print("\nStrangers of real recordings\n")
    for name, exemplars in MODES.items():
        drawn = libraries(enrolled, exemplars)
        print(error_row(f"{name} of the four conditions", trials(real, drawn, calibration)))
    print("\nVerdicts, of the people that the calibration is fitted on\n")
    folder = options.folder / SETS[0]
    paths = enrolments(dealt[SETS[0]], folder)
    fit_for_use = {name: [held[name] for held in paths.values()] for name in CONDITIONS}
    print_verdicts(pipeline, fit_for_use | unfit(dealt[SETS[0]], folder))


if __name__ == "__main__":
    main()
